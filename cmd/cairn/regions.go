package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cairn.example/internal/app"
	"cairn.example/internal/audit"
	"cairn.example/internal/config"
	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// shaped refuses what cannot be a Region, before anything is read.
func shaped(regions []string) error {
	var errs []error
	for _, r := range regions {
		if coverage.PartitionOf(r) == "" {
			errs = append(errs, fmt.Errorf("--region %q: want a Region's name, such as eu-central-1%s", r, rule.Suggest(r, regionsOf("aws"))))
		}
	}
	return errors.Join(errs...)
}

// checkRegions refuses a Region that no account has enabled: a report without it would look like a clean one. Where the
// Regions could not be listed it may be enabled all the same, and is only told of.
func (n narrowed) checkRegions(p *program, result audit.Result, s *model.Snapshot) error {
	for _, r := range n.regions {
		of := func(f model.Finding) bool { return f.Region == r }
		if slices.Contains(result.Summary.Regions, r) || slices.ContainsFunc(result.Findings, of) {
			continue
		}
		text := fmt.Sprintf("--region %s is not among the Regions read%s", r, nearest(r, result.Summary.Regions))
		if !slices.ContainsFunc(s.Accounts, func(a *model.Account) bool { return !a.Regions.Whole() }) {
			return &app.UsageError{Err: errors.New(text)}
		}
		p.note("%s", text)
	}
	return nil
}

// unknownRegions names Regions of the settings that cairn does not know. AWS may have opened one since, so none is refused;
// but a route of a slip tells nobody anything.
func unknownRegions(cfg *config.Config) []string {
	var out []string
	look := func(where string, names []string) {
		for _, r := range names {
			known := regionsOf(cmp.Or(coverage.PartitionOf(r), "aws"))
			if !strings.ContainsAny(r, "*?") && !slices.Contains(known, r) {
				out = append(out, fmt.Sprintf("%s: cairn knows no Region %s%s", where, r, rule.Suggest(r, known)))
			}
		}
	}
	look("regions.acceptUnread", cfg.AcceptUnread)
	for _, route := range cfg.Notify.Routes {
		look("notify.routes.regions", route.Regions)
	}
	for _, one := range cfg.Notify.Inhibit {
		look("notify.inhibit.source.regions", one.Source.Regions)
		look("notify.inhibit.target.regions", one.Target.Regions)
	}
	return out
}

// nearest is what was probably meant by a name that is no Region's, or all that there is.
func nearest(region string, read []string) string {
	meant := ""
	if !slices.Contains(regionsOf(coverage.PartitionOf(region)), region) {
		meant = rule.Suggest(region, read)
	}
	if meant == "" && len(read) > 0 {
		return ": " + strings.Join(read, ", ")
	}
	return meant
}

func regionsOf(partition string) []string {
	return append(coverage.DefaultRegions(partition), coverage.OptInRegions(partition)...)
}
