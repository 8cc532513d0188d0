package app

import (
	"strings"

	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
)

// mostPasted bounds the commands that a message can hold; a longer plan is for cairn fix to print, with its undo.
const mostPasted = 4

// pasted writes the commands that put failures right in the place of the one that prints them, where they ask for nothing and
// are few: whoever reads a message on a phone can paste them.
func (a *App) pasted(s *model.Snapshot, found []model.Finding) {
	for i := range found {
		f := &found[i]
		r, account := a.Rules.Find(f.Rule), s.Account(f.Account)
		if f.Fix == "" || r == nil || account == nil || !strings.Contains(f.Fix, f.ID) { // another id is one of the trail's owner
			continue
		}
		plan := remediate.Fix(r, account, f.Resource)
		if lines, err := remediate.Commands(plan); err == nil && len(plan.Asks) == 0 && len(lines) > 0 && len(lines) <= mostPasted {
			f.Fix = strings.Join(lines, "\n")
		}
	}
}
