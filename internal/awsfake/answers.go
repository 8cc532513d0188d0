package awsfake

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// answer is what goes back for one request, before it is written in the
// service's protocol. Faults edit it.
type answer struct {
	q      request
	caller string // the caller's ARN, for refusals
	body   map[string]any
	fail   *failure
	page   int // items in a page; 0 is all of them
	transport
}

// notTold is the code of the answer to a call that the fixture does not tell.
const notTold = "NotTold"

// answer decides what the fixture says to a request.
func (s *Server) answer(q request) answer {
	a := answer{q: q, caller: s.callerARN(q)}
	e, told := s.fixture.find(q)
	if told && e.fail != nil {
		a.fail = e.fail
		return a
	}
	if a.fail = s.fixture.notFound(q); a.fail != nil {
		return a
	}
	switch q.Service + " " + q.Op {
	case "sts AssumeRole":
		a.body, a.fail = s.assumeRole(q, told)
		return a
	case "sts GetCallerIdentity":
		if !told {
			e.body, told = s.identity(q)
		}
	case "cloudtrail GetTrail":
		if !told {
			e.body, told = s.fixture.getTrail(q)
		}
	}
	switch {
	case !told:
		a.fail = &failure{code: notTold, message: q.line() + " was not told"}
	case q.Op == "DescribeTrails":
		a.body = narrow(e, q)
	case q.Op == "ListRegions":
		a.body = pick(e.body, "RegionOptStatus", q.params["region-opt-status-contains"])
	case q.Op == "DescribeRegions":
		a.body = describeRegions(e.body, q)
	case q.Op == "LookupEvents":
		a.body, a.fail = lookUp(e.body, q)
	default:
		a.body = e.body
	}
	return a
}

// getTrail answers from what DescribeTrails was told to answer.
func (f *Fixture) getTrail(q request) (map[string]any, bool) {
	arn := f.resolve(q)
	for _, t := range f.trails[q.Account] {
		if arn != "" && t.arn == arn {
			return map[string]any{"Trail": t.body}, true
		}
	}
	return nil, false
}

// describeRegions honours the input's filters. Only with AllRegions does EC2
// name the Regions that the account has not opted in to.
func describeRegions(body map[string]any, q request) map[string]any {
	if !slices.Equal(q.params["all-regions"], []string{"true"}) {
		body = pick(body, "OptInStatus", []string{"opt-in-not-required", "opted-in", ""})
	}
	body = pick(body, "RegionName", q.params["region-names"])
	for name, values := range q.filters {
		switch name {
		case "opt-in-status":
			body = pick(body, "OptInStatus", values)
		case "region-name":
			body = pick(body, "RegionName", values)
		}
	}
	return body
}

// pick keeps the Regions whose member has one of the values; no values keep all.
func pick(body map[string]any, member string, values []string) map[string]any {
	items, isList := body["Regions"].([]any)
	if len(values) == 0 || !isList {
		return body
	}
	kept := []any{}
	for _, item := range items {
		if region, _ := item.(map[string]any); slices.Contains(values, text(region[member])) {
			kept = append(kept, item)
		}
	}
	return with(body, "Regions", kept)
}

// tokenPrefix marks the tokens that the fake made itself; the rest is an offset.
const tokenPrefix = "awsfake-"

// cut takes the page that the request asks for, of the size that it or a fault
// asks for.
func (a *answer) cut() {
	o := operationOf(a.q.Service, a.q.Op)
	member, size := o.list, a.page
	items, isList := a.body[member].([]any)
	if a.fail != nil || !isList {
		return
	}
	for _, n := range []int{a.q.most, o.most} {
		if n > 0 && (size == 0 || n < size) {
			size = n
		}
	}
	from := min(a.q.offset, len(items))
	if size == 0 && from == 0 {
		return
	}
	to := len(items)
	if size > 0 {
		to = min(from+size, to)
	}
	a.body = with(a.body, member, items[from:to])
	if to < len(items) {
		a.body["NextToken"] = tokenPrefix + strconv.Itoa(to)
	}
}

// with is a copy of body with one member changed; fixtures are shared by requests.
func with(body map[string]any, member string, v any) map[string]any {
	c := maps.Clone(body)
	c[member] = v
	return c
}

// notAuthorized words a refusal as AWS does; why is its last half.
func notAuthorized(caller string, c Call, why string) string {
	return strings.TrimSpace("User: " + caller + " is not authorized to perform: " + c.Service + ":" + c.Op + " " + why)
}
