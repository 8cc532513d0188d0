package report

import (
	"fmt"
	"slices"
	"strings"

	"cairn.example/internal/model"
)

// Verdicts counts the findings by verdict, in words: "3 findings fail, 1 is unknown, 11 pass".
func Verdicts(s model.Summary) string {
	verbs := map[model.Status][2]string{ // one, many
		model.StatusFail: {"fails", "fail"}, model.StatusUnknown: {"is unknown", "are unknown"},
		model.StatusPass: {"passes", "pass"}, model.StatusNotApplicable: {"does not apply", "do not apply"},
	}
	var parts []string
	noun := [2]string{"finding ", "findings "}
	for _, status := range model.Statuses {
		if n := s.Statuses[status]; n > 0 {
			parts = append(parts, model.Count(n, noun[0]+verbs[status][0], noun[1]+verbs[status][1]))
			noun = [2]string{}
		}
	}
	if len(parts) == 0 {
		return "no rule had anything to judge"
	}
	return strings.Join(parts, ", ")
}

// totals counts the findings by verdict, those that were not printed included.
func (w *textWriter) totals() {
	text := opened(sentence(Verdicts(w.summary)))
	if w.fine() {
		text = "There is nothing to put right: " + text
	}
	if hidden := w.hidden(); hidden > 0 {
		text += fmt.Sprintf(" %s left out of this report by --severity, --status or --region.", model.Count(hidden, "is", "are"))
	} else if !w.style.Verbose && w.summary.Statuses[model.StatusPass]+w.summary.Statuses[model.StatusNotApplicable] > 0 {
		text = strings.TrimSuffix(text, ".") + " (-v shows them)."
	}
	w.para(0, 0, text)
}

// fine tells that nothing has to be done: the judged rules are content, and so is the answer for each account,
// which rests on more than the rules that were selected.
func (w *textWriter) fine() bool {
	judged := w.summary.Statuses[model.StatusPass] + w.summary.Statuses[model.StatusNotApplicable]
	return judged > 0 && w.summary.Statuses[model.StatusFail]+w.summary.Statuses[model.StatusUnknown] == 0 &&
		!slices.ContainsFunc(w.summary.Accounts, func(a model.AccountSummary) bool { return a.Recorded != model.Yes })
}

// standards says which standards are not fully met, as far as the judged rules answer them.
func (w *textWriter) standards() {
	var short []string
	met := 0
	for _, run := range runs(w.summary.Frameworks) {
		first, last := run[0], run[len(run)-1]
		switch {
		case first.Met == first.Of:
			met += len(run)
		case len(run) == 1:
			short = append(short, fmt.Sprintf("%s (%d of %d)", w.clean(first.ID), first.Met, first.Of))
		default:
			family, from := version(w.clean(first.ID))
			_, to := version(w.clean(last.ID))
			short = append(short, fmt.Sprintf("%s %s to %s (%d of %d)", family, from, to, first.Met, first.Of))
		}
	}
	switch {
	case len(short) > 0:
		if met > 0 {
			short = append(short, model.Count(met, "other standard", "other standards")+" (all)")
		}
		words := append(strings.Fields("Requirements met, of those that these rules answer:"), separated(short)...)
		w.hanging("", 2, fill(words, w.width, w.width-2)) // a score is not broken between lines
	case met > 0:
		w.para(0, 0, fmt.Sprintf("Every requirement that these rules answer is met, in %s.", model.Count(met, "standard", "standards")))
	}
}

func separated(items []string) []string {
	for i := range items {
		items[i] += ","
	}
	last := len(items) - 1
	items[last] = strings.TrimSuffix(items[last], ",") + "."
	return items
}

// runs puts together neighbours that are versions of one standard with the same score.
func runs(all []model.FrameworkSummary) [][]model.FrameworkSummary {
	var out [][]model.FrameworkSummary
	for _, f := range all {
		if n := len(out); n > 0 {
			last := out[n-1][0]
			a, _ := version(last.ID)
			b, _ := version(f.ID)
			if a == b && last.Met == f.Met && last.Of == f.Of {
				out[n-1] = append(out[n-1], f)
				continue
			}
		}
		out = append(out, []model.FrameworkSummary{f})
	}
	return out
}

// version splits a framework's ID, cis-aws-5.0.0, at its last dash.
func version(id string) (family, number string) {
	i := strings.LastIndex(id, "-")
	if i < 0 {
		return id, ""
	}
	return id[:i], id[i+1:]
}

// missing is one reason for which calls went without an answer, with everywhere it was met.
type missing struct {
	model.Gap
	resources, regions, accounts []string
}

func (m *missing) sameReason(g model.Gap) bool {
	return m.Call == g.Call && m.Code == g.Code && m.Why == g.Why && m.AnsweredBy == g.AnsweredBy && m.Accepted == g.Accepted
}

// unread lists what could not be read, each reason once.
func (w *textWriter) unread() {
	reasons := w.reasons()
	if len(reasons) == 0 {
		return
	}
	w.blank()
	w.line(0, "Not read:")
	for _, m := range reasons {
		w.para(2, 4, m.text(len(w.summary.Accounts) > 1))
	}
}

// reasons merges the gaps of an account first, then accounts that miss the same.
func (w *textWriter) reasons() []*missing {
	var each []*missing
	for _, g := range w.gaps {
		if g.AnsweredBy != "" && !w.style.Verbose {
			continue
		}
		i := slices.IndexFunc(each, func(m *missing) bool { return m.Account == g.Account && m.sameReason(g) })
		if i < 0 {
			i = len(each)
			each = append(each, &missing{Gap: g, accounts: []string{g.Account}})
		}
		each[i].regions = add(each[i].regions, g.Region)
		each[i].resources = add(each[i].resources, gapResource(g))
	}
	var out []*missing
	for _, m := range each {
		i := slices.IndexFunc(out, func(o *missing) bool {
			return o.sameReason(m.Gap) && slices.Equal(o.regions, m.regions) && slices.Equal(o.resources, m.resources)
		})
		if i < 0 {
			out = append(out, m)
			continue
		}
		out[i].accounts = add(out[i].accounts, m.Account)
	}
	return out
}

func add(names []string, name string) []string {
	if name == "" || slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

// gapResource names the trail that a call was about; a role's account says as much as its ARN.
func gapResource(g model.Gap) string {
	if name := trail(g.Resource); strings.HasPrefix(name, "trail/") {
		return name
	}
	return ""
}

func (m *missing) text(several bool) string {
	text := m.Call
	if len(m.resources) > 0 {
		text += " of " + some(m.resources)
	}
	if len(m.regions) > 0 {
		text += " in " + some(m.regions)
	}
	if several && len(m.accounts) == 1 {
		text += ", account " + m.accounts[0]
	} else if several {
		text += ", accounts " + some(m.accounts)
	}
	why := m.Why
	if why == "" {
		why = m.Code
	}
	text += ": " + sentence(why)
	switch {
	case m.AnsweredBy != "":
		text += " " + m.AnsweredBy + " answered instead."
	case m.Accepted:
		text += " Accepted as such (regions.acceptUnread)."
	case m.Permission != "" && model.Denied(m.Code):
		text += " Needs " + m.Permission + "."
	}
	return text
}

// calls says what cairn did.
func (w *textWriter) calls() {
	w.blank()
	w.para(0, 0, fmt.Sprintf("%s, %s, at %s. cairn only read.", model.Count(w.summary.Calls.Requests, "call", "calls"), w.refusals(),
		model.Moment(w.summary.CollectedAt)))
}

// refusals counts the calls that were refused, and those of them for which another call told the same.
func (w *textWriter) refusals() string {
	n, answered := w.summary.Calls.Refused, 0
	for _, g := range w.gaps {
		if g.AnsweredBy != "" {
			answered++
		}
	}
	switch {
	case n == 0:
		return "none refused"
	case answered == 0:
		return fmt.Sprintf("%d refused", n)
	case answered == n:
		return fmt.Sprintf("%d refused and answered otherwise", n)
	}
	return fmt.Sprintf("%d refused (%d of them answered otherwise)", n, answered)
}
