package recall_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cairn.example/internal/model"
)

// called is a corpus as people call it.
func called(corpus string) string { return cmp.Or(names[corpus], corpus) }

var names = map[string]string{
	"datadog": "Stratus Red Team", "adanalvarez": "TrailDiscover", "airbnb": "StreamAlert", "cloud-custodian": "Cloud Custodian",
	"crowdsecurity": "CrowdSec", "flosell": "trailscraper", "grycap": "cloudtrail-tracker", "log2timeline": "Plaso",
}

const head = `# Recall

What the detections find in labelled logs of others, and what they find there that nobody labelled. Which label asks for
what, and why, is [labels.txt](../test/recall/labels.txt). This page is written by

` + "```sh\nCAIRN_CORPUS=FOLDER make recall\n```" + `

where FOLDER has the logs in logs/; they are not in this repository. With that variable set the tests hold the page to
the logs.

How to read it:

- Every record was judged alone, with no account and no snapshot known. So no severity here is *extreme*, which takes to
  know that no trail records something any more, and none grew with repetition: a denied call is low, the fifth of one actor
  within an hour medium, the twentieth high.
- *success*: the call was done. *denied*, *failed*: it was an attempt, which is told as one.
- Most of these records are refused calls. AWS leaves the parameters out of many of them, so that only the error's message
  says what they were about.
- The logs are few, and detections were mended by them: that nothing is missed here says that what is known is seen, not
  that nothing else could be missed.
`

// page is docs/recall.md.
func page(all []judged) string {
	var b strings.Builder
	b.WriteString(head)
	alone := pick(all, func(j judged) bool { return j.row.verdict == must && j.row.given == nil })
	given := pick(all, func(j judged) bool { return j.row.verdict == must && j.row.given != nil })
	silent := pick(given, func(j judged) bool { return len(j.unknown) == 0 })
	others := pick(all, func(j judged) bool { return j.row.verdict != must })
	missed := pick(all, func(j judged) bool { return j.row.verdict == must && !j.told() })
	extra := pick(others, judged.told)

	b.WriteString("\n| | Records | Told | Recall |\n|---|---|---|---|\n")
	ratio := func(what string, of []judged) {
		n := len(pick(of, judged.told))
		fmt.Fprintf(&b, "| %s | %d | %d | %s |\n", what, len(of), n, percent(n, len(of)))
	}
	ratio("Tampering that the record alone shows", alone)
	for _, outcome := range []model.Outcome{model.OutcomeSuccess, model.OutcomeDenied, model.OutcomeFailed} {
		ratio("... "+string(outcome), pick(alone, func(j judged) bool { return j.outcome() == outcome }))
	}
	ratio("Tampering once it is known what the trail rests on", given)
	fmt.Fprintf(&b, "| The same while that is not known | %d | %d | |\n", len(given), len(given)-len(silent))
	fmt.Fprintf(&b, "| Records that no label calls tampering | %d | %d | |\n", len(others), len(extra))
	fmt.Fprintf(&b, "| ... told by mistake | | %d | |\n", len(pick(extra, func(j judged) bool { return j.row.verdict == wrong })))

	table(&b, "Told from the record alone", "", alone, false)
	table(&b, "Told once it is known what the trail rests on",
		"A snapshot, or an event that names it, tells the bucket, key, topic, log group and role of a trail, and cairn.yaml the\n"+
			"alarms, rules and queues. Here the name in the record was given as that of the placeholder under *Known*.", given, true)
	table(&b, "Missed", "", missed, true)
	table(&b, "Told though no label asks for it", "", extra, true)
	b.WriteString(rest(others))
	b.WriteString(logs(all))
	return b.String()
}

// table is one line for each kind of record.
func table(b *strings.Builder, title, text string, of []judged, given bool) {
	fmt.Fprintf(b, "\n## %s\n", title)
	if text != "" {
		fmt.Fprintf(b, "\n%s\n", text)
	}
	if len(of) == 0 {
		b.WriteString("\nNone.\n")
		return
	}
	b.WriteString("\n| Log | Label | Event | Told by | Outcome | Severity |")
	if given {
		b.WriteString(" Known |")
	}
	b.WriteString(" Why |\n|" + strings.Repeat("---|", map[bool]int{false: 7, true: 8}[given]) + "\n")
	counts := map[string]int{}
	var lines []string
	for _, j := range of {
		line := j.line(given)
		if counts[line]++; counts[line] == 1 {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	for _, line := range lines {
		b.WriteString(strings.Replace(line, "\x00", times(counts[line]), 1))
	}
}

func times(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d times)", n)
}

func (j judged) line(given bool) string {
	by, severity := "nobody", ""
	if f := j.finding(); f != nil {
		by, severity = f.Rule, f.Severity.String()
	}
	cells := []string{called(j.corpus), j.label, j.event + "\x00", by, string(j.outcome()), severity}
	if given {
		known := ""
		for _, name := range slices.Sorted(maps.Keys(j.row.given)) {
			known += fmt.Sprintf("`%s`", name)
		}
		cells = append(cells, known)
	}
	return "| " + strings.Join(append(cells, j.row.why), " | ") + " |\n"
}

// outcome is that of the call; a record that nothing tells has none that is known here.
func (j judged) outcome() model.Outcome {
	if f := j.finding(); f != nil {
		return f.Cause.Outcome
	}
	return ""
}

// rest is what no detection should tell, by the reason.
func rest(of []judged) string {
	of = pick(of, func(j judged) bool { return j.row.verdict == no })
	var b strings.Builder
	fmt.Fprintf(&b, "\n## Not tampering with the trail\n\n%d records, all silent while everything was known that is given above.\n\n", len(of))
	b.WriteString("| Log | Label | Event | Records | Why |\n|---|---|---|---|---|\n")
	var keys []string
	counts := map[string]int{}
	for _, j := range of {
		key := fmt.Sprintf("| %s | %s | %s | \x00 | %s |\n", called(j.corpus), escape(j.row.label), escape(j.row.event), j.row.why)
		if counts[key]++; counts[key] == 1 {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		b.WriteString(strings.Replace(key, "\x00", fmt.Sprint(counts[key]), 1))
	}
	return b.String()
}

func escape(pattern string) string { return strings.ReplaceAll(pattern, "*", `\*`) }

// logs is what was read.
func logs(all []judged) string {
	var b strings.Builder
	b.WriteString("\n## The logs\n\n| Log | Records | Could not be read |\n|---|---|---|\n")
	records, rejected := map[string]int{}, map[string]int{}
	for _, j := range all {
		records[j.corpus]++
		if j.rejected != "" {
			rejected[j.corpus]++
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(records), func(x, y string) int { return strings.Compare(called(x), called(y)) }) {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", called(name), records[name], rejected[name])
	}
	b.WriteString("\nRecords that could not be read are tests of others with placeholders for the time or the event.\n")
	return b.String()
}

func pick(of []judged, want func(judged) bool) []judged {
	var out []judged
	for _, j := range of {
		if want(j) {
			out = append(out, j)
		}
	}
	return out
}

func percent(n, of int) string {
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*float64(n)/float64(of))
}
