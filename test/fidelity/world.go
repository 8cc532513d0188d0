package fidelity

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// World is what moto cannot be told: how the accounts differ from moto's one idea of AWS.
type World struct {
	// OptIn holds the status of opt-in Regions that differs from DISABLED, and of a default Region
	// that differs from ENABLED_BY_DEFAULT, as account:ListRegions spells it.
	OptIn map[string]string
	// Deny lists the calls that are refused.
	Deny []Denial
	// Status holds members that GetTrailStatus answers besides, by trail name.
	Status map[string]map[string]json.RawMessage
	// Default says in which form a fresh trail shows AWS's default selector: basic (when empty) or
	// advanced. Both are seen on AWS.
	Default string
	// Owner is the management account whose organization trails appear in the Members.
	Owner   string
	Members []string
}

// Denial refuses the calls that match it; an empty field matches all.
type Denial struct {
	Service, Op, Region, Account, Resource string
	// Policy makes it an explicit deny by a service control policy.
	Policy bool
}

func (d Denial) matches(c Call) bool {
	same := func(want, got string) bool { return want == "" || want == got }
	return same(d.Service, c.Service) && same(d.Op, c.Op) && same(d.Region, c.Region) &&
		same(d.Account, c.Account) && (d.Resource == "" || c.names(d.Resource))
}

// refuse returns the refusal that the world has for a call.
func (w World) refuse(c Call) (answer, bool) {
	for _, d := range w.Deny {
		if d.matches(c) {
			return denied(c, d.Policy), true
		}
	}
	// In a Region that is not enabled, the keys of the account are not known.
	if c.Service == "cloudtrail" && !w.enabled(c.Region) {
		return failure(c, http.StatusBadRequest, "UnrecognizedClientException",
			"The security token included in the request is invalid."), true
	}
	return answer{}, false
}

// answer gives what moto lacks altogether.
func (w World) answer(c Call) (answer, bool) {
	switch {
	case c.Service == "account" && c.Op == "ListRegions":
		return w.listRegions(c), true
	case c.Service == "ec2" && c.Op == "DescribeRegions":
		return w.describeRegions(c), true
	default:
		return answer{}, false
	}
}

// regions lists the Regions of each partition as AWS has them: name, and whether opting in is needed.
var regions = map[string]map[string]bool{
	"aws": optional("us-east-1 us-east-2 us-west-1 us-west-2 ap-south-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 "+
		"ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 eu-west-1 eu-west-2 eu-west-3 eu-north-1 sa-east-1",
		"af-south-1 ap-east-1 ap-east-2 ap-south-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-7 "+
			"ca-west-1 eu-central-2 eu-south-1 eu-south-2 il-central-1 me-central-1 me-south-1 mx-central-1"),
	"aws-us-gov": optional("us-gov-east-1 us-gov-west-1", ""),
	"aws-cn":     optional("cn-north-1 cn-northwest-1", ""),
}

func optional(always, optIn string) map[string]bool {
	all := map[string]bool{}
	for name := range strings.FieldsSeq(always) {
		all[name] = false
	}
	for name := range strings.FieldsSeq(optIn) {
		all[name] = true
	}
	return all
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	default:
		return "aws"
	}
}

func (w World) status(region string) string {
	optIn, exists := regions[partition(region)][region]
	switch {
	case !exists:
		return "DISABLED"
	case w.OptIn[region] != "":
		return w.OptIn[region]
	case optIn:
		return "DISABLED"
	default:
		return "ENABLED_BY_DEFAULT"
	}
}

func (w World) enabled(region string) bool {
	return slices.Contains([]string{"ENABLED", "ENABLED_BY_DEFAULT"}, w.status(region))
}

func (w World) inPartition(region string) []string {
	var names []string
	for name := range regions[partition(region)] {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (w World) listRegions(c Call) answer {
	var asked struct {
		Status []string `json:"RegionOptStatusContains"`
	}
	if err := json.Unmarshal(c.body, &asked); err != nil && len(c.body) > 0 {
		return failure(c, http.StatusBadRequest, "ValidationException", err.Error())
	}
	type region struct{ RegionName, RegionOptStatus string }
	listed := []region{}
	for _, name := range w.inPartition(c.Region) {
		status := w.status(name)
		if len(asked.Status) == 0 || slices.Contains(asked.Status, status) {
			listed = append(listed, region{name, status})
		}
	}
	return jsonAnswer(map[string]any{"Regions": listed})
}

func (w World) describeRegions(c Call) answer {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return failure(c, http.StatusBadRequest, "MalformedQueryString", err.Error())
	}
	type item struct {
		Name     string `xml:"regionName"`
		Endpoint string `xml:"regionEndpoint"`
		OptIn    string `xml:"optInStatus"`
	}
	var out struct {
		XMLName xml.Name `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DescribeRegionsResponse"`
		Request string   `xml:"requestId"`
		Items   []item   `xml:"regionInfo>item"`
	}
	out.Request = requestID
	words := map[string]string{
		"ENABLED_BY_DEFAULT": "opt-in-not-required", "ENABLED": "opted-in", "DISABLED": "not-opted-in",
		"ENABLING": "not-opted-in", "DISABLING": "opted-in",
	}
	for _, name := range w.inPartition(c.Region) {
		if w.enabled(name) || form.Get("AllRegions") == "true" {
			out.Items = append(out.Items, item{name, "ec2." + name + ".amazonaws.com", words[w.status(name)]})
		}
	}
	return xmlAnswer(http.StatusOK, out)
}
