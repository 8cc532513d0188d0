#!/usr/bin/env bash
# peers.sh: what an audit of CloudTrail costs cairn, Prowler and ScoutSuite, on the account of `make bench`: 17 Regions,
# four trails, 50 ms added to every request. Tools that are not installed are left out; TOOLS="cairn" runs only one.
#
# The tools do not do the same work: Prowler and ScoutSuite look at more of AWS than its trails, and get no answer
# there (the last column). Compare the order of magnitude.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

go build -trimpath -ldflags '-s -w' -o "$work/cairn" ./cmd/cairn
go test -c -o "$work/bench" ./test/bench
export PATH="$work:$PATH"

declare -A run=(
	[cairn]="cairn audit"
	[prowler]="prowler aws --service cloudtrail --ignore-exit-code-3 --no-banner --output-formats csv --output-directory $work/prowler"
	[scout]="scout aws --services cloudtrail --no-browser --force --report-dir $work/scout"
)

# in_clean COMMAND...: as test/clean-env, with the benchmark's AWS.
in_clean() {
	test/clean-env env AWS_ENDPOINT_URL="$url" AWS_ACCESS_KEY_ID=bench AWS_SECRET_ACCESS_KEY=bench AWS_REGION=us-east-1 HOME="$work" "$@"
}

printf '%-10s %8s %8s %8s   %s\n' tool wall cpu peak requests
for tool in ${TOOLS:-cairn prowler scout}; do
	if ! command -v "$tool" >/dev/null; then
		printf '%-10s not installed\n' "$tool"
		continue
	fi
	coproc aws { CAIRN_BENCH=serve exec bench; }
	exec {answers}<&"${aws[0]}" {requests}>&"${aws[1]}"
	read -r url <&"$answers"
	# shellcheck disable=SC2086 # a command and its words
	in_clean env CAIRN_BENCH=measure "$work/bench" ${run[$tool]} 3>"$work/usage" >"$work/$tool.log" 2>&1 || cat "$work/$tool.log"
	exec {requests}>&-
	eval "exec ${aws[1]}>&-" 2>/dev/null || true
	read -r calls <&"$answers"
	wait "$aws_PID" 2>/dev/null || true
	exec {answers}<&-
	tr -d '{}"' <"$work/usage" | awk -F'[:,]' -v tool="$tool" -v calls="$calls" \
		'{printf "%-10s %6.2f s %6.2f s %5.0f MB   %s\n", tool, $2/1e9, $4/1e9, $6/1048576, calls}'
done
