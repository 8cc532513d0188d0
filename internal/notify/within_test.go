package notify_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// Whatever is told, it fits, keeps its first word and the finding's id, and holds commands whole.
func FuzzWithin(f *testing.F) {
	f.Add("StopLogging on x. Lost", "aws a\naws b", "every event", "role/x", 1000)
	f.Add(strings.Repeat("ü", 5000), strings.Repeat("aws x "+strings.Repeat("y", 300)+"\n", 9), strings.Repeat("z ", 4000), strings.Repeat("w", 3000), 4000)
	f.Add("a", strings.Repeat("aws "+strings.Repeat("y", 2000)+"\n", 9), "", "", 1200)
	f.Fuzz(func(t *testing.T, message, fix, what, who string, n int) {
		if n < 1000 || n > 100_000 {
			t.Skip()
		}
		find := channeltest.Stopped()
		find.Message, find.Fix, find.Cause.Lost[0].What = message, fix, what
		find.Cause.Actor.ARN, find.Reason, find.Resource.ID, find.Region = who, who, find.Resource.ID+what, message
		whole := notify.Compose(notify.Notice{Finding: find, State: notify.Open, Count: 3}, time.Unix(1_900_000_000, 0))
		m := whole.Within(n)
		text := m.Text()
		if got := utf8.RuneCountInString(text); got > n {
			t.Errorf("%d characters, want at most %d:\n%s", got, n, text)
		}
		if !strings.HasPrefix(text, "EXTREME  ") || !strings.Contains(text, "Finding: "+find.ID) {
			t.Errorf("the word or the id is lost:\n%s", text)
		}
		for _, command := range m.Do {
			if !slices.Contains(whole.Do, command) {
				t.Errorf("half a command: %q", command)
			}
		}
		if len(m.Do)+m.More != len(whole.Do)+whole.More {
			t.Error("commands are left out without a word")
		}
	})
}

func TestWithinCountsWhatItLeavesOut(t *testing.T) {
	find := channeltest.Stopped()
	find.Fix = strings.Repeat("aws "+strings.Repeat("y", 196)+"\n", 9)
	m := notify.Compose(notify.Notice{Finding: find, State: notify.Open}, time.Unix(1_900_000_000, 0))
	for n, want := range map[int]string{10_000: "# and 3 more", 1600: "# and 6 more", 1200: "# and 8 more"} {
		do := m.Within(n).Commands()
		if got := do[len(do)-1]; got != want {
			t.Errorf("within %d: %d commands and %q, want %q", n, len(do)-1, got, want)
		}
	}
}

func TestTold(t *testing.T) {
	for _, c := range []struct {
		before notify.State
		was    model.Severity
		state  notify.State
		want   string
	}{
		{"", 0, notify.Open, ""},
		{notify.Open, model.High, notify.Open, "Now EXTREME, it was HIGH."},
		{notify.Open, model.Extreme, notify.Open, ""},
		{notify.Open, model.High, notify.Resolved, ""},
		{notify.Resolved, model.VeryHigh, notify.Open, "Open again."},
	} {
		m := notify.Compose(notify.Notice{Finding: channeltest.Stopped(), State: c.state, Before: c.before, Was: c.was}, time.Unix(1_900_000_000, 0))
		if got := m.Told(); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestCheckSite(t *testing.T) {
	for address, good := range map[string]bool{
		"https://events.eu.pagerduty.com": true, "https://acme.example/base": true, "http://127.0.0.1:8080": true, "http://[::1]:1": true, "http://localhost:1": true,
		"http://example.com": false, "https://u:p@example.com": false, "https://example.com?a=b": false, "https://example.com#x": false, "ftp://example.com": false,
		"example.com": false, "": false, "https://": false, "http://127.0.0.1.example.com": false, "javascript:alert(1)": false,
	} {
		if err := notify.CheckSite(address); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestBySeverity(t *testing.T) {
	b := notify.BySeverity{model.Extreme: "1", model.Low: "3"}
	got, err := b.With([]string{"low = 2", "Extreme=9"})
	if err != nil || got[model.Low] != "2" || got[model.Extreme] != "9" || b[model.Low] != "3" {
		t.Errorf("%v, %v; the table itself is %v", got, err, b)
	}
	check := b.Check("1", "2", "3")
	for pair, good := range map[string]bool{"high=2": true, "high=4": false, "grave=1": false, "high": false, "": false} {
		if err := check(pair); (err == nil) != good {
			t.Errorf("%q: %v", pair, err)
		}
	}
}
