// Package all lists the kinds of channels that there are.
package all

import (
	"cairn.example/internal/notify"
	"cairn.example/internal/notify/email"
	"cairn.example/internal/notify/pagerduty"
	"cairn.example/internal/notify/servicenow"
	"cairn.example/internal/notify/slack"
	"cairn.example/internal/notify/sms"
	"cairn.example/internal/notify/webhook"
	"cairn.example/internal/notify/zendesk"
)

// Kinds are all kinds, in the order in which a person looks for them.
func Kinds() notify.Kinds {
	return notify.Kinds{
		slack.Kind, slack.BotKind, email.Kind, sms.Kind, pagerduty.Kind, servicenow.Kind, servicenow.Events, zendesk.Kind, webhook.Kind,
	}
}
