package collect_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
)

// organization tells the accounts of one, over several pages, with what AWS says of each.
func organization(states map[string]told) told {
	list := []any{}
	for _, id := range []string{"555555555555", number, "222222222222", "333333333333", "444444444444", "666666666666"} {
		list = append(list, told{"Id": id}.and(states[id]))
	}
	return account(number, "aws", nil).and(told{"organizations list-accounts": told{"Accounts": list}})
}

func TestListOrganization(t *testing.T) {
	doc := organization(map[string]told{
		number: {"State": "ACTIVE", "Status": "ACTIVE"}, "222222222222": {"State": "PENDING_CLOSURE"}, "333333333333": {"State": "SUSPENDED"},
		"444444444444": {"Status": "SUSPENDED"}, "555555555555": {"State": "A_NEW_WORD"}, "666666666666": {"State": "PENDING_ACTIVATION"},
	})
	server, url := serve(t, doc, awsfake.Fault{Match: awsfake.Call{Op: "ListAccounts"}, Action: awsfake.Page(2)},
		awsfake.Fault{Match: awsfake.Call{Op: "ListAccounts"}, First: 1, Action: awsfake.Throttle()})
	got, err := collect.ListOrganization(t.Context(), collect.Target{Config: config(t, url)}, options(quick))
	want := collect.Organization{
		Own: number, Members: []string{number, "222222222222", "555555555555"}, Gone: []string{"333333333333", "444444444444", "666666666666"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if calls := server.Calls(); len(calls) != 1+1+3 {
		t.Errorf("calls %v", calls)
	}
}

// Who cannot have the list is told why, and what would help.
func TestListOrganizationRefused(t *testing.T) {
	on := func(op string, action awsfake.Action) awsfake.Fault {
		return awsfake.Fault{Match: awsfake.Call{Op: op}, Action: action}
	}
	none := awsfake.Error("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
	for want, fault := range map[string]awsfake.Fault{
		"ListAccounts in us-east-1: AccessDeniedException; the management account and delegated administrators may list them, with organizations:ListAccounts": on("ListAccounts", awsfake.Deny()),
		"account " + number + " is in no organization: name each role by itself":                                                                               on("ListAccounts", none),
		"ListAccounts in us-east-1: EmptyAnswer":                  on("ListAccounts", awsfake.NullLists()),
		"GetCallerIdentity in us-east-1: InvalidClientTokenId":    on("GetCallerIdentity", awsfake.UnrecognizedClient()),
		"the list lacks account 777777777777, which asked for it": {},
	} {
		doc := organization(nil)
		if fault.Action.String() == "" {
			doc = doc.and(account("777777777777", "aws", nil))
		}
		_, url := serve(t, doc, fault)
		_, err := collect.ListOrganization(t.Context(), collect.Target{Config: config(t, url)}, options(quick))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "list the organization's accounts: ") {
			t.Errorf("want %s\ngot  %v", want, err)
		}
	}
}
