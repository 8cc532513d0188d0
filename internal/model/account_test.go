package model_test

import (
	"slices"
	"strings"
	"testing"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

const number = "111122223333"

// refused is a gap of the trail list in a Region; accepted ones begin with +, the whole list's is *.
func refused(word string) model.Gap {
	g := model.Gap{Call: "DescribeTrails", Account: number, Code: "AccessDenied"}
	g.Region, g.Accepted = strings.CutPrefix(word, "+")
	if word == "*" {
		g.Region = ""
	}
	return g
}

func state(regions, gaps string, regionsRead bool) *model.Account {
	a := &model.Account{ID: number, Partition: "aws"}
	a.Regions.Items = strings.Fields(regions)
	for word := range strings.FieldsSeq(gaps) {
		a.Trails.Gaps = append(a.Trails.Gaps, refused(word))
	}
	if !regionsRead {
		a.Regions.Gaps = []model.Gap{{Call: "ListRegions", Code: "AccessDenied"}}
	}
	return a
}

// What may hide in what was refused. A Region that was listed shows every multi-Region trail.
func TestUnseen(t *testing.T) {
	for _, c := range []struct {
		regions, gaps string
		regionsRead   bool
		listed        bool
		multi, any    model.Tri
	}{
		{"a b", "", true, true, model.No, model.No},
		{"a b", "a", true, true, model.No, model.Unknown},
		{"a b", "a b", true, false, model.Unknown, model.Unknown},
		{"a b", "+a", true, true, model.No, model.No},
		{"a b", "+a b", true, false, model.Unknown, model.Unknown},
		{"a b", "+a +b", true, false, model.Unknown, model.Unknown}, // to accept is not to know
		{"a b", "", false, true, model.No, model.Unknown},
		{"a b", "a b", false, false, model.Unknown, model.Unknown},
		{"a b", "*", true, false, model.Unknown, model.Unknown}, // the list itself is missing
		{"", "", false, false, model.Unknown, model.Unknown},
		{"", "*", false, false, model.Unknown, model.Unknown},
	} {
		a := state(c.regions, c.gaps, c.regionsRead)
		if got := a.Listed(); got != c.listed {
			t.Errorf("%+v: listed is %t", c, got)
		}
		if got := a.Unseen(true); got.Tri != c.multi || len(got.Because()) == 0 {
			t.Errorf("%+v: of multi-Region trails %v", c, got)
		}
		if got := a.Unseen(false); got.Tri != c.any || len(got.Because()) == 0 {
			t.Errorf("%+v: of any trail %v", c, got)
		}
	}
}

func TestWorld(t *testing.T) {
	a := state("eu-west-1 us-east-1 us-west-2", "+us-west-2 eu-west-1", true)
	if w := a.World(); !slices.Equal(w.Regions, []string{"eu-west-1", "us-east-1"}) || len(w.Maybe) > 0 || w.Partition != "aws" {
		t.Errorf("a Region that was accepted as unread is judged, or one that was not is left out: %+v", w)
	}
	if !slices.Equal(a.Regions.Items, []string{"eu-west-1", "us-east-1", "us-west-2"}) {
		t.Errorf("asking changed the account: %v", a.Regions.Items)
	}
	w := state(strings.Join(coverage.DefaultRegions("aws"), " "), "", false).World()
	if !slices.Equal(slices.Sorted(slices.Values(w.Maybe)), slices.Sorted(slices.Values(coverage.OptInRegions("aws")))) {
		t.Errorf("without the list of Regions these may be enabled besides: %v", w.Maybe)
	}
}

func TestSees(t *testing.T) {
	const optIn, always = "eu-south-2", "eu-west-1"
	trail := func(owner, home string, known bool) *model.Trail {
		out := &model.Trail{ARN: "arn:aws:cloudtrail:" + home + ":" + owner + ":trail/t"}
		if known {
			out.Home = model.Known(home, model.Origin{})
		}
		return out
	}
	for _, c := range []struct {
		name    string
		trail   *model.Trail
		regions string
		read    bool
		want    model.Tri
	}{
		{"own, home always enabled", trail(number, always, true), always, true, model.Yes},
		{"own, home not known", trail(number, always, false), always, true, model.Yes},
		{"own, opt-in home", trail(number, optIn, true), always, true, model.Yes},
		{"another's, home always enabled", trail("999900001111", always, true), "us-east-1", true, model.Yes},
		{"another's, opt-in home, opted in", trail("999900001111", optIn, true), optIn, true, model.Yes},
		{"another's, opt-in home, not opted in", trail("999900001111", optIn, true), always, true, model.No},
		{"another's, opt-in home, Regions not read", trail("999900001111", optIn, true), always, false, model.Unknown},
		{"another's, home not known", trail("999900001111", optIn, false), always, true, model.Unknown},
	} {
		if got := state(c.regions, "", c.read).Sees(c.trail); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRecordersStandForWhatIsHidden(t *testing.T) {
	for _, c := range []struct {
		regions, gaps string
		read          bool
		hidden        int
		multi         model.Tri
	}{
		{"eu-west-1 us-east-1", "", true, 0, model.No},
		{"eu-west-1 us-east-1", "us-east-1", true, 1, model.No},
		{"eu-west-1 us-east-1", "+us-east-1", true, 1, model.No},
		{"eu-west-1 us-east-1", "eu-west-1 us-east-1", true, 2, model.Unknown},
		{"eu-west-1 us-east-1", "*", true, 1, model.Unknown},
	} {
		a := state(c.regions, c.gaps, c.read)
		known := &model.Trail{ARN: "arn:aws:cloudtrail:eu-west-1:" + number + ":trail/t", Logging: model.Known(true, model.Origin{})}
		a.Trails.Items = []*model.Trail{known}
		got := a.Recorders()
		if len(got) != 1+c.hidden {
			t.Fatalf("%+v: %d recorders", c, len(got))
		}
		if r := got[0]; r.ID != known.ARN || r.Logging != model.Yes || r.MultiRegion != model.Unknown || r.Selectors != nil {
			t.Errorf("%+v: the trail is %+v", c, r)
		}
		for _, r := range got[1:] {
			if r.MultiRegion != c.multi || r.Logging != model.Unknown || r.Selectors != nil {
				t.Errorf("%+v: what is hidden is %+v", c, r)
			}
		}
	}
	a := state(strings.Join(coverage.DefaultRegions("aws"), " "), "", false)
	if got := a.Recorders(); len(got) != len(coverage.OptInRegions("aws")) {
		t.Errorf("each Region that may be enabled may hold a trail: %d recorders", len(got))
	}
}

func TestLinkGivesMembersWhatTheOwnerKnows(t *testing.T) {
	const owner = "999900001111"
	arn := "arn:aws:cloudtrail:eu-west-1:" + owner + ":trail/org"
	seen := model.Origin{Call: "DescribeTrails", Region: "eu-west-1"}
	here := &model.Trail{ARN: arn, Key: model.Known("here", seen), Logging: model.Unread[bool](model.Origin{Why: "AccessDenied"})}
	here.SetDelivery("us-east-1", model.Unread[model.Delivery](model.Origin{Why: "AccessDenied"}))
	there := &model.Trail{ARN: arn, Key: model.Known("there", seen), Logging: model.Known(true, seen)}
	there.SetDelivery("us-east-1", model.Known(model.Delivery{S3: model.Stream{Error: "NoSuchBucket"}}, seen))
	s := &model.Snapshot{Accounts: []*model.Account{{ID: number}, {ID: owner}}}
	s.Accounts[0].Trails.Items, s.Accounts[1].Trails.Items = []*model.Trail{here}, []*model.Trail{there}
	s.Link()
	if logging, ok := here.Logging.Get(); !ok || !logging || here.Logging.Origin().Account != owner {
		t.Error("the member does not know what its owner knows, or not from whom")
	}
	if here.Delivery["us-east-1"].Known() {
		t.Error("how the owner's events are delivered says nothing of the member's")
	}
	if key, _ := here.Key.Get(); key != "here" {
		t.Errorf("what the member knew by itself is gone: %q", key)
	}
	own := &model.Trail{ARN: strings.Replace(arn, owner, number, 1)}
	s.Accounts[0].Trails.Items = []*model.Trail{own}
	s.Link()
	if own.Logging.Known() {
		t.Error("a trail of one's own was taken for another's")
	}
}
