package main

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
	"time"

	"cairn.example/internal/remediate"
)

//go:embed templates/*.tmpl
var files embed.FS

// templates have delimiters of their own: Go's literals are full of braces.
var templates = template.Must(template.New("").Delims("[[", "]]").ParseFS(files, "templates/*.tmpl"))

// card is what a rule's files are made from.
type card struct {
	Folder  string // ct120-my-rule
	Package string // ct120
	ID      string // CT-120
	Title   string
	Day     string // YYYY-MM-DD
}

// Forms are those in which a fix is printed: the page has a heading for each.
func (card) Forms() []remediate.FormInfo { return remediate.Forms }

var folderName = regexp.MustCompile(`^([a-z]{2,4})([0-9]{3})(-[a-z0-9]+)+$`)

func parse(folder, title string, today time.Time) (card, error) {
	m := folderName.FindStringSubmatch(folder)
	if m == nil {
		return card{}, fmt.Errorf("folder %q: want an id and words, such as ct120-my-rule", folder)
	}
	if title = strings.TrimSpace(title); title == "" || strings.ContainsAny(title, "\n`") {
		return card{}, fmt.Errorf("title %q: want one line of plain words", title)
	}
	return card{
		Folder: folder, Package: m[1] + m[2], ID: strings.ToUpper(m[1]) + "-" + m[2], Title: title, Day: today.Format(time.DateOnly),
	}, nil
}

// write makes the rule's folder. A number is never used twice.
func (c card) write(root string) error {
	rules := filepath.Join(root, "rules")
	taken, err := filepath.Glob(filepath.Join(rules, c.Package+"-*"))
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		return fmt.Errorf("%s is taken by rules/%s", c.ID, filepath.Base(taken[0]))
	}
	for file, name := range map[string]string{
		"rule.go": "rule.go.tmpl", "page.md": "page.md.tmpl", filepath.Join("cases", "pass.txtar"): "pass.txtar.tmpl",
	} {
		var text bytes.Buffer
		if err := templates.ExecuteTemplate(&text, name, c); err != nil {
			return fmt.Errorf("fill in %s: %w", name, err)
		}
		if err := create(filepath.Join(rules, c.Folder, file), text.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func create(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // source code is for sharing
		return err
	}
	return os.WriteFile(path, text, 0o644) //nolint:gosec // source code is for sharing
}

// registry is the source of package all: every folder below rules that holds a rule, by id.
func registry(root string) ([]byte, error) {
	found, err := filepath.Glob(filepath.Join(root, "rules", "*", "rule.go"))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no rule in %s", filepath.Join(root, "rules"))
	}
	var cards []card
	for _, path := range found { // Glob sorts
		c, err := parse(filepath.Base(filepath.Dir(path)), "a rule", time.Time{})
		if err != nil {
			return nil, err
		}
		cards = append(cards, c)
	}
	var text bytes.Buffer
	if err := templates.ExecuteTemplate(&text, "all.go.tmpl", cards); err != nil {
		return nil, fmt.Errorf("fill in the registry: %w", err)
	}
	return format.Source(text.Bytes())
}

func writeRegistry(root string) error {
	text, err := registry(root)
	if err != nil {
		return err
	}
	return create(filepath.Join(root, "rules", "all", "all.go"), text)
}
