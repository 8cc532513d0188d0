package slack_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/notify/slack"
)

var now = channeltest.Now

func TestWebhook(t *testing.T) {
	channeltest.Run(t, slack.Kind, func(t *testing.T) *channeltest.Far {
		t.Helper()
		_, far := start(t, slack.Kind)
		return far
	})
}

func TestBot(t *testing.T) {
	channeltest.Run(t, slack.BotKind, func(t *testing.T) *channeltest.Far {
		t.Helper()
		_, far := start(t, slack.BotKind)
		return far
	})
}

// A thread gets what people must see, and the channel what is worse than they know; a further event disturbs nobody.
func TestThread(t *testing.T) {
	w, far := start(t, slack.BotKind)
	s := channeltest.Play(t, slack.BotKind, far)
	high := channeltest.Stopped()
	high.Severity = model.High
	s.Tell(t, high, notify.Open)
	if s.Ref != channelID+":1795340467.000001" {
		t.Errorf("the ref is %q", s.Ref)
	}
	s.Tell(t, high, notify.Open)
	for _, step := range []struct {
		finding   model.Finding
		state     notify.State
		says      string
		broadcast bool
	}{
		{channeltest.Stopped(), notify.Open, "Now EXTREME, it was HIGH. EXTREME  StopLogging on trail/org-trail", true},
		{channeltest.Started(), notify.Resolved, "Resolved: 2026-11-22 09:44:07 UTC\nWas: every management event", false},
		{channeltest.Stopped(), notify.Open, "Open again. EXTREME  StopLogging on trail/org-trail", true},
	} {
		before := len(w.replies())
		s.Tell(t, step.finding, step.state)
		replies := w.replies()
		if len(replies) != before+1 {
			t.Fatalf("%s: %d replies, want one more than %d", step.says, len(replies), before)
		}
		last := replies[before]
		if !strings.Contains(last.text, step.says) || last.broadcast != step.broadcast || last.parent != "1795340467.000001" {
			t.Errorf("the reply is %+v, want %q", last, step.says)
		}
		s.Tell(t, step.finding, step.state)
	}
	if len(w.replies()) != 3 || len(w.shown()) != 1 {
		t.Errorf("%d replies and %d messages, want 3 and 1", len(w.replies()), len(w.shown()))
	}
}

// Each attempt that fails between the update and the reply is made good by the next, which says it once.
func TestReplyIsMadeUpFor(t *testing.T) {
	w, far := start(t, slack.BotKind)
	s := channeltest.Play(t, slack.BotKind, far)
	s.Tell(t, channeltest.Stopped(), notify.Open)
	w.fail("", "internal_error")
	err := s.Try(t.Context(), channeltest.Started(), notify.Resolved)
	if got := notify.FailureOf(err); err == nil || got.Failure != notify.Later || !got.Unsure {
		t.Errorf("got %+v, want a failure that may pass and may have been none", got)
	}
	s.Tell(t, channeltest.Started(), notify.Resolved)
	if len(w.replies()) != 1 || len(w.shown()) != 1 || w.shown()[0].Open {
		t.Errorf("%d replies to %+v", len(w.replies()), w.shown())
	}
}

// A message that is not there any more, or is not ours, is posted anew.
func TestPostedAnew(t *testing.T) {
	for _, name := range []string{"message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found", "is_archived"} {
		w, far := start(t, slack.BotKind)
		s := channeltest.Play(t, slack.BotKind, far)
		s.Tell(t, channeltest.Stopped(), notify.Open)
		w.fail(name)
		s.Tell(t, channeltest.Started(), notify.Resolved)
		if shown := w.shown(); len(shown) != 2 || shown[1].Open || len(w.replies()) != 0 || !strings.HasSuffix(s.Ref, ".000002") {
			t.Errorf("%s: %+v with %d replies, and the ref is %q", name, shown, len(w.replies()), s.Ref)
		}
	}
}

// What the Web API says with a 200.
func TestErrorsOfTheWebAPI(t *testing.T) {
	for name, want := range map[string]notify.Failure{
		"invalid_auth": notify.Closed, "token_revoked": notify.Closed, "account_inactive": notify.Closed, "channel_not_found": notify.Closed,
		"not_in_channel": notify.Closed, "is_archived": notify.Closed, "missing_scope": notify.Closed, "restricted_action_read_only_channel": notify.Closed,
		"msg_too_long": notify.Refused, "invalid_blocks": notify.Refused, "msg_blocks_too_long": notify.Refused,
		"ratelimited": notify.Later, "internal_error": notify.Later, "fatal_error": notify.Later, "service_unavailable": notify.Later, "a_new_one": notify.Later, token: notify.Later,
	} {
		w, far := start(t, slack.BotKind)
		w.fail(name)
		err := channeltest.Play(t, slack.BotKind, far).Try(t.Context(), channeltest.Stopped(), notify.Open)
		got := notify.FailureOf(err)
		if got.Failure != want || got.Unsure != strings.HasSuffix(name, "l_error") {
			t.Errorf("%s is %q, unsure %v; want %q: %v", name, got.Failure, got.Unsure, want, err)
		}
		if want == notify.Closed && len(err.Error()) < len("chat.postMessage: Slack says : ")+len(name)+10 {
			t.Errorf("%v does not say what to do", err)
		}
		if strings.Contains(err.Error(), token) {
			t.Errorf("%v tells the token", err)
		}
	}
}

// What the webhook says.
// Whatever an answer repeats of the token, no error tells it, nor the half that a cut would leave.
func TestTokenInAnAnswer(t *testing.T) {
	long := "xoxb-" + strings.Repeat("s3cr3t-", 12)
	s := channeltest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"ok": false, "error": "no %s", "needed": "%s"}`, long, long)
	}))
	c, err := slack.BotKind.New(channeltest.Settings("token", long, "channel", "C0123456789", "api", s.URL), s.Env())
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Show(t.Context(), notify.Compose(notify.Notice{Finding: channeltest.Stopped(), State: notify.Open}, now), "")
	if err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("it tells a secret: %v", err)
	}
}

func TestErrorsOfTheWebhook(t *testing.T) {
	for answer, want := range map[string]notify.Failure{
		"400 invalid_payload": notify.Refused, "403 action_prohibited": notify.Closed, "403 invalid_token": notify.Closed, "404 no_service": notify.Closed,
		"404 channel_not_found": notify.Closed, "410 channel_is_archived": notify.Closed, "500 rollup_error": notify.Later, "200 <html>": notify.Later,
	} {
		w, far := start(t, slack.Kind)
		w.hook = []string{answer}
		err := channeltest.Play(t, slack.Kind, far).Try(t.Context(), channeltest.Stopped(), notify.Open)
		got := notify.FailureOf(err)
		if err == nil || got.Failure != want || got.Unsure != (want == notify.Later) || want != notify.Later && !strings.Contains(err.Error(), answer[4:]) {
			t.Errorf("%s is %q, unsure %v, want %q: %v", answer, got.Failure, got.Unsure, want, err)
		}
	}
}

// Who tries a webhook of their own on this machine is told what its address lacks.
func TestWebhookWithoutServices(t *testing.T) {
	for address, told := range map[string]bool{"http://127.0.0.1:8080/x": true, "https://hooks.slack.com/workflows/x": true, "https://evil.example/x": false} {
		err := slack.Kind.Settings[0].Check(address)
		if err == nil || strings.Contains(err.Error(), "does not begin with /services/") != told {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestSettings(t *testing.T) {
	for _, c := range []struct {
		kind        notify.Kind
		name        string
		good, wrong []string
	}{
		{slack.Kind, "webhook", []string{
			"https://hooks.slack.com/services/T0/B0/x", "https://hooks.slack-gov.com/services/T0/B0/x", "http://127.0.0.1:8080/services/x",
		}, []string{
			"", "hooks.slack.com/services/T0/B0/x", "http://hooks.slack.com/services/T0/B0/x", "https://hooks.slack.com.evil.example/services/x",
			"https://hooks.slack.com@evil.example/services/x", "https://hooks.slack.com/workflows/x", "https://user@hooks.slack.com/services/x",
			"http://127.0.0.1:8080/x",
		}},
		{slack.BotKind, "token", []string{token}, []string{"", "xoxp-1", "xapp-1", "Bearer xoxb-1"}},
		{slack.BotKind, "channel", []string{"C0123456789", "security", "#security"}, []string{"", "two words", "a,b", "<#C1>"}},
		{slack.BotKind, "api", []string{"https://slack.com/api", "https://slack-gov.com/api", "http://[::1]:1/api"}, []string{"https://evil.example/api", "http://slack.com/api"}},
	} {
		for _, s := range c.kind.Settings {
			if s.Name != c.name {
				continue
			}
			for _, value := range c.good {
				if err := s.Check(value); err != nil {
					t.Errorf("%s %q: %v", s.Name, value, err)
				}
			}
			for _, value := range c.wrong {
				if err := s.Check(value); err == nil || s.Secret && len(value) > 8 && strings.Contains(err.Error(), value) {
					t.Errorf("%s %q: %v", s.Name, value, err)
				}
			}
		}
	}
}

// What is sent, and what a person sees of it.
func TestMessages(t *testing.T) {
	w, far := start(t, slack.BotKind)
	s := channeltest.Play(t, slack.BotKind, far)
	var ar txtar.Archive
	keep := func(name string, text []byte) { ar.Files = append(ar.Files, txtar.File{Name: name, Data: text}) }
	show := func(name string, f model.Finding, state notify.State) {
		from := len(w.sent)
		s.Tell(t, f, state)
		for i, sent := range w.sent[from:] {
			var b bytes.Buffer
			if err := json.Indent(&b, []byte(sent), "", "  "); err != nil {
				t.Fatal(err)
			}
			keep(name+[]string{"", ", reply"}[i]+".json", b.Bytes())
		}
		for _, m := range w.messages {
			keep(name+map[bool]string{true: ", seen", false: ", reply seen"}[m.parent == ""], []byte(m.text))
		}
		w.messages = w.messages[:1]
	}
	show("stopped", channeltest.Stopped(), notify.Open)
	s.Now = now.Add(15 * time.Minute)
	show("started", channeltest.Started(), notify.Resolved)
	w, far = start(t, slack.Kind)
	s = channeltest.Play(t, slack.Kind, far)
	show("posture", channeltest.Posture(), notify.Open)
	golden.Keep(t, "testdata/messages.txtar", string(txtar.Format(&ar)))
}

// A text that was escaped and cut has room, is a part of what was given, and holds no half of an escape.
func FuzzFit(f *testing.F) {
	f.Add("<!channel> & co", 10)
	f.Add(strings.Repeat("<", 50), 7)
	f.Add("ü&amp;", 3)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 1 || n > 5000 || !utf8.ValidString(text) {
			t.Skip()
		}
		got := slack.Fit(text, n)
		if utf8.RuneCountInString(got) > n {
			t.Errorf("%q has more than %d characters", got, n)
		}
		if strings.ContainsAny(got, "<>") {
			t.Errorf("%q is not escaped", got)
		}
		plain := strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">").Replace(got)
		if cut, was := strings.CutSuffix(plain, "…"); plain != text && (!was || !strings.HasPrefix(text, cut)) {
			t.Errorf("%q became %q", text, plain)
		}
	})
}

// Whatever the names are, the double takes the message: every limit, no markup, and the id is there.
func FuzzMessage(f *testing.F) {
	for _, name := range channeltest.Hostile {
		f.Add(name, name, name, uint8(1))
	}
	f.Add(strings.Repeat("ü", 9000), strings.Repeat("😀", 900), "", uint8(200))
	f.Add("", "0", "", uint8(1)) // an empty line for a command
	f.Fuzz(func(t *testing.T, message, name, fix string, times uint8) {
		if len(name) > 4000 || len(message) > 20_000 || len(fix) > 4000 {
			t.Skip()
		}
		find := channeltest.Stopped()
		find.Message, find.Resource.ID, find.Region, find.Fix = message, name, name, strings.Repeat(fix+"\n", int(times))
		find.Cause.Actor.ARN, find.Cause.Lost[0].What, find.Reason = name, message, name
		m := notify.Compose(notify.Notice{Finding: find, State: notify.Open, Opened: now}, now)
		if got := slack.Weigh(m); got > slack.MostJSON {
			t.Errorf("the blocks weigh %d", got)
		}
		w, far := start(t, slack.Kind)
		channeltest.Play(t, slack.Kind, far).Tell(t, find, notify.Open)
		if shown := w.shown(); !strings.Contains(shown[0].Text, find.ID) {
			t.Errorf("the id is lost:\n%s", shown[0].Text)
		}
	})
}
