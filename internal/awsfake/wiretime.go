package awsfake

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timestamps are the members of CloudTrail's answers that awsJson carries as
// seconds since 1970. The CLI prints them so in version 1, and as ISO 8601 in
// version 2. TimeLoggingStarted and its kin look alike but are strings.
var timestamps = strings.Fields(`
	LatestCloudWatchLogsDeliveryTime LatestDeliveryTime LatestDigestDeliveryTime LatestNotificationTime
	StartLoggingTime StopLoggingTime EventTime`)

// toWire turns the CLI's times, at any depth, into the wire's. The other
// services have no times among the calls that a fixture tells.
func toWire(service string, v any) error {
	if service != "cloudtrail" {
		return nil
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if err := toWire(service, item); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, member := range v {
			if !slices.Contains(timestamps, name) {
				if err := toWire(service, member); err != nil {
					return err
				}
				continue
			}
			seconds, err := epoch(member)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			v[name] = seconds
		}
	}
	return nil
}

// epoch keeps milliseconds, as CloudTrail does.
func epoch(v any) (any, error) {
	switch v := v.(type) {
	case nil, json.Number:
		return v, nil
	case string:
		t, err := time.Parse(time.RFC3339Nano, v)
		if err != nil {
			return nil, fmt.Errorf("%q is not a time that the AWS CLI prints", v)
		}
		return json.Number(strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', -1, 64)), nil
	default:
		return nil, fmt.Errorf("%v is not a time", v)
	}
}
