package source

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The keys of a trail's files (CloudTrail User Guide, "Finding your CloudTrail log files"):
// [prefix/]AWSLogs/[o-…/]ACCOUNT/KIND/REGION/YYYY/MM/DD/ACCOUNT_KIND_REGION_YYYYMMDDTHHmmZ_RANDOM.json.gz.
const (
	logRoot     = "AWSLogs"
	digestKind  = "CloudTrail-Digest"
	stampLayout = "20060102T1504Z"
	pathOfDay   = "2006/01/02/"
)

// recordKinds are the folders of an account that hold records.
var recordKinds = []string{"CloudTrail", "CloudTrail-Insight", "CloudTrail-NetworkActivity"}

var (
	accountNumber = regexp.MustCompile(`^\d{12}$`)
	organization  = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)
	dayInKey      = regexp.MustCompile(`/\d{4}/\d{2}/\d{2}/`)
)

// holdsRecords says whether an object may be a log file, by its key: no digest, and no file that AWS Config or another
// service put into the same bucket.
func holdsRecords(key string) bool {
	if !strings.HasSuffix(key, ".json") && !strings.HasSuffix(key, ".json.gz") {
		return false
	}
	parts := strings.Split(key, "/")
	if slices.Contains(parts, digestKind) {
		return false
	}
	at := slices.Index(parts, logRoot) + 1
	if at > 0 && at < len(parts) && organization.MatchString(parts[at]) {
		at++
	}
	if at == 0 || at+1 >= len(parts) || !accountNumber.MatchString(parts[at]) {
		return true
	}
	return strings.HasPrefix(parts[at+1], recordKinds[0])
}

// folderOf is what an object shares its permissions with, most likely: its account, kind and Region.
func folderOf(key string) string {
	if at := dayInKey.FindStringIndex(key); at != nil {
		return key[:at[0]]
	}
	return path.Dir(key)
}

// logFolder is a folder of one account, kind and Region, without its days.
type logFolder struct {
	prefix                string // with a slash at the end
	account, kind, region string
}

// at is the key that a file of a time would have, but for its random end: no such file stands before it.
func (f logFolder) at(t time.Time) string {
	return f.day(t) + f.account + "_" + f.kind + "_" + f.region + "_" + t.Format(stampLayout)
}

// day is the folder of a day.
func (f logFolder) day(t time.Time) string { return f.prefix + t.Format(pathOfDay) }

// timeOf is when the file of a key was written, to the minute; of a key without a time it is its day.
func (f logFolder) timeOf(key string) (time.Time, bool) {
	rest, ours := strings.CutPrefix(key, f.prefix)
	if !ours || len(rest) < len(pathOfDay) {
		return time.Time{}, false
	}
	day, err := time.Parse(pathOfDay, rest[:len(pathOfDay)])
	if err != nil {
		return time.Time{}, false
	}
	for part := range strings.SplitSeq(rest[len(pathOfDay):], "_") {
		if t, err := time.Parse(stampLayout, part); err == nil && f.day(t) == f.day(day) {
			return t, true
		}
	}
	return day, true
}
