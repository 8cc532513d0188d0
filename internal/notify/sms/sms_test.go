package sms_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/notify/sms"
)

var now = channeltest.Now

func TestSMS(t *testing.T) {
	channeltest.Run(t, sms.Kind, func(t *testing.T) *channeltest.Far {
		t.Helper()
		_, far := start(t)
		return far
	})
}

// Phones ring for what is new, and for nothing else.
func TestOnlyWhatIsNew(t *testing.T) {
	c, far := start(t)
	s := channeltest.Play(t, sms.Kind, far)
	high := channeltest.Stopped()
	high.Severity = model.High
	for i, step := range []struct {
		finding model.Finding
		state   notify.State
		want    int
	}{
		{high, notify.Open, 1},
		{high, notify.Open, 1},
		{channeltest.Stopped(), notify.Open, 2},
		{high, notify.Open, 2},
		{channeltest.Started(), notify.Resolved, 3},
		{channeltest.Started(), notify.Resolved, 3},
		{high, notify.Open, 4},
	} {
		s.Tell(t, step.finding, step.state)
		if len(c.phones) != step.want || s.Ref != "" {
			t.Errorf("step %d: %d messages, want %d; the ref is %q", i, len(c.phones), step.want, s.Ref)
		}
	}
}

const second, third = "+447700900123", "+12065550100"

// A phone that got the message does not get it again when another did not.
func TestRetryLeavesOutWhoGotIt(t *testing.T) {
	c, far := start(t, "to", second, "to", third)
	s := channeltest.Play(t, sms.Kind, far)
	c.fail(fault{}, fault{429, "Throttled", "Rate exceeded"})
	if got := notify.FailureOf(s.Try(t.Context(), channeltest.Stopped(), notify.Open)); got.Failure != notify.Later || s.Ref == "" || strings.Contains(s.Ref, "447") {
		t.Errorf("got %+v, and the ref is %q", got, s.Ref)
	}
	again := channeltest.Stopped()
	again.Notes = []string{"it changed meanwhile, not for a phone"}
	more := *again.Cause // and was seen once more
	more.EventID, more.EventTime = "again", more.EventTime.Add(time.Minute)
	rt := *again.RealTime
	rt.Cause, again.RealTime = &more, &rt
	s.Notice.Count = 2
	s.Tell(t, again, notify.Open)
	for _, phone := range []string{second, third, "+4915112345678"} {
		if c.got(phone) != 1 {
			t.Errorf("%s got %d messages, want 1", phone, c.got(phone))
		}
	}
}

// What the first attempt remembers is of one change: the next change goes to all phones.
func TestNextChangeGoesToAll(t *testing.T) {
	c, far := start(t, "to", second)
	s := channeltest.Play(t, sms.Kind, far)
	s.Tell(t, channeltest.Stopped(), notify.Open)
	c.fail(fault{}, fault{500, "InternalError", ""})
	if got := notify.FailureOf(s.Try(t.Context(), channeltest.Started(), notify.Resolved)); got.Failure != notify.Later || !got.Unsure {
		t.Errorf("got %+v", got)
	}
	if s.Ref == "" {
		t.Error("who got it is forgotten")
	}
	s.Tell(t, channeltest.Stopped(), notify.Open) // as before, once more: what failed is over
	worse := channeltest.Started()
	s.Tell(t, worse, notify.Resolved)
	if c.got(second) != 2 || c.got("+4915112345678") != 2 {
		t.Errorf("%d and %d messages, want 2 each: the end that was told already is not told twice", c.got(second), c.got("+4915112345678"))
	}
}

// A phone that takes nothing keeps nobody from hearing of it, and is named.
func TestOptedOut(t *testing.T) {
	c, far := start(t, "to", second)
	s := channeltest.Play(t, sms.Kind, far)
	c.fail(fault{400, "OptedOut", "Phone number is opted out: " + second})
	err := s.Try(t.Context(), channeltest.Stopped(), notify.Open)
	if got := notify.FailureOf(err); got.Failure != notify.Refused || !got.Some || c.got("+4915112345678") != 1 {
		t.Errorf("got %+v, and the other phone got %d", got, c.got("+4915112345678"))
	}
	if text := err.Error(); !strings.Contains(text, "1 of 2 phones") || !strings.Contains(text, "…0123") || strings.Contains(text, second) || !strings.Contains(text, "opt it in") {
		t.Error(text)
	}
}

// A crash repeats one phone's message and no more: who got it is kept after each.
func TestCrashRepeatsOne(t *testing.T) {
	c, far := start(t, "to", second, "to", third)
	s := channeltest.Play(t, sms.Kind, far)
	m := notify.Compose(notify.Notice{Finding: channeltest.Stopped(), State: notify.Open, Opened: now}, now)
	kept := ""
	for crash := range 3 {
		for range 2 { // it dies before the ref is kept, and begins with the one before
			ref, err := s.Channel.Show(t.Context(), m, kept)
			if last := crash == 2; (err == nil) != last || !last && notify.FailureOf(err).Failure != notify.More {
				t.Fatalf("phone %d: %q, %v", crash, ref, err)
			} else if len(c.phones) == 2*crash+2 {
				kept = ref
			}
		}
	}
	for _, phone := range []string{second, third, "+4915112345678"} {
		if c.got(phone) != 2 {
			t.Errorf("%s got %d messages, want 2: one is repeated", phone, c.got(phone))
		}
	}
}

// Once the request is out, a phone may ring though nobody answered; before it is, none does.
func TestNoAnswer(t *testing.T) {
	_, far := start(t)
	far.Break(channeltest.Dead)
	if got := notify.FailureOf(channeltest.Play(t, sms.Kind, far).Try(t.Context(), channeltest.Stopped(), notify.Open)); got.Failure != notify.Later || !got.Unsure {
		t.Errorf("got %+v", got)
	}
	far.Env.AWS.BaseEndpoint = aws.String("http://127.0.0.1:1")
	err := channeltest.Play(t, sms.Kind, far).Try(t.Context(), channeltest.Stopped(), notify.Open)
	if got := notify.FailureOf(err); got.Failure != notify.Later || got.Unsure || !regexp.MustCompile(`^SNS Publish in eu-west-1 to …5678: .*refused$`).MatchString(err.Error()) {
		t.Errorf("got %+v", got)
	}
}

// Credentials that are wrong are so for all phones.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		fault fault
		want  notify.Failure
	}{
		{fault{403, "AccessDenied", "no"}, notify.Closed},
		{fault{403, "InvalidClientTokenId", "no"}, notify.Closed},
		{fault{403, "SignatureDoesNotMatch", "no"}, notify.Closed},
		{fault{400, "UnrecognizedClientException", "no"}, notify.Closed},
		{fault{400, "ValidationException", "no"}, notify.Refused},
		{fault{403, "ExpiredToken", "no"}, notify.Closed},
		{fault{403, "SomethingNew", "no"}, notify.Closed},
		{fault{400, "SomethingNew", "no"}, notify.Refused},
		{fault{400, "Throttling", "slow"}, notify.Later},
		{fault{400, "ThrottlingException", "slow"}, notify.Later},
		{fault{500, "InternalFailure", ""}, notify.Later},
	} {
		sns, far := start(t, "to", second)
		sns.fail(c.fault)
		err := channeltest.Play(t, sms.Kind, far).Try(t.Context(), channeltest.Stopped(), notify.Open)
		if got := notify.FailureOf(err); got.Failure != c.want || !strings.Contains(err.Error(), c.fault.code) {
			t.Errorf("%s is %q, want %q: %v", c.fault.code, got.Failure, c.want, err)
		}
		if c.want == notify.Closed && far.Requests() != 1 {
			t.Errorf("%s: %d requests, want 1", c.fault.code, far.Requests())
		}
	}
}

func TestAttributesAndRegion(t *testing.T) {
	c, far := start(t, "senderId", "cairn", "originationNumber", "+12065550101", "maxPrice", "0.50", "region", "us-east-1")
	channeltest.Play(t, sms.Kind, far).Tell(t, channeltest.Stopped(), notify.Open)
	want := url.Values{
		"AWS.SNS.SMS.SMSType": {"String Transactional"}, "AWS.SNS.SMS.SenderID": {"String cairn"},
		"AWS.SNS.SMS.MaxPrice": {"Number 0.50"}, "AWS.MM.SMS.OriginationNumber": {"String +12065550101"},
	}
	if diff := cmp.Diff(want, c.with[0]); diff != "" {
		t.Error(diff)
	}
	far.Env.AWS.Region, far.Settings["region"] = "", nil
	if _, err := sms.Kind.New(far.Settings, far.Env); err == nil || !strings.Contains(err.Error(), "set region") {
		t.Errorf("without a Region: %v", err)
	}
}

func TestSettings(t *testing.T) {
	for _, c := range []struct{ name, good, wrong string }{
		{"to", "+4915112345678 +12065550100", "4915112345678 +0151 +49151123456789012 +49-151-1234567 tel:+4915112345678"},
		{"senderId", "cairn C-1 0123456789A", "0123456789 twelveletters a_b"},
		{"originationNumber", "+12065550101 72345", "abc 1234"},
		{"maxPrice", "0.5 1 0.08", "0 -1 1e3 NaN a 0x1p3"},
		{"region", "eu-west-1 us-gov-west-1", "eu EU-WEST-1 eu-west-1.evil.example"},
	} {
		for _, s := range sms.Kind.Settings {
			if s.Name != c.name {
				continue
			}
			for value := range strings.FieldsSeq(c.good) {
				if err := s.Check(value); err != nil {
					t.Errorf("%s: %v", s.Name, err)
				}
			}
			for value := range strings.FieldsSeq(c.wrong) {
				if s.Check(value) == nil {
					t.Errorf("%s takes %q", s.Name, value)
				}
			}
		}
	}
}

// What a phone shows.
func TestMessages(t *testing.T) {
	var out []string
	add := func(f model.Finding, state notify.State, at time.Time) {
		n := notify.Notice{Finding: f, State: state, Opened: now.Add(-3 * time.Minute), Resolved: at}
		if first := channeltest.Stopped(); state == notify.Resolved && f.RealTime != nil {
			n.Began = &first
		}
		out = append(out, sms.Compose(notify.Compose(n, at), at))
	}
	add(channeltest.Stopped(), notify.Open, now)
	add(channeltest.Started(), notify.Resolved, now.Add(15*time.Minute))
	add(channeltest.Posture(), notify.Open, now)
	add(channeltest.Posture(), notify.Resolved, now.Add(time.Hour))
	add(channeltest.Stopped(), notify.Open, now.Add(15*time.Hour))
	denied := channeltest.Stopped()
	denied.Severity, denied.Cause.Outcome, denied.Cause.Lost, denied.Cause.Reason = model.VeryHigh, "denied", nil, "it was refused by a service control policy"
	denied.Message, denied.Cause.Actor.ARN = "DeleteTrail on trail/Über-ålles-`trail`-[prod]~“€” (eu-west-1). Refused.", "arn:aws:iam::111122223333:root"
	add(denied, notify.Open, now)
	long := channeltest.Stopped()
	long.Message = "PutEventSelectors on trail/" + strings.Repeat("a-very-long-name-", 20) + " (eu-west-1). Lost."
	long.Cause.Actor.ARN = "arn:aws:sts::111122223333:assumed-role/" + strings.Repeat("AWSReservedSSO_", 9)
	add(long, notify.Open, now)
	golden.Keep(t, "testdata/messages.txt", strings.Join(out, "\n")+"\n")
}

// Whatever the names are, it is one part, begins with the word and ends with the id.
func FuzzCompose(f *testing.F) {
	for _, name := range channeltest.Hostile {
		f.Add(name, name, name, uint8(1))
	}
	f.Add(strings.Repeat("[€]", 99), strings.Repeat("^", 99), strings.Repeat("日本語", 99), uint8(90))
	f.Fuzz(func(t *testing.T, message, actor, what string, days uint8) {
		find := channeltest.Stopped()
		find.Severity, find.Message, find.Cause.Actor.ARN, find.Cause.Lost[0].What = model.VeryHigh, message, actor, what
		m := notify.Compose(notify.Notice{Finding: find, State: notify.Open}, now)
		got := sms.Compose(m, now.AddDate(0, 0, int(days)))
		if sms.Septets(got) > 160 || !alphabet.MatchString(got) {
			t.Errorf("%d septets: %q", sms.Septets(got), got)
		}
		if !strings.HasPrefix(got, "VERY HIGH ") || !strings.HasSuffix(got, ". "+find.ID) || !strings.Contains(got, "111122223333") || !regexp.MustCompile(` 09:41Z[:.]`).MatchString(got) {
			t.Errorf("a part of it is lost: %q", got)
		}
	})
}

// What is in the alphabet stays as it is, and what was cut is a beginning.
func FuzzCut(f *testing.F) {
	f.Add("StopLogging on [trail]", 20)
	f.Add("Ünï¢ödé ﬁ ½ 😀", 9)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 3 || n > 500 {
			t.Skip()
		}
		plain := sms.GSM(text)
		if plain != "" && !alphabet.MatchString(plain) || sms.GSM(plain) != plain {
			t.Errorf("%q became %q", text, plain)
		}
		got := sms.Cut(plain, n)
		if begin, was := strings.CutSuffix(got, ".."); sms.Septets(got) > n || got != plain && (!was || !strings.HasPrefix(plain, begin)) {
			t.Errorf("%q cut to %d is %q", plain, n, got)
		}
	})
}
