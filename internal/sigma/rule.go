package sigma

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

var (
	levels   = []string{"informational", "low", "medium", "high", "critical"}
	statuses = []string{"stable", "test", "experimental", "deprecated", "unsupported"}
)

// texts and lists say where the plain keys of a document go.
func (r *Rule) texts() map[string]*string {
	return map[string]*string{
		"id": &r.ID, "title": &r.Title, "name": &r.Name, "status": &r.Status, "level": &r.Level,
		"description": &r.Description, "license": &r.License, "author": &r.Author,
		"date": &r.Date, "modified": &r.Modified,
	}
}

func (r *Rule) lists() map[string]*[]string {
	return map[string]*[]string{
		"references": &r.References, "tags": &r.Tags, "falsepositives": &r.FalsePositives, "fields": &r.Shown,
	}
}

// document reads one rule. Its id is looked for first, so that every message can name it.
func (r *reader) document(body ast.Node) *Rule {
	out := &Rule{File: r.name, Line: start(body).line}
	r.rule = ""
	entries := r.mapping(body, "the rule")
	for _, e := range entries {
		if s, ok := scalarText(e.value); ok && (e.key == "id" || e.key == "title" && r.rule == "") {
			r.rule = s
		}
	}
	texts, lists := out.texts(), out.lists()
	seen := map[string]entry{}
	for _, e := range entries {
		seen[e.key] = e
		if text, ok := texts[e.key]; ok {
			*text = r.text(e)
			continue
		}
		if list, ok := lists[e.key]; ok {
			*list = r.texts(e)
			continue
		}
		r.section(out, e)
	}
	r.complete(out, seen, start(body))
	return out
}

// section reads a key that is no plain text.
func (r *reader) section(out *Rule, e entry) {
	switch e.key {
	case "logsource":
		out.Logsource = r.logsource(e)
	case "detection":
		out.root, out.Warnings = r.detection(e)
	case "correlation":
		out.Correlation = r.correlation(e)
	case "custom":
		if e.value.Type() != ast.NullType {
			out.Custom, _ = r.plain(e.value, e.key).(map[string]any)
			if out.Custom == nil {
				r.bad(start(e.value), "custom: want keys and values, this is %s", kindOf(e.value))
			}
		}
	case "taxonomy":
		if t := r.text(e); t != "sigma" {
			r.bad(e.at, "taxonomy %s is not supported", t)
		}
	case "action":
		r.bad(e.at, "action: documents that complete each other are of Sigma 1 and not supported")
	case "filter":
		r.bad(e.at, "filter: Sigma filters are not supported: write the filter into the rule")
	default:
		if out.Extra == nil {
			out.Extra = map[string]any{}
		}
		out.Extra[e.key] = r.plain(e.value, e.key)
	}
}

// logsource refuses other logs than CloudTrail's: their fields are not in its records, and "not filter" would hold for
// all of them.
func (r *reader) logsource(e entry) Logsource {
	var out Logsource
	known := map[string]*string{
		"product": &out.Product, "service": &out.Service, "category": &out.Category, "definition": &out.Definition,
	}
	for _, s := range r.mapping(e.value, "logsource") {
		if text, ok := known[s.key]; ok { // others are informative
			*text = r.text(s)
		}
	}
	if out.Product != "aws" || out.Service != "cloudtrail" || out.Category != "" {
		var is []string
		for _, s := range []string{out.Product, out.Service, out.Category} {
			if s != "" {
				is = append(is, s)
			}
		}
		r.bad(e.at, "logsource %s: only product aws, service cloudtrail is judged", strings.Join(is, "/"))
		r.errs[len(r.errs)-1].Foreign = true
	}
	return out
}

// complete checks what must be there, and how the parts go together.
func (r *reader) complete(out *Rule, seen map[string]entry, at place) {
	need := func(key string) {
		if _, ok := seen[key]; !ok {
			r.bad(at, "no %s", key)
		}
	}
	oneOf := func(key, text string, allowed []string) {
		if text != "" && !slices.Contains(allowed, text) {
			r.bad(start(seen[key].value), "%s %q is none of %s", key, text, strings.Join(allowed, ", "))
		}
	}
	oneOf("level", out.Level, levels)
	oneOf("status", out.Status, statuses)
	if _, title := seen["title"]; !title || out.Title == "" {
		r.bad(at, "no title")
	}
	c, correlates := seen["correlation"]
	if !correlates {
		need("logsource")
		need("detection")
		return
	}
	if d, both := seen["detection"]; both {
		r.bad(d.at, "a document is a detection or a correlation, this is both (line %d)", c.at.line)
	}
	if _, has := seen["logsource"]; has {
		r.bad(seen["logsource"].at, "a correlation has the log source of its rules, none of its own")
	}
}
