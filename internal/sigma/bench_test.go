package sigma_test

import (
	"fmt"
	"strings"
	"testing"

	"cairn.example/internal/event"
	"cairn.example/internal/sigma"
)

// fleet is 500 rules of the shapes that circulate, all indexed but as many as wanted.
func fleet(b *testing.B, unindexed int) *sigma.Engine {
	b.Helper()
	var yaml strings.Builder
	for i := range 500 {
		fmt.Fprintf(&yaml, "---\ntitle: r%d\nid: r%d\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n", i, i)
		switch {
		case i < unindexed:
			fmt.Fprintf(&yaml, "  s: {userAgent|contains: tool%d}\n  condition: s\n", i)
		case i%2 == 0:
			fmt.Fprintf(&yaml, "  s:\n    eventSource: s%d.amazonaws.com\n    eventName: [Delete%d, Put%d]\n  f: {errorCode: null}\n  condition: s and f\n", i%50, i, i)
		default:
			fmt.Fprintf(&yaml, "  s:\n    eventSource: s%d.amazonaws.com\n    eventName: [Get%d]\n    requestParameters.name|contains: [x, '%d']\n  f: {userIdentity.type: Root}\n  condition: s and not f\n", i%50, i, i)
		}
	}
	rules, err := sigma.Load("fleet.yml", []byte(yaml.String()))
	if err != nil {
		b.Fatal(err)
	}
	engine, refused := sigma.NewEngine(rules, nil)
	if len(refused) > 0 || len(engine.Unindexed()) != unindexed {
		b.Fatal(refused, len(engine.Unindexed()))
	}
	return engine
}

// benchRecord has the size and the members of a usual record.
func benchRecord(b *testing.B, source, name string) *event.Record {
	b.Helper()
	return parse(b, fmt.Appendf(nil, `{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE123:session","arn":"arn:aws:sts::111122223333:assumed-role/admin/session","accountId":"111122223333","accessKeyId":"ASIAEXAMPLEEXAMPLE12","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE123","arn":"arn:aws:iam::111122223333:role/admin","accountId":"111122223333","userName":"admin"},"webIdFederationData":{},"attributes":{"creationDate":"2026-01-02T03:04:05Z","mfaAuthenticated":"false"}}},"eventTime":"2026-01-02T03:14:05Z","eventSource":"%s.amazonaws.com","eventName":"%s","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.7","userAgent":"aws-cli/2.15.0 Python/3.11.6 Linux/5.10.205-195.807.amzn2.x86_64 exe/x86_64.amzn.2 prompt/off command/service.call","requestParameters":{"name":"thing-%[1]s-0123456789","maxResults":50,"filter":{"tags":["a","b"]}},"responseElements":null,"requestID":"11111111-2222-3333-4444-555555555555","eventID":"66666666-7777-8888-9999-000000000000","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"service.eu-west-1.amazonaws.com"}}`, source, name))
}

func BenchmarkMatch(b *testing.B) {
	for _, c := range []struct {
		title     string
		unindexed int
		rec       *event.Record
	}{
		{"indexed/none", 0, benchRecord(b, "ec2", "DescribeInstances")},
		{"indexed/evaluated", 0, benchRecord(b, "s1", "Get1")},
		{"unindexed1/none", 1, benchRecord(b, "ec2", "DescribeInstances")},
		{"unindexed20/none", 20, benchRecord(b, "ec2", "DescribeInstances")},
	} {
		b.Run(c.title, func(b *testing.B) {
			engine := fleet(b, c.unindexed)
			b.SetBytes(int64(len(c.rec.Raw)))
			b.ReportAllocs()
			for b.Loop() {
				engine.Match(c.rec)
			}
		})
	}
}
