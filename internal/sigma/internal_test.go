package sigma

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"cairn.example/internal/event"
)

// The naive evaluator below is a second opinion: it decodes the record whole, with encoding/json, compares text by
// regular expressions and numbers by big.Rat, and knows no index.

type pair struct {
	key string
	val any
}

type object []pair

func decode(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := decode(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	case json.Delim('{'):
		o := object{}
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := decode(d)
			if err != nil {
				return nil, err
			}
			o = append(o, pair{k.(string), v})
		}
		_, err = d.Token()
		return o, err
	}
	return t, nil
}

func naiveReach(v any, path []string) []any {
	if len(path) == 0 {
		return []any{v}
	}
	var out []any
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			out = append(out, naiveReach(e, path)...)
		}
	case object:
		for _, p := range v {
			if p.key == path[0] {
				return naiveReach(p.val, path[1:])
			}
		}
	}
	return out
}

func naiveLeaves(v any) []any {
	list, ok := v.([]any)
	if !ok {
		if v == nil {
			return nil
		}
		return []any{v}
	}
	var out []any
	for _, e := range list {
		out = append(out, naiveLeaves(e)...)
	}
	return out
}

func naiveScalars(v any) []any {
	o, ok := v.(object)
	if !ok {
		list, ok := v.([]any)
		if !ok {
			return naiveLeaves(v)
		}
		for _, e := range list {
			o = append(o, pair{val: e})
		}
	}
	var out []any
	for _, p := range o {
		out = append(out, naiveScalars(p.val)...)
	}
	return out
}

func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)
	out := strings.TrimSuffix(b.String(), "\n")
	// encoding/json escapes these two for JavaScript; a backslash before them would be doubled.
	return regexp.MustCompile(`(^|[^\\])((?:\\\\)*)\\u202([89])`).ReplaceAllStringFunc(out, func(m string) string {
		i := strings.LastIndex(m, `\u202`)
		return m[:i] + map[string]string{`\u2028`: "\u2028", `\u2029`: "\u2029"}[m[i:]]
	})
}

func naiveText(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return v
	case []any:
		parts := []string{}
		for _, e := range v {
			parts = append(parts, naiveInner(e))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case object:
		parts := []string{}
		for _, p := range v {
			parts = append(parts, quote(p.key)+":"+naiveInner(p.val))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	return fmt.Sprint(v)
}

func naiveInner(v any) string {
	if s, ok := v.(string); ok {
		return quote(s)
	}
	return naiveText(v)
}

var escapes = regexp.MustCompile(`(?s)\\[*?\\]|.`)

func naiveExpr(sigma string) string {
	return escapes.ReplaceAllStringFunc(string([]rune(sigma)), func(m string) string {
		switch m {
		case "*":
			return "(?s:.*)"
		case "?":
			return "(?s:.)"
		}
		if len(m) > 1 && m[0] == '\\' {
			m = m[1:]
		}
		return regexp.QuoteMeta(m)
	})
}

func rat(s string) (*big.Rat, bool) {
	if !number.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func naiveMatch(it *item, v value, found any) bool {
	text := naiveText(found)
	_, isString := found.(string)
	_, isNumber := found.(json.Number)
	expr := naiveExpr(v.text)
	switch it.how.compare { //nolint:exhaustive // isThere is the caller's
	case isRegexp:
		return regexp.MustCompile(it.how.expression(v.text)).MatchString(text)
	case isCIDR:
		net, err := netip.ParsePrefix(v.text)
		if err != nil {
			a := netip.MustParseAddr(v.text).Unmap()
			net = netip.PrefixFrom(a, a.BitLen())
		}
		a, err := netip.ParseAddr(text)
		return isString && err == nil && net.Contains(a.Unmap().WithZone(""))
	case isLess, isLessOrEqual, isGreater, isGreaterOrEqual:
		x, ok := rat(text)
		y, also := rat(v.text)
		if !ok || !also || !isString && !isNumber {
			return false
		}
		c := x.Cmp(y)
		return map[compare]bool{isLess: c < 0, isLessOrEqual: c <= 0, isGreater: c > 0, isGreaterOrEqual: c >= 0}[it.how.compare]
	case hasInside:
		expr = "(?s:.*)" + expr + "(?s:.*)"
	case hasPrefix:
		expr += "(?s:.*)"
	case hasSuffix:
		expr = "(?s:.*)" + expr
	case isEqual:
		x, ok := rat(text)
		y, also := rat(strings.ReplaceAll(v.text, `\\`, `\`))
		if ok && also && (isNumber || isString && v.kind == kindNumber) && x.Cmp(y) == 0 {
			return true
		}
	}
	if !it.how.cased {
		expr = "(?i)" + expr
	}
	return regexp.MustCompile(`\A(?:` + expr + `)\z`).MatchString(text)
}

func naiveItem(it *item, rec any) bool {
	var found []any
	there := false
	if it.field == "" {
		found = naiveScalars(rec)
	} else {
		for _, n := range naiveReach(rec, strings.Split(it.field, ".")) {
			there = there || n != nil
			found = append(found, naiveLeaves(n)...)
		}
	}
	one := func(v value) bool {
		switch {
		case it.how.compare == isThere:
			return there == (v.text == "true")
		case v.kind == kindNull:
			return !there
		}
		return slices.ContainsFunc(found, func(f any) bool { return naiveMatch(it, v, f) })
	}
	if it.how.all {
		return !slices.ContainsFunc(it.values, func(v value) bool { return !one(v) })
	}
	return slices.ContainsFunc(it.values, one)
}

func naive(n *node, rec any) bool {
	if n.op == opItem {
		return naiveItem(n.item, rec)
	}
	yes := 0
	for _, k := range n.kids {
		if naive(k, rec) {
			yes++
		}
	}
	switch n.op { //nolint:exhaustive // an item is above, at least below
	case opNot:
		return yes == 0
	case opAnd:
		return yes == len(n.kids)
	case opOr:
		return yes > 0
	}
	return yes >= n.n
}

// seeds are the rules and records of the case files.
func seeds(f *testing.F, add func(rules, records string)) {
	f.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var records string
		for _, part := range a.Files {
			if part.Name == "records.jsonl" {
				records = string(part.Data)
			}
		}
		for _, part := range a.Files {
			if filepath.Ext(part.Name) == ".yml" {
				add(string(part.Data), records)
			}
		}
	}
}

// naiveKnows tells whether the naive evaluator knows all that the rule uses, at a cost that a test can bear.
func naiveKnows(r *Rule) bool {
	if r.root == nil {
		return false
	}
	ok := true
	r.root.each(func(it *item) {
		ok = ok && !it.how.fieldref && !it.how.expand && len(it.how.encoders) == 0
	})
	return ok
}

var hugeExponent = regexp.MustCompile(`[0-9][eE][+-]?[0-9]{4}`)

func FuzzMatch(f *testing.F) {
	seeds(f, func(rules, records string) {
		for line := range strings.Lines(records) {
			f.Add(rules, line)
		}
	})
	f.Fuzz(func(t *testing.T, yaml, raw string) {
		rules, err := Load("f.yml", []byte(yaml))
		if err != nil || len(raw) > 1<<16 || hugeExponent.MatchString(yaml+raw) {
			return
		}
		engine, _ := NewEngine(rules, Values{"names": {"a", "b*"}})
		parsed, err := event.Parse([]byte(raw))
		if err != nil {
			return
		}
		met := map[*Rule]bool{}
		for _, m := range engine.Match(parsed) {
			met[m.Rule] = true
		}
		dec := json.NewDecoder(strings.NewReader(raw))
		dec.UseNumber()
		rec, err := decode(dec)
		if err != nil {
			t.Fatalf("event takes what encoding/json does not: %v", err)
		}
		for _, r := range engine.rules {
			if all := r.program.holds(&record{Record: parsed}, false); all != met[r.rule] {
				t.Errorf("%s: %v through the index, %v without", r.rule, met[r.rule], all)
			}
			if naiveKnows(r.rule) && met[r.rule] != naive(r.rule.root, rec) {
				t.Errorf("%s: %v, naive %v\n%s\n%s", r.rule, met[r.rule], !met[r.rule], yaml, raw)
			}
		}
	})
}

func FuzzLoad(f *testing.F) {
	seeds(f, func(rules, _ string) { f.Add([]byte(rules)) })
	f.Add([]byte("rules: !00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rules, err := Load("f.yml", data)
		if (err == nil) == (len(rules) == 0) {
			t.Fatalf("%d rules and error %v", len(rules), err)
		}
		for _, r := range rules {
			if r.Title == "" || (r.root == nil) == (r.Correlation == nil) {
				t.Errorf("half a rule: %+v", r)
			}
			r.Keys()
			r.Fields()
		}
		NewEngine(rules, nil)
		if err != nil && !strings.HasPrefix(err.Error(), "f.yml:") {
			t.Errorf("error without a place: %v", err)
		}
	})
}

func FuzzCondition(f *testing.F) {
	for _, s := range []string{"a", "not a and (b or c)", "1 of s* or all of them", "2 of x_*", "not (not (a or b)) and c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCondition(text)
		if err != nil {
			return
		}
		again, err := parseCondition(c.String())
		if err != nil {
			t.Fatalf("%q printed as %q: %v", text, c, err)
		}
		if diff := cmp.Diff(c, again, cmp.AllowUnexported(cond{})); diff != "" {
			t.Errorf("%q printed as %q (-first +again):\n%s", text, c, diff)
		}
	})
}

func FuzzQuote(f *testing.F) {
	for _, s := range []string{`a\*b?`, `\\`, `\`, "é*"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		a, b = strings.ToValidUTF8(a, ""), strings.ToValidUTF8(b, "")
		g := parseGlob(Quote(a))
		if !g.match([]byte(a), true) || g.match([]byte(b), true) != (a == b) {
			t.Errorf("%q quoted matches %v, %q %v", a, g.match([]byte(a), true), b, g.match([]byte(b), true))
		}
	})
}

// FuzzItem holds one comparison against the naive evaluator: plain is the value in the rule, raw the record's.
func FuzzItem(f *testing.F) {
	for _, plain := range []string{`a*b`, `\*`, `\\?`, `1`, `1.0`, `ſtraße`, `10.0.0.0/8`, `{"a":1}`, `K`, `sk`, `true`} {
		for _, raw := range []string{`"aXb"`, `"*"`, `1`, `1.00`, `"STRASSE"`, `["10.1.1.1",null]`, `{ "a" : 1 }`, `"\u212a"`, `"xſ\u212a"`, `"SKy"`, `"ſKy"`, `"tusk"`, `true`, `"\ud83d\ude00\n\/"`} {
			for how := range uint8(11) {
				f.Add(how, true, false, plain, raw)
			}
		}
	}
	f.Fuzz(func(t *testing.T, how uint8, quoted, cased bool, plain, raw string) {
		it := &item{field: "f.g", how: modifiers{compare: compare(how % 10)}, values: []value{{kind: kindText, text: plain}}}
		it.how.cased = cased && it.how.compare.textual()
		if number.MatchString(plain) && (!quoted || it.how.compare.numeric()) {
			it.values[0].kind = kindNumber
		}
		if it.how.accepts(it.values[0]) != nil || !json.Valid([]byte(raw)) || hugeExponent.MatchString(plain+raw) {
			return
		}
		raw = `{"f":[{"x":"g"},{"g":` + raw + `}]}`
		dec := json.NewDecoder(strings.NewReader(raw))
		dec.UseNumber()
		rec, err := decode(dec)
		if err != nil {
			return
		}
		c := &compiler{}
		var errs Errors
		p := c.node(&Rule{}, &node{op: opItem, item: it}, &errs)
		parsed, err := event.Parse([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := p.holds(&record{Record: parsed}, false), naiveItem(it, rec); got != want {
			t.Errorf("%+v on %s: %v, naive %v", it, raw, got, want)
		}
	})
}
