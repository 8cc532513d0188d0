package app

import (
	"context"

	"cairn.example/internal/audit"
	"cairn.example/internal/model"
)

// Judge reads and judges with every rule, and keeps what was read: a fix is worked out from the account, not
// from the finding. Further are facts beyond what the rules need.
func (a *App) Judge(ctx context.Context, from Source, sel Selection, further []*model.FactKind) (audit.Result, *model.Snapshot, error) {
	o, err := a.Options(sel)
	if err != nil {
		return audit.Result{}, nil, err
	}
	s, err := a.Snapshot(ctx, from, append(Facts(o.Rules), further...))
	if err != nil {
		return audit.Result{}, nil, err
	}
	return audit.Judge(s, o), s, nil
}
