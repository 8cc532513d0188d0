package model_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"cairn.example/internal/model"
)

// planted names everything that can have a name, each with a word that nothing else has.
const planted = `{"schema": "cairn.snapshot/v1", "collectedAt": "2026-11-25T12:00:00Z", "accounts": [
{"id": "987654321098", "caller": "arn:aws:sts::987654321098:assumed-role/PLANTrole/PLANTperson@corp.example", "partition": "aws",
 "regions": {"items": ["eu-west-1", "us-east-1"], "gaps": [{"call": "ListRegions", "account": "987654321098", "code": "Failed",
  "why": "Failed: Get https://PLANThost.corp.example:8080/: proxy PLANTproxy.corp.example refused 987654321098's arn:aws:iam::987654321098:user/PLANTuser with key AKIAPLANTKEY123"}]},
 "trails": {"items": [
  {"arn": "arn:aws:cloudtrail:eu-west-1:987654321098:trail/PLANTtrail", "name": "PLANTtrail", "values": {
   "HomeRegion": "eu-west-1", "S3BucketName": "PLANTbucket-987654321098", "S3KeyPrefix": "PLANTprefix/deep", "SnsTopicARN": "arn:aws:sns:eu-west-1:987654321098:PLANTtopic",
   "KmsKeyId": "arn:aws:kms:eu-west-1:987654321098:key/PLANTkey", "CloudWatchLogsLogGroupArn": "arn:aws:logs:eu-west-1:987654321098:log-group:PLANTgroup/PLANTdeep:*",
   "CloudWatchLogsRoleArn": "arn:aws:iam::987654321098:role/PLANTpath/PLANTlogrole", "IsMultiRegionTrail": true,
   "TagsList": [{"Key": "PLANTtag", "Value": "PLANTvalue"}],
   "EventSelectors": {"TrailARN": "arn:aws:cloudtrail:eu-west-1:987654321098:trail/PLANTtrail", "AdvancedEventSelectors": [
    {"Name": "PLANTselector", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
     {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::PLANTobjects/PLANTdir/", "arn:aws:s3:::PLANTpart"], "NotEndsWith": ["/PLANTending"]},
     {"Field": "userIdentity.arn", "NotStartsWith": ["arn:aws:sts::987654321098:assumed-role/PLANTapp"]}, {"Field": "vpcEndpointId", "Equals": ["vpce-PLANTendpoint"]}]}]}},
   "delivery": {"eu-west-1": {"s3": {"error": "AccessDenied: PLANTbucket-987654321098"}, "digest": {}, "logs": {}, "sns": {}}},
   "origins": {"IsLogging": {"call": "GetTrailStatus", "region": "eu-west-1", "why": "ValidationException: PLANTtrail and PLANTgroup/PLANTdeep of 987654321098 are unwell"},
    "KmsKeyId": {"call": "DescribeTrails"}}},
  {"arn": "arn:aws:cloudtrail:us-east-1:123450987612:trail/us-east-1", "name": "us-east-1", "values": {"HomeRegion": "us-east-1", "S3BucketName": "PLANTbucket-987654321098",
   "SnsTopicARN": "PLANTtopicname", "KmsKeyId": "alias/PLANTalias",
   "EventSelectors": {"TrailARN": "arn:aws:cloudtrail:us-east-1:123450987612:trail/us-east-1", "EventSelectors": [{"ReadWriteType": "All", "DataResources": [
    {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::PLANTbucket-987654321098/", "arn:aws:s3"]}, {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda:eu-west-1:987654321098:function:PLANTfunction", "PLANTodd"]}]}]}}}
 ], "gaps": []},
 "gaps": [{"call": "GetTrailStatus", "account": "987654321098", "region": "eu-west-1", "resource": "arn:aws:cloudtrail:eu-west-1:987654321098:trail/PLANTtrail", "code": "X", "why": "X"}]},
{"id": "123450987612", "caller": "arn:aws:iam::123450987612:root", "partition": "aws", "regions": {"items": ["us-east-1"]}, "trails": {"items": []}}]}`

func redacted(t *testing.T, doc string) (*model.Snapshot, string) {
	t.Helper()
	s, err := model.ReadSnapshot(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Redact()
	if err != nil {
		t.Fatal(err)
	}
	return r, write(t, r)
}

func TestRedactLeavesNoName(t *testing.T) {
	_, text := redacted(t, planted)
	for _, word := range []string{`\w*PLANT\w*`, `987654321098`, `123450987612`, `corp\.example`, `trail/us-east-1`} {
		if left := regexp.MustCompile(word).FindAllString(text, -1); len(left) > 0 {
			t.Errorf("%q is left in\n%s", left, text)
		}
	}
	for _, word := range []string{
		`"eu-west-1"`, `"us-east-1"`, `"eventCategory"`, `"AWS::S3::Object"`, `"AccessDenied: bucket-4"`, "ValidationException", "GetTrailStatus",
		"arn:aws:cloudtrail:eu-west-1:000000000001:trail/trail-", "arn:aws:kms:eu-west-1:000000000001:key/key-", `:log-group-1:*"`, "arn:aws:iam::000000000002:root",
	} {
		if !strings.Contains(text, word) {
			t.Errorf("%s is gone from\n%s", word, text)
		}
	}
}

func TestRedactKeepsWhatIsEqualEqual(t *testing.T) {
	s, text := redacted(t, planted)
	a, b := s.Accounts[0], s.Accounts[1]
	if a.ID != "000000000001" || b.ID != "000000000002" || model.ARNAccount(a.Caller) != a.ID {
		t.Errorf("accounts %s (caller %s), %s", a.ID, a.Caller, b.ID)
	}
	x, y := a.Trails.Items[0], a.Trails.Items[1]
	if x.Owner() != a.ID || y.Owner() != b.ID || !strings.HasSuffix(x.ARN, "/"+x.Name) || x.Name == y.Name {
		t.Errorf("trails %s %s, %s %s", x.ARN, x.Name, y.ARN, y.Name)
	}
	bucket, _ := x.Bucket.Get()
	if other, _ := y.Bucket.Get(); bucket != other || !strings.Contains(text, "arn:aws:s3:::"+bucket+"/") {
		t.Errorf("the bucket is %s, %s, and another in the selectors:\n%s", bucket, other, text)
	}
	if a.Gaps[0].Resource != x.ARN || x.MultiRegion != mustKnow(t, x) {
		t.Errorf("the gap is about %s", a.Gaps[0].Resource)
	}
	if _, again := redacted(t, planted); again != text {
		t.Error("two runs redact differently")
	}
}

func mustKnow(t *testing.T, trail *model.Trail) model.Value[bool] {
	t.Helper()
	if multi, ok := trail.MultiRegion.Get(); !ok || !multi {
		t.Error("a flag did not survive")
	}
	return trail.MultiRegion
}

// A thousand names stay a thousand, and a name that is a part of a word leaves the word alone.
func TestRedactTellsNamesApart(t *testing.T) {
	var trails []string
	for i := range 1000 {
		trails = append(trails, fmt.Sprintf(`{"arn": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t%d", "name": "t%[1]d", "values": {"S3BucketName": "a"}, "origins": {"IsLogging": {"why": "the a of data is t%[1]d"}}}`, i))
	}
	doc := `{"schema": "cairn.snapshot/v1", "collectedAt": "2026-11-25T12:00:00Z", "accounts": [{"id": "111122223333", "trails": {"items": [` + strings.Join(trails, ",") + `]}}]}`
	s, _ := redacted(t, doc)
	seen := map[string]bool{}
	for _, trail := range s.Accounts[0].Trails.Items {
		if seen[trail.ARN] {
			t.Fatalf("two trails are %s", trail.ARN)
		}
		seen[trail.ARN] = true
		if want := "the bucket-1 of data is " + trail.Name; trail.Logging.Origin().Why != want {
			t.Fatalf("got %q, want %q", trail.Logging.Origin().Why, want)
		}
	}
}
