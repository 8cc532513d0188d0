package remediate

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// exampleTime is when the example is read.
var exampleTime = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// Example is an account that fails the rule as its page shows, and the resource that fails.
func Example(r *rule.Rule) (*model.Account, model.Ref) {
	a := r.ExampleAccount()
	for _, f := range rule.Judge(r, rule.NewGround(a, exampleTime, nil), rule.Settings{Preset: rule.Default}, nil) {
		if f.Status == model.StatusFail {
			return a, f.Resource
		}
	}
	return a, a.Ref()
}

// Generic is a plan of an example, as pages print it: in templates the trail's name and bucket become parameters, with
// the example's as their defaults.
func Generic(p Plan) Plan {
	if len(p.trails) != 1 || p.trails[0].was == nil {
		return p
	}
	d := p.trails[0]
	bucket, _ := d.was.Bucket.Get()
	p.Asks = append([]Ask{
		{rule.Param{Name: "TrailName", What: "name of the trail"}, d.was.Name},
		{rule.Param{Name: "BucketName", What: "S3 bucket that the trail delivers to"}, bucket},
	}, p.Asks...)
	p.trails = []delta{{was: anonymous(d.was), want: anonymous(d.want), attr: d.attr}}
	return p
}

func anonymous(t *model.Trail) *model.Trail {
	out := t.Clone()
	out.Name, out.Bucket = rule.Placeholder("TrailName"), rule.Given(rule.Placeholder("BucketName"))
	return out
}

// Blocks are the fixes of a rule's page by form, as Markdown: the failing case that the page shows, put right.
func Blocks(r *rule.Rule) (map[string]string, error) {
	a, at := Example(r)
	p := Fix(r, a, at)
	out := make(map[string]string, len(Forms))
	for _, form := range Forms {
		if r.Fix == nil {
			out[string(form.Form)] = "Only a person can put this right, as described above.\n"
			continue
		}
		block, err := form.block(p)
		if err != nil {
			return nil, err
		}
		out[string(form.Form)] = block
	}
	return out, nil
}

func (f FormInfo) block(p Plan) (string, error) {
	if f.full != nil {
		p = Generic(p)
	}
	files, err := Files(p, f.Form)
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		return sentence(strings.Join(refused.Why, "; ")) + "\n", nil
	}
	if err != nil {
		return "", err
	}
	var out []string
	for _, file := range files {
		if f.Language == "" {
			out = append(out, prose(string(file.Body)))
		} else {
			out = append(out, fmt.Sprintf("```%s\n%s```\n", f.Language, file.Body))
		}
	}
	return strings.Join(out, "\n"), nil
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

// prose turns the comment lines of console steps into a paragraph: a # would be a heading.
func prose(text string) string {
	var about, steps []string
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "# "); ok {
			about = append(about, strings.TrimSpace(rest))
		} else {
			steps = append(steps, line)
		}
	}
	return strings.Join(about, " ") + "\n\n" + strings.Join(steps, "")
}
