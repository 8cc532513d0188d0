package awsfake

import (
	"regexp"
	"slices"
	"strings"
)

// trail is what the fake knows of a trail from an answer to DescribeTrails.
type trail struct {
	arn, name, home string
	owner           string // the account in the ARN
	multi, single   bool   // neither: the answer does not say
	everywhere      bool   // told by a key without a Region
	body            map[string]any
}

var trailARN = regexp.MustCompile(`^arn:[a-z-]+:cloudtrail:([a-z0-9-]+):([0-9]{12}):trail/(.+)$`)

func readTrail(body map[string]any) trail {
	t := trail{arn: text(body["TrailARN"]), name: text(body["Name"]), home: text(body["HomeRegion"]), body: body}
	if m := trailARN.FindStringSubmatch(t.arn); m != nil {
		t.owner = m[2]
		if t.home == "" {
			t.home = m[1]
		}
	}
	if multi, told := body["IsMultiRegionTrail"].(bool); told {
		t.multi, t.single = multi, !multi
	}
	return t
}

// shown reports whether DescribeTrails lists the trail in the Region. A trail
// that does not say whether it is multi-Region is believed where its key names
// the Region, and otherwise kept to its home.
func (t trail) shown(region string) bool {
	return t.home == "" || t.home == region || t.multi || !t.single && !t.everywhere
}

// remember keeps the trails of an answer, the home Region's copy first.
func (f *Fixture) remember(e entry) {
	if e.key.Op != "DescribeTrails" {
		return
	}
	for _, t := range e.trails() {
		known := f.trails[e.account]
		i := slices.IndexFunc(known, func(k trail) bool { return k.arn == t.arn && k.name == t.name })
		switch {
		case i < 0:
			f.trails[e.account] = append(known, t)
		case e.key.Region == t.home:
			known[i] = t
		}
	}
}

func (e entry) trails() []trail {
	items, _ := e.body["trailList"].([]any)
	list := make([]trail, 0, len(items))
	for _, item := range items {
		if body, isObject := item.(map[string]any); isObject {
			t := readTrail(body)
			t.everywhere = e.key.Region == ""
			list = append(list, t)
		}
	}
	return list
}

// listed tells whether the Region lists the trail; told is false where the
// fixture refuses that list, or says nothing of it.
func (f *Fixture) listed(q request, arn string) (seen, told bool) {
	ask := request{Call: Call{Service: "cloudtrail", Op: "DescribeTrails", Region: q.Region, Account: q.Account}}
	ask.params = map[string][]string{"include-shadow-trails": {"true"}}
	e, ok := f.find(ask)
	if !ok || e.fail != nil {
		return false, false
	}
	return slices.ContainsFunc(e.trails(), func(t trail) bool { return t.arn == arn && t.shown(q.Region) }), true
}

// resolve turns what a request calls a trail into its ARN. A name means a trail
// of the caller's own account and of the Region asked; "" is an unknown name.
func (f *Fixture) resolve(q request) string {
	if strings.HasPrefix(q.Trail, "arn:") {
		return q.Trail
	}
	for _, t := range f.trails[q.Account] {
		if t.name == q.Trail && t.home == q.Region && t.owner == q.Account {
			return t.arn
		}
	}
	return ""
}

// sameTrail reports whether a key's trail is the one that the request means. In
// a key a name stands for every trail of that name that the account was shown.
func (f *Fixture) sameTrail(e entry, named string, q request) bool {
	if q.Trail == "" {
		return false
	}
	arn := f.resolve(q)
	if named == q.Trail || named == arn {
		return true
	}
	return slices.ContainsFunc(f.trails[e.account], func(t trail) bool { return t.name == named && t.arn == arn })
}

// notFound says why AWS would not answer a question about this trail in this
// Region; nil where it would, or where the fixture cannot tell.
func (f *Fixture) notFound(q request) *failure {
	if q.Service != "cloudtrail" || q.Trail == "" {
		return nil
	}
	unknown := &failure{code: "TrailNotFoundException", message: "Unknown trail: " + q.Trail + " for the user: " + q.Account}
	arn := f.resolve(q)
	if arn == "" {
		if _, told := f.listed(q, ""); told {
			return unknown
		}
		return nil
	}
	m := trailARN.FindStringSubmatch(arn)
	if m == nil {
		if strings.Contains(arn, ":cloudtrail:") && !strings.Contains(arn, ":trail/") {
			return nil // an event data store's or a channel's
		}
		return &failure{code: "CloudTrailARNInvalidException", message: "The ARN is not a trail's: " + arn}
	}
	if m[1] != q.Region && !operationOf(q.Service, q.Op).copies {
		return unknown
	}
	if seen, told := f.listed(q, arn); told && !seen || !told && f.elsewhere(arn, q) {
		return unknown
	}
	return nil
}

// elsewhere reports whether the trail is known to be single-Region, homed in
// another Region than the one asked.
func (f *Fixture) elsewhere(arn string, q request) bool {
	return slices.ContainsFunc(f.trails[q.Account], func(t trail) bool {
		return t.arn == arn && t.single && t.home != q.Region
	})
}

// narrow keeps of a list of trails what the request may see: the Region's own and
// multi-Region ones, without copies if it says so, or the ones that it names.
func narrow(e entry, q request) map[string]any {
	if e.body["trailList"] == nil {
		return e.body
	}
	own := slices.Equal(q.params["include-shadow-trails"], []string{"false"})
	wanted := q.params["trail-name-list"]
	kept := []any{}
	for _, t := range e.trails() {
		local := t.home == q.Region && (t.owner == "" || t.owner == q.Account)
		named := slices.Contains(wanted, t.arn) || local && slices.Contains(wanted, t.name)
		if t.shown(q.Region) && (!own || local) && (len(wanted) == 0 || named) {
			kept = append(kept, t.body)
		}
	}
	return with(e.body, "trailList", kept)
}
