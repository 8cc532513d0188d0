package remediate

import (
	"bytes"
	"fmt"
	"strings"

	"cairn.example/internal/model"
)

// noConsole is why the console cannot make a change.
func noConsole(d delta) []string {
	var out []string
	for _, a := range d.attr {
		switch r := rowOf(a); {
		case r.NoConsole != "":
			out = append(out, r.NoConsole)
		case a.Name() == model.Selectors.Name() && !manages(d):
			out = append(out, "the steps for these event selectors are not written down")
		}
	}
	return out
}

// consoleFiles writes numbered steps.
func consoleFiles(p Plan) ([]File, error) {
	spell := func(name string) string { return "(" + name + ")" }
	var b bytes.Buffer
	fmt.Fprintln(&b, remark(p.headline(spell)))
	for _, note := range p.Notes {
		fmt.Fprintln(&b, remark(note))
	}
	for _, a := range p.Asks {
		fmt.Fprintln(&b, remark(spell(a.Name)+": "+a.What+"."))
	}
	for _, d := range p.trails {
		for i, step := range consoleSteps(d) {
			lead := fmt.Sprintf("%d. ", i+1)
			fmt.Fprintln(&b, hung(lead, p.expand(step, spell)))
		}
	}
	return []File{{"fix.txt", b.Bytes(), nil}}, nil
}

func consoleSteps(d delta) []string {
	t := d.want
	out := []string{fmt.Sprintf("Sign in to account %s, open CloudTrail and choose the Region %s at the top: the trail is managed there.", t.Owner(), home(t))}
	if d.was == nil {
		return append(out, consoleCreate(t)...)
	}
	out = append(out, fmt.Sprintf("Choose **Trails**, then **%s** (of the Home Region %s).", t.Name, home(t)))
	var general []string
	var other []string
	for _, a := range d.attr {
		r := rowOf(a)
		switch a.Name() {
		case model.Logging.Name():
			other = append(other, "Choose "+r.Console+" at the top right.")
		case model.Selectors.Name():
			other = append(other, "In the "+r.Console+". Choose **Save changes**. Leave the section **Data events** as it is.")
		default:
			general = append(general, shown(r, t))
		}
	}
	if len(general) > 0 {
		out = append(out, "In the section **General details** choose **Edit**. Set "+strings.Join(general, ". Set ")+". Choose **Save changes**.")
	}
	return append(out, other...)
}

// shown is a row's place in the console, with the value where it takes one.
func shown(r row, t *model.Trail) string {
	if !strings.Contains(r.Console, "%s") {
		return r.Console
	}
	return fmt.Sprintf(r.Console, "`"+plainText(r.Attr, t)+"`")
}

// consoleCreate is the console's own form for a new trail, which it makes multi-Region and starts.
func consoleCreate(t *model.Trail) []string {
	var general []string
	for _, r := range rows {
		value := string(r.Attr.JSON(t))
		if r.Create != "" && r.Console != "" && r.Attr.Known(t) && value != r.Default && value != no {
			general = append(general, shown(r, t))
		}
	}
	return []string{
		"Choose **Trails**, **Create trail**. Trail name: `" + t.Name + "`. " + strings.Join(general, ". ") + ". Choose **Next**.",
		"Event type: **Management events** only. API activity: **Read** and **Write**; exclude nothing. Choose **Next**.",
		"Choose **Create trail**. The console makes it multi-Region and starts it.",
	}
}
