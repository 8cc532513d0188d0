package zendesk

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/notify"
)

var (
	written = regexp.MustCompile(`</?(p|strong|pre|code)>|<br>|<a href="https://[^"<>]*">|</a>`)
	liquid  = regexp.MustCompile(`\{\{|\{%`)
)

// No name means anything to Zendesk, what it says is what was said, and the longest text fits.
func FuzzPage(f *testing.F) {
	for _, seed := range append(channeltest.Hostile, "{{{%{", "<p>", `">`, strings.Repeat(`{{"`, 5000)) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		find := channeltest.Stopped()
		find.Message, find.Fix, find.Cause.Actor.ARN, find.Cause.Lost[0].What, find.Reason = text, text+"\n"+text, text, text, text
		m := notify.Compose(notify.Notice{Finding: find, State: notify.Open, Before: notify.Resolved}, time.Unix(1_900_000_000, 0)).Within(mostText)
		out := page(m)
		bare := written.ReplaceAllString(out, "")
		if strings.ContainsAny(bare, "<>") || liquid.MatchString(out) || len(out) > 64<<10 {
			t.Errorf("%d bytes:\n%s", len(out), out)
		}
		read := spaceless(html.UnescapeString(bare))
		for _, part := range append([]string{m.Headline(), m.Blind, m.Who, "Finding: " + m.Key}, m.Do...) {
			if !strings.Contains(read, spaceless(part)) {
				t.Errorf("%q is lost:\n%s", part, out)
			}
		}
		if s := subject(m); utf8.RuneCountInString(s) > mostSubject || !strings.HasPrefix(s, "EXTREME  ") || liquid.MatchString(s) {
			t.Errorf("subject %q", s)
		}
	})
}

func spaceless(text string) string { return strings.Join(strings.Fields(text), "") }
