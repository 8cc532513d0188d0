#!/usr/bin/env bash
# Makes a log bucket tell an SNS topic (or an SQS queue of its own Region) of new log files:
#   notify-bucket.sh BUCKET TOPIC_OR_QUEUE_ARN [PREFIX]
#   notify-bucket.sh --remove BUCKET
#
# put-bucket-notification-configuration replaces everything that the bucket tells to anybody. So this reads what there is,
# adds or replaces the one entry named "cairn", keeps the answer beside it as a way back, and puts all of it. S3 knows no
# conditional put: run it while nobody else changes the bucket's notifications. Needs the AWS CLI and jq.
set -euo pipefail

id=cairn
fail() {
	printf '%s\n' "$1" >&2
	exit 1
}
for tool in aws jq; do
	command -v "$tool" >/dev/null || fail "$tool is missing: install it. Nothing was changed."
done
if [ "${1-}" = --remove ] && [ $# -eq 2 ]; then
	bucket=$2 arn='' prefix=''
elif [ $# -ge 2 ] && [ $# -le 3 ]; then
	bucket=$1 arn=$2 prefix=${3-}
else
	fail 'usage: notify-bucket.sh BUCKET TOPIC_OR_QUEUE_ARN [PREFIX], or notify-bucket.sh --remove BUCKET'
fi
case $arn in
'') list='' member='' ;;
arn:*:sns:*) list=TopicConfigurations member=TopicArn ;;
arn:*:sqs:*) list=QueueConfigurations member=QueueArn ;;
*) fail "$arn: want the ARN of an SNS topic or an SQS queue. Nothing was changed." ;;
esac

before=notifications-of-$bucket.$(date -u +%Y%m%dT%H%M%SZ).json
# A bucket that tells nobody anything is answered with nothing at all.
aws s3api get-bucket-notification-configuration --bucket "$bucket" --output json >"$before" ||
	{ rm -f "$before"; fail "The notifications of $bucket could not be read (s3:GetBucketNotification). Nothing was changed."; }
[ -s "$before" ] || echo '{}' >"$before"

after=$(jq --arg id "$id" --arg list "$list" --arg member "$member" --arg arn "$arn" --arg prefix "${prefix:+${prefix%/}/}AWSLogs/" '
	del(.ResponseMetadata)
	| (.TopicConfigurations, .QueueConfigurations, .LambdaFunctionConfigurations) |= [.[]? | select(.Id != $id)]
	| if $arn == "" then . else
		.[$list] += [{
			Id: $id, ($member): $arn, Events: ["s3:ObjectCreated:*"],
			Filter: {Key: {FilterRules: [{Name: "prefix", Value: $prefix}, {Name: "suffix", Value: ".json.gz"}]}}
		}]
	end
	| del(.[] | select(. == []))' "$before")

aws s3api put-bucket-notification-configuration --bucket "$bucket" --notification-configuration "$after" ||
	fail "S3 refused, and nothing was changed. Where it says that configurations overlap, $bucket tells somebody of the same files
already: subscribe the queue to that topic instead (aws sns subscribe). Where it cannot validate the destination, the
policy of the topic or queue does not name $bucket."
printf '%s: done. The way back to what was there before:\n' "$bucket"
printf '  aws s3api put-bucket-notification-configuration --bucket %s --notification-configuration file://%s\n' "$bucket" "$before"
