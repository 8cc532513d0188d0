package app

import (
	"bytes"
	"context"
	_ "embed" // the example organization
	"fmt"

	"cairn.example/frameworks"
	"cairn.example/internal/audit"
	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
	"cairn.example/internal/config"
	"cairn.example/internal/detect"
	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
)

//go:embed demo.json
var demoOrganization []byte

// demoRoles are the accounts of the example organization.
var demoRoles = []string{
	"arn:aws:iam::111111111111:role/cairn",
	"arn:aws:iam::222222222222:role/cairn",
	"arn:aws:iam::333333333333:role/cairn",
	"arn:aws:iam::444444444444:role/cairn",
	"arn:aws:iam::555555555555:role/cairn",
}

// Demo audits an example organization that an AWS in this process serves, through the real SDK. It uses no
// credentials, profile, endpoint or proxy of the machine, and calls nothing but itself.
func (a *App) Demo(ctx context.Context) (audit.Result, error) {
	o, err := a.judging(config.Default(config.Known{Rules: a.Rules}), Selection{}) // whatever settings lie about here are not the example's
	if err != nil {
		return audit.Result{}, err
	}
	s, err := a.demoSnapshot(ctx, o.Rules.Needs())
	if err != nil {
		return audit.Result{}, err
	}
	return audit.Judge(s, o), nil
}

// demoSnapshot reads the example organization.
func (a *App) demoSnapshot(ctx context.Context, facts []*model.FactKind) (*model.Snapshot, error) {
	told, err := awsfake.Parse(demoOrganization)
	if err != nil {
		return nil, fmt.Errorf("read the example organization: %w", err)
	}
	server := awsfake.New(told)
	url, stop, err := server.Start()
	if err != nil {
		return nil, fmt.Errorf("serve the example organization: %w", err)
	}
	defer stop()
	cfg := awsfake.Config(url, collect.FirstRegion)
	var targets []collect.Target
	for _, role := range demoRoles {
		targets = append(targets, collect.Target{Config: cfg, Role: role})
	}
	s, err := collect.Collect(ctx, targets, collect.Options{Facts: facts, Now: a.Now, Log: a.Log, Settings: a.Settings})
	if err != nil {
		return nil, fmt.Errorf("read the example organization: %w", err)
	}
	if untold := server.NotTold(); len(untold) > 0 { // a mistake of ours must not look like a gap of somebody's
		return nil, fmt.Errorf("the example organization does not tell %v", untold)
	}
	return s, nil
}

//go:embed demo-day.json
var demoDay []byte

// DemoFiles are the example organization as a snapshot that holds all that a fix needs, and a day's records of it.
func (a *App) DemoFiles(ctx context.Context) (s *model.Snapshot, day []byte, err error) {
	s, err = a.demoSnapshot(ctx, append(a.Rules.Needs(), remediate.Facts()...))
	return s, demoDay, err
}

// DemoWatch tells what a day's records of the example organization mean.
func (a *App) DemoWatch(ctx context.Context, tell func(model.Finding) error) (detect.Counts, error) {
	s, err := a.demoSnapshot(ctx, a.Rules.Needs())
	if err != nil {
		return detect.Counts{}, err
	}
	ours, err := Detections()
	if err != nil {
		return detect.Counts{}, err
	}
	standards, err := frameworks.All()
	if err != nil {
		return detect.Counts{}, err
	}
	d, _, err := detect.New(detect.Options{
		Detections: ours, Rules: a.Rules, Settings: config.Default(config.Known{Rules: a.Rules}).RuleSettings(), Snapshot: s, Dedup: true, Controls: controls(standards),
	})
	if err != nil {
		return detect.Counts{}, err
	}
	if err := d.Read("the example organization's day", bytes.NewReader(demoDay)); err != nil {
		return detect.Counts{}, err
	}
	for _, f := range d.Tell() {
		if err := tell(f); err != nil {
			return d.Counts(), err
		}
	}
	return d.Counts(), nil
}
