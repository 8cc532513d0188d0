package model_test

import (
	"reflect"
	"testing"
	"time"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// full is an account in which nothing that can be shared is empty.
func full(t *testing.T) *model.Account {
	t.Helper()
	selectors, err := coverage.Parse([]byte(`{"TrailARN":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/main","EventSelectors":[{"ReadWriteType":"All"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	from := model.Origin{Call: "DescribeTrails", Region: "eu-west-1"}
	gap := model.Gap{Call: "DescribeTrails", Region: "us-east-1", Code: "AccessDenied"}
	trail := &model.Trail{
		ARN: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main", Name: "main",
		Home: model.Known("eu-west-1", from), MultiRegion: model.Known(true, from), StartedAt: model.Known(time.Unix(0, 0).UTC(), from),
		Selectors: model.Known(selectors, from),
		Insights:  model.Known([]model.InsightSelector{{InsightType: "ApiCallRateInsight", EventCategories: []string{"Management"}}}, from),
		Tags:      model.Known([]model.Tag{{Key: "team", Value: "security"}}, from),
	}
	trail.SetDelivery("eu-west-1", model.Known(model.Delivery{S3: model.Stream{Error: "AccessDenied"}}, from))
	return &model.Account{
		ID: "111122223333", Caller: "arn:aws:iam::111122223333:user/audit", Partition: "aws",
		Regions: model.List[string]{Items: []string{"eu-west-1"}, Gaps: []model.Gap{gap}},
		Trails:  model.List[*model.Trail]{Items: []*model.Trail{trail}, Gaps: []model.Gap{gap}},
		Gaps:    []model.Gap{gap},
	}
}

func TestCloneSharesNothing(t *testing.T) {
	a := full(t)
	b := a.Clone()
	if !reflect.DeepEqual(a, b) {
		t.Error("a clone differs from its account")
	}
	w := walker{t: t, met: map[string]bool{}}
	w.apart(reflect.ValueOf(a), reflect.ValueOf(b), "Account")
	for _, path := range []string{
		"Account.Regions.Items", "Account.Regions.Gaps", "Account.Trails.Items", "Account.Trails.Items[]", "Account.Trails.Gaps",
		"Account.Trails.Items[].Insights.v", "Account.Trails.Items[].Insights.v[].EventCategories", "Account.Trails.Items[].Tags.v",
		"Account.Trails.Items[].Delivery", "Account.Gaps",
	} {
		if !w.met[path] {
			t.Errorf("%s was not compared: fill it in the test's account", path)
		}
	}
}

// walker goes through two equal values and meets every reference in them.
type walker struct {
	t   *testing.T
	met map[string]bool
}

// immutable types may be shared.
var immutable = map[reflect.Type]bool{reflect.TypeFor[coverage.Selectors](): true, reflect.TypeFor[time.Time](): true}

func (w *walker) apart(a, b reflect.Value, path string) {
	if immutable[a.Type()] {
		return
	}
	switch a.Kind() { //nolint:exhaustive // the other kinds hold no reference
	case reflect.Pointer, reflect.Slice, reflect.Map:
		w.met[path] = true
		if a.IsNil() || a.Kind() != reflect.Pointer && a.Len() == 0 {
			w.t.Errorf("%s is empty: fill it in the test's account", path)
			return
		}
		if a.UnsafePointer() == b.UnsafePointer() {
			w.t.Errorf("%s is shared", path)
		}
	case reflect.Chan, reflect.Func, reflect.Interface:
		w.t.Errorf("%s is a %s, which this test does not know", path, a.Kind())
	}
	w.within(a, b, path)
}

func (w *walker) within(a, b reflect.Value, path string) {
	switch a.Kind() { //nolint:exhaustive // the other kinds hold nothing
	case reflect.Pointer:
		w.apart(a.Elem(), b.Elem(), path)
	case reflect.Slice:
		for i := range a.Len() {
			w.apart(a.Index(i), b.Index(i), path+"[]")
		}
	case reflect.Map:
		for _, key := range a.MapKeys() {
			w.apart(a.MapIndex(key), b.MapIndex(key), path+"[]")
		}
	case reflect.Struct:
		for i := range a.NumField() {
			w.apart(a.Field(i), b.Field(i), path+"."+a.Type().Field(i).Name)
		}
	}
}
