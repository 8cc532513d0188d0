package model

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Gap is something that could not be read, and why.
type Gap struct {
	Call       string `json:"call"`               // the API operation
	Account    string `json:"account"`            // whose answer is missing
	Region     string `json:"region"`             // "" when the Region does not matter
	Resource   string `json:"resource,omitempty"` // the trail's ARN, for a call about one trail
	Code       string `json:"code"`               // AWS's error code, or ours for a failure without one
	Permission string `json:"permission"`         // the IAM action that the call needs
	Why        string `json:"why"`                // one clause for a person
	AnsweredBy string `json:"answeredBy"`         // the fallback that told the same: nothing is unknown for it
	Accepted   bool   `json:"accepted,omitempty"` // regions.acceptUnread names its Region
}

// String is the gap as one line: "DescribeTrails in eu-south-2: AccessDenied (needs cloudtrail:DescribeTrails)".
func (g Gap) String() string {
	var b strings.Builder
	b.WriteString(g.Call)
	if g.Region != "" {
		b.WriteString(" in " + g.Region)
	}
	fmt.Fprintf(&b, ": %s", cmp.Or(g.Why, g.Code))
	return b.String()
}

// Origin is the gap as the origin of a fact that it left unknown.
func (g Gap) Origin() Origin {
	return Origin{Call: g.Call, Region: g.Region, Why: cmp.Or(g.Why, g.Code)}
}

// SortGaps orders gaps for output: by account, call, Region, resource.
func SortGaps(gaps []Gap) {
	slices.SortStableFunc(gaps, func(a, b Gap) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Call, b.Call),
			strings.Compare(a.Region, b.Region), strings.Compare(a.Resource, b.Resource))
	})
}
