// Package sms sends findings to phones, through Amazon SNS: that something is open, worse or over, in one part of 160
// characters. SNS keeps nothing to be updated and knows no key, so what else changes is not told.
package sms

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"cairn.example/internal/notify"
)

// Kind is phones. SNS sends about 20 messages a second by default, far fewer from some numbers, and a message here goes
// to several phones.
var Kind = notify.Kind{
	Name: "sms", Title: "SMS (Amazon SNS)", AWS: true, Limit: notify.Limit{Every: time.Second, Burst: 2}, New: open,
	Settings: []notify.Setting{
		{Name: "to", Required: true, List: true, Check: shape(phone, "a number with its country, such as +4915112345678"), Help: "the phones, in international form"},
		{Name: "region", Check: shape(region, "a Region such as eu-west-1"), Help: "where SNS sends from; the Region of the credentials where it is left out"},
		{Name: "senderId", Check: shape(sender, "1 to 11 letters, digits and hyphens, with a letter"), Help: "who it is from, in countries that allow a name"},
		{Name: "originationNumber", Check: shape(origin, "5 to 15 digits"), Help: "the number of yours that it is from, where you have one"},
		{Name: "maxPrice", Check: price, Help: "the most that one message may cost, in US dollars: 0.50"},
	},
}

var (
	phone  = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`) // E.164
	region = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	sender = regexp.MustCompile(`^[0-9-]{0,10}[A-Za-z][A-Za-z0-9-]{0,10}$`)
	origin = regexp.MustCompile(`^\+?[0-9]{5,15}$`)
)

func shape(is *regexp.Regexp, want string) func(string) error {
	return func(value string) error {
		if !is.MatchString(value) || is == sender && len(value) > 11 {
			return fmt.Errorf("%q: want %s", value, want)
		}
		return nil
	}
}

func price(value string) error {
	if usd, err := strconv.ParseFloat(value, 64); err != nil || usd <= 0 || usd > 100 || strings.Trim(value, "0123456789.") != "" {
		return fmt.Errorf("%q: want US dollars such as 0.50", value)
	}
	return nil
}

// sendWithin bounds one call, its credentials included.
const sendWithin = 20 * time.Second

type channel struct {
	sns    *sns.Client
	region string
	to     []string
	with   map[string]types.MessageAttributeValue
	now    func() time.Time
}

func open(s notify.Settings, e notify.Env) (notify.Channel, error) {
	config := e.AWS.Copy()
	if r := s.Get("region"); r != "" {
		config.Region = r
	}
	if config.Region == "" {
		return nil, errors.New("no Region: set region, one in which SNS sends SMS")
	}
	client := sns.NewFromConfig(config, func(o *sns.Options) { o.Retryer = aws.NopRetryer{} })
	return &channel{client, config.Region, s.All("to"), attributes(s), e.Now}, nil
}

// attributes are those of every message. Transactional is what SNS calls what must arrive.
func attributes(s notify.Settings) map[string]types.MessageAttributeValue {
	out := map[string]types.MessageAttributeValue{}
	for _, a := range []struct{ name, kind, value string }{
		{"AWS.SNS.SMS.SMSType", "String", "Transactional"},
		{"AWS.SNS.SMS.SenderID", "String", s.Get("senderId")},
		{"AWS.SNS.SMS.MaxPrice", "Number", s.Get("maxPrice")},
		{"AWS.MM.SMS.OriginationNumber", "String", s.Get("originationNumber")},
	} {
		if a.value != "" {
			out[a.name] = types.MessageAttributeValue{DataType: aws.String(a.kind), StringValue: aws.String(a.value)}
		}
	}
	return out
}

// Show sends what people must know to one phone after the other. Its ref is what was told and to which phones, as long as
// that is not all of them: the next step or attempt leaves those out. A phone that takes no messages does not keep them
// from the others.
func (c *channel) Show(ctx context.Context, m notify.Message, ref string) (string, error) {
	if m.Notice.Change() == notify.Same {
		return ref, nil
	}
	text, sent := compose(m, c.now()), resume(m, ref)
	var refused []error
	for i, to := range c.to {
		if sent.has(to) {
			continue
		}
		err := c.send(ctx, to, text)
		switch failure := notify.FailureOf(err); {
		case err == nil:
			sent.phones = append(sent.phones, notify.Digest(to))
			if i < len(c.to)-1 {
				return sent.String(), notify.Step()
			}
		case failure.Failure == notify.Refused:
			refused = append(refused, err)
		default:
			return sent.String(), err
		}
	}
	if len(refused) == 0 {
		return "", nil
	}
	return "", &notify.Error{
		Failure: notify.Refused, Some: len(sent.phones) > 0,
		Err: fmt.Errorf("%d of %d phones did not get it: %w", len(refused), len(c.to), errors.Join(refused...)),
	}
}

func (c *channel) send(ctx context.Context, to, text string) error {
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { wrote.Store(true) }})
	_, err := c.sns.Publish(ctx, &sns.PublishInput{PhoneNumber: aws.String(to), Message: aws.String(text), MessageAttributes: c.with})
	if err != nil {
		return judge(err, "SNS Publish in "+c.region+" to "+masked(to), to, wrote.Load())
	}
	return nil
}

// masked is a number as errors show it.
func masked(number string) string { return "…" + number[max(0, len(number)-4):] }

// progress is a message on its way to several phones.
type progress struct {
	told   string
	phones []string
}

// resume takes up what a ref tells, where it is about the same: that it was seen once more meanwhile is told to no phone.
func resume(m notify.Message, ref string) progress {
	n := m.Notice
	p := progress{told: notify.Digest(strings.Join([]string{string(n.Change()), m.Word(), n.Opened.UTC().String()}, "|"))}
	if told, phones, ok := strings.Cut(ref, ":"); ok && told == p.told {
		p.phones = strings.Split(phones, ",")
	}
	return p
}

func (p progress) has(number string) bool { return slices.Contains(p.phones, notify.Digest(number)) }

func (p progress) String() string {
	if len(p.phones) == 0 {
		return ""
	}
	return p.told + ":" + strings.Join(p.phones, ",")
}
