package fidelity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// object is a JSON object whose members are kept as they were printed.
type object = map[string]json.RawMessage

// translate gives the call that moto should see: logging is switched by name, and what a member
// asks about a trail of its organization is answered by the owner.
func (p *Proxy) translate(c Call) Call {
	owner, name, ok := trailOf(c.Resource)
	if c.Service != "cloudtrail" || !ok {
		return c
	}
	p.mu.Lock()
	world := p.world
	p.mu.Unlock()
	if owner == world.Owner && slices.Contains(world.Members, c.Account) {
		c.Account = owner
		return c
	}
	if c.Op == "StartLogging" || c.Op == "StopLogging" {
		c.body = fmt.Appendf(nil, `{"Name":%q}`, name)
	}
	return c
}

// trailOf takes a trail's ARN apart: whose it is and what it is called.
func trailOf(arn string) (account, name string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "cloudtrail" {
		return "", "", false
	}
	name, ok = strings.CutPrefix(parts[5], "trail/")
	return parts[4], name, ok
}

// repair changes moto's answer to a CloudTrail call into the one that AWS gives.
func (p *Proxy) repair(r *http.Request, c Call, got answer) (answer, error) {
	if bytes.HasPrefix(bytes.TrimSpace(got.body), []byte("<")) {
		return denied(c, false), nil // moto refuses in XML whatever the protocol
	}
	if got.status != http.StatusOK {
		return got, nil
	}
	var doc object
	if err := json.Unmarshal(got.body, &doc); err != nil {
		return got, nil //nolint:nilerr // an empty answer of StartLogging and the like is as AWS gives it
	}
	var err error
	switch c.Op {
	case "DescribeTrails":
		err = p.describeTrails(r, c, doc)
	case "GetTrail":
		err = edit(doc, "Trail", p.trail)
	case "GetTrailStatus":
		err = p.trailStatus(c, doc)
	case "PutEventSelectors":
		p.putSelectors(c, doc)
	case "GetEventSelectors":
		err = p.eventSelectors(doc)
	default:
		return got, nil
	}
	if err != nil {
		return answer{}, fmt.Errorf("repairing %s: %w", c, err)
	}
	made := jsonAnswer(doc)
	return made, nil
}

// describeTrails honours trailNameList, leaves out other partitions' trails (moto mixes them) and
// adds the organization's trails in a member.
func (p *Proxy) describeTrails(r *http.Request, c Call, doc object) error {
	var asked struct {
		TrailNameList       []string `json:"trailNameList"`
		IncludeShadowTrails *bool    `json:"includeShadowTrails"`
	}
	if err := json.Unmarshal(c.body, &asked); err != nil && len(c.body) > 0 {
		return err
	}
	var trails []object
	if err := json.Unmarshal(doc["trailList"], &trails); err != nil {
		return err
	}
	above, err := p.fromOwner(r, c)
	if err != nil {
		return err
	}
	kept := []object{}
	for _, trail := range append(trails, above...) {
		arn, home := text(trail["TrailARN"]), text(trail["HomeRegion"])
		named := Call{Resource: arn}
		if partition(home) != partition(c.Region) ||
			len(asked.TrailNameList) > 0 && !slices.ContainsFunc(asked.TrailNameList, named.names) ||
			asked.IncludeShadowTrails != nil && !*asked.IncludeShadowTrails && home != c.Region {
			continue
		}
		if err := p.trail(trail); err != nil {
			return err
		}
		kept = append(kept, trail)
	}
	return put(doc, "trailList", kept)
}

// fromOwner lists the organization's trails when a member asks for its own.
func (p *Proxy) fromOwner(r *http.Request, c Call) ([]object, error) {
	p.mu.Lock()
	world := p.world
	p.mu.Unlock()
	if !slices.Contains(world.Members, c.Account) {
		return nil, nil
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, p.at(r.URL), strings.NewReader("{}"))
	if err != nil {
		return nil, err
	}
	req.Header = r.Header.Clone()
	req.Header.Set("X-Moto-Account-Id", world.Owner)
	got, err := p.send(req)
	if err != nil {
		return nil, err
	}
	var listed struct {
		TrailList []object `json:"trailList"`
	}
	if err := json.Unmarshal(got.body, &listed); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(listed.TrailList, func(trail object) bool {
		return string(trail["IsOrganizationTrail"]) != "true"
	}), nil
}

// trail fills a trail's description in: its home Region, its custom selectors; AWS leaves out what
// is not set, where moto says null or "".
func (p *Proxy) trail(trail object) error {
	arn := text(trail["TrailARN"])
	for member, value := range trail {
		if string(value) == "null" || string(value) == `""` {
			delete(trail, member)
		}
	}
	if parts := strings.Split(arn, ":"); len(parts) == 6 {
		if err := put(trail, "HomeRegion", parts[3]); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return put(trail, "HasCustomEventSelectors", p.selectors[arn] != "")
}

// trailStatus holds the time of the last delivery still (moto says "now" at every call) and adds
// what the world has for the trail.
func (p *Proxy) trailStatus(c Call, doc object) error {
	for last, began := range map[string]string{
		"LatestDeliveryTime": "StartLoggingTime", "LatestDeliveryAttemptTime": "TimeLoggingStarted",
	} {
		if _, told := doc[last]; told && doc[began] != nil {
			doc[last] = doc[began]
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, members := range p.world.Status {
		if !c.names(name) {
			continue
		}
		maps.Copy(doc, members)
	}
	return nil
}

// putSelectors notes which kind was put: the other kind is gone then, though moto keeps it.
func (p *Proxy) putSelectors(c Call, doc object) {
	var sent struct {
		Advanced []any `json:"AdvancedEventSelectors"`
	}
	kind := "EventSelectors"
	if json.Unmarshal(c.body, &sent) == nil && len(sent.Advanced) > 0 {
		kind = "AdvancedEventSelectors"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.selectors[text(doc["TrailARN"])] = kind
}

const (
	defaultBasic    = `[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":[]}]`
	defaultAdvanced = `[{"Name":"Management events selector","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]`
)

// eventSelectors shows one kind of selectors: the kind last put, or AWS's default of a fresh trail.
func (p *Proxy) eventSelectors(doc object) error {
	arn := text(doc["TrailARN"])
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.selectors[arn] {
	case "EventSelectors":
		delete(doc, "AdvancedEventSelectors")
		return fill(doc)
	case "AdvancedEventSelectors":
		delete(doc, "EventSelectors")
		return nil
	}
	delete(doc, "EventSelectors")
	delete(doc, "AdvancedEventSelectors")
	if p.world.Default == "advanced" {
		doc["AdvancedEventSelectors"] = json.RawMessage(defaultAdvanced)
	} else {
		doc["EventSelectors"] = json.RawMessage(defaultBasic)
	}
	return nil
}

// fill sets the members of basic selectors that were not sent to AWS's defaults, as AWS prints them.
func fill(doc object) error {
	var selectors []object
	if err := json.Unmarshal(doc["EventSelectors"], &selectors); err != nil {
		return err
	}
	for _, selector := range selectors {
		for member, value := range map[string]string{
			"ReadWriteType": `"All"`, "IncludeManagementEvents": "true", "DataResources": "[]", "ExcludeManagementEventSources": "[]",
		} {
			if _, given := selector[member]; !given {
				selector[member] = json.RawMessage(value)
			}
		}
	}
	return put(doc, "EventSelectors", selectors)
}

// edit changes one member of an object that is an object itself.
func edit(doc object, member string, change func(object) error) error {
	var inner object
	if err := json.Unmarshal(doc[member], &inner); err != nil {
		return err
	}
	if err := change(inner); err != nil {
		return err
	}
	return put(doc, member, inner)
}

func put(doc object, member string, value any) error {
	raw, err := json.Marshal(value)
	if err == nil {
		doc[member] = raw
	}
	return err
}

// text is a JSON string's value, empty when it is none.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
