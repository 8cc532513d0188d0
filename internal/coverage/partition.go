package coverage

import (
	"slices"
	"strings"
)

// partition is what is known of one AWS partition.
type partition struct {
	name     string
	prefixes []string // of its Regions' names
	enabled  []string // Regions that cannot be disabled
	optIn    []string
	global   []string // where global service events occur; several: not documented, any of them
}

// partitions lists the most particular prefixes first: "us-" is aws only when nothing else claims the Region.
// Regions: AWS SDK partition data; opt-in: Account Management guide, "Specify which Regions your account can use".
// Global Region of aws: CloudTrail guide, "Concepts"; of aws-us-gov: GovCloud guide. aws-cn and the iso partitions
// are not documented, so each of their Regions is possible.
var partitions = []partition{
	{
		name: "aws-us-gov", prefixes: []string{"us-gov-"},
		enabled: []string{"us-gov-west-1", "us-gov-east-1"}, global: []string{"us-gov-west-1"},
	},
	{
		name: "aws-cn", prefixes: []string{"cn-"},
		enabled: []string{"cn-north-1", "cn-northwest-1"}, global: []string{"cn-north-1", "cn-northwest-1"},
	},
	{
		name: "aws-eusc", prefixes: []string{"eusc-"},
		enabled: []string{"eusc-de-east-1"}, global: []string{"eusc-de-east-1"},
	},
	{
		name: "aws-iso", prefixes: []string{"us-iso-"},
		enabled: []string{"us-iso-east-1", "us-iso-west-1"}, global: []string{"us-iso-east-1", "us-iso-west-1"},
	},
	{
		name: "aws-iso-b", prefixes: []string{"us-isob-"},
		enabled: []string{"us-isob-east-1", "us-isob-west-1"}, global: []string{"us-isob-east-1", "us-isob-west-1"},
	},
	{
		name: "aws-iso-e", prefixes: []string{"eu-isoe-"},
		enabled: []string{"eu-isoe-west-1"}, global: []string{"eu-isoe-west-1"},
	},
	{
		name: "aws-iso-f", prefixes: []string{"us-isof-"},
		enabled: []string{"us-isof-south-1", "us-isof-east-1"}, global: []string{"us-isof-south-1", "us-isof-east-1"},
	},
	{
		name:     "aws",
		prefixes: []string{"us-", "ca-", "sa-", "mx-", "eu-", "ap-", "af-", "me-", "il-"},
		enabled: []string{
			"us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1",
			"eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3",
			"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
		},
		optIn: []string{
			"af-south-1", "ap-east-1", "ap-east-2", "ap-south-2",
			"ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
			"ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1",
			"me-central-1", "me-south-1", "mx-central-1",
		},
		global: []string{"us-east-1"},
	},
}

// PartitionOf returns the partition of a Region, also of one newer than this table, or "" for what is no Region.
func PartitionOf(region string) string {
	if strings.Count(region, "-") < 2 {
		return ""
	}
	for i := range partitions {
		for _, p := range partitions[i].prefixes {
			if strings.HasPrefix(region, p) {
				return partitions[i].name
			}
		}
	}
	return ""
}

// DefaultRegions returns the Regions of a partition that are enabled in every account, nil for an unknown partition.
func DefaultRegions(partition string) []string {
	if p := partitionNamed(partition); p != nil {
		return slices.Clone(p.enabled)
	}
	return nil
}

// OptInRegions returns the known Regions of a partition that an account enables itself.
func OptInRegions(partition string) []string {
	if p := partitionNamed(partition); p != nil {
		return slices.Clone(p.optIn)
	}
	return nil
}

// OptIn reports whether an account must enable the Region before it can be used. A Region of partition aws that is
// newer than this table is one: every Region opened since March 2019 is.
func OptIn(region string) bool {
	if PartitionOf(region) != "aws" {
		return false
	}
	return !slices.Contains(partitionNamed("aws").enabled, region)
}

// GlobalRegions returns the Region in which a partition's global service events occur; several when it is one of
// them but not documented which, none for an unknown partition.
func GlobalRegions(partition string) []string {
	if p := partitionNamed(partition); p != nil {
		return slices.Clone(p.global)
	}
	return nil
}

func partitionNamed(name string) *partition {
	for i := range partitions {
		if partitions[i].name == name {
			return &partitions[i]
		}
	}
	return nil
}
