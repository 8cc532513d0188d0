package model

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Order compares calls by when they happened: by time, within a second by what they do (create, then update, put and
// tag, then start, stop, delete), then by eventID. Records tell whole seconds; of calls that share one, those that leave
// less recorded count as the later ones. No two different calls are equal, so a log has one order however it arrives.
func Order(x, y ControlCall) int {
	return cmp.Or(
		cmp.Compare(x.At.Unix(), y.At.Unix()),
		cmp.Compare(operationOf(x.Op).rank, operationOf(y.Op).rank),
		strings.Compare(x.ID, y.ID),
		strings.Compare(x.Account, y.Account), strings.Compare(x.Region, y.Region),
		strings.Compare(x.Service, y.Service), strings.Compare(x.Op, y.Op),
		x.At.Compare(y.At),
		bytes.Compare(x.Request, y.Request), bytes.Compare(x.Response, y.Response),
	)
}

// Rank is the place among the calls of one second that [Order] gives to what a call does.
func (c ControlCall) Rank() int { return operationOf(c.Op).rank }

// Replay applies calls in event order, each event once, whatever order they are given in.
func (a *Account) Replay(calls []ControlCall) []Gap {
	var gaps []Gap
	for _, c := range Ordered(calls) {
		gaps = append(gaps, a.Apply(c)...)
	}
	return gaps
}

// Ordered is the calls in event order, without those that have the account and eventID of an earlier one.
func Ordered(calls []ControlCall) []ControlCall {
	sorted := slices.SortedFunc(slices.Values(calls), Order)
	type key struct{ account, id string }
	seen := map[key]bool{}
	return slices.DeleteFunc(sorted, func(c ControlCall) bool {
		k := key{c.Account, c.ID}
		again := c.ID != "" && seen[k]
		seen[k] = true
		return again
	})
}
