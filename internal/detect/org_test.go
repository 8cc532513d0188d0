package detect_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"cairn.example/internal/coverage"
	"cairn.example/internal/detect"
	"cairn.example/internal/model"
	"cairn.example/rules/all"
)

// organization is a management account with an organization's trail, and members that see it.
func organization(members int) *model.Snapshot {
	s := &model.Snapshot{Schema: model.SnapshotSchema, CollectedAt: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	from := model.Origin{Call: "DescribeTrails", Region: "eu-west-1"}
	selectors, err := coverage.Parse([]byte(`{"TrailARN":"` + mainARN + `","EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true}]}`))
	if err != nil {
		panic(err)
	}
	for i := range members + 1 {
		t := &model.Trail{
			ARN: mainARN, Name: "main", Home: model.Known("eu-west-1", from), Bucket: model.Known("logs", from), Key: model.Known("", from),
			MultiRegion: model.Known(true, from), Global: model.Known(true, from), Organization: model.Known(true, from),
			Validation: model.Known(true, from), Logging: model.Known(true, from), Selectors: model.Known(selectors, from),
		}
		id := "111122223333"
		if i > 0 {
			id = fmt.Sprintf("2%011d", i)
		}
		s.Accounts = append(s.Accounts, &model.Account{
			ID: id, Caller: "arn:aws:iam::" + id + ":role/cairn", Partition: "aws",
			Regions: model.List[string]{Items: coverage.DefaultRegions("aws")}, Trails: model.List[*model.Trail]{Items: []*model.Trail{t}},
		})
	}
	return s
}

// One call of the management account blinds every member: they are told together.
func TestOrganizationTrail(t *testing.T) {
	o := options(t)
	o.Snapshot = organization(3)
	d := detector(t, o)
	read(t, d, record("1", "2026-11-25T13:41:07Z", "StopLogging", name))
	found := d.Tell()
	if len(found) != 1 || len(found[0].Cause.Lost) != 1 || len(found[0].Cause.Lost[0].Accounts) != 4 {
		t.Fatalf("%+v", found)
	}
}

// BenchmarkOrganization is a stop and a start of the trail of an organization of 1,001 accounts.
func BenchmarkOrganization(b *testing.B) {
	found, err := detect.Load(os.DirFS("../../detections"))
	if err != nil {
		b.Fatal(err)
	}
	s := organization(1000)
	day := `{"Records":[` + record("1", "2026-11-25T13:41:07Z", "StopLogging", name) + "," + record("2", "2026-11-25T13:58:44Z", "StartLogging", name) + `]}`
	for b.Loop() {
		d, _, err := detect.New(detect.Options{Detections: found, Rules: all.Rules(), Snapshot: s, Dedup: true})
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Read("day", strings.NewReader(day)); err != nil {
			b.Fatal(err)
		}
		if n := len(d.Tell()); n != 2 {
			b.Fatalf("%d lines", n)
		}
	}
}
