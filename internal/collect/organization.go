package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"cairn.example/internal/model"
)

// MembersPermission is the IAM action that listing an organization's accounts needs.
const MembersPermission = "organizations:ListAccounts"

// membersRate keeps to what Organizations allows an account a second (AWS Organizations User Guide, "Quotas").
const membersRate = 8

// Organization is whose accounts credentials may list.
type Organization struct {
	Own     string   // the credentials' own account
	Members []string // the accounts that can be read, sorted, the own one among them
	Gone    []string // those that nobody can use: suspended, closed, or not active yet; sorted
}

// ListOrganization lists the accounts of the organization that a target's credentials belong to. AWS lets the management
// account and delegated administrators do so. The options' facts are not looked at.
func ListOrganization(ctx context.Context, t Target, o Options) (Organization, error) {
	o.Rate = cmp.Or(o.Rate, membersRate)
	a := newRun(o).account(t)
	if err := a.identify(ctx); err != nil {
		return Organization{}, a.unorganized(ctx, "GetCallerIdentity", "", err)
	}
	out := Organization{Own: a.number}
	pages := organizations.NewListAccountsPaginator(organizations.NewFromConfig(a.in(a.target.Config.Region).config), &organizations.ListAccountsInput{},
		func(o *organizations.ListAccountsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err == nil && page.Accounts == nil {
			err = lacks("Accounts")
		}
		if err != nil {
			return Organization{}, a.unorganized(ctx, "ListAccounts", MembersPermission, err)
		}
		for _, one := range page.Accounts {
			if id := aws.ToString(one.Id); usable(one) {
				out.Members = append(out.Members, id)
			} else {
				out.Gone = append(out.Gone, id)
			}
		}
	}
	slices.Sort(out.Members)
	slices.Sort(out.Gone)
	if !slices.Contains(out.Members, out.Own) { // an emulator's answer to a member
		return Organization{}, fmt.Errorf("list the organization's accounts: the list lacks account %s, which asked for it", out.Own)
	}
	return out, nil
}

// usable tells whether roles of an account can be assumed. What AWS may come to call a state counts as usable: who
// cannot be read is told. Status is what State was called until September 2026.
func usable(one types.Account) bool {
	switch state := types.AccountState(cmp.Or(string(one.State), string(one.Status))); state {
	case types.AccountStateSuspended, types.AccountStateClosed, types.AccountStatePendingActivation:
		return false
	case types.AccountStateActive, types.AccountStatePendingClosure:
	}
	return true
}

// unorganized says why there is no list, and what to do.
func (a *account) unorganized(ctx context.Context, call, permission string, err error) error {
	err = a.callFailed(ctx, err, model.Gap{Call: call, Region: a.target.Config.Region, Permission: permission})
	failed, ok := errors.AsType[*CallError](err)
	if !ok {
		return err
	}
	advice := ""
	switch {
	case failed.Code() == "AWSOrganizationsNotInUseException":
		advice = "; account " + a.number + " is in no organization: name each role by itself"
	case call == "ListAccounts" && failed.Denied():
		advice = "; the management account and delegated administrators may list them, with " + permission
	}
	return fmt.Errorf("list the organization's accounts: %w%s", err, advice)
}
