package live_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cairn.example/internal/model"
)

// everywhere changes the organization's trail as all accounts see it.
func (h *house) everywhere(how func(*model.Trail)) {
	for _, a := range h.now.Accounts {
		if a.Trail(orgTrail) != nil {
			h.edit(a.ID, func(a *model.Account) { how(a.Trail(orgTrail)) })
		}
	}
}

// switches hands in the record of a call that switched the organization's trail.
func (h *house) switches(name string, at time.Time) {
	h.hand(call{account: "111111111111", region: "eu-west-1", name: name, at: at, more: `"requestParameters":{"name":"` + orgTrail + `"},`})
}

// steps are what was told of the gap since.
func (h *house) steps() (out []string) {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range h.gaps {
		out = append(out, one.Step)
	}
	h.gaps = nil
	return out
}

// message is what the channel shows of the gap.
func (h *house) message() string {
	h.far.mu.Lock()
	defer h.far.mu.Unlock()
	for _, m := range h.far.shown {
		if m.Notice.Finding.Rule == "CT-013" {
			return m.Text()
		}
	}
	return ""
}

// A trail that an event stopped is started again and no event tells it. The gap is over with the first reading that
// shows it, and further readings, starts and the event itself, when it comes late, open it no more.
func TestGapEndsWithoutAnEvent(t *testing.T) {
	s, _ := example(t)
	for name, c := range map[string]struct {
		tells  bool   // the trail when it was started
		length string // of the gap
		over   string
	}{
		"the trail tells when": {true, "on, for 1 m", "Resolved: 2026-11-22 00:21:20"},
		"a reading shows it":   {false, "on, for at most 1 m 41 s", "Resolved: 2026-11-22 00:22:01"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, s)
				h.every = time.Minute
				h.start()
				time.Sleep(20*time.Minute + 20*time.Second)
				stopped := time.Now().UTC()
				h.everywhere(func(trail *model.Trail) {
					off(trail)
					trail.StoppedAt = model.Known(stopped, from("GetTrailStatus"))
				})
				h.switches("StopLogging", stopped)
				if got := h.steps(); len(got) == 0 || got[0] != "opened" || !strings.Contains(h.message(), "EXTREME") {
					t.Fatalf("told %q of the stop, and the channel shows\n%s", got, h.message())
				}
				started := time.Now().UTC()
				h.everywhere(func(trail *model.Trail) {
					on(trail)
					if c.tells {
						trail.StartedAt = model.Known(started, from("GetTrailStatus"))
					} else {
						trail.StartedAt = model.Unread[time.Time](from("GetTrailStatus"))
					}
				})
				time.Sleep(2 * time.Minute)
				if got := h.steps(); !slices.Contains(got, "resolved") || slices.Contains(got, "reopened") {
					t.Errorf("told %q of the reading", got)
				}
				shown := h.message()
				if !strings.Contains(shown, "RESOLVED") || !strings.Contains(shown, c.length) || !strings.Contains(shown, c.over) {
					t.Errorf("the channel shows\n%s\nwant %q and %q", shown, c.length, c.over)
				}
				time.Sleep(5 * time.Minute)
				h.stop()
				h.start()
				time.Sleep(5 * time.Minute)
				if got := h.steps(); len(got) > 0 || h.message() != shown {
					t.Errorf("told %q of further readings, and the channel shows\n%s", got, h.message())
				}
				h.switches("StartLogging", started)
				if got := h.steps(); slices.Contains(got, "reopened") || len(got) == 0 {
					t.Errorf("told %q of the late event", got)
				}
				if got := h.message(); !strings.Contains(got, "RESOLVED") || !strings.Contains(got, "StartLogging") || !strings.Contains(got, "on, for 1 m") ||
					!strings.Contains(got, "Resolved: 2026-11-22 00:21:20") {
					t.Errorf("after the late event the channel shows\n%s", got)
				}
				h.stop()
			})
		})
	}
}
