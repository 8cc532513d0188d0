package servicenow_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/notify"
)

const (
	user     = "cairn.integration"
	password = "p4ssw0rd-0f-th3-1nst4nc3"
	group    = "287ebd7da9fe198100f92cc8d1d2154e"
)

// instance is a ServiceNow instance as far as cairn sees it: the Table API over two tables, with the data policy that
// wants a resolution of what is resolved, and Event Management behind one of them.
type instance struct {
	t         *testing.T
	mu        sync.Mutex
	incidents []map[string]string // with the journal under work_notes
	alerts    []*alert
	sent      []string
}

type alert struct {
	key, severity, text, more, time string
	open                            bool
}

// failure is an answer of the Table API that is not 2xx.
type failure struct {
	status  int
	message string
}

func (f *failure) Error() string { return f.message }

func refuse(format string, args ...any) error { return &failure{400, fmt.Sprintf(format, args...)} }

func (d *instance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	status, result, err := d.answer(r, body)
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	if err != nil {
		status = 400
		if f, ok := errors.AsType[*failure](err); ok {
			status = f.status
		}
		if status == 400 {
			d.t.Errorf("the instance refuses: %v\n%s %s\n%s", err, r.Method, r.URL, notify.Cut(string(body), 2000))
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"message": "Operation Failed", "detail": err.Error()}, "status": "failure"})
		return
	}
	d.sent = append(d.sent, picture(r, body))
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"result": result})
}

func (d *instance) answer(r *http.Request, body []byte) (int, any, error) {
	if u, p, ok := r.BasicAuth(); !ok || u != user || p != password {
		return 0, nil, refuse("wrong credentials")
	}
	if r.Header.Get("Accept") != "application/json" || r.Method != http.MethodGet && r.Header.Get("Content-Type") != "application/json" {
		return 0, nil, refuse("Accept %q, Content-Type %q", r.Header.Get("Accept"), r.Header.Get("Content-Type"))
	}
	table, sysID, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/now/table/"), "/")
	var fields map[string]string
	if r.Method != http.MethodGet {
		if err := json.Unmarshal(body, &fields); err != nil {
			return 0, nil, refuse("%v", err)
		}
		for name, value := range fields {
			if err := d.field(name, value); err != nil {
				return 0, nil, err
			}
		}
	}
	switch {
	case table == "incident" && r.Method == http.MethodGet && sysID == "":
		found, err := d.query(r.URL.Query())
		return 200, found, err
	case table == "incident" && r.Method == http.MethodPost && sysID == "":
		return d.insert(fields)
	case table == "incident" && r.Method == http.MethodPatch:
		return d.update(sysID, fields)
	case table == "em_event" && r.Method == http.MethodPost && sysID == "":
		return 201, map[string]string{"sys_id": id(len(d.sent)), "message_key": fields["message_key"]}, d.event(fields)
	}
	return 0, nil, refuse("%s %s", r.Method, r.URL)
}

// lengths are those of the columns; the instance would cut without a word what is longer.
var lengths = map[string]int{
	"short_description": 160, "description": 4000, "work_notes": 4000, "close_notes": 4000, "close_code": 40, "urgency": 1, "impact": 1, "state": 2,
	"category": 40, "assignment_group": 32, "caller_id": 32, "correlation_id": 100, "correlation_display": 100,
	"source": 100, "event_class": 100, "node": 100, "resource": 100, "type": 100, "metric_name": 100, "message_key": 1024, "severity": 1,
	"resolution_state": 40, "time_of_event": 19, "additional_info": 4000,
}

var markup = regexp.MustCompile(`(?i)\[/?code\]|@\[`)

func (d *instance) field(name, value string) error {
	most, ok := lengths[name]
	switch {
	case !ok:
		return refuse("no column %s", name)
	case utf8.RuneCountInString(value) > most:
		return refuse("%s has %d characters", name, utf8.RuneCountInString(value))
	case markup.MatchString(value):
		return refuse("markup in %s: %q", name, value)
	case value == "":
		return refuse("%s is set to nothing", name)
	}
	return nil
}

var queryShape = regexp.MustCompile(`^(?:sys_id=([0-9a-f]{32})\^OR)?correlation_id=([0-9a-f]{16})\^ORDERBYDESCsys_created_on$`)

// query gives the incidents, the newest first. It knows no other query than cairn's, so that no name gets into one.
func (d *instance) query(q url.Values) ([]map[string]string, error) {
	m := queryShape.FindStringSubmatch(q.Get("sysparm_query"))
	most, err := strconv.Atoi(q.Get("sysparm_limit"))
	if m == nil || err != nil {
		return nil, refuse("query %q", q)
	}
	out := []map[string]string{}
	for _, row := range slices.Backward(d.incidents) {
		if len(out) < most && (row["correlation_id"] == m[2] || m[1] != "" && row["sys_id"] == m[1]) {
			out = append(out, only(row, q))
		}
	}
	return out, nil
}

func only(row map[string]string, q url.Values) map[string]string {
	out := map[string]string{}
	for name := range strings.SplitSeq(q.Get("sysparm_fields"), ",") {
		out[name] = row[name]
	}
	return out
}

func (d *instance) insert(fields map[string]string) (int, any, error) {
	for _, name := range []string{"short_description", "description", "urgency", "impact", "correlation_id", "correlation_display"} {
		if fields[name] == "" {
			return 0, nil, refuse("a new incident without %s", name)
		}
	}
	row := map[string]string{"sys_id": id(len(d.incidents)), "state": "1"}
	d.incidents = append(d.incidents, row)
	if err := write(row, fields); err != nil {
		d.incidents = d.incidents[:len(d.incidents)-1]
		return 0, nil, err
	}
	return 201, row, nil
}

func id(n int) string { return fmt.Sprintf("%032x", n+0xabcdef) }

func (d *instance) update(sysID string, fields map[string]string) (int, any, error) {
	i := slices.IndexFunc(d.incidents, func(row map[string]string) bool { return row["sys_id"] == sysID })
	if i < 0 {
		return 0, nil, &failure{404, "Record doesn't exist or ACL restricts the record retrieval"}
	}
	if state := d.incidents[i]["state"]; state == "7" || state == "8" {
		return 0, nil, refuse("the incident is closed")
	}
	return 200, d.incidents[i], write(d.incidents[i], fields)
}

// write holds an incident to the data policy, and adds to its journal.
func write(row, fields map[string]string) error {
	if state := fields["state"]; (state == "6" || state == "7") && (fields["close_code"] == "" || fields["close_notes"] == "") {
		return &failure{403, "Data Policy Exception: The following fields are mandatory: Resolution code, Resolution notes"}
	}
	for name, value := range fields {
		if name == "work_notes" && row[name] != "" {
			value = row[name] + "\n\n" + value
		}
		row[name] = value
	}
	return nil
}

// event works an event off as Event Management does: one alert is open for a message_key.
func (d *instance) event(fields map[string]string) error {
	for name := range lengths {
		switch name {
		case "source", "node", "resource", "type", "metric_name", "message_key", "severity", "description", "time_of_event", "additional_info":
			if fields[name] == "" {
				return refuse("an event without %s", name)
			}
		}
	}
	var more map[string]string
	if err := json.Unmarshal([]byte(fields["additional_info"]), &more); err != nil {
		return refuse("additional_info: %v", err)
	}
	if _, err := time.Parse("2006-01-02 15:04:05", fields["time_of_event"]); err != nil {
		return refuse("%v", err)
	}
	if !strings.Contains("012345", fields["severity"]) {
		return refuse("severity %q", fields["severity"])
	}
	clears := fields["severity"] == "0"
	i := slices.IndexFunc(d.alerts, func(a *alert) bool { return a.key == fields["message_key"] })
	if i < 0 && clears {
		return nil // ignored
	}
	if i < 0 {
		i, d.alerts = len(d.alerts), append(d.alerts, &alert{key: fields["message_key"]})
	}
	a := d.alerts[i]
	if a.time >= fields["time_of_event"] && a.open && clears {
		return refuse("the end of %s is not after its beginning", a.key)
	}
	*a = alert{a.key, fields["severity"], fields["description"], fields["additional_info"], fields["time_of_event"], !clears}
	return nil
}

func (d *instance) shown() []channeltest.Shown {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []channeltest.Shown
	for _, row := range d.incidents {
		text := strings.Join([]string{row["short_description"], row["description"], row["work_notes"], row["close_notes"]}, "\n\n")
		out = append(out, channeltest.Shown{Text: text, Open: row["state"] != "6" && row["state"] != "7"})
	}
	for _, a := range d.alerts {
		out = append(out, channeltest.Shown{Text: a.text, Open: a.open})
	}
	return out
}

func (d *instance) taken() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := strings.Join(d.sent, "\n")
	d.sent = nil
	return out
}

// picture is a request as a person reads it, with each text as it stands on the form.
func picture(r *http.Request, body []byte) string {
	query, _ := url.QueryUnescape(r.URL.RawQuery)
	out := r.Method + " " + r.URL.Path + "?" + query + "\n"
	var fields map[string]string
	if json.Unmarshal(body, &fields) != nil {
		return out
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		if strings.HasPrefix(value, "{") {
			var b bytes.Buffer
			_ = json.Indent(&b, []byte(value), "", "  ")
			value = b.String()
		}
		if strings.Contains(value, "\n") {
			value = "\n    " + strings.ReplaceAll(value, "\n", "\n    ")
		}
		out += name + ": " + value + "\n"
	}
	return out
}
