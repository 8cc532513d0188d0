package live

import (
	"context"
	"fmt"
	"slices"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/store"
)

// The rules of what cairn finds of its own work.
const (
	channelRule   = "CRN-101"
	accountRule   = "CRN-102"
	silenceRule   = "CRN-103"
	heartbeatRule = "CRN-104"
	untoldRule    = "CRN-105"
)

// trouble tells through other channels that one takes nothing, or that it will never take a message.
func (w *Watch) trouble(ctx context.Context, t notify.Trouble) {
	f := w.own(channelRule, "A channel takes no messages", model.Ref{Kind: notify.ChannelKind, ID: t.Channel})
	f.Severity, f.Page = model.High, "cairn notify list"
	switch {
	case t.Over:
		f.Status, f.Message = model.StatusPass, t.Channel+" takes messages again."
	case t.Some:
		f.Title = "A channel does not reach everybody"
		f.Message = fmt.Sprintf("Not everybody gets the messages of %s: %s. The others got theirs, and are not told twice.", t.Channel, t.Why)
	case t.Notice != nil:
		f.Message = fmt.Sprintf("%s will never take this message as it is (%s): %s", t.Channel, t.Why, notify.Compose(*t.Notice, w.Now()).Headline())
	case t.Failure == notify.Closed:
		f.Message = fmt.Sprintf("%s takes nothing until somebody puts it right (%s). What it is owed is kept.", t.Channel, t.Why)
		f.Fix = "cairn notify retry " + t.Channel
	default:
		f.Message = fmt.Sprintf("%s has taken nothing since %s (%s). What it is owed is kept and tried again.", t.Channel, model.Moment(t.Since), t.Why)
	}
	f.Label = f.Severity.Label()
	told, err := w.Store.Tell(context.WithoutCancel(ctx), store.News{Audits: []store.Audit{{Account: f.Account, Findings: []model.Finding{f}}}})
	if err != nil {
		w.Log.ErrorContext(ctx, "keep that a channel fails", "channel", t.Channel, "error", err)
		return
	}
	w.tell(told)
}

// closed tells of the channels that are closed. Who closed one told of it, unless that process ended in between or the store
// did not answer; and a channel that takes nothing fails no more.
func (w *Watch) closed(ctx context.Context) error {
	all, err := w.Store.Channels(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if !c.Closed.IsZero() && slices.ContainsFunc(w.Workers, func(one *notify.Worker) bool { return one.To.Channel == c.Name }) {
			w.trouble(ctx, notify.Trouble{Channel: c.Name, Since: c.Since, Failure: notify.Closed, Why: c.Error})
		}
	}
	return nil
}

// own is a finding of cairn's own. It belongs to no account.
func (w *Watch) own(rule, title string, about model.Ref) model.Finding {
	return model.Finding{
		ID: model.FindingID("", rule, about), Rule: rule, Title: title, Status: model.StatusFail, Resource: about,
		Notes: []string{}, Evidence: []model.Evidence{}, Controls: []model.Control{},
	}
}

// readable is whether an account can be read: at all, and wherever it asks. What rules cannot know follows from that, and
// routes leave it out unless they ask for it; this is the one thing to be told, and to be put right.
func (w *Watch) readable(a *model.Account) model.Finding {
	about := model.Ref{Kind: model.AccountKind, ID: a.ID}
	f := w.own(accountRule, "An account cannot be read", about)
	f.ID, f.Account, f.Severity, f.Page = model.FindingID(a.ID, accountRule, about), a.ID, model.High, "cairn doctor"
	refused := a.Refused()
	switch gap := a.Unread(); {
	case gap != nil:
		f.Message = "Nothing is known of the account: " + gap.String()
	case len(refused) > 0:
		f.Title, f.Severity = "Part of an account cannot be read", model.Medium
		f.Message = "What rules would say of it is unknown: " + refused[0].String()
		if more := len(refused) - 1; more > 0 {
			f.Message += fmt.Sprintf("; and %s", model.Count(more, "call more", "calls more"))
		}
	default:
		f.Status, f.Message = model.StatusPass, "The account can be read."
	}
	f.Label = f.Severity.Label()
	return f
}
