package awsfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Call is one request as the server saw it, every attempt of a retried call by
// itself. As the pattern of a Fault its empty members match anything.
type Call struct {
	Service, Op string // as the API spells them: cloudtrail, DescribeTrails
	Region      string // the one that the request was signed for
	Account     string // the one that the caller's key belongs to
	Trail       string // the trail that is asked about, by name or ARN as sent
	Role        string // the role of AssumeRole
}

// String is the command line that a fixture would tell the call under.
func (c Call) String() string {
	k := key{Service: c.Service, Op: c.Op, Region: c.Region, Account: c.Account, Flags: map[string][]string{}}
	for _, flag := range []string{"name", "trail-name", "resource-id-list"} {
		if c.Trail != "" && operationOf(c.Service, c.Op).takes(flag, 1) {
			k.Flags[flag] = []string{c.Trail}
		}
	}
	if c.Role != "" {
		k.Flags["role-arn"] = []string{c.Role}
	}
	return k.String()
}

// line is the command line that would have told the answer.
func (q request) line() string {
	words := []string{q.String()}
	for _, name := range decisive {
		if v := q.params[name]; len(v) > 0 {
			words = append(words, "--"+name, quote(v[0]))
		}
	}
	return strings.Join(words, " ")
}

// matches reports whether the call is one of those that the pattern describes. A
// trail's name and its ARN match each other.
func (c Call) matches(pattern Call) bool {
	same := func(pattern, v string) bool { return pattern == "" || pattern == v }
	return same(pattern.Service, c.Service) && same(pattern.Op, c.Op) && same(pattern.Region, c.Region) &&
		same(pattern.Account, c.Account) && same(pattern.Role, c.Role) &&
		(same(pattern.Trail, c.Trail) || trailName(pattern.Trail) == c.Trail || pattern.Trail == trailName(c.Trail))
}

func trailName(s string) string {
	if m := trailARN.FindStringSubmatch(s); m != nil {
		return m[3]
	}
	return s
}

// request is a call with its input.
type request struct {
	Call
	key     string              // the access key that signed it
	params  map[string][]string // the input, by the names of the CLI's flags
	filters map[string][]string // EC2's, by name
	session string              // AssumeRole's session name
	most    int                 // MaxResults
	offset  int                 // from a NextToken of our own
	form    protocol
	signed  bool
}

// protocol is how a service writes its answers.
type protocol uint8

const (
	awsJSON protocol = iota
	restJSON
	awsQuery
	ec2Query
)

// credential is the part of a SigV4 header that tells key, Region and service.
var credential = regexp.MustCompile(`Credential=([^/,\s]+)/[0-9]{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request`)

// read understands a request without checking its signature: the fake knows no secrets.
func read(r *http.Request, body []byte) (request, error) {
	q := request{params: map[string][]string{}, form: restJSON}
	if m := credential.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		q.key, q.Region, q.Service, q.signed = m[1], m[2], m[3], true
	}
	var err error
	switch target := r.Header.Get("X-Amz-Target"); {
	case target != "":
		q.form = awsJSON
		q.Op = target[strings.LastIndex(target, ".")+1:]
		err = q.json(body)
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		q.form = awsQuery
		if q.Service == "ec2" {
			q.form = ec2Query
		}
		err = q.query(string(body))
	case q.Service == "account":
		q.Op = upperFirst(strings.TrimPrefix(r.URL.Path, "/"))
		err = q.json(body)
	default: // a service that is not served: enough to name the call
		q.Op = r.Method + " " + r.URL.Path
	}
	if err != nil {
		return q, fmt.Errorf("read the input of %s %s: %w", q.Service, q.Op, err)
	}
	q.understand()
	return q, nil
}

// json takes the members of a JSON input; an operation without input may send nothing.
func (q *request) json(body []byte) error {
	if len(body) == 0 {
		return nil
	}
	var input map[string]json.RawMessage
	if err := json.Unmarshal(body, &input); err != nil {
		return err
	}
	for name, raw := range input {
		var list []string
		var one string
		var err error
		switch {
		case name == "LookupAttributes":
			if list, err = attributes(raw); err != nil {
				return err
			}
		case json.Unmarshal(raw, &list) == nil && list != nil:
		case json.Unmarshal(raw, &one) == nil && string(raw) != "null":
			list = []string{one}
		case string(raw) == "null":
			continue
		default:
			list = []string{string(raw)}
		}
		q.params[kebab(upperFirst(name))] = list
	}
	return nil
}

// query takes the members of a form. Lists are numbered: RegionName.1, and
// Filter.1.Name with Filter.1.Value.1.
func (q *request) query(body string) error {
	form, err := url.ParseQuery(body)
	if err != nil {
		return err
	}
	q.Op = form.Get("Action")
	q.filters = map[string][]string{}
	for name := range form {
		if base, number, numbered := strings.Cut(name, "."); !numbered {
			q.params[kebab(name)] = form[name]
		} else if base == "RegionName" {
			q.params["region-names"] = append(q.params["region-names"], form.Get(name))
		} else if i, rest, deep := strings.Cut(number, "."); deep && strings.HasPrefix(rest, "Value.") {
			filter := form.Get(base + "." + i + ".Name")
			q.filters[filter] = append(q.filters[filter], form.Get(name))
		}
	}
	return nil
}

// understand moves what every operation has in common out of the parameters.
func (q *request) understand() {
	first := func(name string) string {
		if v := q.params[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	if q.Service == "cloudtrail" {
		q.Trail = first("name") + first("trail-name")
		if ids := q.params["resource-id-list"]; len(ids) > 0 {
			q.Trail = ids[0]
		}
	}
	if q.Service == "cloudtrail" && q.Op == "DescribeTrails" && len(q.params["include-shadow-trails"]) == 0 {
		q.params["include-shadow-trails"] = []string{"true"}
	}
	q.Role, q.session = first("role-arn"), first("role-session-name")
	q.most = count(first("max-results"))
	if at, ours := strings.CutPrefix(first("next-token"), tokenPrefix); ours {
		q.offset = count(at)
		delete(q.params, "next-token")
	}
}

// count reads a number of items; what is none counts as 0, which asks for nothing.
func count(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return max(n, 0)
}
