package rule_test

import (
	"testing"
	"time"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// A trail whose selectors nobody read is not taken for one that has none of its own, which was judged before it.
func TestUnreadSelectorsAreUnknown(t *testing.T) {
	plain, unread := rule.Healthy("plain", "eu-west-1"), rule.Healthy("unread", "eu-west-1")
	none, err := coverage.Parse([]byte(`{"TrailARN":"` + plain.ARN + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	plain.Selectors, unread.Selectors = rule.Given(none), model.Value[coverage.Selectors]{}
	a := &model.Account{
		ID: "111122223333", Partition: "aws", Regions: model.List[string]{Items: []string{"eu-west-1"}},
		Trails: model.List[*model.Trail]{Items: []*model.Trail{plain, unread}},
	}
	g := rule.NewGround(a, time.Time{}, &rule.Worlds{})
	for _, c := range []struct {
		trail *model.Trail
		want  model.Tri
	}{{plain, model.Yes}, {unread, model.Unknown}, {plain, model.Yes}} {
		if got := g.Selects(c.trail, coverage.Scope{}).Verdict; got != c.want {
			t.Errorf("%s selects every management event: %v, want %v", c.trail.Name, got, c.want)
		}
	}
}
