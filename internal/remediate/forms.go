package remediate

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"cairn.example/internal/model"
)

// Form is a way to write a plan.
type Form string

// The forms.
const (
	CLI                Form = "cli"
	Terraform          Form = "terraform"
	CloudFormationJSON Form = "cloudformation-json"
	CloudFormationYAML Form = "cloudformation-yaml"
	Console            Form = "console"
)

// FormInfo is what there is to know about a form.
type FormInfo struct {
	Form
	Heading  string // on a rule's page
	Help     string
	Language string                         // of a fenced block; "" for prose
	full     func(row) (name, reset string) // of a form that writes the whole trail: an attribute's name, and what leaving it out sets
	cannot   func(delta) []string           // why the form cannot say a change, beyond what every form like it cannot
	files    func(Plan) ([]File, error)
}

// Facts are what the form needs to know of a trail beyond what a rule needs: none, or all that it would reset.
func (f FormInfo) Facts() []*model.FactKind {
	if f.full == nil {
		return nil
	}
	return Facts()
}

// File is one document of a rendered plan. Most forms have one; CloudFormation takes over an existing trail in two.
type File struct {
	Name string
	Body []byte
	Run  []string // the commands that make it so, in the file's folder; none in the console
}

// Forms lists every form, in the order in which pages show them.
var Forms = []FormInfo{
	{Form: CLI, Heading: "AWS CLI", Help: "AWS CLI commands that run as pasted", Language: "sh", files: cliFiles},
	{
		Form: Terraform, Heading: "Terraform", Help: "a Terraform resource, and the import of a trail that exists", Language: "hcl",
		full: func(r row) (string, string) { return r.Terraform, r.TFDefault }, cannot: noTerraform, files: terraformFiles,
	},
	{
		Form: CloudFormationJSON, Heading: "CloudFormation (JSON)", Help: "a CloudFormation template; for a trail that exists an import and an update", Language: "json",
		full: func(r row) (string, string) { return r.CloudFormation, r.CFNDefault }, files: cloudformationJSON,
	},
	{
		Form: CloudFormationYAML, Heading: "CloudFormation (YAML)", Help: "the same in YAML", Language: "yaml",
		full: func(r row) (string, string) { return r.CloudFormation, r.CFNDefault }, files: cloudformationYAML,
	},
	{Form: Console, Heading: "AWS console", Help: "steps in the AWS console", cannot: noConsole, files: consoleFiles},
}

// FormNamed finds a form.
func FormNamed(name Form) (FormInfo, error) {
	var names []string
	for _, f := range Forms {
		if f.Form == name {
			return f, nil
		}
		names = append(names, string(f.Form))
	}
	return FormInfo{}, fmt.Errorf("format %q: want one of %s", name, strings.Join(names, ", "))
}

// RefusedError is why a plan cannot be written.
type RefusedError struct {
	Rule string
	Form Form // "" when no form can
	Why  []string
}

// Error says it in a sentence.
func (e *RefusedError) Error() string {
	why := strings.Join(e.Why, "; ")
	if e.Form == "" {
		return fmt.Sprintf("no fix for %s: %s", e.Rule, why)
	}
	return fmt.Sprintf("no fix for %s as %s: %s", e.Rule, e.Form, why)
}

// Files writes a plan, each document apart. A plan that is refused, or that the form cannot say, is a [RefusedError].
func Files(p Plan, form Form) ([]File, error) {
	if len(p.Refused) > 0 {
		return nil, &RefusedError{Rule: p.Rule.ID, Why: p.Refused}
	}
	if why := p.NoForm[form]; len(why) > 0 {
		return nil, &RefusedError{Rule: p.Rule.ID, Form: form, Why: why}
	}
	f, err := FormNamed(form)
	if err != nil {
		return nil, err
	}
	files, err := f.files(p)
	if err != nil {
		return nil, fmt.Errorf("write the fix for %s as %s: %w", p.Rule.ID, form, err)
	}
	return files, nil
}

// Render writes a plan, all documents one after the other. Nothing is written when there is an error.
func Render(p Plan, form Form, w io.Writer) error {
	files, err := Files(p, form)
	if err != nil {
		return err
	}
	for _, f := range files {
		if _, err := w.Write(f.Body); err != nil {
			return fmt.Errorf("write the fix for %s: %w", p.Rule.ID, err)
		}
	}
	return nil
}

// refuses is why a form cannot say a plan.
func (f FormInfo) refuses(p *Plan) []string {
	var out []string
	for _, d := range p.trails {
		var why []string
		if f.full != nil {
			why = f.lacks(d)
		}
		if len(why) == 0 && f.cannot != nil {
			why = f.cannot(d)
		}
		out = append(out, why...)
	}
	return out
}

// lacks names what a full-state form would reset: a form that leaves an attribute out sets it to its own default.
func (f FormInfo) lacks(d delta) []string {
	if d.was == nil {
		return nil
	}
	if stack := stackOf(d.want); stack != "" {
		return []string{fmt.Sprintf("trail/%s belongs to the CloudFormation stack %s: make the change in that stack's template", d.want.Name, stack)}
	}
	var out []string
	for _, r := range rows {
		name, reset := f.full(r)
		if name == "" || r.Attr.Known(d.was) && r.Attr.Known(d.want) {
			continue
		}
		unread := d.want
		if !r.Attr.Known(d.was) {
			unread = d.was
		}
		why := r.Attr.Evidence(unread).Origin.Reason()
		if reset != "" {
			why += "; it would become " + reset
		}
		out = append(out, fmt.Sprintf("%s (%s)", r.Attr.Name(), why))
	}
	if len(out) > 0 {
		return []string{"this form writes the whole trail, and not known is " + strings.Join(out, ", ")}
	}
	for _, t := range []*model.Trail{d.was, d.want} {
		if _, err := read(t); err != nil {
			return []string{err.Error()}
		}
	}
	return nil
}

// Unasked tells that a form is refused for facts of a trail that nobody asked AWS for, and which [FormInfo.Facts] names.
func (p Plan) Unasked(form FormInfo) bool {
	return form.full != nil && slices.ContainsFunc(p.trails, func(d delta) bool {
		return d.was != nil && slices.ContainsFunc(rows, func(r row) bool {
			name, _ := form.full(r)
			return name != "" && !r.Attr.Known(d.was) && r.Attr.Evidence(d.was).Origin.Unasked()
		})
	})
}

// stackOf is the CloudFormation stack that made the trail, by the tag that AWS gives it.
func stackOf(t *model.Trail) string {
	tags, _ := t.Tags.Get()
	for _, tag := range tags {
		if tag.Key == "aws:cloudformation:stack-name" {
			return tag.Value
		}
	}
	return ""
}
