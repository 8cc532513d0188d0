package slack

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"cairn.example/internal/notify"
)

// bot keeps one message a finding. Its ref is "channel:ts", which is how Slack names a message.
type bot struct {
	token, channel, api string
	env                 notify.Env
}

// Show posts the finding's message, or updates it and tells in its thread what people must see. Between the two nothing
// is lost: the update is shown again by the next attempt, and the reply is the last thing done.
func (b *bot) Show(ctx context.Context, m notify.Message, ref string) (string, error) {
	channel, ts, shown := strings.Cut(ref, ":")
	if !shown {
		return b.post(ctx, m)
	}
	p := compose(m)
	p.Channel, p.TS = channel, ts
	_, err := b.call(ctx, "chat.update", p)
	if e, ok := errors.AsType[*apiError](err); ok && gone[e.name] != "" {
		return b.post(ctx, m)
	}
	if err != nil {
		return ref, err
	}
	if p, ok := reply(m); ok {
		p.Channel, p.Thread = channel, ts
		_, err = b.call(ctx, "chat.postMessage", p)
	}
	return ref, err
}

func (b *bot) post(ctx context.Context, m notify.Message) (string, error) {
	p := compose(m)
	p.Channel = b.channel
	a, err := b.call(ctx, "chat.postMessage", p)
	if err != nil {
		return "", err
	}
	if a.Channel == "" || a.TS == "" {
		return "", &notify.Error{Failure: notify.Later, Unsure: true, Err: errors.New("chat.postMessage: Slack said ok, and not which message that is")}
	}
	return a.Channel + ":" + a.TS, nil
}

// answer is what the answers of all methods have in common.
type answer struct {
	OK      bool   `json:"ok"`
	Error   string `json:"error"`
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	Needed  string `json:"needed"` // scopes
}

// call calls a method. Slack says most of what goes wrong with a 200.
func (b *bot) call(ctx context.Context, method string, p post) (answer, error) {
	req, err := request(ctx, b.api+"/"+method, p)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+b.token)
	got, err := notify.Do(ctx, b.env, req, b.token)
	if err != nil {
		return answer{}, err
	}
	var a answer
	if err := got.Into(&a); err != nil || a.OK {
		return a, err
	}
	seconds, _ := strconv.Atoi(got.Header.Get("Retry-After"))
	return answer{}, judge(method, a, time.Duration(min(max(seconds, 0), 86400))*time.Second, b.token)
}

// apiError is the name that Slack gives to what went wrong.
type apiError struct{ method, name, hint string }

func (e *apiError) Error() string {
	text := e.method + ": Slack says " + e.name
	if e.hint != "" {
		text += ": " + e.hint
	}
	return text
}

// closed are errors that last until somebody does what stands beside them.
var closed = map[string]string{ //nolint:gosec // names of errors, and what to do
	"account_inactive":          "the app was removed from the workspace: install it again",
	"access_denied":             "an administrator keeps the app from this",
	"channel_not_found":         "there is no such channel, or it is private and the app is not in it: /invite the app",
	"ekm_access_denied":         "an administrator suspended posting",
	"invalid_auth":              "copy the bot token again from OAuth & Permissions",
	"is_archived":               "the channel is archived: name another one",
	"missing_scope":             "give the app the scope and install it again",
	"no_permission":             "install the app again with the scope chat:write",
	"not_allowed_token_type":    "want a bot token, xoxb-…",
	"not_authed":                "no token arrived",
	"not_in_channel":            "/invite the app to the channel, or give it the scope chat:write.public",
	"restricted_action":         "the workspace's settings keep the app from posting there",
	"team_access_not_granted":   "an administrator must approve the app for this workspace",
	"token_expired":             "the token is one that rotates: switch token rotation off, or give a new one",
	"token_revoked":             "install the app again and take the new token",
	"two_factor_setup_required": "the workspace wants two-factor authentication",
}

// refused are errors of the message itself.
var refused = map[string]bool{
	"invalid_arguments": true, "invalid_array_arg": true, "invalid_attachments": true, "invalid_blocks": true, "invalid_blocks_format": true,
	"invalid_json": true, "json_not_object": true, "msg_blocks_too_long": true, "msg_too_long": true, "no_text": true, "too_many_attachments": true,
}

// gone are errors of an update after which the finding is posted anew: somebody deleted the message, it belongs to an
// app of before, the workspace does not let it be edited any more, or cairn.yaml names another channel by now. If that
// channel is wrong as well, the post says so.
var gone = map[string]string{
	"message_not_found": "deleted", "cant_update_message": "of another app", "edit_window_closed": "too old to be edited",
	"channel_not_found": "in another channel", "not_in_channel": "in another channel", "is_archived": "in another channel",
}

// judge says what an answer that is not ok means. What is in no table may pass; where Slack broke down in the middle the
// message may have arrived.
func judge(method string, a answer, after time.Duration, token string) error {
	short := func(text string) string { return notify.Cut(notify.Clean(notify.Hide(text, token)), 60) }
	e := &apiError{method: method, name: short(a.Error), hint: closed[a.Error]}
	if a.Needed != "" {
		e.hint += " (" + short(a.Needed) + ")"
	}
	out := &notify.Error{Failure: notify.Later, After: after, Err: e}
	switch {
	case e.hint != "":
		out.Failure = notify.Closed
	case strings.HasPrefix(a.Error, "restricted_action_"):
		out.Failure, e.hint = notify.Closed, closed["restricted_action"]
	case refused[a.Error]:
		out.Failure = notify.Refused
	case a.Error == "internal_error", a.Error == "fatal_error":
		out.Unsure = true
	}
	return out
}
