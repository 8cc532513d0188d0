package deploy_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"cairn.example/internal/golden"
)

// plan is a module with its variables chosen.
type plan struct {
	t         *testing.T
	blocks    []*hclsyntax.Block
	variables map[string]cty.Value
	scope     *hcl.EvalContext
}

// readModule parses a module's files.
func readModule(t *testing.T, name string) *plan {
	t.Helper()
	p := &plan{t: t, variables: map[string]cty.Value{}}
	parser := hclparse.NewParser()
	for _, path := range golden.Glob(t, filepath.Join(root, "terraform", name, "*.tf")) {
		file, diags := parser.ParseHCLFile(path)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		p.blocks = append(p.blocks, file.Body.(*hclsyntax.Body).Blocks...)
	}
	return p
}

// each gives the blocks of a type.
func (p *plan) each(kind string) []*hclsyntax.Block {
	var out []*hclsyntax.Block
	for _, b := range p.blocks {
		if b.Type == kind {
			out = append(out, b)
		}
	}
	return out
}

// newPlan gives each variable its value, chosen or by default, and each resource its name and ARN.
func newPlan(t *testing.T, name string, chosen map[string]cty.Value) *plan {
	t.Helper()
	p := readModule(t, name)
	p.scope = &hcl.EvalContext{Functions: map[string]function.Function{
		"compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "jsonencode": stdlib.JSONEncodeFunc, "length": stdlib.LengthFunc,
		"merge": stdlib.MergeFunc, "split": stdlib.SplitFunc,
	}}
	for _, b := range p.each("variable") {
		v, ok := chosen[b.Labels[0]]
		if attribute := b.Body.Attributes["default"]; !ok && attribute != nil {
			v, ok = p.value(attribute.Expr), true
		}
		if !ok {
			t.Fatalf("%s: nobody chose %s", name, b.Labels[0])
		}
		if kind := hcl.ExprAsKeyword(b.Body.Attributes["type"].Expr); kind == "" && v.LengthInt() == 0 {
			v = cty.ListValEmpty(cty.String)
		}
		p.variables[b.Labels[0]] = v
	}
	for variable := range chosen {
		if _, ok := p.variables[variable]; !ok {
			t.Errorf("%s has no variable %s", name, variable)
		}
	}
	p.scope.Variables = map[string]cty.Value{"var": cty.ObjectVal(p.variables), "data": surroundings()}
	p.scope.Variables["local"] = p.locals()
	maps.Copy(p.scope.Variables, p.named())
	return p
}

// surroundings are what the data sources of our modules tell.
func surroundings() cty.Value {
	current := func(members map[string]cty.Value) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"current": cty.ObjectVal(members)})
	}
	return cty.ObjectVal(map[string]cty.Value{
		"aws_caller_identity": current(map[string]cty.Value{"account_id": cty.StringVal(account)}),
		"aws_partition":       current(map[string]cty.Value{"partition": cty.StringVal(partition), "dns_suffix": cty.StringVal("amazonaws.com")}),
		"aws_region":          current(map[string]cty.Value{"name": cty.StringVal(region)}),
	})
}

// locals are evaluated in the order in which they are written.
func (p *plan) locals() cty.Value {
	done := map[string]cty.Value{}
	for _, b := range p.each("locals") {
		for _, a := range slices.SortedFunc(maps.Values(b.Body.Attributes), func(a, b *hclsyntax.Attribute) int { return a.SrcRange.Start.Byte - b.SrcRange.Start.Byte }) {
			p.scope.Variables["local"] = cty.ObjectVal(done)
			done[a.Name] = p.value(a.Expr)
		}
	}
	return cty.ObjectVal(done)
}

// named are the resources as other resources see them.
func (p *plan) named() map[string]cty.Value {
	p.t.Helper()
	seen := map[string]map[string]cty.Value{}
	for _, b := range p.each("resource") {
		kind, id := b.Labels[0], b.Labels[1]
		name := id
		if a := b.Body.Attributes["name"]; a != nil {
			name = p.value(a.Expr).AsString()
		}
		own := name
		if kind == "aws_cloudwatch_event_rule" && b.Body.Attributes["event_bus_name"] != nil {
			own = seen["aws_cloudwatch_event_bus"]["bus"].GetAttr("name").AsString() + "/" + name
		}
		members := map[string]cty.Value{"name": cty.StringVal(name), "id": cty.StringVal(name)}
		if !slices.Contains([]string{
			"aws_sqs_queue_policy", "aws_cloudwatch_event_bus_policy", "aws_cloudwatch_event_target", "aws_sns_topic_policy",
			"aws_sns_topic_subscription", "aws_iam_role_policy", "aws_iam_role_policy_attachment", "aws_iam_instance_profile",
		}, kind) {
			members["arn"] = cty.StringVal(arn(p.t, kind, own))
			members["url"] = cty.StringVal("https://sqs." + region + ".amazonaws.com/" + account + "/" + name)
		}
		if seen[kind] == nil {
			seen[kind] = map[string]cty.Value{}
		}
		seen[kind][id] = cty.ObjectVal(members)
	}
	out := map[string]cty.Value{}
	for kind, all := range seen {
		out[kind] = cty.ObjectVal(all)
	}
	return out
}

func (p *plan) value(e hcl.Expression) cty.Value {
	p.t.Helper()
	v, diags := e.Value(p.scope)
	if diags.HasErrors() {
		p.t.Fatal(diags)
	}
	return v
}

// attribute is one of a resource, evaluated; of a resource that the plan does not make there is none.
func (p *plan) attribute(kind, id, name string) cty.Value {
	p.t.Helper()
	for _, b := range p.each("resource") {
		if b.Labels[0] != kind || b.Labels[1] != id {
			continue
		}
		if count := b.Body.Attributes["count"]; count != nil && p.value(count.Expr).RawEquals(cty.NumberIntVal(0)) {
			return cty.NilVal
		}
		a, ok := b.Body.Attributes[name]
		if !ok {
			p.t.Fatalf("%s.%s has no %s", kind, id, name)
		}
		return p.value(a.Expr)
	}
	p.t.Fatalf("there is no %s.%s", kind, id)
	return cty.NilVal
}

// Every expression of a module has a value, whatever is chosen, and nothing is declared that nobody uses.
func TestModulesHoldTogether(t *testing.T) {
	for _, m := range modules(t) {
		for which, chosen := range m.chosen {
			t.Run(m.name+"/"+which, func(t *testing.T) {
				p := newPlan(t, m.name, chosen.plan())
				used := map[string]bool{}
				for _, b := range p.blocks {
					if !slices.Contains([]string{"resource", "output", "locals", "data"}, b.Type) {
						continue
					}
					for _, a := range b.Body.Attributes {
						p.value(a.Expr)
						for _, reference := range a.Expr.Variables() {
							used[strings.Join(steps(reference)[:2], ".")] = true
						}
					}
				}
				for variable := range p.variables {
					if !used["var."+variable] {
						t.Errorf("var.%s is used nowhere", variable)
					}
				}
			})
		}
	}
}

func steps(reference hcl.Traversal) []string {
	out := []string{reference.RootName()}
	for _, step := range reference[1:] {
		if a, ok := step.(hcl.TraverseAttr); ok {
			out = append(out, a.Name)
		}
	}
	return append(out, "")
}

// Versions are what terraform validate was run with, at least.
func TestModulesNameTheirProvider(t *testing.T) {
	for _, m := range modules(t) {
		p := readModule(t, m.name)
		blocks := p.each("terraform")
		if len(blocks) != 1 {
			t.Fatalf("%s: want one terraform block, got %d", m.name, len(blocks))
		}
		aws := blocks[0].Body.Blocks[0].Body.Attributes["aws"]
		if got := fmt.Sprint(p.value(aws.Expr).AsValueMap()["version"].AsString()); !strings.HasPrefix(got, ">= ") {
			t.Errorf("%s: provider version %q, want >= the oldest that will do", m.name, got)
		}
	}
}
