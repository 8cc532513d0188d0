package awsfake

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// encode writes the answer in its service's protocol.
func (a *answer) encode(id string) (status int, contentType string, body []byte) {
	status = http.StatusOK
	if a.fail != nil {
		status = a.fail.httpStatus(a.q.form)
	}
	switch a.q.form {
	case awsQuery, ec2Query:
		return status, "text/xml;charset=UTF-8", a.xml(id)
	case awsJSON:
		return status, "application/x-amz-json-1.1", a.json()
	case restJSON:
		return status, "application/json", a.json()
	}
	return status, "", nil
}

func (a *answer) json() []byte {
	var v any = a.body
	if a.fail != nil {
		v = map[string]string{"__type": a.fail.code, "message": a.fail.message}
	}
	b, err := json.Marshal(v)
	if err != nil { // what was decoded from JSON encodes again
		return nil
	}
	return b
}

// The two XML protocols differ in their envelopes, and EC2's renames members.
const (
	queryAnswer = `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult>%[2]s</%[1]sResult>` +
		`<ResponseMetadata><RequestId>%[3]s</RequestId></ResponseMetadata></%[1]sResponse>`
	queryError = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>%s</Error>` +
		`<RequestId>%s</RequestId></ErrorResponse>`
	ec2Answer = `<%[1]sResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>%[3]s</requestId>%[2]s</%[1]sResponse>`
	ec2Error  = `<Response><Errors><Error>%s</Error></Errors><RequestID>%s</RequestID></Response>`
)

func (a *answer) xml(id string) []byte {
	success, failed, style := queryAnswer, queryError, queryNames
	if a.q.form == ec2Query {
		success, failed, style = ec2Answer, ec2Error, ec2Names
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if a.fail != nil {
		inner := element("Code", a.fail.code) + element("Message", a.fail.message)
		fmt.Fprintf(&b, failed, inner, id)
	} else {
		fmt.Fprintf(&b, success, a.q.Op, members(a.body, style), id)
	}
	return b.Bytes()
}

// names is how an XML protocol spells members and list items.
type names struct {
	member func(string) string
	item   string
}

var (
	queryNames = names{member: func(s string) string { return s }, item: "member"}
	ec2Names   = names{member: ec2Member, item: "item"}
)

// ec2Member gives EC2's names on the wire; those not named here only change case.
func ec2Member(name string) string {
	switch name {
	case "Regions":
		return "regionInfo"
	case "Endpoint":
		return "regionEndpoint"
	case "Geography":
		return "geographySet"
	}
	return lowerFirst(name)
}

func members(v map[string]any, n names) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(v)) {
		tag := n.member(name)
		switch member := v[name].(type) {
		case nil: // XML has no null: the element is absent
		case map[string]any:
			b.WriteString("<" + tag + ">" + members(member, n) + "</" + tag + ">")
		case []any:
			b.WriteString("<" + tag + ">" + items(member, n) + "</" + tag + ">")
		default:
			b.WriteString(element(tag, fmt.Sprint(member)))
		}
	}
	return b.String()
}

func items(list []any, n names) string {
	var b strings.Builder
	for _, item := range list {
		if m, isObject := item.(map[string]any); isObject {
			b.WriteString("<" + n.item + ">" + members(m, n) + "</" + n.item + ">")
		} else {
			b.WriteString(element(n.item, fmt.Sprint(item)))
		}
	}
	return b.String()
}

func element(tag, content string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(content)) // a buffer does not fail
	return "<" + tag + ">" + b.String() + "</" + tag + ">"
}
