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

// theRefused stands for the messages of a channel that were refused, beside the channel as a whole.
const theRefused = "Cairn::Notify::Message"

// trouble tells through other channels that one takes nothing, or that it will never take a message, and when that is over:
// what is said of the channel as a whole with the next message that it takes; what is said of messages when it takes one and
// none is left that failed, or when it is quiet. It tells whether all that was kept.
func (w *Watch) trouble(ctx context.Context, t notify.Trouble) bool {
	w.troubles.Lock()
	defer w.troubles.Unlock()
	ctx = context.WithoutCancel(ctx)
	found, err := w.fares(ctx, t)
	if err == nil && len(found.Findings) > 0 {
		var told []store.Told
		told, err = w.Store.Tell(ctx, store.News{Audits: []store.Audit{found}})
		w.tell(told)
	}
	if err != nil {
		w.Log.ErrorContext(ctx, "keep how a channel fares", "channel", t.Channel, "error", err)
	}
	return err == nil
}

// fares is what to tell of a channel: nothing where it takes messages, as far as anybody was told.
func (w *Watch) fares(ctx context.Context, t notify.Trouble) (store.Audit, error) {
	about := model.Ref{Kind: notify.ChannelKind, ID: t.Channel}
	whole, one := w.own(channelRule, "A channel takes no messages", about), w.own(channelRule, "A channel refused a message", about)
	one.ID = model.FindingID("", channelRule, model.Ref{Kind: theRefused, ID: t.Channel})
	for _, f := range []*model.Finding{&whole, &one} {
		f.Severity, f.Page = model.High, "cairn notify list"
		f.Label = f.Severity.Label()
	}
	retry := "cairn notify retry " + t.Channel
	switch {
	case t.Over:
		some, err := w.over(ctx, whole, one)
		return store.Audit{Findings: some}, err
	case t.Some:
		one.Title = "A channel does not reach everybody"
		one.Message = fmt.Sprintf("Not everybody gets the messages of %s: %s. The others got theirs, and are not told twice.", t.Channel, t.Why)
		return store.Audit{Findings: []model.Finding{ended(whole), one}, Once: w.Now()}, nil
	case t.Notice != nil:
		one.Fix = retry
		one.Message = fmt.Sprintf("%s will never take this message as it is (%s): %s", t.Channel, t.Why, notify.Compose(*t.Notice, w.Now()).Headline())
		return store.Audit{Findings: []model.Finding{one}, Once: w.Now()}, nil
	case t.Failure == notify.Closed:
		whole.Fix = retry
		whole.Message = fmt.Sprintf("%s takes nothing until somebody puts it right (%s). What it is owed is kept.", t.Channel, t.Why)
	default:
		whole.Message = fmt.Sprintf("%s has taken nothing since %s (%s). What it is owed is kept and tried again.", t.Channel, model.Moment(t.Since), t.Why)
	}
	return store.Audit{Findings: []model.Finding{whole}}, nil
}

// over is what ends with a message that a channel took.
func (w *Watch) over(ctx context.Context, whole, one model.Finding) ([]model.Finding, error) {
	var out []model.Finding
	for _, f := range []model.Finding{whole, one} {
		going, err := w.Store.Going(ctx, f.ID)
		if err == nil && going && f.ID == one.ID {
			var left int
			left, err = w.Store.Untaken(ctx, f.Resource.ID)
			going = left == 0
		}
		if err != nil {
			return nil, err
		}
		if going {
			out = append(out, ended(f))
		}
	}
	return out, nil
}

func ended(f model.Finding) model.Finding {
	f.Status, f.Message = model.StatusPass, f.Resource.ID+" takes messages again."
	return f
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

// reads is whether accounts can be read. What fails for all at once, such as the credentials or the role of the only one, is
// said of none of them.
func (w *Watch) reads(err error) model.Finding {
	f := w.own(accountRule, "No account can be read", model.Ref{Kind: "Cairn::Watch::Accounts", ID: "all"})
	f.Severity, f.Page = model.High, "cairn doctor"
	f.Label = f.Severity.Label()
	if err == nil {
		f.Status, f.Message = model.StatusPass, "Accounts can be read."
		return f
	}
	f.Message = "Nothing more is learnt of any account: " + err.Error()
	return f
}
