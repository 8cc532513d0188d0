package model

import (
	"errors"
	"fmt"
	"regexp"

	"cairn.example/internal/coverage"
)

var (
	trailARN   = regexp.MustCompile(`^arn:[a-z-]+:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/[A-Za-z0-9._-]+$`)
	regionName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)
)

// IsTrailARN tells a trail's ARN as AWS makes it. Others are refused where they come in: ARNs and Regions end up
// in commands that people paste.
func IsTrailARN(arn string) bool { return trailARN.MatchString(arn) }

// IsRegion tells the name of a Region, known or not.
func IsRegion(name string) bool { return regionName.MatchString(name) }

// check refuses an account that AWS could not have answered: a file may be edited by hand, and a list that was
// emptied would turn into verdicts.
func (a *Account) check() error {
	if a.Unread() != nil {
		return nil
	}
	if a.Regions.Whole() && len(a.Regions.Items) == 0 {
		return errors.New("no Region is enabled, and every account has some")
	}
	if a.Partition == "" && len(a.Regions.Items) > 0 {
		a.Partition = coverage.PartitionOf(a.Regions.Items[0])
	}
	for _, r := range a.Regions.Items {
		if !IsRegion(r) {
			return fmt.Errorf("%q is no Region", r)
		}
	}
	return a.checkTrails()
}

func (a *Account) checkTrails() error {
	seen := map[string]bool{}
	for i, t := range a.Trails.Items {
		if t == nil {
			return fmt.Errorf("trails[%d] is null", i)
		}
		if !IsTrailARN(t.ARN) || seen[t.ARN] {
			return fmt.Errorf("trails[%d]: %q is no trail's ARN, or there twice", i, t.ARN)
		}
		seen[t.ARN] = true
		if home, ok := t.Home.Get(); ok && home != ARNRegion(t.ARN) {
			return fmt.Errorf("trail %s: HomeRegion is %q", t.ARN, home)
		}
		if s, ok := t.Selectors.Get(); ok && s.Trail() != t.ARN {
			return fmt.Errorf("trail %s: its EventSelectors are those of %q", t.ARN, s.Trail())
		}
	}
	return nil
}
