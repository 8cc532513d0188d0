package event_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
)

// generate writes a file as CloudTrail delivers it: n records of the shapes that real files mostly
// hold, at their usual size (1.4 KB in the mean), each with identities and times of its own. The same
// seed gives the same file.
func generate(seed uint64, n int) []byte {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		shape := shapes[rnd.IntN(len(shapes))]
		if rnd.IntN(1000) == 0 {
			shape = rare
		}
		b.WriteString(fill(rnd, head+shape+tail))
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// fill replaces every $x by something fresh: $h a hexadecimal digit, $d a decimal one, $w a word.
func fill(rnd *rand.Rand, text string) string {
	words := strings.Fields("alpha billing-prod gateway ingest ledger nightly orders reporting staging telemetry")
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' {
			b.WriteByte(text[i])
			continue
		}
		switch i++; text[i] {
		case 'h':
			fmt.Fprintf(&b, "%x", rnd.IntN(16))
		case 'd':
			fmt.Fprintf(&b, "%d", rnd.IntN(10))
		case 'w':
			b.WriteString(words[rnd.IntN(len(words))])
		case 'u':
			b.WriteString(fill(rnd, "$h$h$h$h$h$h$h$h-$h$h$h$h-4$h$h$h-8$h$h$h-$h$h$h$h$h$h$h$h$h$h$h$h"))
		}
	}
	return b.String()
}

const (
	head = `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE$d$d$d$d$d$d$d$d$d:$w-$d$d$d",` +
		`"arn":"arn:aws:sts::111122223333:assumed-role/$w-role/$w-$d$d$d","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE$d$d$d$d$d",` +
		`"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE$d$d$d$d","arn":"arn:aws:iam::111122223333:role/$w-role",` +
		`"accountId":"111122223333","userName":"$w-role"},"attributes":{"creationDate":"2026-11-2$dT0$d:1$d:2$dZ","mfaAuthenticated":"false"}}},` +
		`"eventTime":"2026-11-2$dT0$d:3$d:4$dZ",`
	tail = `"requestID":"$u","eventID":"$u","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333",` +
		`"eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256",` +
		`"clientProvidedHostHeader":"service.eu-west-1.amazonaws.com"}}`
	from = `"awsRegion":"eu-west-1","sourceIPAddress":"198.51.100.$d$d","userAgent":"aws-sdk-go-v2/1.4$d.0 os/linux lang/go#1.26 md/GOARCH#amd64",`
	rare = `"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging",` + from +
		`"requestParameters":{"name":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/$w"},"responseElements":null,`
)

var shapes = []string{
	`"eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances",` + from +
		`"requestParameters":{"instancesSet":{"items":[{"instanceId":"i-$h$h$h$h$h$h$h$h"},{"instanceId":"i-$h$h$h$h$h$h$h$h"}]},"filterSet":{}},"responseElements":null,`,
	`"eventSource":"sts.amazonaws.com","eventName":"AssumeRole",` + from +
		`"requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/$w","roleSessionName":"$w-$d$d","durationSeconds":3600},` +
		`"responseElements":{"credentials":{"accessKeyId":"ASIAEXAMPLE$d$d$d$d$d","sessionToken":"$u$u$u$u$u$u","expiration":"Nov 22, 2026, 1$d:00:00 AM"},` +
		`"assumedRoleUser":{"assumedRoleId":"AROAEXAMPLE:$w","arn":"arn:aws:sts::111122223333:assumed-role/$w/$w"}},` +
		`"resources":[{"accountId":"111122223333","type":"AWS::IAM::Role","ARN":"arn:aws:iam::111122223333:role/$w"}],`,
	`"eventSource":"kms.amazonaws.com","eventName":"Decrypt",` + from +
		`"requestParameters":{"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::$w-$d$d$d/$u"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"},"responseElements":null,` +
		`"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"arn:aws:kms:eu-west-1:111122223333:key/$u"}],`,
	`"eventSource":"s3.amazonaws.com","eventName":"GetBucketAcl",` + from +
		`"requestParameters":{"bucketName":"$w-$d$d$d$d","Host":"$w.s3.eu-west-1.amazonaws.com","acl":""},"responseElements":null,` +
		`"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader",` +
		`"x-amz-id-2":"$u$u=","bytesTransferredOut":5$d$d},`,
	`"eventSource":"iam.amazonaws.com","eventName":"GetRolePolicy",` + from + `"errorCode":"AccessDenied","errorMessage":"User: ` +
		`arn:aws:sts::111122223333:assumed-role/$w/$w is not authorized to perform: iam:GetRolePolicy because no identity-based policy allows it",` +
		`"requestParameters":null,"responseElements":null,`,
	`"eventSource":"logs.amazonaws.com","eventName":"PutResourcePolicy",` + from +
		`"requestParameters":{"policyName":"$w","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":` +
		`{\"Service\":\"es.amazonaws.com\"},\"Action\":[\"logs:PutLogEvents\",\"logs:CreateLogStream\"],\"Resource\":\"arn:aws:logs:*\"}]}"},"responseElements":null,`,
}
