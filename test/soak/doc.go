// Package soak proves that nothing is lost: it runs the real program against a queue and far ends that behave as badly as
// the real ones may, kills it at random moments, and compares what is left with what one detector makes of all records at
// once. Its parts are doubles that speak the protocols of SQS, PagerDuty, webhooks and Slack on loopback, so that test/bench
// can measure with them too.
package soak
