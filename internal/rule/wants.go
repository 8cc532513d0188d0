package rule

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// decided is the origin of what a fix wants: nobody read it.
var decided = model.Origin{}

// Start wants a trail to be logging.
func Start(t *model.Trail) { t.Logging = model.Known(true, decided) }

// MakeMultiRegion wants a trail to record every Region.
func MakeMultiRegion(t *model.Trail) {
	if multi, ok := t.MultiRegion.Get(); ok && multi {
		return
	}
	t.MultiRegion, t.Global = yes(), yes()
}

// RecordManagement wants a trail's selectors to choose every management event and keeps everything else
// that they choose. Selectors that together miss nothing stay as they are.
func RecordManagement(f *Fix, t *model.Trail) {
	if NewGround(f.Want, time.Time{}, nil).Selects(t, coverage.Scope{}).Verdict == model.Yes {
		return
	}
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
}

// CreateTrail wants a new multi-Region trail; its name and bucket are asked for. It is refused where a trail that
// was not seen may already do.
func CreateTrail(f *Fix) {
	if hidden := f.Want.Unseen(true); hidden.Tri == model.Unknown {
		f.Refuse("whether there is a trail already is not known (%s): a further one would cost and might not be needed", hidden.Because()[0].Origin.Reason())
		return
	}
	home := homeOf(f.Want)
	if home == "" {
		f.Refuse("no enabled Region is known to make a trail in")
		return
	}
	name, bucket := f.Ask("TrailName", "name of the new trail"), f.Ask("BucketName", "S3 bucket whose policy lets CloudTrail write")
	text, _ := name.Get()
	t := &model.Trail{
		ARN:  strings.Join([]string{"arn", f.Want.Partition, "cloudtrail", home, f.Want.ID, "trail/" + text}, ":"),
		Name: text, Bucket: bucket, Home: model.Known(home, decided),
	}
	t.MultiRegion, t.Global, t.Validation, t.Logging = yes(), yes(), yes(), yes()
	t.Organization = model.Known(false, decided)
	for _, unset := range []*model.Value[string]{&t.Prefix, &t.Topic, &t.Key, &t.LogGroup, &t.LogRole} {
		*unset = model.Known("", decided)
	}
	if selectors, err := defaultSelectors(t.ARN); err == nil {
		t.Selectors = model.Known(selectors, decided)
	}
	t.Insights, t.Tags = model.Known([]model.InsightSelector{}, decided), model.Known([]model.Tag{}, decided)
	f.Want.Trails.Items = append(f.Want.Trails.Items, t)
	f.Note("The bucket and its policy come first: without the policy CloudTrail refuses the trail (InsufficientS3BucketPolicyException).")
	for _, other := range f.Want.Trails.Items {
		if owner := other.Owner(); owner != f.Want.ID {
			f.Note("trail/%s is an organization trail of account %s: putting it right there may be better than a trail of your own.", other.Name, owner)
		}
	}
}

// defaultSelectors are those of a trail that was given none: every management event.
func defaultSelectors(arn string) (coverage.Selectors, error) {
	doc, err := json.Marshal(map[string]string{"TrailARN": arn})
	if err != nil {
		return coverage.Selectors{}, fmt.Errorf("write the default selectors: %w", err)
	}
	return coverage.Parse(doc)
}

// AnswerFirst refuses a fix for trails that were not seen: what was refused must be read before anything is changed.
func AnswerFirst(f *Fix) {
	hidden := f.Want.Unseen(false)
	if hidden.Tri == model.Unknown {
		f.Refuse("trails may not have been seen (%s): read them first", hidden.Because()[0].Origin.Reason())
		return
	}
	f.Refuse("the account has trails: ask for the fix of the one that fails")
}

// homeOf is where a new trail is made: where global service events occur, if that is one Region that the account has.
func homeOf(a *model.Account) string {
	global := coverage.GlobalRegions(a.Partition)
	if len(global) == 1 && slices.Contains(a.Regions.Items, global[0]) {
		return global[0]
	}
	if len(a.Regions.Items) == 0 {
		return ""
	}
	return a.Regions.Items[0]
}

func yes() model.Value[bool] { return model.Known(true, decided) }

// Nearest is the account's own trail that needs least to be multi-Region and on; nil when it has none.
func Nearest(f *Fix) *model.Trail { return nearest(f, switches) }

func nearest(f *Fix, cost func(*Fix, *model.Trail) int) *model.Trail {
	var best *model.Trail
	fewest := 0
	for _, t := range f.Want.Trails.Items {
		if t.Owner() != f.Want.ID {
			continue
		}
		if n := cost(f, t); best == nil || n < fewest {
			best, fewest = t, n
		}
	}
	return best
}

// FixOneTrail wants one trail of the account to do the whole job: the one that needs least, or a new one.
func FixOneTrail(f *Fix) {
	best := nearest(f, lacks)
	if best == nil {
		CreateTrail(f)
		return
	}
	MakeMultiRegion(best)
	best.Global = yes()
	Start(best)
	RecordManagement(f, best)
}

// What it costs to bring a trail to the whole job, cheapest first: an exclusion taken out, a start, the events of all
// Regions; a trail meant for data events, or one whose selectors nobody may rewrite, is not bent to another purpose
// while there is any other.
const (
	costSelectors = 1 << iota
	costStart
	costRegions
	costPurpose
)

// switches is the cost but for what the trail selects.
func switches(_ *Fix, t *model.Trail) int {
	n := 0
	if t.Is(model.Logging).Tri != model.Yes {
		n += costStart
	}
	if t.Is(model.MultiRegion).Tri != model.Yes || t.Is(model.GlobalEvents).Tri != model.Yes {
		n += costRegions
	}
	return n
}

func lacks(f *Fix, t *model.Trail) int {
	n, g := switches(f, t), NewGround(f.Want, time.Time{}, nil)
	switch {
	case g.Selects(t, coverage.Scope{}).Verdict == model.Yes:
	case g.Selects(t, coverage.Scope{ReadOnly: model.Yes, Sources: ordinary}).Verdict == model.Yes,
		g.Selects(t, coverage.Scope{ReadOnly: model.No, Sources: ordinary}).Verdict == model.Yes:
		n += costSelectors
	default:
		n += costPurpose
	}
	return n
}

// ordinary is a service that no selector can leave out alone.
var ordinary = []string{"ec2.amazonaws.com"}
