package coverage_test

import (
	"encoding/json"
	"strings"
	"testing"

	"cairn.example/internal/coverage"
)

// TestWithManagement shows what widening keeps: every data selector as it is, and the kind of selectors.
func TestWithManagement(t *testing.T) {
	const data = `"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::b/"]}]`
	tests := map[string]struct{ in, want string }{
		"an exclusion goes": {
			`{"TrailARN":"t","EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"ExcludeManagementEventSources":["kms.amazonaws.com"]}]}`,
			`{"TrailARN":"t","EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true}]}`,
		},
		"data events of one type keep it": {
			`{"TrailARN":"t","EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true,` + data + `}]}`,
			`{"TrailARN":"t","EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":false,` + data + `},{"ReadWriteType":"All","IncludeManagementEvents":true}]}`,
		},
		"data events of all types leave room": {
			`{"TrailARN":"t","EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":false,` + data + `}]}`,
			`{"TrailARN":"t","EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,` + data + `}]}`,
		},
		"one selector is enough, since each further one costs a copy": {
			`{"TrailARN":"t","EventSelectors":[{"ReadWriteType":"ReadOnly"},{"ReadWriteType":"WriteOnly","ExcludeManagementEventSources":["kms.amazonaws.com"]}]}`,
			`{"TrailARN":"t","EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true}]}`,
		},
		"five selectors of data events leave no room, and two of them do together": {
			`{"TrailARN":"t","EventSelectors":[` + strings.Repeat(`{"ReadWriteType":"WriteOnly","IncludeManagementEvents":false,`+data+`},`, 4) +
				`{"ReadWriteType":"ReadOnly","IncludeManagementEvents":false,` + data + `}]}`,
			`{"TrailARN":"t","EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true,` + data + `},` +
				strings.Repeat(`{"ReadWriteType":"WriteOnly","IncludeManagementEvents":false,`+data+`},`, 3) +
				`{"ReadWriteType":"ReadOnly","IncludeManagementEvents":true,` + data + `}]}`,
		},
		"advanced: one selector is enough": {
			`{"TrailARN":"t","AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"readOnly","Equals":["true"]}]},{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}]},{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"eventSource","NotEquals":["kms.amazonaws.com"]}]}]}`,
			`{"TrailARN":"t","AdvancedEventSelectors":[{"Name":"Management events","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]},{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}]}]}`,
		},
		"advanced: constraints of the management selector go": {
			`{"TrailARN":"t","AdvancedEventSelectors":[{"Name":"m","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"readOnly","Equals":["false"]}]},{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]},{"Field":"resources.ARN","NotStartsWith":["arn:aws:s3:::b/"]}]}]}`,
			`{"TrailARN":"t","AdvancedEventSelectors":[{"Name":"Management events","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]},{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]},{"Field":"resources.ARN","NotStartsWith":["arn:aws:s3:::b/"]}]}]}`,
		},
		"advanced: the one that is left stands where the first was, and keeps a name that stays true": {
			`{"TrailARN":"t","AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}]},{"Name":"m","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]},{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::Lambda::Function"]}]},{"Name":"n","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"readOnly","Equals":["true"]}]},{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::DynamoDB::Table"]}]}]}`,
			`{"TrailARN":"t","AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}]},{"Name":"m","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]},{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::Lambda::Function"]}]},{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::DynamoDB::Table"]}]}]}`,
		},
		"advanced: a management selector is added": {
			`{"TrailARN":"t","AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}]}]}`,
			`{"TrailARN":"t","AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}]},{"Name":"Management events","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]}`,
		},
		"the default stays the default": {`{"TrailARN":"t"}`, `{"TrailARN":"t"}`},
	}
	world := coverage.World{Partition: "aws", Regions: coverage.DefaultRegions("aws")}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := coverage.Parse([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			wide, err := s.WithManagement()
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(wide)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			on := coverage.Recorder{ID: "t", Home: "us-east-1", Logging: coverage.Yes, MultiRegion: coverage.Yes, Global: coverage.Yes, Sees: coverage.Yes, Selectors: &wide}
			if a := world.Decide(world.Management(coverage.Scope{}), []coverage.Recorder{on}); a.Verdict != coverage.Yes {
				t.Errorf("widened selectors do not record everything: %+v", a)
			}
		})
	}
}

func TestWithManagementRefuses(t *testing.T) {
	data := `{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.ARN","StartsWith":["a"` + strings.Repeat(`,"a"`, 498) + `]}]}`
	for why, doc := range map[string]string{
		"what it does not understand": `{"TrailARN":"t","EventSelectors":[{"ReadWriteType":"Sometimes"}]}`,
		"what would not fit":          `{"TrailARN":"t","AdvancedEventSelectors":[` + data + `]}`,
		"five of which none reads": `{"TrailARN":"t","EventSelectors":[` + strings.TrimSuffix(strings.Repeat(
			`{"ReadWriteType":"WriteOnly","DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]},`, 5), ",") + `]}`,
	} {
		s, err := coverage.Parse([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if wide, err := s.WithManagement(); err == nil {
			t.Errorf("%s was rewritten to %s", why, wide.Choice())
		}
	}
}
