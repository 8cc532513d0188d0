package coverage_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"cairn.example/internal/coverage"
)

// generator makes small random worlds, biased to what can be covered at all.
type generator struct{ *rand.Rand }

func (g generator) world() coverage.World {
	switch g.IntN(5) {
	case 0:
		return coverage.World{Partition: "aws-cn", Regions: coverage.DefaultRegions("aws-cn")}
	case 1:
		return coverage.World{Partition: "aws", Regions: []string{"us-east-1", "eu-west-1"}, Maybe: []string{"af-south-1"}}
	default:
		return coverage.World{Partition: "aws", Regions: []string{"us-east-1", "eu-west-1"}}
	}
}

func (g generator) scope(w coverage.World) coverage.Scope {
	var s coverage.Scope
	if g.IntN(3) == 0 {
		s.ReadOnly = pick(g, coverage.Yes, coverage.No)
	}
	switch g.IntN(6) {
	case 0:
		s.Sources = []string{pick(g, "iam.amazonaws.com", "kms.amazonaws.com", "sts.amazonaws.com", "route53.amazonaws.com")}
	case 1:
		s.Without = []string{pick(g, "kms.amazonaws.com", "s3.amazonaws.com", "signin.amazonaws.com"), "rdsdata.amazonaws.com"}
	case 2:
		s.Regions = []string{w.Regions[g.IntN(len(w.Regions))]}
	}
	return s
}

func (g generator) recorders(most int) []coverage.Recorder {
	out := make([]coverage.Recorder, 1+g.IntN(most))
	for i := range out {
		out[i] = coverage.Recorder{
			ID: fmt.Sprint("r", i), Home: pick(g, "us-east-1", "eu-west-1", "cn-north-1", "cn-northwest-1", ""),
			Logging: g.fact(9), MultiRegion: g.fact(5), Global: g.fact(8), Sees: g.fact(9),
		}
		if g.IntN(8) > 0 {
			s, err := coverage.Parse([]byte(g.document()))
			if err == nil {
				out[i].Selectors = &s
			}
		}
	}
	return out
}

// fact is Yes in yes cases of ten.
func (g generator) fact(yes int) coverage.Tri {
	if g.IntN(10) < yes {
		return coverage.Yes
	}
	return pick(g, coverage.No, coverage.No, coverage.Unknown)
}

func pick[T any](g generator, of ...T) T { return of[g.IntN(len(of))] }

func (g generator) document() string {
	kind, one := "EventSelectors", g.basic
	if g.IntN(2) == 0 {
		kind, one = "AdvancedEventSelectors", g.advanced
	}
	list := make([]string, g.IntN(4))
	for i := range list {
		list[i] = one()
	}
	return fmt.Sprintf(`{"TrailARN": "arn", %q: [%s]}`, kind, strings.Join(list, ","))
}

func (g generator) basic() string {
	var members []string
	add := func(chance int, name string, values ...string) {
		if g.IntN(10) < chance {
			members = append(members, fmt.Sprintf("%q: %s", name, pick(g, values...)))
		}
	}
	add(6, "ReadWriteType", `"All"`, `"ReadOnly"`, `"WriteOnly"`, `"ReadOnly"`, `"WriteOnly"`, `"Both"`, `null`)
	add(3, "IncludeManagementEvents", `true`, `true`, `false`, `null`, `"true"`)
	add(4, "ExcludeManagementEventSources", `[]`, `["kms.amazonaws.com"]`, `["kms.amazonaws.com", "rdsdata.amazonaws.com"]`,
		`["KMS.amazonaws.com"]`, `["s3.amazonaws.com"]`, `null`, `[1]`)
	add(1, "DataResources", `[]`, `[{"Type": "AWS::S3::Object", "Values": []}]`, `null`)
	add(1, "NewMember", `true`)
	return "{" + strings.Join(members, ",") + "}"
}

func (g generator) advanced() string {
	fields := []string{`{"Field": "eventCategory", "Equals": ["Management"]}`}
	if g.IntN(8) == 0 {
		fields[0] = pick(g, `{"Field": "eventCategory", "Equals": ["Data"]}`, `{"Field": "eventCategory", "Equals": ["New"]}`,
			`{"Field": "eventCategory", "NotEquals": ["Data"]}`, `{"Field": "eventCategory", "Equals": ["Data", "Management"]}`)
	}
	for g.IntN(2) == 0 {
		fields = append(fields, pick(g,
			`{"Field": "readOnly", "Equals": ["true"]}`, `{"Field": "readOnly", "Equals": ["false"]}`,
			`{"Field": "readOnly", "Equals": ["true"]}`, `{"Field": "readOnly", "Equals": ["false"]}`,
			`{"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}`,
			`{"Field": "eventSource", "NotEquals": ["rdsdata.amazonaws.com", "kms.amazonaws.com"]}`,
			`{"Field": "eventSource", "NotEquals": ["s3.amazonaws.com"]}`,
			`{"Field": "eventSource", "Equals": ["kms.amazonaws.com"]}`,
			`{"Field": "eventName", "StartsWith": ["Get"]}`,
			`{"Field": "readOnly", "New": ["x"]}`,
			`{"Field": "readOnly", "NotEquals": ["true"]}`,
			`{"Field": "readOnly", "Equals": []}`,
			`{"Field": "eventCategory", "Equals": ["Data"]}`,
		))
	}
	return fmt.Sprintf(`{"Name": "n", "FieldSelectors": [%s]}`, strings.Join(fields, ","))
}

func newGenerator(seed uint64) generator { return generator{rand.New(rand.NewPCG(seed, 0))} }
