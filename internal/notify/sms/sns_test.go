package sms_test

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"cairn.example/internal/channeltest"
)

// carrier is SNS as far as it sends SMS: the query protocol, and what arrives at the phones.
type carrier struct {
	t      *testing.T
	mu     sync.Mutex
	phones []received
	fails  []fault
	with   []url.Values // of every message
}

type received struct{ phone, text string }

// fault is an error as SNS says it.
type fault struct {
	status        int
	code, message string
}

const secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

// start starts a carrier and gives the far end.
func start(t *testing.T, pairs ...string) (*carrier, *channeltest.Far) {
	t.Helper()
	c := &carrier{t: t}
	server := channeltest.Serve(t, c)
	far := &channeltest.Far{Env: server.Env(), Secrets: []string{secretKey}, Shown: c.shown, Requests: server.Requests, Silent: true}
	far.Env.AWS = aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", secretKey, ""),
	}
	far.Settings = channeltest.Settings(append(pairs, "to", "+4915112345678")...)
	far.Break = func(f channeltest.Fault) bool {
		switch f {
		case channeltest.Throttled:
			c.fail(fault{429, "Throttled", "Rate exceeded"})
		case channeltest.Down:
			c.fail(fault{503, "ServiceUnavailable", "try again"})
		case channeltest.Refusing:
			c.fail(fault{400, "InvalidParameter", "Invalid parameter: PhoneNumber Reason: +4915112345678 is not valid"})
		case channeltest.Forbidden:
			c.fail(fault{403, "AuthorizationError", "User: x is not authorized to perform: SNS:Publish"})
		case channeltest.Slow, channeltest.Dead:
			return server.Break(f)
		}
		return true
	}
	return c, far
}

func (c *carrier) fail(all ...fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fails = append(c.fails, all...)
}

func (c *carrier) shown() []channeltest.Shown {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []channeltest.Shown
	for _, m := range c.phones {
		out = append(out, channeltest.Shown{Text: m.text, Open: !strings.HasPrefix(m.text, "RESOLVED")})
	}
	return out
}

func (c *carrier) got(phone string) int {
	n := 0
	for _, m := range c.phones {
		if m.phone == phone {
			n++
		}
	}
	return n
}

func (c *carrier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		c.t.Errorf("%s with content type %q: %v", r.Method, r.Header.Get("Content-Type"), err)
	}
	if !regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/[0-9]{8}/(eu-west-1|us-east-1)/sns/aws4_request, `).MatchString(r.Header.Get("Authorization")) {
		c.t.Errorf("it is signed by %q", r.Header.Get("Authorization"))
	}
	if len(c.fails) > 0 {
		f := c.fails[0]
		c.fails = c.fails[1:]
		if f.status != 0 {
			w.WriteHeader(f.status)
			fmt.Fprintf(w, `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>1</RequestId></ErrorResponse>`, f.code, f.message)
			return
		}
	}
	c.take(r.PostForm)
	answer := struct {
		XMLName xml.Name `xml:"http://sns.amazonaws.com/doc/2010-03-31/ PublishResponse"`
		ID      string   `xml:"PublishResult>MessageId"`
	}{ID: "567910cd-659e-55d4-8ccb-5aaf14679dc0"}
	if err := xml.NewEncoder(w).Encode(answer); err != nil {
		c.t.Error(err)
	}
}

// alphabet are the characters of one part, written down apart from the code: 3GPP TS 23.038.
var alphabet = regexp.MustCompile(`^[@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\\[~\]|€-]+$`)

func (c *carrier) take(form url.Values) {
	text := form.Get("Message")
	length := len([]rune(text)) + len(regexp.MustCompile(`[\^{}\\\[~\]|€]`).FindAllString(text, -1))
	if !alphabet.MatchString(text) || length > 160 {
		c.t.Errorf("%d septets are more than a part, or not in the alphabet: %q", length, text)
	}
	if form.Get("Action") != "Publish" || form.Get("Version") != "2010-03-31" || !regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`).MatchString(form.Get("PhoneNumber")) {
		c.t.Errorf("not a message to a phone: %v", form)
	}
	with := url.Values{}
	for key, value := range form {
		if name, ok := strings.CutSuffix(key, ".Name"); ok && strings.HasPrefix(key, "MessageAttributes.entry.") {
			with.Set(value[0], form.Get(name+".Value.DataType")+" "+form.Get(name+".Value.StringValue"))
		} else if !slices.Contains([]string{"Action", "Version", "PhoneNumber", "Message"}, key) && !strings.HasPrefix(key, "MessageAttributes.entry.") {
			c.t.Errorf("SNS knows no %s", key)
		}
	}
	if with.Get("AWS.SNS.SMS.SMSType") != "String Transactional" {
		c.t.Errorf("the attributes are %v", with)
	}
	c.with = append(c.with, with)
	c.phones = append(c.phones, received{form.Get("PhoneNumber"), text})
}
