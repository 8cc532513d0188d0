package source_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/source"
)

// record is a record by its id, as a file of CloudTrail's would hold it.
func record(ids ...string) string {
	var all []string
	for _, id := range ids {
		all = append(all, `{"eventVersion":"1.11","eventID":"`+id+`","eventName":"StopLogging","eventSource":"`+ct+`","eventTime":"2026-11-22T10:00:00Z"}`)
	}
	return `{"Records":[` + strings.Join(all, ",") + `]}`
}

func gz(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

// plant writes files, by their paths below a folder. They are written elsewhere first: a look in between would see
// them with the machine's time, which is not the test's.
func plant(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	aside := filepath.Join(t.TempDir(), "file")
	for name, text := range files {
		path := filepath.Join(dir, name)
		err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(aside, []byte(text), 0o600),
			os.Chtimes(aside, time.Now(), time.Now()), os.Rename(aside, path))
		if err != nil {
			t.Fatal(err)
		}
	}
}

// relative are the names of the batches since the last time, below a folder.
func (d *desk) relative(dir string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []string{}
	for _, name := range d.names {
		out = append(out, strings.TrimPrefix(filepath.ToSlash(name), filepath.ToSlash(dir)+"/"))
	}
	d.names = nil
	return out
}

func TestFilesAreFound(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, map[string]string{
		"AWSLogs/1/CloudTrail/eu-west-1/2026/11/22/b.json.gz": gz(record("1", "2")),
		"AWSLogs/1/CloudTrail/eu-west-1/2026/11/22/a.json.gz": gz(record("3")),
		"AWSLogs/1/CloudTrail/eu-west-1/2026/11/21/c.json.gz": gz(record("4")),
		"AWSLogs/1/CloudTrail-Digest/eu-west-1/d.json.gz":     gz(`{"awsAccountId":"1","digestS3Object":"d"}`),
		"AWSLogs/1/notes.txt":                                 "no log",
		"AWSLogs/1/cut.json":                                  record("5")[:100],
		"loose/x.json":                                        record("6"),
		"loose/[y].json":                                      record("7"),
		"loose/sub/z.json":                                    record("8"),
	})
	for link, to := range map[string]string{
		"linked/file.json": "../loose/x.json", "linked/folder": "../loose/sub", "linked/round/again": "..", "linked/round/there": "../folder",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, link)), 0o700), os.Symlink(filepath.FromSlash(to), filepath.Join(dir, link))); err != nil {
			t.Fatal(err)
		}
	}
	tree := []string{
		"AWSLogs/1/cut.json", "AWSLogs/1/notes.txt", "AWSLogs/1/CloudTrail/eu-west-1/2026/11/21/c.json.gz",
		"AWSLogs/1/CloudTrail/eu-west-1/2026/11/22/a.json.gz", "AWSLogs/1/CloudTrail/eu-west-1/2026/11/22/b.json.gz",
		"AWSLogs/1/CloudTrail-Digest/eu-west-1/d.json.gz",
	}
	for _, c := range []struct {
		paths, want []string
		records     string
	}{
		{[]string{"AWSLogs"}, tree, "1 2 3 4"},
		{[]string{"AWSLogs/1/../1", "AWSLogs", "AWSLogs/1/cut.json"}, tree, "1 2 3 4"},
		{[]string{"loose/sub", "loose/x.json", "loose/./x.json"}, []string{"loose/sub/z.json", "loose/x.json"}, "6 8"},
		{[]string{"loose/*.json"}, []string{"loose/[y].json", "loose/x.json"}, "6 7"},
		{[]string{"loose/[y].json"}, []string{"loose/[y].json"}, "7"},
		{[]string{"l*/s?b"}, []string{"loose/sub/z.json"}, "8"},
		{[]string{"**/2026/11/*/[ac].json.gz"}, []string{tree[2], tree[3]}, "3 4"},
		{[]string{"loose/**"}, []string{"loose/[y].json", "loose/x.json", "loose/sub/z.json"}, "6 7 8"},
		{[]string{"**/**/z.json"}, []string{"loose/sub/z.json"}, "8"},
		{[]string{"linked"}, []string{"linked/file.json", "linked/folder/z.json"}, "6 8"},
		{[]string{"-", "loose/x.json", "-"}, []string{"loose/x.json", "standard input"}, "6 9"},
	} {
		t.Run(strings.Join(c.paths, " "), func(t *testing.T) {
			d := &desk{}
			f := source.Files{Workers: 1, Stdin: strings.NewReader(record("9")), Now: time.Now}
			for _, p := range c.paths {
				if p != "-" {
					p = dir + "/" + p
				}
				f.Paths = append(f.Paths, p)
			}
			if err := f.Run(t.Context(), d.handle); err != nil {
				t.Fatal(err)
			}
			got := d.relative(dir)
			if c.paths[0] == "-" {
				slices.Sort(got) // they are read side by side
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if ids := strings.Join(d.got(), " "); ids != c.records {
				t.Errorf("records %s, want %s", ids, c.records)
			}
		})
	}
}

func TestPathsThatMatchNothing(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, map[string]string{"a.json": record("1")})
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"b.json": "no such file", "*.gz": "*.gz matches nothing", "**/x": "**/x matches nothing", "[a": "syntax error in pattern",
		"empty": "holds no file", "empty/*": "empty/* matches nothing", "a.json/*": "matches nothing",
	} {
		d := &desk{}
		err := source.Files{Paths: []string{filepath.Join(dir, "a.json"), filepath.Join(dir, path)}, Now: time.Now}.Run(t.Context(), d.handle)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), filepath.Join(dir, path)) {
			t.Errorf("%s: want %q, got %v", path, want, err)
		}
		if n := len(d.names); n > 0 && path != "empty" {
			t.Errorf("%s: %d batches before the mistake was told", path, n)
		}
	}
	for _, f := range []source.Files{{}, {Paths: []string{"-"}}} {
		if err := f.Run(t.Context(), (&desk{}).handle); err == nil {
			t.Errorf("%v: no error", f.Paths)
		}
	}
}

// What cannot be read has an error with its name; the rest is read.
func TestUnreadableFiles(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, map[string]string{"a.json": record("1"), "z.json": record("2"), "secret.json": record("3"), "closed/b.json": record("4")})
	bad := map[string]string{"dangling": "no such file", "socket": "no such device", "secret.json": "permission denied", "closed": "permission denied"}
	var lc net.ListenConfig
	listener, err := lc.Listen(t.Context(), "unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Skip(err)
	}
	defer listener.Close()
	if err := errors.Join(os.Symlink("nowhere", filepath.Join(dir, "dangling")), os.Chmod(filepath.Join(dir, "secret.json"), 0), os.Chmod(filepath.Join(dir, "closed"), 0)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "closed"), 0o700) })
	want := []string{"1", "2"}
	if os.Geteuid() == 0 { // who may read everything
		delete(bad, "secret.json")
		delete(bad, "closed")
		want = append(want, "3", "4")
	}
	d, told := &desk{}, 0
	paths := []string{dir + "/[!s]*", dir + "/s*"} // in a folder that is read the socket would be passed over
	err = source.Files{Paths: paths, Now: time.Now, Problem: func(source.Problem) { told++ }}.Run(t.Context(), d.handle)
	e, ok := errors.AsType[*source.IncompleteError](err)
	if !ok || e.Count != len(bad) || told != len(bad) {
		t.Fatalf("told %d problems, got %v", told, err)
	}
	for name, why := range bad {
		if !strings.Contains(err.Error(), filepath.Join(dir, name)) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s is missing in %v", name, err)
		}
	}
	if diff := cmp.Diff(want, d.got()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnacknowledgedFileIsTold(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, map[string]string{"a.json": record("1"), "b.json": record("2"), "c.json": record("3")})
	noRoom := errors.New("no room")
	d := &desk{refuse: func(b source.Batch) error {
		if strings.HasSuffix(b.Name, "b.json") {
			return noRoom
		}
		return nil
	}}
	err := source.Files{Paths: []string{dir}, Now: time.Now}.Run(t.Context(), d.handle)
	if !errors.Is(err, noRoom) || !strings.Contains(err.Error(), "b.json: no room") || strings.Join(d.got(), "") != "13" {
		t.Errorf("got %v", err)
	}
}

// An input that never ends, or is long, does not keep the run from ending.
func TestInterruptedInput(t *testing.T) {
	in, out := io.Pipe()
	defer out.Close()
	dir := t.TempDir()
	plant(t, dir, map[string]string{"a": "long"})
	for _, path := range []string{"-", filepath.Join(dir, "a")} {
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		var failed error
		handle := func(_ context.Context, b source.Batch) error {
			cancel(enough)
			_, failed = io.ReadAll(b.Body)
			return failed
		}
		err := source.Files{Paths: []string{path}, Stdin: in, Now: time.Now}.Run(ctx, handle)
		if !errors.Is(err, enough) || !errors.Is(failed, enough) {
			t.Errorf("%s: the run ended with %v, the input with %v", path, err, failed)
		}
	}
}

// follower follows a folder by the test's clock.
type follower struct {
	*desk
	dir string
	end func() error
}

func follow(dir string, s *source.State, refuse func(source.Batch) error) *follower {
	d := &desk{refuse: refuse}
	f := source.Files{Paths: []string{dir}, Workers: 1, Follow: true, State: s, Problem: d.problem, Now: time.Now}
	return &follower{d, dir, start(f, d)}
}

// after waits, and fails unless exactly these files were handed on meanwhile.
func (f *follower) after(t *testing.T, wait time.Duration, want ...string) {
	t.Helper()
	time.Sleep(wait)
	synctest.Wait()
	got := f.relative(f.dir)
	slices.Sort(got)
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// look is the time from one look to the next.
const look = 10 * time.Second

// A tree grows: what is new or was written to is handed on, once, and what is being written is waited for.
func TestFollow(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		plant(t, dir, map[string]string{"2000/01/01/a.json.gz": gz(record("1")), "plain/x.json": record("2")})
		time.Sleep(time.Minute)
		f := follow(dir, nil, nil)
		f.after(t, look/2, "2000/01/01/a.json.gz", "plain/x.json")
		f.after(t, 10*look)

		plant(t, dir, map[string]string{"2000/01/01/b.json.gz": gz(record("3")), "other/2000/01/01/c.json.gz": gz(record("4"))})
		f.after(t, 2*look, "2000/01/01/b.json.gz", "other/2000/01/01/c.json.gz")
		plant(t, dir, map[string]string{"plain/x.json": record("2", "5")})
		f.after(t, 2*look, "plain/x.json")
		if got := strings.Join(f.got(), ""); got != "12345" {
			t.Errorf("records %s", got)
		}

		whole := gz(record("6"))
		for n := range 3 { // written in three goes: read when it rests
			plant(t, dir, map[string]string{"2000/01/01/d.json.gz": whole[:len(whole)*(n+1)/3]})
			f.after(t, 3*time.Second)
		}
		f.after(t, look, "2000/01/01/d.json.gz")
		if f.rejects > 0 || strings.Join(f.got(), "") != "6" {
			t.Errorf("%d rejected of a file that is whole", f.rejects)
		}

		whole = gz(record("7")) // rests before it is whole: read twice
		plant(t, dir, map[string]string{"2000/01/01/e.json.gz": whole[:len(whole)/2]})
		f.after(t, 2*look, "2000/01/01/e.json.gz")
		plant(t, dir, map[string]string{"2000/01/01/e.json.gz": whole})
		f.after(t, 2*look, "2000/01/01/e.json.gz")
		if strings.Join(f.got(), "") != "7" {
			t.Error("the whole file was not read")
		}

		for n := range 75 { // never rests
			plant(t, dir, map[string]string{"plain/log.json": strings.Repeat(record("8")+"\n", n+1)})
			time.Sleep(2 * time.Second)
		}
		f.after(t, 0, "plain/log.json", "plain/log.json")
		if err := f.end(); !errors.Is(err, context.Canceled) || len(f.told) > 0 {
			t.Errorf("ended with %v, told %v", err, f.told)
		}
	})
}

// Whoever begins to watch a file that was just written is not kept waiting for it; one that never rests changes the
// pace once.
func TestFollowBeginsWithYoungFiles(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		plant(t, dir, map[string]string{"a.json": record("1")})
		time.Sleep(2 * time.Second)
		plant(t, dir, map[string]string{"b.json": record("2")})
		d := &desk{}
		files := source.Files{Paths: []string{dir}, Workers: 1, Follow: true, Every: time.Minute, Problem: d.problem, Now: time.Now}
		f := &follower{d, dir, start(files, d)}
		f.after(t, 4*time.Second)
		plant(t, dir, map[string]string{"c.json": record("3")})
		f.after(t, 2*time.Second, "a.json", "b.json")
		f.after(t, 50*time.Second)
		f.after(t, 15*time.Second, "c.json")
		if err := f.end(); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// Folders of days that are over are looked into once an hour, so that a look is cheap; nothing in them is lost. What
// stands in one of more than a week ago comes again as a whole.
func TestFollowLeavesOldDaysAlone(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		plant(t, dir, map[string]string{"1999/11/30/a": "", "1999/12/29/b": "", "1999/12/30/c": "", "1999/12/31/d": ""})
		time.Sleep(time.Minute)
		plant(t, dir, map[string]string{"1999/12/29/written": ""})
		f := follow(dir, nil, nil)
		f.after(t, look/4, "1999/11/30/a", "1999/12/29/b", "1999/12/30/c", "1999/12/31/d")
		f.after(t, look, "1999/12/29/written") // it was known to come
		plant(t, dir, map[string]string{"1999/11/30/e": "", "1999/12/30/f": "", "1999/12/31/g": "", "1999/12/28/h": ""})
		f.after(t, 2*look, "1999/12/31/g")
		f.after(t, time.Hour, "1999/11/30/a", "1999/11/30/e", "1999/12/28/h", "1999/12/30/f")
		f.after(t, 2*time.Hour)
		f.end()
	})
}

// But for what was not acknowledged: that is looked for at the next look.
func TestFollowOldDaysToTheEnd(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		refuse := func(b source.Batch) error {
			switch name := filepath.Base(b.Name); {
			case name == "a":
				return os.Remove(filepath.Join(dir, "1999/12/20/b")) // before its turn
			case name == "c" && time.Since(begin) < 25*time.Second:
				return errors.New("no room")
			}
			return nil
		}
		plant(t, dir, map[string]string{"1999/12/20/a": "", "1999/12/20/b": "", "1999/12/20/c": "", "1999/12/20/d": ""})
		time.Sleep(look)
		f := follow(dir, nil, refuse)
		f.after(t, look+look/2, "1999/12/20/a", "1999/12/20/d")
		f.after(t, 2*look, "1999/12/20/c")
		f.after(t, 2*time.Hour)
		f.end()
		want := []string{"    : true", "    : false"} // of c, and none of b
		if diff := cmp.Diff(want, f.told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

// The next run reads what is new, what was written to, and what was not acknowledged.
func TestFollowGoesOnAfterARestart(t *testing.T) {
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "state.json")
	refuse := func(b source.Batch) error {
		if filepath.Base(b.Name) == "no" {
			return errors.New("no room")
		}
		return nil
	}
	saved := func(t *testing.T, part string) int {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(text), part)
	}
	synctest.Test(t, func(t *testing.T) {
		plant(t, dir, map[string]string{"1999/12/20/a": "", "1999/12/20/b": "", "2000/01/01/c": "", "2000/01/01/d": "", "e": "", "no": ""})
		time.Sleep(time.Minute)
		f := follow(dir, open(t, path), refuse)
		f.after(t, 3*look, "1999/12/20/a", "1999/12/20/b", "2000/01/01/c", "2000/01/01/d", "e")
		f.end()
		if len(f.told) != 1 || saved(t, `"name"`) != 3 || saved(t, `"sum"`) != 1 {
			t.Errorf("told %v, saved %d files and %d folders", f.told, saved(t, `"name"`), saved(t, `"sum"`))
		}
		plant(t, dir, map[string]string{"2000/01/01/c": "more", "2000/01/01/f": ""})
		time.Sleep(time.Minute)
		f = follow(dir, open(t, path), nil)
		f.after(t, look/2, "2000/01/01/c", "2000/01/01/f", "no")
		f.end()

		if err := os.Remove(filepath.Join(dir, "e")); err != nil { // and the state forgets it
			t.Fatal(err)
		}
		f = follow(dir, open(t, path), nil)
		f.after(t, look/2)
		f.end()
		if saved(t, `"e"`) > 0 {
			t.Error("a file that is gone is remembered")
		}
	})
}

// A program that dies after a file was handled and before that was saved handles it again.
func TestCrashBeforeSave(t *testing.T) {
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "state.json")
	synctest.Test(t, func(t *testing.T) {
		var then []byte // the file as it is when the handler is called
		keep := func(source.Batch) (err error) {
			then, err = os.ReadFile(path)
			return err
		}
		plant(t, dir, map[string]string{"a": "", "b": ""})
		time.Sleep(time.Minute)
		f := follow(dir, open(t, path), keep)
		f.after(t, look/2, "a", "b")
		plant(t, dir, map[string]string{"c": ""})
		f.after(t, 2*look, "c")
		f.end()
		if err := os.WriteFile(path, then, 0o600); err != nil {
			t.Fatal(err)
		}
		f = follow(dir, open(t, path), nil)
		f.after(t, look/2, "c")
		f.end()
	})
}

// A file named by itself that goes is told, and that it is back.
func TestFollowedFileGoes(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		plant(t, dir, map[string]string{"a": "", "b.json": ""})
		time.Sleep(time.Minute)
		d := &desk{}
		stop := start(source.Files{Paths: []string{filepath.Join(dir, "a"), dir + "/*.json"}, Follow: true, Problem: d.problem, Now: time.Now}, d)
		time.Sleep(look / 2) // nothing is to happen during a look
		for _, step := range []struct{ from, to string }{{"a", "b"}, {"b.json", "c"}, {"b", "a"}, {"c", "b.json"}} {
			time.Sleep(3 * look)
			if err := os.Rename(filepath.Join(dir, step.from), filepath.Join(dir, step.to)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3 * look)
		stop()
		if diff := cmp.Diff([]string{"    : true", "    : true", "    : false", "    : false"}, d.told); diff != "" || len(d.names) != 2 {
			t.Errorf("read %v; told (-want +got):\n%s", d.names, diff)
		}
	})
}
