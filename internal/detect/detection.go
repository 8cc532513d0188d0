package detect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
	"cairn.example/internal/sigma"
)

// Detection is something that is watched for: an index card and the Sigma rules that say when it is met. A user's
// Sigma rule is one too, with its own id.
type Detection struct {
	rule.Meta
	Group   string // of the catalogue: trail, bucket, key; "" for a user's
	Rules   []*sigma.Rule
	Ours    bool
	Author  string // of a user's rule: licences of rules ask that matches name it
	actions map[*sigma.Rule]*custom
}

// Action is what an event of that name means, and how severe it is as far as the event alone can prove.
type Action struct {
	Severity model.Severity `json:"severity"`
	Means    string         `json:"means"`
}

// custom is what our Sigma rules carry under the key of that name. Each rule of a file names the detection; the
// first has its index card.
type custom struct {
	ID         string            `json:"id"`
	Aliases    []string          `json:"aliases"`
	Categories []rule.Category   `json:"categories"`
	External   []string          `json:"external"`
	Published  string            `json:"published"`
	Updated    string            `json:"updated"`
	Group      string            `json:"group"`
	Resource   resource          `json:"resource"`
	Actions    map[string]Action `json:"actions"` // by eventName; * for any other
}

// resource says which resource an event is about: the first of the fields that the record has.
type resource struct {
	Kind string   `json:"kind"` // as CloudFormation spells it
	From []string `json:"from"` // dotted paths
}

// Load reads every folder of files: detection.yml and beside it page.md. All that is wrong comes in one error.
func Load(files fs.FS) ([]*Detection, error) {
	names, err := fs.Glob(files, "*/detection.yml")
	if err != nil {
		return nil, fmt.Errorf("list the detections: %w", err)
	}
	var out []*Detection
	var errs []error
	for _, name := range names {
		d, err := load(files, name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if i := slices.IndexFunc(out, func(o *Detection) bool { return o.ID == d.ID }); i >= 0 {
			errs = append(errs, fmt.Errorf("%s: id %s is taken", name, d.ID))
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b *Detection) int { return strings.Compare(a.ID, b.ID) })
	return out, errors.Join(errs...)
}

func load(files fs.FS, name string) (*Detection, error) {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("read a detection: %w", err)
	}
	rules, err := sigma.Load(name, data)
	if err != nil {
		return nil, err
	}
	folder, err := fs.Sub(files, path.Dir(name))
	if err != nil {
		return nil, fmt.Errorf("read a detection: %w", err)
	}
	d := &Detection{Ours: true, Rules: rules, actions: map[*sigma.Rule]*custom{}}
	for i, r := range rules {
		c, err := readCustom(r)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: custom: %w", name, r.Line, err)
		}
		d.actions[r] = c
		if i == 0 {
			d.Group = c.Group
			d.Meta = rule.Meta{
				ID: c.ID, Title: r.Title, Aliases: c.Aliases, Kind: rule.RealTime, Severity: severityOf(r.Level), Categories: c.Categories,
				External: append(techniques(rules), c.External...), Published: c.Published, Updated: c.Updated, Files: folder,
			}
		}
		if c.ID != d.ID {
			return nil, fmt.Errorf("%s:%d: custom.id is %q, the first rule of the file has %q", name, r.Line, c.ID, d.ID)
		}
	}
	return d, nil
}

func readCustom(r *sigma.Rule) (*custom, error) {
	raw, err := json.Marshal(r.Custom)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var c custom
	switch err := dec.Decode(&c); {
	case err != nil:
		return nil, err
	case c.ID == "":
		return nil, errors.New("id is missing")
	case len(c.Actions) == 0:
		return nil, errors.New("actions are missing: eventName, or *, with its severity and what it means")
	case severityOf(r.Level) == 0:
		return nil, fmt.Errorf("level %q: want low, medium, high or critical", r.Level)
	case c.Resource.Kind != "" && len(c.Resource.From) == 0:
		return nil, errors.New("resource.from is missing: the fields that name the resource")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Actions)) {
		if a := c.Actions[name]; a.Severity == 0 || a.Means == "" {
			return nil, fmt.Errorf("actions.%s: want severity and means", name)
		}
	}
	return &c, nil
}

// techniques are those of MITRE ATT&CK that tags name: attack.t1685.002 is T1685.002.
func techniques(rules []*sigma.Rule) []string {
	var out []string
	for _, r := range rules {
		for _, tag := range r.Tags {
			id, ok := strings.CutPrefix(strings.ToUpper(tag), "ATTACK.")
			if ok && technique.MatchString(id) && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

var technique = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)

// severityOf is a Sigma level as ours. Sigma's critical is the higher of our two highest.
func severityOf(level string) model.Severity {
	return map[string]model.Severity{
		"informational": model.Low, "low": model.Low, "medium": model.Medium, "high": model.High, "critical": model.Extreme,
	}[level]
}

// FromSigma makes a user's Sigma rules detections, each its own.
func FromSigma(rules []*sigma.Rule) []*Detection {
	out := make([]*Detection, 0, len(rules))
	for _, r := range rules {
		id := idOf(r)
		if slices.ContainsFunc(out, func(o *Detection) bool { return o.ID == id }) {
			id = fmt.Sprintf("%s:%d: %s", r.File, r.Line, r.Title)
		}
		severity := severityOf(r.Level)
		if severity == 0 {
			severity = model.Medium // Sigma's level is optional
		}
		out = append(out, &Detection{
			Meta: rule.Meta{
				ID: id, Title: r.Title, Kind: rule.RealTime, Severity: severity, External: techniques([]*sigma.Rule{r}),
				Published: r.Date, Updated: r.Modified,
			},
			Rules: []*sigma.Rule{r}, Author: strings.Join(strings.Fields(r.Author), " "),
		})
	}
	return out
}

// idOf is the id of a user's rule. Sigma's is optional, and titles are not unique.
func idOf(r *sigma.Rule) string {
	if r.ID != "" {
		return r.ID
	}
	return r.File + ": " + r.Title
}

// page is the command that prints the detection's page; a user's rule has none.
func (d *Detection) page() string {
	if !d.Ours {
		return ""
	}
	return "cairn detections " + d.ID
}

// Actions are what events of each name mean, over all rules of the detection.
func (d *Detection) Actions() map[string]Action {
	out := map[string]Action{}
	for _, r := range d.Rules {
		if c := d.actions[r]; c != nil {
			maps.Copy(out, c.Actions)
		}
	}
	return out
}

// action is what an event that met the rule means.
func (d *Detection) action(r *sigma.Rule, event string) Action {
	c := d.actions[r]
	if c == nil {
		return Action{Severity: d.Severity, Means: strings.Join(strings.Fields(r.Description), " ")}
	}
	if a, ok := c.Actions[event]; ok {
		return a
	}
	if a, ok := c.Actions["*"]; ok {
		return a
	}
	return Action{Severity: d.Severity}
}
