package email_test

import (
	"context"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"golang.org/x/tools/txtar"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/notify/email"
)

var now = channeltest.Now

func TestEmail(t *testing.T) {
	for _, encrypted := range []string{"starttls", "implicit", "none"} {
		t.Run(encrypted, func(t *testing.T) {
			channeltest.Run(t, email.Kind, func(t *testing.T) *channeltest.Far {
				t.Helper()
				_, far := start(t, encrypted)
				return far
			})
		})
	}
}

// All messages of a finding are one thread: by their references, and for mailboxes that go by the subject by that.
func TestThread(t *testing.T) {
	o, far := start(t, "starttls")
	s := channeltest.Play(t, email.Kind, far)
	high := channeltest.Stopped()
	high.Severity = model.High
	s.Tell(t, high, notify.Open)
	s.Tell(t, channeltest.Stopped(), notify.Open)
	s.Tell(t, channeltest.Started(), notify.Resolved)
	s.Notice.Opened = now.Add(time.Hour)
	s.Tell(t, channeltest.Stopped(), notify.Open)
	first := o.all[0].header.Get("Message-Id")
	if want := "<cairn." + high.ID + ".1795340467@example.com>"; first != want {
		t.Errorf("the first is %s, want %s", first, want)
	}
	title := strings.TrimPrefix(o.all[0].subject(), "[HIGH] ")
	seen := map[string]bool{}
	for i, want := range []string{"[HIGH] ", "Re: [EXTREME] ", "Re: [RESOLVED] ", "Re: [EXTREME] "} {
		l := o.all[i]
		if l.subject() != want+title || i > 0 && l.header.Get("References") != first || seen[l.header.Get("Message-Id")] {
			t.Errorf("message %d is %q, %v", i, l.subject(), l.header)
		}
		seen[l.header.Get("Message-Id")] = true
	}
	if !strings.Contains(o.all[1].text, "Now EXTREME, it was HIGH.") || !strings.Contains(o.all[3].html, "Open again.") {
		t.Errorf("what changed is not said:\n%s\n%s", o.all[1].text, o.all[3].html)
	}
}

// A repeat after a crash has the Message-ID of the message that it repeats, though the finding went on.
func TestRepeatIsKnown(t *testing.T) {
	o, far := start(t, "starttls")
	s := channeltest.Play(t, email.Kind, far)
	s.Tell(t, channeltest.Stopped(), notify.Open)
	s.Again()
	s.Tell(t, channeltest.Stopped(), notify.Open)
	if a, b := o.all[0].header.Get("Message-Id"), o.all[1].header.Get("Message-Id"); a != b {
		t.Errorf("%s and %s", a, b)
	}
}

// A trial is seen each time: nobody drops it as a repeat.
func TestTrialsAreNew(t *testing.T) {
	o, far := start(t, "starttls")
	for range 2 {
		s := channeltest.Play(t, email.Kind, far)
		s.Notice.Test = true
		s.Tell(t, channeltest.Stopped(), notify.Open)
		o.wait(time.Second)
	}
	if a, b := o.all[0].header.Get("Message-Id"), o.all[1].header.Get("Message-Id"); a == b || !strings.HasPrefix(o.all[0].subject(), "[TEST] ") {
		t.Errorf("%s and %s, %q", a, b, o.all[0].subject())
	}
}

func smtpError(code int, enhanced smtp.EnhancedCode, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

// One mailbox that is full, and one that is gone, keep nobody from hearing of it; and nobody hears of it twice.
func TestOthersGetIt(t *testing.T) {
	const full, gone = "full@example.com", "gone@example.com"
	o, far := start(t, "starttls", "to", full, "to", gone)
	s := channeltest.Play(t, email.Kind, far)
	o.fault["rcpt "+full] = smtpError(452, smtp.EnhancedCode{4, 2, 2}, "mailbox full")
	o.fault["rcpt "+gone] = smtpError(550, smtp.EnhancedCode{5, 7, 1}, "no such user")
	if got := notify.FailureOf(s.Try(t.Context(), channeltest.Stopped(), notify.Open)); got.Failure != notify.Later || got.Unsure || !got.Some {
		t.Errorf("got %+v", got)
	}
	if strings.Contains(s.Ref, "full@") || len(o.boxes[to]) != 1 {
		t.Errorf("%d messages, and the ref is %s", len(o.boxes[to]), s.Ref)
	}
	o.fault["rcpt "+gone] = smtpError(550, smtp.EnhancedCode{5, 7, 1}, "no such user")
	err := s.Try(t.Context(), channeltest.Stopped(), notify.Open)
	if got := notify.FailureOf(err); got.Failure != notify.Refused || !got.Some {
		t.Errorf("got %+v", got)
	}
	if text := err.Error(); !strings.Contains(text, "1 of 3 recipients did not get it: ") || !strings.HasSuffix(text, "("+gone+")") || strings.Contains(text, to) {
		t.Error(text)
	}
	if len(o.boxes[to]) != 1 || len(o.boxes[full]) != 1 || len(o.boxes[gone]) != 0 {
		t.Errorf("the mailboxes hold %d, %d and %d", len(o.boxes[to]), len(o.boxes[full]), len(o.boxes[gone]))
	}
	if a, b := o.all[0].header, o.all[1].header; a.Get("Message-Id") != b.Get("Message-Id") || a.Get("To") != b.Get("To") {
		t.Errorf("not the same message: %v, %v", a, b)
	}
	// What comes next is another message, and goes to all: somebody may have put the address right.
	s.Tell(t, channeltest.Started(), notify.Resolved)
	if a, b := o.all[0].header, o.all[2].header; a.Get("Message-Id") == b.Get("Message-Id") || a.Get("Message-Id") != b.Get("References") {
		t.Errorf("not of one thread: %v, %v", a, b)
	}
	if len(o.boxes[to]) != 2 || len(o.boxes[full]) != 2 || len(o.boxes[gone]) != 1 {
		t.Errorf("the next message is in %d, %d and %d", len(o.boxes[to]), len(o.boxes[full]), len(o.boxes[gone]))
	}
}

// Who is to be tried later is, for a while. Then the message counts as told, and a repeat of it goes to all again.
func TestFullForLong(t *testing.T) {
	const full = "full@example.com"
	o, far := start(t, "starttls", "to", full)
	s := channeltest.Play(t, email.Kind, far)
	for try := 1; ; try++ {
		o.fault["rcpt "+full] = smtpError(452, smtp.EnhancedCode{4, 2, 2}, "mailbox full")
		got := notify.FailureOf(s.Try(t.Context(), channeltest.Stopped(), notify.Open))
		if len(o.boxes[to]) != 1 || !got.Some {
			t.Fatalf("try %d: the others have %d, and %+v", try, len(o.boxes[to]), got)
		}
		if got.Failure == notify.Refused {
			break
		}
		if try > 20 {
			t.Fatal("it never ends")
		}
	}
	s.Tell(t, channeltest.Stopped(), notify.Open)
	if len(o.boxes[to]) != 2 || len(o.boxes[full]) != 1 {
		t.Errorf("the mailboxes hold %d and %d", len(o.boxes[to]), len(o.boxes[full]))
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		step         string
		code, detail int
		want         notify.Failure
		says         string
	}{
		{"hello", 554, 0, notify.Closed, "no service"},
		{"auth", 454, 7, notify.Later, ""},
		{"auth", 535, 7, notify.Closed, "right user and password"},
		{"mail", 530, 7, notify.Closed, "set user and password"},
		{"mail", 550, 7, notify.Closed, "send as that address"},
		{"mail", 552, 3, notify.Refused, ""},
		{"mail", 421, 0, notify.Later, ""},
		{"rcpt " + to, 450, 2, notify.Later, ""},
		{"rcpt " + to, 550, 1, notify.Refused, ""},
		{"rcpt " + to, 554, 7, notify.Closed, "send there"},
		{"data", 451, 3, notify.Later, ""},
		{"data", 554, 7, notify.Refused, "no service"},
	} {
		o, far := start(t, "starttls")
		o.fault[c.step] = smtpError(c.code, smtp.EnhancedCode{c.code / 100, c.detail, 1}, "no service")
		err := channeltest.Play(t, email.Kind, far).Try(t.Context(), channeltest.Stopped(), notify.Open)
		if got := notify.FailureOf(err); got.Failure != c.want || got.Unsure || !strings.Contains(err.Error(), c.says) || !regexp.MustCompile(`^SMTP 127\.0\.0\.1:\d+, .*: \d{3} \d\.`).MatchString(err.Error()) {
			t.Errorf("%s %d: %q, unsure %v, want %q: %v", c.step, c.code, got.Failure, got.Unsure, c.want, err)
		}
	}
}

// A day's limit passes by itself, though servers say it as if it did not: no message is given up for it.
func TestLimitsOfADay(t *testing.T) {
	for step, enhanced := range map[string]smtp.EnhancedCode{"mail": {5, 1, 90}, "rcpt " + to: {5, 4, 5}, "data": {5, 4, 5}} {
		o, far := start(t, "starttls")
		o.fault[step] = smtpError(550, enhanced, "Daily user sending limit exceeded")
		s := channeltest.Play(t, email.Kind, far)
		if got := notify.FailureOf(s.Try(t.Context(), channeltest.Stopped(), notify.Open)); got.Failure != notify.Later || !strings.Contains(got.Error(), "today") {
			t.Errorf("%s: %q: %v", step, got.Failure, got)
		}
		s.Tell(t, channeltest.Stopped(), notify.Open)
	}
}

// A server that says nothing is left while there is time for others to take the message; once it was given the message, it
// may have taken it, and is left alone for a while.
func TestSilence(t *testing.T) {
	for name, given := range map[string]bool{"from the first": false, "after the message": true} {
		t.Run(name, func(t *testing.T) {
			o, far := start(t, "starttls")
			o.hang = given
			if !given {
				far.Settings["port"] = []string{deaf(t)}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			begun := time.Now()
			s := channeltest.Play(t, email.Kind, far)
			_, err := s.Channel.Show(ctx, notify.Compose(notify.Notice{Finding: channeltest.Stopped(), State: notify.Open, Opened: now}, now), "")
			if got := notify.FailureOf(err); err == nil || got.Failure != notify.Later || got.Unsure != given || got.After != map[bool]time.Duration{true: time.Minute}[given] || !strings.Contains(err.Error(), "in time") {
				t.Errorf("got %+v", got)
			}
			if took := time.Since(begun); took > 5*time.Second || !given && took > 1500*time.Millisecond {
				t.Errorf("it waited for %s", took)
			}
		})
	}
}

// deaf is the port of a server that takes connections and says nothing.
func deaf(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// What is wrong with a connection is said, and only what may pass by itself is tried again.
func TestConnections(t *testing.T) {
	set := func(far *channeltest.Far, name, value string) { far.Settings[name] = []string{value} }
	for _, c := range []struct {
		name   string
		change func(*channeltest.Far)
		serves string
		want   notify.Failure
		says   string
	}{
		{"nobody listens", func(f *channeltest.Far) { set(f, "port", "1") }, "starttls", notify.Later, "refused"},
		{"a certificate of somebody else", func(f *channeltest.Far) { f.Env.HTTP = nil }, "starttls", notify.Closed, "certificate"},
		{"the same, implicit", func(f *channeltest.Far) { f.Env.HTTP = nil }, "implicit", notify.Closed, "certificate"},
		{"no STARTTLS", func(f *channeltest.Far) { set(f, "tls", "starttls") }, "none", notify.Closed, "STARTTLS"},
		{"implicit where it is not", func(f *channeltest.Far) { set(f, "tls", "implicit") }, "starttls", notify.Closed, "try tls: starttls"},
		{"another way to log in", func(f *channeltest.Far) { set(f, "auth", "scram-sha-256") }, "starttls", notify.Closed, "fit the server"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, far := start(t, c.serves)
			c.change(far)
			err := channeltest.Play(t, email.Kind, far).Try(t.Context(), channeltest.Stopped(), notify.Open)
			if got := notify.FailureOf(err); err == nil || got.Failure != c.want || got.Unsure || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q, want %q: %v", got.Failure, c.want, err)
			}
			if len(o.all) != 0 {
				t.Error("it was sent")
			}
		})
	}
}

// The password is never sent in clear to another machine, nor to a server that does not encrypt.
func TestNoneIsForThisMachine(t *testing.T) {
	_, far := start(t, "none")
	for host, ok := range map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true, "smtp.example.com": false, "10.0.0.1": false, "127.0.0.1.evil.example": false} {
		far.Settings["host"] = []string{host}
		if _, err := email.Kind.New(far.Settings, far.Env); (err == nil) != ok {
			t.Errorf("%s: %v", host, err)
		}
	}
	far.Settings["host"], far.Settings["password"] = []string{"localhost"}, nil
	if _, err := email.Kind.New(far.Settings, far.Env); err == nil {
		t.Error("a user without a password is taken")
	}
}

func TestSettings(t *testing.T) {
	for _, c := range []struct{ name, good, wrong string }{
		{"host", "smtp.example.com|127.0.0.1|::1", "|smtp.example.com:587|https://smtp.example.com|a b"},
		{"port", "587|25", "0|65536|smtp|-1"},
		{"from", "cairn@example.com|Cairn <cairn@example.com>|\"The Cairn\" <a+b@xn--bcher-kva.example>", "cairn|a@b@c|a@bücher.example|a@b.example, c@d.example|a@b.example\r\nBcc: c@d.example|ä@example.com"},
		{"to", "soc@example.com", "soc|<>|"},
	} {
		for _, s := range email.Kind.Settings {
			if s.Name != c.name {
				continue
			}
			for value := range strings.SplitSeq(c.good, "|") {
				if err := s.Check(value); err != nil {
					t.Errorf("%s: %v", s.Name, err)
				}
			}
			for value := range strings.SplitSeq(c.wrong, "|") {
				if s.Check(value) == nil {
					t.Errorf("%s takes %q", s.Name, value)
				}
			}
		}
	}
}

// What is sent, and what is read.
func TestMessages(t *testing.T) {
	o, far := start(t, "starttls")
	s := channeltest.Play(t, email.Kind, far)
	s.Tell(t, channeltest.Stopped(), notify.Open)
	o.wait(15 * time.Minute)
	s.Now = o.now()
	s.Tell(t, channeltest.Started(), notify.Resolved)
	s = channeltest.Play(t, email.Kind, far)
	s.Tell(t, channeltest.Posture(), notify.Open)
	var ar txtar.Archive
	for i, name := range []string{"stopped", "started", "posture"} {
		l := o.all[i]
		head, _, _ := strings.Cut(l.raw, "\r\n\r\n")
		ar.Files = append(ar.Files, txtar.File{Name: name + " header", Data: []byte(strings.ReplaceAll(head, "\r\n", "\n"))},
			txtar.File{Name: name + " text", Data: []byte(l.text)}, txtar.File{Name: name + " page", Data: []byte(l.html)})
	}
	golden.Keep(t, "testdata/messages.txtar", string(txtar.Format(&ar)))
}

// Whatever the names are, the office reads it: one header a name, two parts, no markup, the id in both.
func FuzzMessage(f *testing.F) {
	for _, name := range channeltest.Hostile {
		f.Add(name, name, name, uint8(1))
	}
	f.Add(strings.Repeat("ü", 9000), "\r\n--=_cairn_bc5b70cc92946a70--\r\n", ".\r\n.\r\nQUIT\r\n", uint8(200))
	f.Fuzz(func(t *testing.T, message, name, fix string, times uint8) {
		if len(name) > 4000 || len(message) > 20_000 || len(fix) > 4000 {
			t.Skip()
		}
		find := channeltest.Stopped()
		find.Message, find.Resource.ID, find.Region, find.Fix = message, name, name, strings.Repeat(fix+"\n", int(times))
		find.Cause.Actor.ARN, find.Cause.Lost[0].What, find.Reason = name, message, name
		o, far := start(t, "none")
		channeltest.Play(t, email.Kind, far).Tell(t, find, notify.Open)
		if len(o.all) != 1 || !strings.HasPrefix(o.all[0].subject(), "[EXTREME] ") || !strings.HasPrefix(o.all[0].text, "EXTREME  ") {
			t.Errorf("%d messages", len(o.all))
		}
	})
}

func TestLend(t *testing.T) {
	channeltest.Lend(t, map[string]func(*testing.T) *channeltest.Far{
		"email": func(t *testing.T) *channeltest.Far {
			t.Helper()
			o, far := start(t, "none")
			o.at, o.late = time.Now(), 5*time.Minute
			return far
		},
	})
}
