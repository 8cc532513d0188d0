package sigma_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cairn.example/internal/sigma"
)

const described = `title: Trail stopped
id: CT-013
name: trail_stopped
status: stable
level: low
description: |
  A trail was stopped.
license: Apache-2.0
author: A, B
date: 2026-01-02
modified: 2026/01/03
references: [https://docs.aws.amazon.com/]
tags: [attack.defense-impairment, attack.t1685.002]
falsepositives: Maintenance
fields: [userIdentity.arn]
related: [{id: x, type: derived}]
logsource: {product: aws, service: cloudtrail, definition: a trail}
custom:
  from: [responseElements.trailARN, requestParameters.name]
  weight: 3
  share: 0.5
  on: true
  none: null
detection:
  s:
    eventSource: cloudtrail.amazonaws.com
    eventName|expand: '%names%'
    requestParameters.name|fieldref: responseElements.name
  condition: s
`

func TestRule(t *testing.T) {
	t.Parallel()
	rules, err := sigma.Load("r.yml", []byte(described))
	if err != nil {
		t.Fatal(err)
	}
	want := &sigma.Rule{
		ID: "CT-013", Title: "Trail stopped", Name: "trail_stopped", Status: "stable", Level: "low",
		Description: "A trail was stopped.\n", License: "Apache-2.0", Author: "A, B", Date: "2026-01-02", Modified: "2026/01/03",
		References: []string{"https://docs.aws.amazon.com/"}, Tags: []string{"attack.defense-impairment", "attack.t1685.002"},
		FalsePositives: []string{"Maintenance"}, Shown: []string{"userIdentity.arn"},
		Logsource: sigma.Logsource{Product: "aws", Service: "cloudtrail", Definition: "a trail"},
		Custom: map[string]any{
			"from":   []any{"responseElements.trailARN", "requestParameters.name"},
			"weight": int64(3), "share": 0.5, "on": true, "none": nil,
		},
		Extra: map[string]any{"related": []any{map[string]any{"id": "x", "type": "derived"}}},
		File:  "r.yml", Line: 1,
	}
	if diff := cmp.Diff(want, rules[0], cmpopts.IgnoreUnexported(sigma.Rule{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"names"}, rules[0].Placeholders()); diff != "" {
		t.Errorf("placeholders: %s", diff)
	}
	paths, whole := rules[0].Fields()
	fields := []string{"eventName", "eventSource", "requestParameters.name", "responseElements.name"}
	if diff := cmp.Diff(fields, paths); diff != "" || whole {
		t.Errorf("fields: whole %v, %s", whole, diff)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	key := func(source, name string) sigma.Key { return sigma.Key{Source: source, Name: name} }
	for _, c := range []struct {
		detection string
		want      []sigma.Key // nil: every record
	}{
		{"{s: {eventSource: S, eventName: [B, A]}, condition: s}", []sigma.Key{key("s", "a"), key("s", "b")}},
		{"{s: {eventSource: s, eventName: 'A*'}, condition: s}", []sigma.Key{key("s", "")}},
		{"{s: {eventName: A}, t: {eventSource: [s, t]}, condition: s and t}", []sigma.Key{key("s", "a"), key("t", "a")}},
		{"{s: {eventName: A}, t: {eventSource: s}, condition: s or t}", []sigma.Key{key("", "a"), key("s", "")}},
		{"{s: {eventName: A}, t: {eventName: B}, condition: s and t}", []sigma.Key{}},
		{"{s: {eventName: A}, t: {eventName: B}, condition: s and not t}", []sigma.Key{key("", "a")}},
		{"{s1: {eventName: A}, s2: {eventName: B}, s3: {eventName: C}, condition: 2 of s*}", []sigma.Key{key("", "a"), key("", "b"), key("", "c")}},
		{"{s: [{eventName: A}, {eventName: B, eventSource: s}], condition: s}", []sigma.Key{key("", "a"), key("s", "b")}},
		{"{s: {eventName: [A, null]}, condition: s}", nil},
		{"{s: {eventName: ''}, condition: s}", nil},
		{"{s: {eventName|neq: A}, condition: s}", nil},
		{"{s: {eventName: '7'}, condition: s}", nil},
		{"{s: {eventName|contains: A}, condition: s}", nil},
		{"{s: {eventName|expand: '%a%'}, condition: s}", nil},
		{"{s: {eventName|fieldref: A}, condition: s}", nil},
		{"{s: {eventName: A}, t: {x: y}, condition: s or t}", nil},
		{"{s: [eventName], condition: s}", nil},
	} {
		rules, err := sigma.Load("k.yml", []byte("title: k\nlogsource: {product: aws, service: cloudtrail}\ndetection: "+c.detection))
		if err != nil {
			t.Fatal(err)
		}
		got, ok := rules[0].Keys()
		if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" || ok != (c.want != nil) {
			t.Errorf("%s: %v (-want +got):\n%s", c.detection, ok, diff)
		}
	}
}
