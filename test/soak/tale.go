package soak

import (
	"fmt"
	"time"

	"cairn.example/internal/model"
)

// Tale makes what happens to each trail of an organization: at least n calls, of all eight that change a trail, in the order of
// their times, no two of which of one trail are the same.
func (o *Organization) Tale(n int, from time.Time) []Call {
	var out []Call
	for _, t := range o.Trails {
		at := from
		for told := 0; told < n; {
			calls := o.episode(t, told+2 >= n)
			for _, c := range calls {
				at = at.Add(time.Duration(1+o.random.IntN(30)) * time.Second)
				c.Happens = at
				out = append(out, c)
			}
			told += len(calls)
		}
	}
	return out
}

// episode is some calls that belong together. The last of a trail may leave it stopped or gone.
func (o *Organization) episode(t Trail, last bool) []Call {
	name := map[string]any{"name": t.ARN}
	stop, start := Call{Trail: t, Name: "StopLogging", Request: name}, Call{Trail: t, Name: "StartLogging", Request: name, Principal: "alice"}
	tags := map[string]any{"resourceId": t.ARN, "tagsList": []any{map[string]any{"key": "team", "value": fmt.Sprint(o.random.IntN(5))}}}
	switch n := o.random.IntN(20); {
	case last && n < 10:
		return []Call{stop}
	case n < 11:
		return []Call{stop, start}
	case n < 12:
		return []Call{{Trail: t, Name: "AddTags", Request: tags}, {Trail: t, Name: "RemoveTags", Request: tags}}
	case n < 14:
		return []Call{o.update(t, false), o.update(t, true)}
	case n < 16:
		return []Call{selectors(t, "WriteOnly"), selectors(t, "All")}
	case n < 18:
		return []Call{{Trail: t, Name: "StopLogging", Refused: true}}
	}
	again := o.update(t, true)
	again.Name = "CreateTrail"
	return []Call{{Trail: t, Name: "DeleteTrail", Request: name}, again, start}
}

func (o *Organization) update(t Trail, everywhere bool) Call {
	response := map[string]any{
		"name": model.ARNName(t.ARN), "trailARN": t.ARN, "s3BucketName": "prod-audit-logs", "isMultiRegionTrail": everywhere, "includeGlobalServiceEvents": everywhere,
		"logFileValidationEnabled": true, "isOrganizationTrail": false,
	}
	request := map[string]any{"name": model.ARNName(t.ARN), "s3BucketName": "prod-audit-logs", "isMultiRegionTrail": everywhere, "includeGlobalServiceEvents": everywhere, "enableLogFileValidation": true}
	return Call{Trail: t, Name: "UpdateTrail", Request: request, Response: response}
}

func selectors(t Trail, kind string) Call {
	list := []any{map[string]any{"readWriteType": kind, "includeManagementEvents": true, "dataResources": []any{}, "excludeManagementEventSources": []any{}}}
	return Call{
		Trail: t, Name: "PutEventSelectors", Request: map[string]any{"trailName": t.ARN, "eventSelectors": list}, Response: map[string]any{"trailARN": t.ARN, "eventSelectors": list},
	}
}
