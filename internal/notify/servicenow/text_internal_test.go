package servicenow

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/notify"
)

var journalMarkup = regexp.MustCompile(`(?i)\[/?code|@\[`)

// Nothing means anything to a journal, what it says is what was said, and the longest text fits.
func FuzzPlain(f *testing.F) {
	for _, seed := range append(channeltest.Hostile, "[code]<b>x</b>[/CODE]", "@[0123:Abel] [[code]]", "[/[code]]", strings.Repeat("@[code]", 2000)) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = notify.Clean(text)
		out := plain(text)
		if m := journalMarkup.FindString(out); m != "" {
			t.Errorf("%q holds %q", out, m)
		}
		if spaceless(out) != spaceless(text) {
			t.Errorf("%q became %q", text, out)
		}
		find := channeltest.Stopped()
		find.Message, find.Fix, find.Cause.Actor.ARN, find.Cause.Lost[0].What = text, text+"\n"+text, text, text
		m := notify.Compose(notify.Notice{Finding: find, State: notify.Open, Before: notify.Resolved}, time.Unix(1_900_000_000, 0))
		for _, whole := range []string{description(m), note(m), resolution(strings.Repeat("ü", 1000), m)} {
			if n := utf8.RuneCountInString(whole); n > mostText || !strings.HasSuffix(whole, "Finding: "+m.Key) {
				t.Errorf("%d characters, or the id is lost:\n%s", n, whole)
			}
		}
		if h := headline(m); utf8.RuneCountInString(h) > mostHeadline || !strings.HasPrefix(h, "EXTREME  ") || journalMarkup.MatchString(h) {
			t.Errorf("headline %q", h)
		}
	})
}

func spaceless(text string) string { return strings.ReplaceAll(text, " ", "") }
