package model

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// stores are members that only calls about something else than a trail have, AddTags apart.
var stores = []string{"EventDataStore", "EventDataStoreArn", "Channel", "ChannelArn", "DashboardId", "DashboardArn"}

// target finds the trail that the call is about: by the response's ARN, else by the ARN or the name that was sent.
func (r *reducer) target() {
	sent := cmp.Or(r.req.text("Name"), r.req.text("TrailName"), r.req.text("ResourceId"))
	for _, arn := range []string{r.resp.text("TrailARN"), sent} {
		switch kind, _, _ := strings.Cut(ARNPart(arn, arnResource), "/"); {
		case ARNPart(arn, arnService) != "cloudtrail":
		case isTrail(arn):
			r.arn = arn
			return
		case kind != "trail":
			r.foreign = true
			return
		}
	}
	switch {
	case slices.ContainsFunc(stores, func(name string) bool { return r.req.member(name) != nil }):
		r.foreign = true
	case isName(sent):
		r.arn = r.named(sent)
	}
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
// "cloudtrail-concepts": elsewhere a trail needs its ARN). Where the partition is not known, only a trail that the
// account shows can be found.
func (r *reducer) named(name string) string {
	for _, t := range r.account.Trails.Items {
		if t.Name == name && ARNRegion(t.ARN) == r.call.Region && t.Owner() == r.call.Account {
			return t.ARN
		}
	}
	partition := cmp.Or(r.account.Partition, ARNPartition(r.account.Caller))
	if partition == "" || r.call.Region == "" || r.call.Account == "" {
		return ""
	}
	return "arn:" + partition + ":cloudtrail:" + r.call.Region + ":" + r.call.Account + ":trail/" + name
}
