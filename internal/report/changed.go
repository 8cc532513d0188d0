package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cairn.example/internal/model"
)

// mostEdits is how many attributes the timeline shows of a change; jsonl has all.
const mostEdits = 4

// foremost are the attributes of a trail that somebody asks for first.
var foremost = []string{
	model.S3Bucket.Name(), model.MultiRegion.Name(), model.Organization.Name(), model.KMSKey.Name(), model.Validation.Name(),
}

// changed is what an event changed of trails, and the word for it: changed, created or deleted.
func (w *timeline) changed(f model.Finding) (key, text string) {
	c := f.Cause
	edits := slices.DeleteFunc(slices.Clone(c.Changes), func(e model.Edit) bool { return switches(c, e) })
	key = keyOf(c.EventName, edits)
	slices.SortStableFunc(edits, func(a, b model.Edit) int { return cmp.Compare(rank(a), rank(b)) })
	of := f.Resource.ID
	var parts []string
	for _, e := range edits[:min(len(edits), mostEdits)] {
		part := w.edit(key, e)
		if e.Resource != of {
			of = e.Resource
			part = trail(of) + ": " + part
		}
		parts = append(parts, part)
	}
	if more := len(edits) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more (jsonl)", more))
	}
	return key, strings.Join(parts, "; ")
}

const (
	keyChanged = "changed"
	keyCreated = "created"
	keyDeleted = "deleted"
)

// keyOf tells a trail that was not there before, or is not after, from one of which something is not known.
func keyOf(event string, edits []model.Edit) string {
	known := func(side func(model.Edit) any) bool {
		return slices.ContainsFunc(edits, func(e model.Edit) bool { return decoded(side(e)) != nil })
	}
	switch {
	case event == "CreateTrail" && !known(func(e model.Edit) any { return e.Before }):
		return keyCreated
	case event == "DeleteTrail" && !known(func(e model.Edit) any { return e.After }):
		return keyDeleted
	}
	return keyChanged
}

// switches tells the one attribute that StopLogging and StartLogging change: their names say it.
func switches(c *model.Cause, e model.Edit) bool {
	return e.Attribute == model.Logging.Name() && (c.EventName == "StopLogging" || c.EventName == "StartLogging")
}

// rank puts the foremost attributes first, and leaves the others as they come.
func rank(e model.Edit) int {
	if i := slices.Index(foremost, e.Attribute); i >= 0 {
		return i
	}
	return len(foremost)
}

// edit is one attribute before and after: KmsKeyId key/1a2b...5c6d -> key/9a2b...0f11 of 666666666666.
func (w *timeline) edit(key string, e model.Edit) string {
	before, after := decoded(e.Before), decoded(e.After)
	switch {
	case structured(before) || structured(after):
		return e.Attribute + " " + replaced(key, before, after)
	case key == keyCreated:
		return e.Attribute + " " + w.value(after, e.Resource)
	case key == keyDeleted:
		return e.Attribute + " " + w.value(before, e.Resource)
	}
	was, is := w.value(before, e.Resource), w.value(after, e.Resource)
	if was == is { // what is left out of them is what differs
		was, is = whole(before), whole(after)
	}
	arrow := " → "
	if w.style.ASCII {
		arrow = " -> "
	}
	return e.Attribute + " " + was + arrow + is
}

// replaced is what became of a list or a document, which is too long to show.
func replaced(key string, before, after any) string {
	switch {
	case key == keyDeleted:
		return "gone"
	case key == keyCreated, empty(before):
		return "set"
	case empty(after):
		return "removed"
	case after == nil:
		return "not known any more"
	case before == nil:
		return "replaced (not known before)"
	}
	return "replaced"
}

// value is a value as people read it, on a trail: of another account's resource it names the account.
func (w *timeline) value(v any, trailARN string) string {
	s, ok := v.(string)
	if !ok || !plain.MatchString(s) {
		return whole(v)
	}
	out := ids.ReplaceAllStringFunc(cmp.Or(afterAccount(s), s), func(id string) string { return w.cut(id, 4, 4) })
	if owner := model.ARNAccount(s); owner != "" && owner != model.ARNAccount(trailARN) {
		out += " of " + owner
	}
	return out
}

// whole is a value with nothing left out. Text that could be taken for words of this line is quoted.
func whole(v any) string {
	s, ok := v.(string)
	switch {
	case v == nil:
		return "not known"
	case !ok:
		return fmt.Sprint(v)
	case s == "":
		return "none"
	case plain.MatchString(s) && s != "none":
		return s
	}
	return strconv.Quote(s)
}

var (
	plain = regexp.MustCompile(`^[\w.:/+=@*-]+$`)
	ids   = regexp.MustCompile(`\b(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\b`) // of keys
)

// decoded is a value of an edit, which is JSON where it comes from a trail.
func decoded(v any) any {
	raw, ok := v.(json.RawMessage)
	if !ok {
		return v
	}
	var out any
	if json.Unmarshal(raw, &out) != nil {
		return string(raw)
	}
	return out
}

func structured(v any) bool {
	switch v.(type) {
	case []any, map[string]any:
		return true
	}
	return false
}

func empty(v any) bool {
	list, ok := v.([]any)
	return ok && len(list) == 0
}
