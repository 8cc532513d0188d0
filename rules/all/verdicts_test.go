package all_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"cairn.example/detections"
	"cairn.example/frameworks"
	"cairn.example/internal/config"
	"cairn.example/internal/detect"
	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	channels "cairn.example/internal/notify/all"
	"cairn.example/internal/rule"
	"cairn.example/internal/ruletest"
	"cairn.example/rules/all"
)

const docs = "../../docs/"

// TestVerdictsPage keeps the table of states and verdicts true. The page's author groups and orders the rows; a row
// is found again by the case file that it links to.
func TestVerdictsPage(t *testing.T) {
	rows := map[string]string{}
	for _, path := range golden.Glob(t, states) {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		rows[name] = verdictRow(t, name, path)
	}
	keep(t, docs+"verdicts.md", func(page string) string { return withRows(page, rows) })
}

// TestPagesTellTheRules keeps the tables that other pages take from the rules true.
func TestPagesTellTheRules(t *testing.T) {
	for page, blocks := range map[string]map[string]string{
		"coming-from.md":           {"aliases": aliasTable(t)},
		"guide/getting-started.md": {"options": optionTable(), "permissions": permissionTable()},
	} {
		keep(t, docs+page, func(text string) string {
			for name, table := range blocks {
				text = withBlock(t, text, name, table)
			}
			return text
		})
	}
}

func keep(t *testing.T, path string, should func(string) string) {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	golden.Keep(t, path, should(string(page)))
}

var stateLink = regexp.MustCompile(`states/([a-z0-9-]+)\.txtar\)`)

// withRows puts each state's row in its place: unknown rows go, missing ones are appended to the last table.
func withRows(page string, rows map[string]string) string {
	var out []string
	last := -1
	placed := map[string]bool{}
	for line := range strings.SplitSeq(page, "\n") {
		link := stateLink.FindStringSubmatch(line)
		switch {
		case strings.HasPrefix(line, "| State |"):
			line = tableLine(append([]string{"State"}, ruleIDs()...))
		case strings.HasPrefix(line, "|") && link != nil:
			if rows[link[1]] == "" || placed[link[1]] {
				continue
			}
			line, placed[link[1]] = rows[link[1]], true
		case strings.HasPrefix(line, "|---"):
			line = strings.Repeat("|---", len(all.Rules())+1) + "|"
		}
		if out = append(out, line); link != nil {
			last = len(out)
		}
	}
	var missing []string
	for name, row := range rows {
		if !placed[name] {
			missing = append(missing, row)
		}
	}
	slices.Sort(missing)
	return strings.Join(slices.Insert(out, max(last, 0), missing...), "\n")
}

func ruleIDs() []string {
	var ids []string
	for _, r := range all.Rules() {
		ids = append(ids, r.ID)
	}
	return ids
}

func tableLine(cells []string) string { return "| " + strings.Join(cells, " | ") + " |" }

// verdictRow is a state file as a row. Its want section is what TestStates holds it to.
func verdictRow(t *testing.T, name, path string) string {
	t.Helper()
	ar, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(ar.Files, func(f txtar.File) bool { return f.Name == "want" })
	if i < 0 {
		t.Fatalf("%s has no want section", path)
	}
	said := verdictsIn(string(ar.Files[i].Data))
	cells := []string{fmt.Sprintf("[%s](../rules/all/testdata/states/%s.txtar)", stateText(string(ar.Comment)), name)}
	for _, id := range ruleIDs() {
		if len(said[id]) == 0 {
			t.Errorf("%s: no verdict of %s", path, id)
		}
		cells = append(cells, verdictCell(said[id]))
	}
	return tableLine(cells)
}

// stateText is the case's own words, without the lines that set the run.
func stateText(comment string) string {
	var words []string
	for line := range strings.Lines(comment) {
		first, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !slices.Contains([]string{"preset", "option", "accept", "role", "region", ""}, first) {
			words = append(words, strings.TrimSpace(line))
		}
	}
	return strings.TrimSuffix(strings.Join(words, " "), ".")
}

// said is one verdict of a rule, as a case's want section has it.
type said struct {
	account, status, on string
	noted               bool
}

var verdictLine = regexp.MustCompile(`^(?:(\d{12}) )?([A-Z]+-\d{3}) ([a-z-]+) +(account|trail/\S+)`)

func verdictsIn(want string) map[string][]said {
	out := map[string][]said{}
	id := ""
	for line := range strings.Lines(want) {
		if m := verdictLine.FindStringSubmatch(line); m != nil {
			id = m[2]
			out[id] = append(out[id], said{account: m[1], status: m[3], on: m[4]})
		} else if strings.HasPrefix(line, "    note: ") && len(out[id]) > 0 {
			out[id][len(out[id])-1].noted = true
		}
	}
	return out
}

// verdictCell says each distinct verdict once, and on what, where they differ or a trail's rule speaks of the account.
func verdictCell(all []said) string {
	words := func(s said) string {
		text := map[string]string{"fail": "**fail**", "unknown": "*unknown*", "not-applicable": "n/a"}[s.status]
		text = cmp.Or(text, s.status)
		if s.noted {
			text += ", noted"
		}
		return text
	}
	if len(all) == 0 {
		return ""
	}
	if !slices.ContainsFunc(all, func(s said) bool { return words(s) != words(all[0]) }) {
		return words(all[0])
	}
	var parts []string
	for _, s := range all {
		on := strings.TrimPrefix(s.on, "trail/")
		if s.account != "" {
			on = s.account + " " + on
		}
		if part := on + ": " + words(s); !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "; ")
}

// withBlock replaces what stands between <!-- name --> and <!-- /name -->.
func withBlock(t *testing.T, page, name, text string) string {
	t.Helper()
	open, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	before, rest, ok := strings.Cut(page, open)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("no block %q", name)
	}
	return before + open + "\n" + text + "\n" + end + after
}

// aliasesOf are the columns of the table of other tools' names, each with the shape of its names; the first that fits
// has the name.
var aliasesOf = []struct {
	tool  string
	shape *regexp.Regexp
}{
	{"Security Hub", regexp.MustCompile(`^CloudTrail\.\d+$`)},
	{"AWS Config", regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)},
	{"Steampipe", regexp.MustCompile(`^cloudtrail_multi_region_trail_enabled$`)}, // shaped like Prowler's
	{"Prowler", regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)+$`)},
	{"Checkov", regexp.MustCompile(`^CKV2?_AWS_\d+$`)},
	{"Trivy", regexp.MustCompile(`^(AVD-)?AWS-\d{4}$`)},
	{"CloudSploit", regexp.MustCompile(`^[a-z]+([A-Z][a-z0-9]+)+$`)},
}

func aliasTable(t *testing.T) string {
	t.Helper()
	head := []string{"cairn", "Title"}
	for _, of := range aliasesOf {
		head = append(head, of.tool)
	}
	lines := []string{tableLine(head), strings.Repeat("|---", len(head)) + "|"}
	for _, r := range all.Rules() {
		names := make([][]string, len(aliasesOf))
		for _, a := range r.Aliases {
			i := toolOf(a)
			if i < 0 {
				t.Fatalf("%s: the alias %q has the shape of no tool's: give the tool a column", r.ID, a)
			}
			names[i] = append(names[i], "`"+a+"`")
		}
		cells := []string{r.ID, r.Title}
		for _, of := range names {
			cells = append(cells, strings.Join(of, " "))
		}
		lines = append(lines, tableLine(cells))
	}
	return strings.Join(lines, "\n") + "\n"
}

func toolOf(alias string) int {
	for i, of := range aliasesOf {
		if of.shape.MatchString(alias) {
			return i
		}
	}
	return -1
}

func optionTable() string {
	lines := []string{"| Rule | Option | Values (default first) | Preset `conformity` | What it decides |", "|---|---|---|---|---|"}
	for _, r := range all.Rules() {
		for _, o := range r.Options {
			lines = append(lines, tableLine([]string{
				r.ID, "`" + o.Name + "`", "`" + strings.Join(o.Values, "`, `") + "`",
				"`" + cmp.Or(o.Presets[rule.Conformity], o.Values[0]) + "`", o.Help,
			}))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// permissionTable says which rules need which action; sts:AssumeRole is the role's own affair and not among them.
func permissionTable() string {
	lines := []string{"| Action | What it tells | Rules |", "|---|---|---|"}
	told := map[string][]string{}
	needed := map[string][]string{}
	for _, fact := range model.FactKinds {
		for _, call := range fact.Calls {
			if call.Permission == "" {
				continue
			}
			told[call.Permission] = append(told[call.Permission], fact.What)
			for _, r := range all.Rules() {
				if slices.Contains(model.Closure(r.Needs), fact) && !slices.Contains(needed[call.Permission], r.ID) {
					needed[call.Permission] = append(needed[call.Permission], r.ID)
				}
			}
		}
	}
	for _, action := range model.Permissions(model.FactKinds) {
		rules := strings.Join(needed[action], ", ")
		if len(needed[action]) == len(all.Rules()) {
			rules = "every rule"
		}
		lines = append(lines, tableLine([]string{"`" + action + "`", strings.Join(told[action], "; "), cmp.Or(rules, "none")}))
	}
	return strings.Join(lines, "\n") + "\n"
}

var link = regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)\s]*)?\)`)

// linking are the pages whose links are followed.
var linking = []string{docs + "*.md", docs + "*/*.md", docs + "../*.md", docs + "../test/*/testdata/*.md"}

// TestLinksInDocsResolve follows every link from a page to a file of the repository.
func TestLinksInDocsResolve(t *testing.T) {
	followed := 0
	for _, pattern := range linking {
		for _, path := range golden.Glob(t, pattern) {
			page, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range link.FindAllStringSubmatch(string(page), -1) {
				followed++
				if _, err := os.Stat(filepath.Join(filepath.Dir(path), to[1])); err != nil {
					t.Errorf("%s links to nothing: %s", path, to[1])
				}
			}
		}
	}
	if followed == 0 {
		t.Error("no links found: the test looked in the wrong place")
	}
}

// TestExamplesInTheGuideWork runs the case and the settings that the guide shows.
func TestExamplesInTheGuideWork(t *testing.T) {
	example := txtar.Parse([]byte(fenced(t, docs+"guide/writing-cases.md", "text")))
	got := ruletest.Run(t, example, rule.Registry{all.Rules().Find("CT-010")})
	for _, want := range []string{"CT-010 fail    trail/main", "CT-010 unknown account"} {
		if !strings.Contains(got, want) {
			t.Errorf("the case in the guide gives no %q:\n%s", want, got)
		}
	}
	watched, err := detect.Load(detections.Files)
	if err != nil {
		t.Fatal(err)
	}
	known := all.Rules()
	for _, d := range watched {
		known = append(known, &rule.Rule{Meta: d.Meta})
	}
	standards, err := frameworks.All()
	if err != nil {
		t.Fatal(err)
	}
	may := config.Known{Rules: known, Kinds: channels.Kinds()}
	for _, f := range standards {
		may.Standards = append(may.Standards, f.ID)
	}
	for page, chapter := range map[string]string{
		"guide/getting-started.md": "\n## " + config.FileName + "\n", "guide/watch.md": "\n## " + config.FileName + "\n", "guide/notify.md": "",
	} {
		for _, shown := range settingsShown(t, docs+page, chapter) {
			_, err := config.Parse(config.FileName, []byte(shown), may)
			if strings.HasPrefix(shown, "exceptions:\n") {
				_, err = config.ParseExceptions("exceptions.yaml", []byte(shown), known)
			}
			if err != nil {
				t.Errorf("the settings in %s: %v", page, err)
			}
		}
	}
}

// settingsShown are the files that a page shows in a chapter; without one, on all of the page.
func settingsShown(t *testing.T, path, chapter string) []string {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	if chapter != "" {
		_, text, _ = strings.Cut(text, chapter)
		text, _, _ = strings.Cut(text, "\n## ")
	}
	var out []string
	for _, block := range strings.Split(text, "\n```yaml\n")[1:] {
		code, _, _ := strings.Cut(block, "\n```\n")
		out = append(out, code+"\n")
	}
	if len(out) == 0 {
		t.Fatalf("%s shows no settings", path)
	}
	return out
}

// fenced is a page's last block of code in a language.
func fenced(t *testing.T, path, lang string) string {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "\n```"+lang+"\n")
	code, _, ok := strings.Cut(blocks[len(blocks)-1], "\n```\n")
	if len(blocks) == 1 || !ok {
		t.Fatalf("%s shows no %s", path, lang)
	}
	return code + "\n"
}
