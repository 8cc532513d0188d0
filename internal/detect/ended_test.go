package detect_test

import (
	"strings"
	"testing"
	"time"

	"cairn.example/internal/model"
)

// A trail is stopped at 11:00, and the account shows at 12:00 that it is on again. The end of the gap is what the trail
// tells, where that can be it; else the first reading that showed it, however late the account is read again.
func TestEndWithoutAnEvent(t *testing.T) {
	at := func(hour, minute int) model.Value[time.Time] {
		return model.Known(time.Date(2026, 11, 25, hour, minute, 0, 0, time.UTC), model.Origin{})
	}
	unread := model.Unread[time.Time](model.Origin{})
	earlier := func(hour int, atMost bool) []model.Loss {
		until, _ := at(hour, 30).Get()
		return []model.Loss{{Accounts: []string{"111122223333"}, By: "stop", Until: &until, AtMost: atMost}}
	}
	other := earlier(11, true)
	other[0].By = "another"
	for title, c := range map[string]struct {
		started model.Value[time.Time]
		ended   []model.Loss
		seconds int64
		atMost  bool
	}{
		"the trail tells":                       {at(11, 20), nil, 1200, false},
		"it tells of a start before the stop":   {at(10, 0), nil, 3600, true},
		"it tells of a start after it was read": {at(13, 0), nil, 3600, true},
		"it tells nothing":                      {unread, nil, 3600, true},
		"an earlier reading showed it":          {unread, earlier(11, true), 1800, true},
		"an earlier reading told when":          {at(11, 50), earlier(11, false), 1800, false},
		"an earlier reading knew less":          {at(11, 20), earlier(11, true), 1200, false},
		"an earlier reading is before it":       {unread, earlier(10, true), 3600, true},
		"an earlier reading is of another":      {unread, other, 3600, true},
	} {
		t.Run(title, func(t *testing.T) {
			o := options(t)
			o.Snapshot, o.Ended = snapshot(t), c.ended
			main := o.Snapshot.Accounts[0].Trails.Items[0]
			main.StartedAt, main.StoppedAt = c.started, at(11, 0)
			d := detector(t, o)
			read(t, d, record("stop", "2026-11-25T11:00:00Z", "StopLogging", name))
			found := d.Tell()
			if len(found) != 1 || len(found[0].Cause.Lost) != 1 {
				t.Fatalf("%+v", found)
			}
			f, lost := found[0], found[0].Cause.Lost[0]
			if lost.Until == nil || lost.Seconds != c.seconds || lost.AtMost != c.atMost || f.Fix != "" {
				t.Errorf("lost %+v, fix %q", lost, f.Fix)
			}
			if strings.Contains(f.Message, "for at most ") != c.atMost {
				t.Error(f.Message)
			}
			if stands, known := d.Standing()[f.ID]; !known || stands {
				t.Errorf("standing is %t, known %t", stands, known)
			}
			if c.ended != nil {
				main.Logging = model.Unread[bool](model.Origin{})
				again := detector(t, o)
				read(t, again, record("stop", "2026-11-25T11:00:00Z", "StopLogging", name))
				if told := again.Tell()[0].Cause.Lost; len(told) != 1 || (told[0].Until != nil) != (c.seconds < 3600) {
					t.Errorf("where the account cannot be read it told %+v", told)
				}
			}
			read(t, d, record("start", "2026-11-25T11:40:00Z", "StartLogging", name))
			d.Tell()
			if stands, known := d.Standing()[f.ID]; !known || stands {
				t.Errorf("after the event standing is %t, known %t", stands, known)
			}
		})
	}
}

// A verdict that an event turned to fail stands where the account shows that it still fails, though nothing is lost.
func TestVerdictThatStillFails(t *testing.T) {
	o := options(t)
	o.Snapshot = snapshot(t)
	trails := &o.Snapshot.Accounts[0].Trails
	other := trails.Items[0].Clone()
	other.Name, other.ARN = "other", strings.Replace(mainARN, "main", "other", 1)
	trails.Items = append(trails.Items, other)
	main := trails.Items[0]
	main.Logging = model.Known(false, model.Origin{})
	main.StoppedAt = model.Known(time.Date(2026, 11, 25, 11, 0, 0, 0, time.UTC), model.Origin{})
	d := detector(t, o)
	read(t, d, record("stop", "2026-11-25T11:00:00Z", "StopLogging", name))
	found := d.Tell()
	if len(found) != 1 || len(found[0].Cause.Lost) != 0 || !d.Standing()[found[0].ID] {
		t.Fatalf("%+v, standing %v", found, d.Standing())
	}
}
