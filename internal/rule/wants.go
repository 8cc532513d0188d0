package rule

import (
	"strings"

	"cairn.example/internal/model"
)

// StartCommand is the command that starts a trail, as it is pasted.
func StartCommand(t *model.Trail) string {
	home, _ := t.Home.Get()
	return "aws cloudtrail start-logging --region " + home + " --name " + t.ARN
}

// decided is the origin of what a fix wants: nobody read it.
var decided = model.Origin{}

// Start wants a trail to be logging.
func Start(t *model.Trail) { t.Logging = model.Known(true, decided) }

// MakeMultiRegion wants a trail to record every Region.
func MakeMultiRegion(f *Fix, t *model.Trail) {
	if multi, ok := t.MultiRegion.Get(); ok && multi {
		return
	}
	t.MultiRegion = model.Known(true, decided)
	t.Global = model.Known(true, decided)
	NoteCopies(f, t)
}

// NoteCopies says that AWS charges for every copy of management events after the first, where another trail
// already records them (AWS CloudTrail pricing).
func NoteCopies(f *Fix, t *model.Trail) {
	for _, other := range f.Want.Trails.Items {
		on, known := other.Logging.Get()
		if other.ARN != t.ARN && (!known || on) {
			f.Note("AWS charges for every copy of management events after the first in a Region: trail/%s may already record them.", other.Name)
			return
		}
	}
}

// RecordManagement wants a trail's selectors to choose every management event and keeps everything else
// that they choose.
func RecordManagement(f *Fix, t *model.Trail) {
	s, ok := t.Selectors.Get()
	if !ok {
		f.Refuse("the trail's selectors could not be read (%s), and writing selectors replaces them all", t.Selectors.Origin().Reason())
		return
	}
	wider, err := s.WithManagement()
	if err != nil {
		f.Refuse("the trail's selectors cannot be widened safely: %v", err)
		return
	}
	t.Selectors = model.Known(wider, decided)
	NoteCopies(f, t)
}

// CreateTrail wants a new multi-Region trail; its name and bucket are asked for.
func CreateTrail(f *Fix) {
	name, bucket := f.Ask("TrailName", "name of the new trail"), f.Ask("BucketName", "S3 bucket whose policy lets CloudTrail write")
	text, _ := name.Get()
	home := homeOf(f.Want)
	t := &model.Trail{
		ARN:  strings.Join([]string{"arn", f.Want.Partition, "cloudtrail", home, f.Want.ID, "trail/" + text}, ":"),
		Name: text, Bucket: bucket, Home: model.Known(home, decided),
	}
	t.MultiRegion, t.Global, t.Validation, t.Logging = yes(), yes(), yes(), yes()
	t.Organization = model.Known(false, decided)
	f.Want.Trails.Items = append(f.Want.Trails.Items, t)
	f.Note("The bucket and its policy come first: without the policy CloudTrail refuses the trail (InsufficientS3BucketPolicyException).")
}

// homeOf is where a new trail is made: where global service events occur, if that is one Region.
func homeOf(a *model.Account) string {
	for _, r := range []string{"us-east-1", "us-gov-west-1"} {
		for _, have := range a.Regions.Items {
			if r == have {
				return r
			}
		}
	}
	if len(a.Regions.Items) > 0 {
		return a.Regions.Items[0]
	}
	return ""
}

func yes() model.Value[bool] { return model.Known(true, decided) }

// Nearest is the account's own trail that needs least to be multi-Region and on; nil when it has none.
func Nearest(f *Fix) *model.Trail {
	var best *model.Trail
	fewest := 0
	for _, t := range f.Want.Trails.Items {
		if t.Owner() != f.Want.ID {
			continue
		}
		if n := lacks(t); best == nil || n < fewest {
			best, fewest = t, n
		}
	}
	return best
}

// FixOneTrail wants one trail of the account to do the whole job: the one that needs least, or a new one.
func FixOneTrail(f *Fix) {
	best := Nearest(f)
	if best == nil {
		CreateTrail(f)
		return
	}
	MakeMultiRegion(f, best)
	best.Global = yes()
	Start(best)
	RecordManagement(f, best)
}

// lacks counts what a trail needs: being stopped is mended soonest, so it weighs least.
func lacks(t *model.Trail) int {
	n := 0
	if t.Is(model.MultiRegion).Tri != model.Yes {
		n += 2
	}
	if t.Is(model.Logging).Tri != model.Yes {
		n++
	}
	if !t.Selectors.Known() {
		n += 2
	}
	return n
}
