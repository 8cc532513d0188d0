// Package deploy holds what stands in deploy/ to what cairn needs: the rule forwards what the detections look at, the
// policies allow that and no more, and CloudFormation and Terraform say the same. It evaluates both by itself, since neither
// AWS nor a provider is at hand; test/e2e asks other people's tools.
package deploy
