package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"cairn.example/internal/model"
)

// textWriter is the report for people. It writes when all is known, because columns, repeated accounts and
// accepted gaps are told where an account begins.
type textWriter struct {
	*sheet
	summary model.Summary
	found   []model.Finding
	gaps    []model.Gap
}

func newText(out io.Writer, s Style) Writer { return &textWriter{sheet: newSheet(out, s)} }

func (w *textWriter) Start(s model.Summary) error {
	w.summary = s
	return nil
}

func (w *textWriter) Finding(f model.Finding) error {
	w.found = append(w.found, f)
	return nil
}

func (w *textWriter) Gap(g model.Gap) error {
	w.gaps = append(w.gaps, g)
	return nil
}

func (w *textWriter) Close() error {
	w.accounts()
	w.totals()
	w.standards()
	w.unread()
	w.calls()
	if err := w.flush(); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	return nil
}

// told is what the report says of one account.
type told struct {
	model.AccountSummary
	shown []model.Finding
}

// quiet tells that nothing has to be said but the headline.
func (t *told) quiet() bool { return len(t.shown) == 0 }

// key is what an account's part says, without what differs between accounts in the same state.
func (t *told) key() string {
	var b strings.Builder
	b.WriteString(t.Headline)
	for i := range t.shown {
		f := &t.shown[i]
		fmt.Fprintf(&b, "\x00%s\x00%s\x00%s\x00%s\x00%q", wordOf(f), f.Rule, resource(f), f.Message, f.Notes)
	}
	return b.String()
}

// accounts writes every account's part: whole, or in one line where it is quiet or like one before it.
func (w *textWriter) accounts() {
	all, l := w.tell(), layoutOf(w.found)
	if len(all) > 1 {
		w.overall(all)
	}
	seen := map[string]string{} // what was said -> of which account
	open := true                // a blank line is due before the next account
	for i := range all {
		t := &all[i]
		like, again := seen[t.key()]
		single := len(all) > 1 && (t.quiet() || again && !w.style.Verbose)
		if i > 0 && (open || !single) {
			w.blank()
		}
		open = !single
		switch {
		case !single:
			w.account(t, l)
			seen[t.key()] = t.ID
		case t.quiet():
			w.para(0, 2, fmt.Sprintf("Account %s%s: %s", t.ID, w.refused(t), cmp.Or(t.Headline, "nothing to put right by these rules.")))
		default:
			w.para(0, 2, fmt.Sprintf("Account %s: the same %s as in %s (-v shows them).", t.ID, model.Count(len(t.shown), "finding", "findings"), like))
		}
	}
	if len(all) > 0 {
		w.blank()
	}
}

// tell sorts the findings by account, in the summary's order.
func (w *textWriter) tell() []told {
	by := map[string][]model.Finding{}
	passes := w.passes()
	for _, f := range w.found {
		if passes || bad(f) {
			by[f.Account] = append(by[f.Account], f)
		}
	}
	var out []told
	for _, a := range w.summary.Accounts {
		out = append(out, told{a, by[a.ID]})
		delete(by, a.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(by)) { // of no account in the summary: never left out
		out = append(out, told{model.AccountSummary{ID: id}, by[id]})
	}
	return out
}

// passes tells whether findings that ask for nothing are printed: with -v, or when only such were asked for.
func (w *textWriter) passes() bool {
	return w.style.Verbose || w.hidden() > 0 && !slices.ContainsFunc(w.found, bad)
}

func bad(f model.Finding) bool {
	return f.Status == model.StatusFail || f.Status == model.StatusUnknown
}

// hidden counts the findings that were left out on the way here, by --severity, --status or --region.
func (w *textWriter) hidden() int {
	n := -len(w.found)
	for _, count := range w.summary.Statuses {
		n += count
	}
	return n
}

// overall answers for all accounts in one sentence.
func (w *textWriter) overall(all []told) {
	count := map[model.Tri]int{}
	for _, t := range all {
		count[t.Recorded]++
	}
	verb := "record"
	if count[model.Yes] == 1 {
		verb = "records"
	}
	text := fmt.Sprintf("%d of %s %s every management event", count[model.Yes], model.Count(len(all), "account", "accounts"), verb)
	var rest []string
	if n := count[model.No]; n > 0 {
		rest = append(rest, model.Count(n, "does not", "do not"))
	}
	if n := count[model.Unknown]; n > 0 {
		rest = append(rest, model.Count(n, "is not known", "are not known"))
	}
	if len(rest) > 0 {
		text += "; " + strings.Join(rest, ", and ")
	}
	w.para(0, 0, text+".")
	w.blank()
}

// account writes an account's whole part.
func (w *textWriter) account(t *told, l layout) {
	if t.Caller == "" {
		w.para(0, 2, fmt.Sprintf("Account %s could not be read.", t.ID))
	} else {
		read := model.Count(max(0, t.Regions-len(w.away(t))), "Region", "Regions")
		w.para(0, 2, fmt.Sprintf("Account %s, as %s. %s read%s.", t.ID, caller(t.Caller), read, w.refused(t)))
	}
	if t.Headline != "" {
		if len(w.summary.Accounts) == 1 {
			w.blank()
		}
		w.para(0, 0, t.Headline)
	}
	for _, b := range blocks(slices.DeleteFunc(slices.Clone(t.shown), func(f model.Finding) bool { return !bad(f) })) {
		w.blank()
		w.block(b, l)
	}
	passed := slices.DeleteFunc(slices.Clone(t.shown), bad)
	if len(passed) > 0 {
		w.blank()
	}
	for i := range passed {
		w.short(&passed[i], l)
	}
}

// away are the account's Regions that were not read: refused, or refused and accepted.
func (w *textWriter) away(t *told) []string { return append(slices.Clone(t.Refused), w.accepted(t)...) }

func (w *textWriter) accepted(t *told) []string {
	var out []string
	for _, g := range w.gaps {
		if g.Accepted && g.Account == t.ID && !slices.Contains(out, g.Region) {
			out = append(out, g.Region)
		}
	}
	return out
}

// refused says which Regions were not read: ", eu-south-2 refused".
func (w *textWriter) refused(t *told) string {
	text := ""
	if len(t.Refused) > 0 {
		text += ", " + some(t.Refused) + " refused"
	}
	if accepted := w.accepted(t); len(accepted) > 0 {
		text += ", " + some(accepted) + " refused and accepted"
	}
	return text
}
