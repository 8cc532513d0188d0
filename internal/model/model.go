// Package model is an organization's logging state at one instant, and what is said about it.
//
// A [Snapshot] holds accounts, an [Account] its Regions and trails. Every fact is a [Value] that is
// known, with the call that told it, or unknown, with the reason. A [List] carries the gaps of its
// own reading: absence is a fact only while nothing that could hold it was refused. A [Finding] is
// one verdict on one resource.
package model

import "cairn.example/internal/coverage"

// Tri is a three-valued truth; its zero value is unknown.
type Tri = coverage.Tri

// The three truths, as package coverage spells them.
const (
	Unknown = coverage.Unknown
	No      = coverage.No
	Yes     = coverage.Yes
)

// Ref names a resource. Kind is spelled as CloudFormation spells it; the account itself is
// AccountKind with its twelve digits.
type Ref struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// The kinds of resources that findings are about.
const (
	AccountKind = "AWS::::Account"
	TrailKind   = "AWS::CloudTrail::Trail"
)
