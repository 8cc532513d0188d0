package fidelity

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Call is one request, as the proxy understood it.
type Call struct {
	Service, Op, Region, Account string
	// Resource is the trail (name or ARN) or the role that the call names, if any.
	Resource string

	body []byte
}

// String is the call as a person would name it.
func (c Call) String() string {
	return strings.TrimSpace(c.Service + ":" + c.Op + " in " + cmp.Or(c.Region, "no Region") + " " + c.Resource)
}

// The credential scope of Signature Version 4: key id, date, Region, service.
var scope = regexp.MustCompile(`Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request`)

// read finds out which call a request is. A request without a signature has no account and no
// Region, as on AWS, and nothing here answers it but the emulator's own pages.
func (p *Proxy) read(r *http.Request, body []byte) Call {
	call := Call{Op: r.Method + " " + r.URL.Path, body: body}
	if found := scope.FindStringSubmatch(r.Header.Get("Authorization")); found != nil {
		p.mu.Lock()
		call.Account = cmp.Or(p.accounts[found[1]], mainAccount)
		p.mu.Unlock()
		call.Region, call.Service = found[2], found[3]
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		call.Op = target[strings.LastIndex(target, ".")+1:]
		var named struct {
			Name      string `json:"Name"`
			TrailName string `json:"TrailName"`
		}
		// A body of another service has no such members; a broken one is for moto to refuse.
		if json.Unmarshal(body, &named) == nil {
			call.Resource = cmp.Or(named.Name, named.TrailName)
		}
		return call
	}
	if call.Service == "account" {
		name := strings.Trim(r.URL.Path, "/")
		call.Op = strings.ToUpper(name[:min(1, len(name))]) + name[min(1, len(name)):]
		return call
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
		call.Op, call.Resource = form.Get("Action"), form.Get("RoleArn")
	}
	return call
}

// names reports whether the call's resource is the one given, by name or by ARN.
func (c Call) names(resource string) bool {
	return c.Resource == resource || strings.HasSuffix(c.Resource, "/"+resource)
}
