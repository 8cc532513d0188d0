package detect

import (
	"cairn.example/internal/model"
)

// occurrence names an event: the account that received it and its id.
type occurrence struct{ account, id string }

func (e *entry) occurrence() occurrence { return occurrence{e.cause.Account, e.cause.EventID} }

// amends tells whether e is to stand in the place of another record of the same event: CloudTrail delivers an event
// again, as an addendum with an id of its own, when it knows more of it. What it leaves out it does not take back.
func (e *entry) amends(old *entry) bool {
	switch {
	case e.record == e.cause.EventID, e.call.Request == nil && old.call.Request != nil:
		return false
	case old.record == old.cause.EventID:
		return true
	}
	return e.record > old.record // of two, one, whichever came first
}

// sharedOf is what the records of one call have in common; "" for none. The start and the end of an Insight have an id in
// common too (CloudTrail User Guide, "Shared event IDs in CloudTrail Insights"), and what a VPC endpoint tells stands for
// no call.
func sharedOf(r record) string {
	id := r.text("sharedEventID")
	switch category := r.text("eventCategory"); {
	case id == "", category == "Insight":
		return ""
	case category == network:
		return id + " " + category
	}
	return id
}

// network is the category of what VPC endpoints tell.
const network = "NetworkActivity"

// join finds the records of one call: each account that has to do with it receives its own, with its own eventID and
// one sharedEventID. The call is done once, as the account that owns the trail was told.
func join(entries []*entry) {
	first := map[string]*entry{}
	told := map[occurrence]*entry{}
	for _, e := range entries {
		if e.shared == "" {
			continue
		}
		if old := first[e.shared]; old == nil || e.before(old) {
			first[e.shared] = e
		}
		if key := (occurrence{e.cause.Account, e.shared}); told[key] == nil || e.before(told[key]) {
			told[key] = e
		}
	}
	for _, e := range entries {
		stands, again := e, false
		if e.shared != "" {
			stands, again = first[e.shared], told[occurrence{e.cause.Account, e.shared}] != e
		}
		e.fresh = e.fresh || e.first != stands || e.again != again
		e.first, e.again = stands, again
	}
}

// before tells whether e stands for a call rather than another record of it.
func (e *entry) before(other *entry) bool {
	if mine, yours := e.changes(), other.changes(); mine != yours {
		return mine
	}
	owner := model.ARNAccount(e.trail)
	return e.cause.Account == owner && other.cause.Account != owner
}
