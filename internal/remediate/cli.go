package remediate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// cliFiles writes one command a line. Each names its Region, and the trail by its ARN, so that it cannot meet
// another trail of that name.
func cliFiles(p Plan) ([]File, error) {
	lines, err := Commands(p)
	if err != nil {
		return nil, err
	}
	commands := strings.Join(lines, "\n") + "\n"
	var b bytes.Buffer
	fmt.Fprintln(&b, shellComment(p.headline(func(name string) string { return "$" + shellVar(name) })))
	for _, note := range p.Notes {
		fmt.Fprintln(&b, shellComment(note))
	}
	for _, a := range p.Asks {
		if strings.Contains(commands, "${"+shellVar(a.Name)+":?}") {
			fmt.Fprintln(&b, shellComment("Set "+shellVar(a.Name)+" first: "+a.What+"."))
		}
	}
	b.WriteString(commands)
	name := "fix.sh"
	if p.back {
		name = "undo.sh"
	}
	return []File{{name, b.Bytes(), []string{"sh " + name}}}, nil
}

// shellComment is a comment without apostrophes: zsh takes a pasted comment for a command, and would wait for the
// end of a quotation.
func shellComment(s string) string {
	return strings.ReplaceAll(remark(s), "'", "\u2019")
}

// command is a step as the AWS CLI takes it.
func (p Plan) command(s Step) (string, error) {
	words := []string{"aws", s.Service, kebab(s.Op), "--region", p.shell(s.Region)}
	for _, m := range s.Input {
		flag := "--" + kebab(m.Name)
		var v any
		if err := json.Unmarshal(m.Value, &v); err != nil {
			return "", fmt.Errorf("%s of %s: %w", m.Name, s.Op, err)
		}
		switch v := v.(type) {
		case bool:
			if !v {
				flag = "--no-" + kebab(m.Name)
			}
			words = append(words, flag)
		case string:
			words = append(words, flag, p.shell(v))
		default:
			raw, err := compact(m.Value)
			if err != nil {
				return "", fmt.Errorf("%s of %s: %w", m.Name, s.Op, err)
			}
			words = append(words, flag, p.shell(raw))
		}
	}
	return strings.Join(words, " "), nil
}

// compact is JSON in one line, as a person would write it: members keep their order.
func compact(raw json.RawMessage) (string, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return "", err
	}
	return b.String(), nil
}

// plain needs no quotes in any POSIX shell.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// shell quotes a word. An asked value becomes a variable, and the command stops where it is not set.
func (p Plan) shell(s string) string {
	if !p.asks(s) {
		return Quote(s)
	}
	var b strings.Builder
	for i, part := range p.split(s) {
		switch {
		case i%2 == 1:
			b.WriteString(`"${` + shellVar(part) + `:?}"`)
		case part != "":
			b.WriteString(Quote(part))
		}
	}
	return b.String()
}

// Quote makes any text one word of a shell's.
func Quote(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// shellVar is a parameter as a variable of the environment.
func shellVar(name string) string { return strings.ToUpper(snake(name)) }
