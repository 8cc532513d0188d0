package bench_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"cairn.example/frameworks"
	"cairn.example/internal/audit"
	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
	"cairn.example/rules/all"
)

// BenchmarkJudgeTrails judges a thousand trails: 12 accounts, each with the 85 that AWS allows in 17 Regions.
func BenchmarkJudgeTrails(b *testing.B) { judge(b, 12, manyTrails()) }

// BenchmarkJudgeAccounts judges a thousand accounts of one trail.
func BenchmarkJudgeAccounts(b *testing.B) { judge(b, 1000, fourTrails[:1]) }

func judge(b *testing.B, accounts int, trails []trail) {
	b.Helper()
	s := organization(b, accounts, trails)
	standards, err := frameworks.All()
	if err != nil {
		b.Fatal(err)
	}
	o := audit.Options{
		Rules: all.Rules(), Settings: rule.Settings{Preset: rule.Default}, Frameworks: standards,
		FixCommand: func(id string) string { return "cairn fix " + id },
	}
	findings := 0
	b.ReportAllocs()
	for b.Loop() {
		findings = len(audit.Judge(s, o).Findings)
	}
	if findings < accounts*len(all.Rules()) {
		b.Errorf("%d findings of %d accounts: something was not judged", findings, accounts)
	}
	b.ReportMetric(float64(findings), "findings")
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/op")
}

// organization is one account as it was read, many times under other numbers.
func organization(b *testing.B, accounts int, trails []trail) *model.Snapshot {
	b.Helper()
	doc, err := fixture(time.Now(), trails)
	if err != nil {
		b.Fatal(err)
	}
	told, err := awsfake.Parse(doc)
	if err != nil {
		b.Fatal(err)
	}
	url, stop, err := awsfake.New(told).Start()
	if err != nil {
		b.Fatal(err)
	}
	defer stop()
	target := collect.Target{Config: awsfake.Config(url, collect.FirstRegion)}
	one, err := collect.Collect(b.Context(), []collect.Target{target}, collect.Options{
		Facts: all.Rules().Needs(), Now: time.Now, Log: slog.New(slog.DiscardHandler), Settings: collect.Settings{Rate: 1e6},
	})
	if err != nil {
		b.Fatal(err)
	}
	var text bytes.Buffer
	if err := one.Write(&text); err != nil {
		b.Fatal(err)
	}
	whole := *one
	whole.Accounts = nil
	for i := range accounts {
		copied := strings.ReplaceAll(text.String(), account, fmt.Sprintf("%012d", i+1))
		s, err := model.ReadSnapshot(strings.NewReader(copied))
		if err != nil {
			b.Fatal(err)
		}
		whole.Accounts = append(whole.Accounts, s.Accounts...)
	}
	return &whole
}
