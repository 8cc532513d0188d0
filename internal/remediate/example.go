package remediate

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

const (
	exampleAccount = "111122223333"
	exampleBucket  = "example-trail-logs"
)

// exampleTime is when the example is read.
var exampleTime = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// healthy is a trail that passes every rule.
func healthy(name, region string) *model.Trail {
	t := &model.Trail{
		ARN: "arn:aws:cloudtrail:" + region + ":" + exampleAccount + ":trail/" + name, Name: name,
		Home: given(region), Bucket: given(exampleBucket), Prefix: given(""), Topic: given(""), LogGroup: given(""), LogRole: given(""),
		Key:         given("arn:aws:kms:" + region + ":" + exampleAccount + ":key/1a2b3c4d-5e6f-4a8b-9c0d-1e2f3a4b5c6d"),
		MultiRegion: given(true), Global: given(true), Organization: given(false), Validation: given(true), Logging: given(true),
		StartedAt: given(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)), StoppedAt: given(time.Time{}),
		Insights: given([]model.InsightSelector{}), Tags: given([]model.Tag{}),
	}
	choose(t, `"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":[]}]`)
	return t
}

func given[T any](v T) model.Value[T] { return model.Known(v, model.Origin{}) }

// choose gives a trail selectors; a document that cannot be parsed leaves them unknown, which the tests would see.
func choose(t *model.Trail, list string) {
	s, err := coverage.Parse([]byte(`{"TrailARN":"` + t.ARN + `",` + list + `}`))
	if err == nil {
		t.Selectors = given(s)
	}
}

// examples are the failing cases of the rules' pages, by rule.
var examples = map[string]func() []*model.Trail{
	"CT-001": func() []*model.Trail {
		t := healthy("project5-api", "eu-west-1")
		t.MultiRegion = given(false)
		return []*model.Trail{t}
	},
	"CT-007": func() []*model.Trail {
		t := healthy("main", "eu-west-1")
		t.Validation = given(false)
		return []*model.Trail{t}
	},
	"CT-008": func() []*model.Trail {
		t := healthy("main", "eu-west-1")
		t.Key = given("")
		return []*model.Trail{t}
	},
	"CT-010": func() []*model.Trail {
		t := healthy("main", "eu-west-1")
		choose(t, `"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":["kms.amazonaws.com"]}]`)
		return []*model.Trail{t}
	},
	"CT-101": func() []*model.Trail {
		t := healthy("main", "eu-west-1")
		choose(t, `"AdvancedEventSelectors":[{"Name":"Management events without KMS","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"eventSource","NotEquals":["kms.amazonaws.com"]}]}]`)
		return []*model.Trail{t}
	},
	"CT-102": func() []*model.Trail {
		t := healthy("main", "eu-west-1")
		t.Logging, t.StoppedAt = given(false), given(time.Date(2026, 11, 2, 14, 3, 11, 0, time.UTC))
		return []*model.Trail{t}
	},
	"CT-110": func() []*model.Trail {
		t, keys := healthy("main", "eu-west-1"), healthy("keys", "us-east-1")
		choose(t, `"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":["kms.amazonaws.com"]}]`)
		keys.MultiRegion = given(false)
		return []*model.Trail{t, keys}
	},
}

// Example is an account that fails the rule as its page shows, and the resource that fails. A rule without one gets
// an account without trails.
func Example(r *rule.Rule) (*model.Account, model.Ref) {
	a := &model.Account{
		ID: exampleAccount, Caller: "arn:aws:iam::" + exampleAccount + ":role/audit", Partition: "aws",
		Regions: model.List[string]{Items: coverage.DefaultRegions("aws")},
	}
	if trails, ok := examples[r.ID]; ok {
		a.Trails.Items = trails()
	}
	for _, f := range rule.Judge(r, rule.NewGround(a, exampleTime), rule.Settings{Preset: rule.Default}) {
		if f.Status == model.StatusFail {
			return a, f.Resource
		}
	}
	return a, a.Ref()
}

// Generic is a plan of an example, as pages print it: in templates the trail's name and bucket become parameters, with
// the example's as their defaults.
func Generic(p Plan) Plan {
	if len(p.trails) != 1 || p.trails[0].was == nil {
		return p
	}
	d := p.trails[0]
	bucket, _ := d.was.Bucket.Get()
	p.Asks = append([]Ask{
		{rule.Param{Name: "TrailName", What: "name of the trail"}, d.was.Name},
		{rule.Param{Name: "BucketName", What: "S3 bucket that the trail delivers to"}, bucket},
	}, p.Asks...)
	p.trails = []delta{{was: anonymous(d.was), want: anonymous(d.want), attr: d.attr}}
	return p
}

func anonymous(t *model.Trail) *model.Trail {
	out := t.Clone()
	out.Name, out.Bucket = rule.Placeholder("TrailName"), given(rule.Placeholder("BucketName"))
	return out
}

// Blocks are the fixes of a rule's page by form, as Markdown: the failing case that the page shows, put right.
func Blocks(r *rule.Rule) (map[string]string, error) {
	a, at := Example(r)
	p := Fix(r, a, at)
	out := make(map[string]string, len(Forms))
	for _, form := range Forms {
		block, err := form.block(p)
		if err != nil {
			return nil, err
		}
		out[string(form.Form)] = block
	}
	return out, nil
}

func (f FormInfo) block(p Plan) (string, error) {
	if f.full != nil {
		p = Generic(p)
	}
	files, err := Files(p, f.Form)
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		return sentence(strings.Join(refused.Why, "; ")) + "\n", nil
	}
	if err != nil {
		return "", err
	}
	var out []string
	for _, file := range files {
		text := string(file.Body)
		switch {
		case f.Language == "":
			text = prose(text)
		default:
			text = fmt.Sprintf("```%s\n%s```\n", f.Language, text)
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n"), nil
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

// prose turns the comment lines of console steps into a paragraph: a # would be a heading.
func prose(text string) string {
	var about, steps []string
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "# "); ok {
			about = append(about, strings.TrimSpace(rest))
		} else {
			steps = append(steps, line)
		}
	}
	return strings.Join(about, " ") + "\n\n" + strings.Join(steps, "")
}
