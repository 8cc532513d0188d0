//go:build e2e

package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"cairn.example/internal/golden"
	"cairn.example/internal/remediate"
	"cairn.example/rules/all"
)

// TestTemplatesPassTheLinter holds every CloudFormation template that a rule's page shows, and those of deploy/, against
// AWS's own schemas, as cfn-lint carries them: somebody else's idea of what a trail may say.
func TestTemplatesPassTheLinter(t *testing.T) {
	dir := t.TempDir()
	files := golden.Glob(t, "../../deploy/cloudformation/*.yaml")
	deployed := len(files)
	for _, r := range all.Rules() {
		if r.Fix == nil {
			continue
		}
		account, at := remediate.Example(r)
		plan := remediate.Fix(r, account, at)
		for _, form := range []remediate.Form{remediate.CloudFormationJSON, remediate.CloudFormationYAML} {
			for _, p := range map[string]remediate.Plan{"real": plan, "generic": remediate.Generic(plan)} {
				templates, err := remediate.Files(p, form)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range templates {
					name := filepath.Join(dir, fmt.Sprintf("%02d-%s-%s-%s", len(files), r.ID, form, f.Name))
					if err := os.WriteFile(name, f.Body, 0o600); err != nil {
						t.Fatal(err)
					}
					files = append(files, name)
				}
			}
		}
	}
	if len(files) == deployed {
		t.Fatal("no template of a rule to lint")
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(world.venv, "bin/cfn-lint"), files...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("cfn-lint of %d templates: %v\n%s", len(files), err, out.String())
	}
}
