package remediate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

const trailLogical = "Trail"

// template is one CloudFormation document under its file name.
type template struct {
	name string
	doc  object
	runs []string
}

// templates are the documents of a plan. CloudFormation takes over a trail that exists only by import, which applies
// nothing; so there is a template of what is, and the same with what is wanted, to update the stack with.
func (p Plan) templates() ([]template, error) {
	if len(p.trails) != 1 {
		return nil, fmt.Errorf("%d trails change, and a stack is of one Region", len(p.trails))
	}
	d := p.trails[0]
	if d.was == nil {
		file := "create.template"
		t, err := p.template(d.want, file, p.headline(parameter), []string{p.deploy(d, file)})
		return []template{t}, err
	}
	file, about := "import.template", fmt.Sprintf("Step 1 of 2, import: trail/%s in %s as it is. Importing changes nothing.", d.was.Name, home(d.was))
	is, err := p.template(d.was, file, oneLine(p.expand(p.present(about), parameter)), p.importRuns(d, file))
	if err != nil {
		return nil, err
	}
	file = "update.template"
	want, err := p.template(d.want, file, "Step 2 of 2, update: "+p.headline(parameter), []string{p.deploy(d, file)})
	return []template{is, want}, err
}

// parameter is how a sentence names an asked value.
func parameter(name string) string { return name }

// maxDescription is CloudFormation's limit in bytes (User Guide, "template-description-structure").
const maxDescription = 1024

// template is one document with one trail. Metadata holds what JSON has no comments for.
func (p Plan) template(t *model.Trail, file, about string, runs []string) (template, error) {
	properties, err := p.properties(t)
	if err != nil {
		return template{}, err
	}
	cairn := object{{"File", file}, {"Run", runs}}
	if len(p.Notes) > 0 {
		cairn = append(cairn, entry{"Notes", p.Notes})
	}
	doc := object{
		{"AWSTemplateFormatVersion", "2010-09-09"},
		{"Description", strings.ToValidUTF8(about[:min(len(about), maxDescription)], "")},
		{"Metadata", object{{"Cairn", cairn}}},
	}
	if parameters := p.parameters(properties); len(parameters) > 0 {
		doc = append(doc, entry{"Parameters", parameters})
	}
	trail := object{
		{"Type", model.TrailKind}, {"DeletionPolicy", "Retain"}, {"UpdateReplacePolicy", "Retain"}, {"Properties", properties},
	}
	return template{file, append(doc, entry{"Resources", object{{trailLogical, trail}}}), runs}, nil
}

// parameters are the asked values that the properties use.
func (p Plan) parameters(properties object) object {
	var out object
	raw, err := properties.MarshalJSON()
	if err != nil {
		return nil
	}
	for _, a := range p.Asks {
		if !bytes.Contains(raw, []byte(`{"Ref":"`+a.Name+`"}`)) && !bytes.Contains(raw, []byte(rule.Placeholder(a.Name))) {
			continue
		}
		one := object{{"Type", "String"}, {"Description", a.What}}
		if a.Default != "" {
			one = append(one, entry{"Default", a.Default})
		}
		out = append(out, entry{a.Name, one})
	}
	return out
}

// properties are the whole trail: texts that are set, and every switch, whatever its default.
func (p Plan) properties(t *model.Trail) (object, error) {
	out := object{{"TrailName", p.intrinsic(t.Name)}}
	for _, r := range rows {
		if r.CloudFormation == "" {
			continue
		}
		switch a := r.Attr.(type) {
		case model.Attr[string]:
			if v, ok := a.Of(t).Get(); ok && v != "" {
				out = append(out, entry{r.CloudFormation, p.intrinsic(v)})
			}
		case model.Attr[bool]:
			if v, ok := a.Of(t).Get(); ok {
				out = append(out, entry{r.CloudFormation, v})
			}
		}
	}
	s, err := read(t)
	if err != nil {
		return nil, err
	}
	lists := []entry{{"EventSelectors", s.EventSelectors}, {"AdvancedEventSelectors", s.AdvancedEventSelectors}}
	if insights, ok := t.Insights.Get(); ok {
		lists = append(lists, entry{"InsightSelectors", insights})
	}
	lists = append(lists, entry{"Tags", ownTags(t)})
	for _, l := range lists {
		plain, err := ordered(l.Value)
		if err != nil {
			return nil, err
		}
		if list, ok := plain.([]any); ok && len(list) > 0 {
			out = append(out, entry{l.Key, list})
		}
	}
	return out, nil
}

// intrinsic is a text, or what CloudFormation puts an asked value in with.
func (p Plan) intrinsic(s string) any {
	parts := p.split(s)
	switch {
	case len(parts) == 1:
		return s
	case len(parts) == 3 && parts[0] == "" && parts[2] == "":
		return object{{"Ref", parts[1]}}
	}
	var b strings.Builder
	for i, part := range parts {
		if i%2 == 1 {
			b.WriteString(rule.Placeholder(part))
		} else {
			b.WriteString(strings.ReplaceAll(part, "${", "${!"))
		}
	}
	return object{{"Fn::Sub", b.String()}}
}

// importRuns are the commands that take the trail into a new stack, in its home Region. They hold no double quotes,
// which JSON and YAML would escape: what stands in a template can be pasted too. The AWS CLI's shorthand needs none
// around a trail's name (letters, digits, dots, dashes and underscores).
func (p Plan) importRuns(d delta, file string) []string {
	region, stack := home(d.was), stackName(d.was)
	resources := "ResourceType=" + model.TrailKind + ",LogicalResourceId=" + trailLogical + ",ResourceIdentifier={TrailName=" + p.present(d.was.Name) + "}"
	at := " --region " + region + " --stack-name " + stack
	return []string{
		"aws cloudformation create-change-set" + at + " --change-set-name import --change-set-type IMPORT --template-body file://" + file + " --resources-to-import " + Quote(resources),
		"aws cloudformation wait change-set-create-complete" + at + " --change-set-name import",
		"aws cloudformation execute-change-set" + at + " --change-set-name import",
		"aws cloudformation wait stack-import-complete" + at,
	}
}

// present is a text with the present values where an example has asked ones.
func (p Plan) present(s string) string {
	for _, a := range p.Asks {
		if a.Default != "" {
			s = strings.ReplaceAll(s, rule.Placeholder(a.Name), a.Default)
		}
	}
	return s
}

func (p Plan) deploy(d delta, file string) string {
	line := "aws cloudformation deploy --region " + home(d.want) + " --stack-name " + stackName(d.want) + " --template-file " + file
	var set []string
	for _, a := range p.Asks {
		if a.Default == "" {
			set = append(set, fmt.Sprintf(`%s=${%s:?}`, a.Name, shellVar(a.Name))) // an ARN or a bucket's name: nothing to split
		}
	}
	if len(set) > 0 {
		line += " --parameter-overrides " + strings.Join(set, " ")
	}
	return line
}

// stackName is a name that CloudFormation accepts: letters, digits and hyphens.
func stackName(t *model.Trail) string {
	_, name, _ := strings.Cut(t.ARN, ":trail/") // an example's Name is a parameter
	if strings.Contains(name, "${") {
		name = "trail"
	}
	return "cloudtrail-" + strings.Trim(notLabel.ReplaceAllString(strings.ToLower(name), "-"), "-")
}

func cloudformationJSON(p Plan) ([]File, error) {
	return p.cloudformation(func(_ Plan, doc object) ([]byte, error) {
		raw, err := doc.MarshalJSON()
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := json.Indent(&b, raw, "", "  "); err != nil {
			return nil, err
		}
		b.WriteByte('\n')
		return b.Bytes(), nil
	})
}

func (p Plan) cloudformation(write func(Plan, object) ([]byte, error)) ([]File, error) {
	templates, err := p.templates()
	if err != nil {
		return nil, err
	}
	var out []File
	for _, t := range templates {
		body, err := write(p, t.doc)
		if err != nil {
			return nil, err
		}
		out = append(out, File{t.name, body, t.runs})
	}
	return out, nil
}
