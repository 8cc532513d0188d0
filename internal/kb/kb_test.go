package kb_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"cairn.example/detections"
	"cairn.example/internal/detect"
	"cairn.example/internal/golden"
	"cairn.example/internal/kb"
	"cairn.example/internal/rule"
	"cairn.example/rules/all"
)

var escape = regexp.MustCompile("\x1b\\[[0-9;]*m")

// watched are the index cards of all detections.
func watched(tb testing.TB) rule.Registry {
	tb.Helper()
	found, err := detect.Load(detections.Files)
	if err != nil || len(found) == 0 {
		tb.Fatalf("%d detections: %v", len(found), err)
	}
	var out rule.Registry
	for _, d := range found {
		out = append(out, &rule.Rule{Meta: d.Meta})
	}
	return out
}

// Every page that we ship has the fixed form.
func TestPagesHaveTheFixedForm(t *testing.T) {
	for _, r := range slices.Concat(all.Rules(), watched(t)) {
		if err := kb.Check(r); err != nil {
			t.Error(err)
		}
	}
}

// TestRender lays out testdata/pages, plain; colour is compared with plain for every page elsewhere.
func TestRender(t *testing.T) {
	eachCase(t, "testdata/pages/*.txtar", func(t *testing.T, ar *txtar.Archive) string {
		t.Helper()
		p, err := kb.Parse(ar.Files[0].Data)
		if err != nil {
			t.Fatal(err)
		}
		width := 80
		if strings.Contains(string(ar.Comment), "narrow") {
			width = 44
		}
		return kb.Render(p, width, strings.Contains(string(ar.Comment), "colour"))
	})
}

// TestParseErrors reads pages that use more Markdown than we render.
func TestParseErrors(t *testing.T) {
	eachCase(t, "testdata/errors/*.txtar", func(t *testing.T, ar *txtar.Archive) string {
		t.Helper()
		p, err := kb.Parse(ar.Files[0].Data)
		if err == nil {
			t.Fatalf("accepted: %+v", p)
		}
		return err.Error() + "\n"
	})
}

// eachCase reads a page, and what a run makes of it.
func eachCase(t *testing.T, pattern string, run func(*testing.T, *txtar.Archive) string) {
	t.Helper()
	for c := range golden.Cases(t, pattern) {
		t.Run(c.Name, func(t *testing.T) { c.Want(t, strings.ReplaceAll(run(t, c.Archive), "\x1b", "ESC")) })
	}
}

// What a person pastes is what the page holds, whatever the width; the other lines fit; colour only colours.
func TestEveryPageAtEveryWidth(t *testing.T) {
	pages := open(t, slices.Concat(all.Rules(), watched(t)))
	for _, p := range pages {
		for width := 40; width <= 121; width += 9 {
			if err := wellLaidOut(p, width); err != "" {
				t.Errorf("%s at %d columns: %s", p.Rule.ID, width, err)
			}
		}
	}
}

func open(tb testing.TB, of rule.Registry) []kb.Page {
	tb.Helper()
	l, err := kb.Open(of)
	if err != nil {
		tb.Fatal(err)
	}
	pages, err := l.Pages()
	if err != nil {
		tb.Fatal(err)
	}
	return pages
}

// wellLaidOut says what is wrong with a page on a terminal, or "".
func wellLaidOut(p kb.Page, width int) string {
	plain, colored := kb.Render(p, width, false), kb.Render(p, width, true)
	if strings.Contains(plain, "\x1b") {
		return "an escape sequence without colour"
	}
	if got := escape.ReplaceAllString(colored, ""); got != plain {
		return "colour changes the text: " + cmp.Diff(plain, got)
	}
	code := map[string]bool{}
	for _, s := range p.Sections {
		for _, b := range s.Blocks {
			for l := range strings.SplitSeq(b.Text, "\n") {
				if b.Kind != kb.Code || strings.TrimSpace(l) == "" {
					continue
				}
				l = strings.TrimRight(l, " ")
				code[strings.TrimSpace(l)] = true
				if !strings.Contains(plain, "  "+l+"\n") {
					return "a line of code is not as the page has it: " + l
				}
			}
		}
	}
	for l := range strings.Lines(plain) {
		text := strings.TrimSpace(l)
		if utf8.RuneCountInString(strings.TrimRight(l, "\n")) > width && !code[text] && strings.Contains(strings.TrimLeft(text, "-0123456789. "), " ") {
			return "too long: " + l
		}
	}
	return ""
}

// The generated sections stand in their places and tell what the rule says.
func TestPageIsCompletedByTheRule(t *testing.T) {
	for _, p := range open(t, all.Rules()) {
		var titles []string
		for _, s := range p.Sections {
			if s.Line == 0 {
				titles = append(titles, s.Title)
			}
		}
		if diff := cmp.Diff([]string{"Options", "Permissions", "Standards"}, titles); diff != "" {
			t.Errorf("%s: generated sections -want +got:\n%s", p.Rule.ID, diff)
		}
		text := kb.Render(p, 120, false)
		for _, o := range p.Rule.Options {
			if !strings.Contains(text, "`"+o.Name+"`") {
				t.Errorf("%s: option %s is not shown", p.Rule.ID, o.Name)
			}
		}
		for _, want := range []string{p.Rule.Severity.Label(), "cloudtrail:DescribeTrails", "account:ListRegions"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not shown", p.Rule.ID, want)
			}
		}
		if !strings.HasSuffix(text, "Check it: `cairn audit --rules "+p.Rule.ID+"`\n") {
			t.Errorf("%s does not end with how to check it", p.Rule.ID)
		}
	}
}

// What a detection has instead: no options, no calls of its own, no fix, no audit.
func TestDetectionsPageIsCompleted(t *testing.T) {
	for _, p := range open(t, watched(t)) {
		var titles []string
		for _, s := range p.Sections {
			if s.Line == 0 {
				titles = append(titles, s.Title)
			}
		}
		if diff := cmp.Diff([]string{"Settings", "Standards"}, titles); diff != "" {
			t.Errorf("%s: generated sections -want +got:\n%s", p.Rule.ID, diff)
		}
		id, text := p.Rule.ID, kb.Render(p, 120, false)
		for _, want := range []string{
			"ATT&CK      T1", "that of the catalogue, " + p.Rule.Severity.String() + ".", "--set " + id + ".severity=high",
			"Check it: `cairn watch --detections " + id + "`\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not shown:\n%s", id, want, text)
			}
		}
		for _, wrong := range []string{"cairn policy", "cairn fix " + id, "cairn audit --rules " + id, "PERMISSIONS", "OPTIONS"} {
			if strings.Contains(text, wrong) {
				t.Errorf("%s shows %q", id, wrong)
			}
		}
	}
}

func TestUnverifiedIsSaid(t *testing.T) {
	var said bool
	for _, p := range open(t, all.Rules()) {
		said = said || strings.Contains(kb.Render(p, 120, false), "(not verified)")
	}
	if !said {
		t.Error("no page says (not verified), although frameworks hold such requirements")
	}
}

// TestCheck breaks a good page in one place at a time.
func TestCheck(t *testing.T) {
	r := all.Rules().Find("CT-001")
	good, err := fs.ReadFile(r.Files, "page.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, replace, want string }{
		{"# CT-001 CloudTrail Enabled", "# CT-001 Trail on", `the title is "CT-001 Trail on", want "CT-001 CloudTrail Enabled"`},
		{"## Impact", "## Costs", `the heading is "Costs", want ## Impact`},
		{"## Rationale", "### Rationale", `the heading is "Rationale", want ## Rationale`},
		{"## References", "## More\n\ntext\n\n## References", `the heading is "More", want ## References`},
		{"## Where the original page differs", "## Where it differs", `the heading is "Where it differs", want ## References`},
		{"<!-- fix:terraform -->\n", "<!-- fix:tf -->\n", "Terraform holds the fix blocks [tf], want [terraform]"},
		{"<!-- fix:console -->", "", "no fix block to close"},
		{"```sh", "```", "a code block without a language"},
		{"```text", "```sh", ""}, // the json block still shows a failing output
		{"`cairn audit --rules CT-001`", "`cairn audit --rules CT-002`", "the last paragraph is not"},
		{"| no trail at all |", "no trail at all |", "a table without rows"},
	} {
		bad := strings.Replace(string(good), c.old, c.replace, 1)
		if bad == string(good) {
			t.Errorf("the page no longer holds %q", c.old)
			continue
		}
		broken := &rule.Rule{Meta: r.Meta}
		broken.Files = fstest.MapFS{"page.md": {Data: []byte(bad)}}
		err := kb.Check(broken)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v\nwant %q", c.replace, err, c.want)
		}
	}
	broken := &rule.Rule{Meta: r.Meta}
	broken.Files = fstest.MapFS{}
	if err := kb.Check(broken); err == nil {
		t.Error("no page.md, and no error")
	}
}

// FuzzRender holds that a page is read or refused, and that what is read lies well on a terminal.
func FuzzRender(f *testing.F) {
	for _, r := range all.Rules() {
		data, err := fs.ReadFile(r.Files, "page.md")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, 60)
	}
	for _, path := range golden.Glob(f, "testdata/*/*.txtar") {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(ar.Files[0].Data, 80)
	}
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		p, err := kb.Parse(data)
		if err != nil {
			if p.Title != "" || p.Sections != nil {
				t.Errorf("a page and an error: %v", err)
			}
			return
		}
		if wrong := wellLaidOut(p, min(max(width, 40), 120)); wrong != "" {
			t.Error(wrong)
		}
	})
}
