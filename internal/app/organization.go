package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cairn.example/internal/collect"
	"cairn.example/internal/model"
)

// allAccounts stands for the account in the ARN of a role that all accounts of the organization have.
const allAccounts = "*"

func everywhere(role string) bool { return model.ARNAccount(role) == allAccounts }

// spread puts the accounts of the organization, as they are now, in the place of a role that all have. An account that is
// named by itself keeps its own role, and the credentials' own account is read without one: the StackSet that makes the
// role leaves the management account out.
func (a *App) spread(ctx context.Context, from AWS, named []collect.Target) ([]collect.Target, error) {
	i := slices.IndexFunc(named, func(t collect.Target) bool { return everywhere(t.Role) })
	if i < 0 {
		return named, nil
	}
	one, own := named[i], collect.Target{Config: named[i].Config, RegionGuessed: named[i].RegionGuessed}
	all, err := collect.ListOrganization(ctx, own, a.calling(from))
	if err != nil {
		return nil, fmt.Errorf("--role %s: %w", one.Role, err)
	}
	own.Account = all.Own
	out := slices.Delete(slices.Clone(named), i, i+1)
	known := map[string]bool{}
	for _, t := range out {
		known[model.ARNAccount(t.Role)] = true
	}
	for _, id := range all.Members {
		member := one
		member.Role = strings.Replace(one.Role, allAccounts, id, 1)
		switch {
		case known[id]:
		case id == all.Own:
			out = append(out, own)
		default:
			out = append(out, member)
		}
	}
	if len(all.Gone) > 0 && a.Note != nil {
		a.Note(notRead(all.Gone))
	}
	return out, nil
}

// notRead names accounts of the organization that nobody can use, or a few of them.
func notRead(gone []string) string {
	const few = 5
	names := strings.Join(gone[:min(len(gone), few)], ", ")
	if len(gone) > few {
		names += ", ..."
	}
	return fmt.Sprintf("not read: %s of the organization that cannot be used, suspended or closed (%s)", model.Count(len(gone), "account", "accounts"), names)
}
