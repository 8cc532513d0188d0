// Package awsfake is an AWS in process, made of what the AWS CLI prints.
//
// A fixture is one JSON object. Each key is the command line that was run, each
// value what it printed, an error included:
//
//	{"sts get-caller-identity": {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/audit", "UserId": "AIDAEXAMPLE"},
//	 "cloudtrail describe-trails": {"trailList": []},
//	 "cloudtrail describe-trails --region eu-west-1": {"error": "AccessDeniedException"},
//	 "cloudtrail get-trail-status --name t": "An error occurred (ThrottlingException) when calling the GetTrailStatus operation: Rate exceeded"}
//
// Without --region a key answers in every Region. --profile with twelve digits
// names the account that the answer belongs to; without it that is the base
// account, the one of get-caller-identity. The key with the most flags that fit
// a request answers it; where two have as many, the one that names a resource
// goes before the one that names a Region. A trail's name in a key answers for
// its ARN as well. What "cloudtrail lookup-events" printed is a Region's history:
// requests pick from it by attribute and time, newest first, fifty to a page.
//
// The server speaks the services' own protocols and is as strict as AWS about
// Regions. It answers 501 with the code NotTold to whatever the fixture does not
// tell, so a test that asks for too much fails instead of seeing an empty
// account. Faults change the answer to chosen calls.
package awsfake
