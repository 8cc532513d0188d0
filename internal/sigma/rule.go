package sigma

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"cairn.example/internal/yamltree"
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
	out := &Rule{File: r.name, Line: yamltree.Start(body).Line}
	r.rule = ""
	entries := r.Mapping(body, "the rule")
	for _, e := range entries {
		if s, ok := scalarText(e.Value); ok && (e.Key == "id" || e.Key == "title" && r.rule == "") {
			r.rule = s
		}
	}
	texts, lists := out.texts(), out.lists()
	seen := map[string]yamltree.Entry{}
	for _, e := range entries {
		seen[e.Key] = e
		if text, ok := texts[e.Key]; ok {
			*text = r.text(e)
			continue
		}
		if list, ok := lists[e.Key]; ok {
			*list = r.texts(e)
			continue
		}
		r.section(out, e)
	}
	r.complete(out, seen, yamltree.Start(body))
	return out
}

// section reads a key that is no plain text.
func (r *reader) section(out *Rule, e yamltree.Entry) {
	switch e.Key {
	case "logsource":
		out.Logsource = r.logsource(e)
	case "detection":
		out.root, out.Warnings = r.detection(e)
	case "correlation":
		out.Correlation = r.correlation(e)
	case "custom":
		if e.Value.Type() != ast.NullType {
			out.Custom, _ = r.plain(e.Value, e.Key).(map[string]any)
			if out.Custom == nil {
				r.bad(yamltree.Start(e.Value), "custom: want keys and values, this is %s", r.Kind(e.Value))
			}
		}
	case "taxonomy":
		if t := r.text(e); t != "sigma" {
			r.bad(e.At, "taxonomy %s is not supported", t)
		}
	case "action":
		r.bad(e.At, "action: documents that complete each other are of Sigma 1 and not supported")
	case "filter":
		r.bad(e.At, "filter: Sigma filters are not supported: write the filter into the rule")
	default:
		if out.Extra == nil {
			out.Extra = map[string]any{}
		}
		out.Extra[e.Key] = r.plain(e.Value, e.Key)
	}
}

// logsource refuses other logs than CloudTrail's: their fields are not in its records, and "not filter" would hold for
// all of them.
func (r *reader) logsource(e yamltree.Entry) Logsource {
	var out Logsource
	known := map[string]*string{
		"product": &out.Product, "service": &out.Service, "category": &out.Category, "definition": &out.Definition,
	}
	for _, s := range r.Mapping(e.Value, "logsource") {
		if text, ok := known[s.Key]; ok { // others are informative
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
		r.bad(e.At, "logsource %s: only product aws, service cloudtrail is judged", strings.Join(is, "/"))
		r.errs[len(r.errs)-1].Foreign = true
	}
	return out
}

// complete checks what must be there, and how the parts go together.
func (r *reader) complete(out *Rule, seen map[string]yamltree.Entry, at yamltree.Place) {
	need := func(key string) {
		if _, ok := seen[key]; !ok {
			r.bad(at, "no %s", key)
		}
	}
	oneOf := func(key, text string, allowed []string) {
		if text != "" && !slices.Contains(allowed, text) {
			r.bad(yamltree.Start(seen[key].Value), "%s %q is none of %s", key, text, strings.Join(allowed, ", "))
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
		r.bad(d.At, "a document is a detection or a correlation, this is both (line %d)", c.At.Line)
	}
}
