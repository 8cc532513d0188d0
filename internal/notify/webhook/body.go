package webhook

import (
	"bytes"
	"encoding/json"
	"strings"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// schema names the form of a body. Members may be added to it; none is taken away or changes its meaning.
const schema = "cairn.webhook/v1"

// A body has at most mostBody bytes, of which the message takes the smaller part. Receivers bound what they read, some at
// 256 KB. Where more is known than fits, what is long is cut and lists are ended.
const (
	mostBody   = 256_000
	mostText   = 16_000
	mostString = 1000
	mostItems  = 20
)

type body struct {
	Schema  string        `json:"schema"`
	ID      string        `json:"id"` // as the header Cairn-Id
	Key     string        `json:"key"`
	Change  notify.Change `json:"change"`
	Message message       `json:"message"`
	Cut     bool          `json:"cut,omitempty"` // the finding is not whole
	notify.Notice
}

// message is a notice in words.
type message struct {
	Word  string   `json:"word"`
	Title string   `json:"title"`
	Lead  string   `json:"lead"`
	Blind string   `json:"blind"`
	Who   string   `json:"who"`
	Do    []string `json:"do"`
	Links []link   `json:"links"`
	Facts []fact   `json:"facts"`
	Text  string   `json:"text"`
}

type link struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

type fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func bodyOf(id string, m notify.Message) ([]byte, error) {
	b := body{Schema: schema, ID: id, Key: m.Key, Change: m.Notice.Change(), Message: messageOf(m.Within(mostText)), Notice: m.Notice}
	whole, err := json.Marshal(b)
	if err != nil || len(whole) <= mostBody {
		return whole, err
	}
	return shorter(b, whole)
}

// shorter cuts the findings of a body that is too long, or leaves of the last what every finding has.
func shorter(b body, whole []byte) ([]byte, error) {
	var tree map[string]any
	d := json.NewDecoder(bytes.NewReader(whole))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	tree["cut"] = true
	shortenFinding(tree, "finding", b.Finding.Fix)
	if b.Began != nil {
		shortenFinding(tree, "began", b.Began.Fix)
	}
	if out, err := json.Marshal(tree); err != nil || len(out) <= mostBody {
		return out, err
	}
	b.Cut, b.Finding, b.Began = true, least(b.Finding), nil
	return json.Marshal(b)
}

// shortenFinding cuts one finding of a body, but none of its commands.
func shortenFinding(tree map[string]any, name, fix string) {
	tree[name] = shortened(tree[name])
	if finding, ok := tree[name].(map[string]any); ok {
		finding["fix"] = strings.Join(notify.Whole(strings.Split(fix, "\n"), mostString), "\n")
	}
}

// shortened is JSON whose strings and lists are short.
func shortened(v any) any {
	switch v := v.(type) {
	case string:
		return notify.Cut(v, mostString)
	case []any:
		v = v[:min(len(v), mostItems)]
		for i := range v {
			v[i] = shortened(v[i])
		}
		return v
	case map[string]any:
		for name := range v {
			v[name] = shortened(v[name])
		}
	}
	return v
}

func least(f model.Finding) model.Finding {
	cut := func(text string) string { return notify.Cut(text, mostString) }
	return model.Finding{
		ID: f.ID, Rule: cut(f.Rule), Title: cut(f.Title), Status: f.Status, Severity: f.Severity, Label: f.Label, Account: cut(f.Account), Region: cut(f.Region),
		Resource: model.Ref{Kind: cut(f.Resource.Kind), ID: cut(f.Resource.ID)}, Message: cut(f.Message),
		Notes: []string{}, Evidence: []model.Evidence{}, Controls: []model.Control{}, Page: cut(f.Page), Fix: "",
	}
}

func messageOf(m notify.Message) message {
	out := message{
		Word: m.Word(), Title: m.Title, Lead: m.Lead(), Blind: m.Blind, Who: m.Who, Do: append([]string{}, m.Commands()...),
		Links: []link{}, Facts: []fact{}, Text: m.Text(),
	}
	for _, l := range m.Links {
		out.Links = append(out.Links, link(l))
	}
	for _, f := range m.Facts {
		out.Facts = append(out.Facts, fact(f))
	}
	return out
}
