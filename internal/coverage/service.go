package coverage

import "slices"

const (
	sourceKMS     = "kms.amazonaws.com"
	sourceRDSData = "rdsdata.amazonaws.com"
	sourceSTS     = "sts.amazonaws.com"
	sourceSignIn  = "signin.amazonaws.com"
)

// onlyGlobal are the services all of whose events are global service events.
var onlyGlobal = []string{"iam.amazonaws.com", "cloudfront.amazonaws.com"}

// doubtfulSources are services whose events occur in the global Region and of which no page says whether
// IncludeGlobalServiceEvents=false drops them ("Global services" of the fault isolation whitepaper).
var doubtfulSources = []string{
	"account.amazonaws.com", "billing.amazonaws.com", "billingconsole.amazonaws.com", "organizations.amazonaws.com",
	"route53.amazonaws.com", "route53domains.amazonaws.com", "shield.amazonaws.com", "waf.amazonaws.com",
	"wafv2.amazonaws.com",
}

// baseSources are the event sources that every goal tells apart: those that can be excluded, and those that are more
// than plain somewhere.
var baseSources = slices.Concat([]string{sourceKMS, sourceRDSData, sourceSTS, sourceSignIn}, onlyGlobal, doubtfulSources)

// kind tells apart what IncludeGlobalServiceEvents treats apart.
type kind uint8

const (
	kindPlain    kind = iota
	kindGlobal        // a global service event
	kindDoubtful      // of a service for which it is not documented whether the flag drops its events
	kindCount
)

// service is a sort of service: which kinds of events it has, and where.
type service uint8

const (
	ordinary       service = iota
	alwaysGlobal           // IAM, CloudFront
	globalEndpoint         // STS: in the global Region global at its global endpoint, plain at its Regional one
	globalHere             // sign-in: global in the global Region
	doubtfulHere           // doubtful in the global Region
)

func serviceOf(source string) service {
	switch {
	case source == sourceSTS:
		return globalEndpoint
	case source == sourceSignIn:
		return globalHere
	case slices.Contains(onlyGlobal, source):
		return alwaysGlobal
	case slices.Contains(doubtfulSources, source):
		return doubtfulHere
	default:
		return ordinary
	}
}

// has reports whether the service has events of a kind, in the global Region or elsewhere. Which events are global:
// CloudTrail guide, "Concepts", and for sign-in the notice of November 2021.
func (s service) has(k kind, global bool) bool {
	switch {
	case s == alwaysGlobal:
		return k == kindGlobal && global
	case !global || s == ordinary:
		return k == kindPlain
	case s == globalEndpoint:
		return k != kindDoubtful
	case s == globalHere:
		return k == kindGlobal
	default:
		return k == kindDoubtful
	}
}

// sourceName is what people call a service.
func sourceName(source string) string {
	switch source {
	case sourceKMS:
		return "KMS"
	case sourceRDSData:
		return "RDS Data API"
	case sourceSTS:
		return "STS"
	case sourceSignIn:
		return "console sign-in"
	case "iam.amazonaws.com":
		return "IAM"
	case "cloudfront.amazonaws.com":
		return "CloudFront"
	case "ec2.amazonaws.com":
		return "EC2"
	case "s3.amazonaws.com":
		return "S3"
	case "organizations.amazonaws.com":
		return "Organizations"
	case "route53.amazonaws.com":
		return "Route 53"
	default:
		return shortSource(source)
	}
}
