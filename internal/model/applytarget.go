package model

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"cairn.example/internal/coverage"
)

// stores are members that only calls about something else than a trail have, AddTags apart.
var stores = []string{"EventDataStore", "EventDataStoreArn", "Channel", "ChannelArn", "DashboardId", "DashboardArn"}

// Trail is the ARN of the trail that the call is about; "" where it cannot be told, or the call is about something else.
// The partition may be "", and is the Region's then.
func (c ControlCall) Trail(partition string) string {
	arn, _ := c.target(readBody(c.Request), readBody(c.Response), partition)
	return arn
}

// target finds the trail that the call is about: by the response's ARN, else by the ARN or the name that was sent.
func (c ControlCall) target(req, resp body, partition string) (arn string, foreign bool) {
	sent := cmp.Or(req.text("Name"), req.text("TrailName"), req.text("ResourceId"))
	for _, arn := range []string{resp.text("TrailARN"), sent} {
		switch kind, _, _ := strings.Cut(ARNPart(arn, arnResource), "/"); {
		case ARNPart(arn, arnService) != "cloudtrail":
		case isTrail(arn):
			return arn, false
		case kind != "trail":
			return "", true
		}
	}
	switch {
	case slices.ContainsFunc(stores, func(name string) bool { return req.member(name) != nil }):
		return "", true
	case isName(sent):
		return c.named(sent, partition), false
	}
	return "", false
}

const arnService = 2

func isTrail(arn string) bool {
	kind, name, _ := strings.Cut(ARNPart(arn, arnResource), "/")
	return ARNPart(arn, arnService) == "cloudtrail" && kind == "trail" && isName(name) &&
		ARNPartition(arn) != "" && ARNRegion(arn) != "" && ARNAccount(arn) != ""
}

// isName tells a trail's name from what stands in its place, such as dots (API reference, CreateTrail, Name).
func isName(s string) bool {
	const marks = "._-"
	plain := func(c rune) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }
	first, _ := utf8.DecodeRuneInString(s)
	return plain(first) && !strings.ContainsFunc(s, func(c rune) bool { return !plain(c) && !strings.ContainsRune(marks, c) })
}

// named is the trail of a name, which stands for one of the caller's account and Region (CloudTrail User Guide,
// "cloudtrail-concepts": elsewhere a trail needs its ARN).
func (c ControlCall) named(name, partition string) string {
	partition = cmp.Or(partition, coverage.PartitionOf(c.Region))
	if partition == "" || c.Region == "" || c.Account == "" {
		return ""
	}
	return "arn:" + partition + ":cloudtrail:" + c.Region + ":" + c.Account + ":trail/" + name
}
