package remediate

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// terraformFields are the fields that the provider lets an advanced selector name; it refuses the API's others
// (hashicorp/terraform-provider-aws issue 43065).
var terraformFields = []string{
	"eventCategory", "eventName", "eventSource", "readOnly", "resources.ARN", "resources.type", "userIdentity.arn",
}

// noTerraform is what a trail has that the provider has no argument for.
func noTerraform(d delta) []string {
	s, err := read(d.want)
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, a := range s.AdvancedEventSelectors {
		for _, f := range a.FieldSelectors {
			if !slices.Contains(terraformFields, f.Field) {
				out = append(out, fmt.Sprintf("the aws provider refuses the field %s of an advanced event selector", f.Field))
			}
		}
	}
	insights, _ := d.want.Insights.Get()
	for _, i := range insights {
		if len(i.EventCategories) > 0 && !slices.Equal(i.EventCategories, []string{"Management"}) {
			out = append(out, "the aws provider has no argument for Insights on data events")
		}
	}
	return out
}

// terraformFiles writes one resource a trail. One that exists is imported, so that applying changes it in place. A
// provider of its own holds the Region and the account: the trail is managed nowhere else.
func terraformFiles(p Plan) ([]File, error) {
	spell := func(name string) string { return "var." + snake(name) }
	var b bytes.Buffer
	fmt.Fprintln(&b, remark(p.headline(spell)))
	for _, note := range p.Notes {
		fmt.Fprintln(&b, remark(note))
	}
	file := hclwrite.NewEmptyFile()
	w := terraform{Plan: p, body: file.Body()}
	for _, a := range p.Asks {
		w.variable(a)
	}
	var homes []string
	for _, d := range p.trails {
		if !slices.Contains(homes, home(d.want)) {
			homes = append(homes, home(d.want))
			w.provider(home(d.want), d.want.Owner())
		}
	}
	for _, d := range p.trails {
		if err := w.trail(d); err != nil {
			return nil, err
		}
	}
	b.Write(hclwrite.Format(file.Bytes()))
	return []File{{"fix.tf", b.Bytes(), []string{"terraform init", "terraform plan", "terraform apply"}}}, nil
}

// terraform writes HCL.
type terraform struct {
	Plan
	body *hclwrite.Body
}

func (w terraform) block(kind string, labels ...string) *hclwrite.Body {
	if len(w.body.Blocks()) > 0 {
		w.body.AppendNewline()
	}
	return w.body.AppendNewBlock(kind, labels).Body()
}

func (w terraform) variable(a Ask) {
	b := w.block("variable", snake(a.Name))
	b.SetAttributeTraversal("type", hcl.Traversal{hcl.TraverseRoot{Name: "string"}})
	b.SetAttributeValue("description", cty.StringVal(a.What))
	if a.Default != "" {
		b.SetAttributeValue("default", cty.StringVal(a.Default))
	}
}

func providerAlias(region string) string { return "home_" + strings.ReplaceAll(region, "-", "_") }

func (w terraform) provider(region, account string) {
	b := w.block("provider", "aws")
	b.SetAttributeValue("alias", cty.StringVal(providerAlias(region)))
	b.SetAttributeValue("region", cty.StringVal(region))
	b.SetAttributeValue("allowed_account_ids", cty.ListVal([]cty.Value{cty.StringVal(account)}))
}

var notLabel = regexp.MustCompile(`[^a-z0-9]+`)

// label is a trail's name as a resource's.
func label(t *model.Trail) string {
	return strings.Trim("trail_"+notLabel.ReplaceAllString(strings.ToLower(t.Name), "_"), "_")
}

func (w terraform) trail(d delta) error {
	name := label(d.want)
	if w.asks(d.want.Name) {
		name = "trail"
	}
	if d.was != nil {
		b := w.block("import")
		b.SetAttributeTraversal("to", traversal("aws_cloudtrail", name))
		b.SetAttributeValue("id", cty.StringVal(d.was.ARN))
	}
	b := w.block("resource", "aws_cloudtrail", name)
	b.SetAttributeTraversal("provider", traversal("aws", providerAlias(home(d.want))))
	b.AppendNewline()
	b.SetAttributeRaw("name", w.text(d.want.Name))
	for _, r := range rows {
		w.attribute(b, r, d.want)
	}
	s, err := read(d.want)
	if err != nil {
		return err
	}
	writeTags(b, d.want)
	writeBasic(b, s.EventSelectors)
	writeAdvanced(b, s.AdvancedEventSelectors)
	insights, _ := d.want.Insights.Get()
	for _, i := range insights {
		b.AppendNewline()
		b.AppendNewBlock("insight_selector", nil).Body().SetAttributeValue("insight_type", cty.StringVal(i.InsightType))
	}
	b.AppendNewline()
	b.AppendNewBlock("lifecycle", nil).Body().SetAttributeValue("prevent_destroy", cty.True)
	return nil
}

// attribute writes what is a plain argument: texts that are set, and every switch, whatever its default.
func (w terraform) attribute(b *hclwrite.Body, r row, t *model.Trail) {
	if r.Terraform == "" {
		return
	}
	switch a := r.Attr.(type) {
	case model.Attr[string]:
		if v, ok := a.Of(t).Get(); ok && v != "" {
			b.SetAttributeRaw(r.Terraform, w.text(v))
		}
	case model.Attr[bool]:
		if v, ok := a.Of(t).Get(); ok {
			b.SetAttributeValue(r.Terraform, cty.BoolVal(v))
		}
	}
}

// text is a string, with variables where asked values stand.
func (w terraform) text(s string) hclwrite.Tokens {
	parts := w.split(s)
	if len(parts) == 3 && parts[0] == "" && parts[2] == "" {
		return hclwrite.TokensForTraversal(traversal("var", snake(parts[1])))
	}
	if len(parts) == 1 {
		return hclwrite.TokensForValue(cty.StringVal(s))
	}
	out := hclwrite.Tokens{{Type: hclsyntax.TokenOQuote, Bytes: []byte(`"`)}}
	for i, part := range parts {
		if i%2 == 0 { // the tokens of a string without its two quotes
			quoted := hclwrite.TokensForValue(cty.StringVal(part))
			out = append(out, quoted[1:len(quoted)-1]...)
			continue
		}
		out = append(out, &hclwrite.Token{Type: hclsyntax.TokenTemplateInterp, Bytes: []byte("${")})
		out = append(out, hclwrite.TokensForTraversal(traversal("var", snake(part)))...)
		out = append(out, &hclwrite.Token{Type: hclsyntax.TokenTemplateSeqEnd, Bytes: []byte("}")})
	}
	return append(out, &hclwrite.Token{Type: hclsyntax.TokenCQuote, Bytes: []byte(`"`)})
}

func traversal(root, attr string) hcl.Traversal {
	return hcl.Traversal{hcl.TraverseRoot{Name: root}, hcl.TraverseAttr{Name: attr}}
}

// writeTags leaves out AWS's own tags, which nobody else may write.
func writeTags(b *hclwrite.Body, t *model.Trail) {
	tags := map[string]cty.Value{}
	for _, tag := range ownTags(t) {
		tags[tag.Key] = cty.StringVal(tag.Value)
	}
	if len(tags) > 0 {
		b.SetAttributeValue("tags", cty.ObjectVal(tags))
	}
}

// ownTags are the tags but those that AWS reserves for itself.
func ownTags(t *model.Trail) []model.Tag {
	tags, _ := t.Tags.Get()
	return slices.DeleteFunc(slices.Clone(tags), func(tag model.Tag) bool { return strings.HasPrefix(tag.Key, "aws:") })
}

func writeBasic(b *hclwrite.Body, list []coverage.BasicSelector) {
	for _, s := range list {
		b.AppendNewline()
		e := b.AppendNewBlock("event_selector", nil).Body()
		e.SetAttributeValue("read_write_type", cty.StringVal(s.ReadWrite()))
		e.SetAttributeValue("include_management_events", cty.BoolVal(s.Management()))
		writeList(e, "exclude_management_event_sources", s.ExcludeManagementEventSources)
		for _, r := range s.DataResources {
			e.AppendNewline()
			d := e.AppendNewBlock("data_resource", nil).Body()
			d.SetAttributeValue("type", cty.StringVal(r.Type))
			d.SetAttributeValue("values", texts(r.Values))
		}
	}
}

func writeAdvanced(b *hclwrite.Body, list []coverage.AdvancedSelector) {
	for _, s := range list {
		b.AppendNewline()
		e := b.AppendNewBlock("advanced_event_selector", nil).Body()
		if s.Name != "" {
			e.SetAttributeValue("name", cty.StringVal(s.Name))
		}
		for _, f := range s.FieldSelectors {
			e.AppendNewline()
			w := e.AppendNewBlock("field_selector", nil).Body()
			w.SetAttributeValue("field", cty.StringVal(f.Field))
			writeList(w, "equals", f.Equals)
			writeList(w, "not_equals", f.NotEquals)
			writeList(w, "starts_with", f.StartsWith)
			writeList(w, "not_starts_with", f.NotStartsWith)
			writeList(w, "ends_with", f.EndsWith)
			writeList(w, "not_ends_with", f.NotEndsWith)
		}
	}
}

func writeList(b *hclwrite.Body, name string, list []string) {
	if len(list) > 0 {
		b.SetAttributeValue(name, texts(list))
	}
}

func texts(list []string) cty.Value {
	out := make([]cty.Value, 0, len(list))
	for _, s := range list {
		out = append(out, cty.StringVal(s))
	}
	return cty.TupleVal(out)
}
