package source_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/source"
)

// shop is a bucket whose objects appear over time, and the cursors of its readers.
type shop struct {
	*store
	page    int
	lists   []source.Listing
	refused func(source.Listing) error
	cursors map[string]string
	setting func(name, value string)
	lost    error // why cursors cannot be had
}

func newShop(keys ...string) *shop {
	s := &shop{store: newStore(map[string]string{}), page: 1000, cursors: map[string]string{}}
	s.put(keys...)
	return s
}

// put adds objects that hold one record each, whose id is their key's last part.
func (s *shop) put(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		s.objects["b/"+key] = record(idOf(key))
	}
}

func idOf(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }

func (s *shop) List(ctx context.Context, bucket string, l source.Listing) (source.Page, error) {
	if err := pause(ctx, 20*time.Millisecond); err != nil {
		return source.Page{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists = append(s.lists, l)
	if s.refused != nil {
		if err := s.refused(l); err != nil {
			return source.Page{}, err
		}
	}
	var page source.Page
	var last string
	for _, name := range slices.Sorted(maps.Keys(s.objects)) {
		key, mine := strings.CutPrefix(name, bucket+"/")
		if !mine || !strings.HasPrefix(key, l.Prefix) || key <= max(l.StartAfter, l.Token) || l.Token != "" && strings.HasPrefix(key, l.Token) {
			continue
		}
		if len(page.Keys)+len(page.Folders) == s.page && (l.Delimiter == "" || !strings.HasPrefix(key, last)) {
			page.Next = last
			return page, nil
		}
		if below, _, deeper := strings.Cut(key[len(l.Prefix):], "/"); deeper && l.Delimiter != "" {
			if last = l.Prefix + below + "/"; !slices.Contains(page.Folders, last) {
				page.Folders = append(page.Folders, last)
			}
			continue
		}
		page.Keys, last = append(page.Keys, key), key
	}
	return page, nil
}

// shopCursors are the shop's cursors: a Get of its own would hide the objects'.
type shopCursors struct{ *shop }

func (c shopCursors) Get(_ context.Context, name string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cursors[name], c.lost
}

func (c shopCursors) Set(_ context.Context, name, value string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost != nil {
		return c.lost
	}
	if c.setting != nil {
		c.setting(name, value)
	}
	c.cursors[name] = value
	return nil
}

func bucketOf(s *shop, d *desk) source.Bucket {
	return source.Bucket{
		Name: "b", Objects: s.store, Lister: s, Cursors: shopCursors{s}, Problem: d.problemByName, Stats: &source.Stats{}, Now: time.Now,
	}
}

// keyAt is a log file's key, of a kind and Region such as "111122223333/CloudTrail/eu-west-1".
func keyAt(folder string, at time.Time, name string) string {
	parts := strings.Split(folder, "/")
	parts = parts[len(parts)-3:]
	return "AWSLogs/" + folder + at.UTC().Format("/2006/01/02/") + strings.Join(parts, "_") + at.UTC().Format("_20060102T1504Z_") + name + ".json.gz"
}

const west = "111122223333/CloudTrail/eu-west-1"

// follow runs a bucket for a time.
func followBucket(t *testing.T, b source.Bucket, d *desk, last time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), last)
	defer cancel()
	if err := b.Run(ctx, d.handle); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
}

func TestBucketIsFilledBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now() // midnight, 1 January 2000 UTC
		day := func(n int) time.Time { return now.Add(-time.Duration(n)*24*time.Hour + 3*time.Hour) }
		s := newShop("AWSLogs/111122223333/Config/eu-west-1/2000/1/1/x.json.gz", "AWSLogs/111122223333/CloudTrail/eu-west-1/2000/01/01/readme.txt",
			"other/AWSLogs/111122223333/CloudTrail/eu-west-1/1999/12/31/x.json.gz", keyAt("111122223333/CloudTrail-Digest/eu-west-1", day(1), "digest"))
		want := []string{}
		for n := 5; n >= 1; n-- {
			for _, folder := range []string{west, "111122223333/CloudTrail/us-east-1", "111122223333/CloudTrail-Insight/us-east-1", "o-abcdefghij/444455556666/CloudTrail/us-east-1"} {
				key := keyAt(folder, day(n), fmt.Sprint(n))
				s.put(key)
				if n <= 3 {
					want = append(want, "s3://b/"+key)
				}
			}
		}
		s.page = 2
		d := &desk{}
		one := bucketOf(s, d)
		one.Since, one.Once = 3*24*time.Hour, true
		if err := one.Run(t.Context(), d.handle); err != nil {
			t.Fatal(err)
		}
		got := slices.Clone(d.names)
		if !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(dayOf(a), dayOf(b)) }) {
			t.Errorf("the days are mixed: %v", got)
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if one.Stats.Objects.Load() != int64(len(want)) || one.Stats.Skipped.Load() != 1 {
			t.Errorf("stats %v", one.Stats)
		}
		if len(s.cursors) != 4+1 || s.cursors["s3://b/AWSLogs/"+west] == "" {
			t.Errorf("cursors %v", s.cursors)
		}
		d.names, d.ids = nil, nil
		if err := one.Run(t.Context(), d.handle); err != nil || len(d.names) > 4 { // the last hour of each folder
			t.Errorf("a second run brings %v, %v", d.names, err)
		}
	})
}

func dayOf(key string) string { return key[strings.Index(key, "Z_")-13:][:8] }

// What appears is read at the next pass, once, and also what appears late; an idle folder costs one request a pass.
func TestBucketIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := newShop(keyAt(west, time.Now(), "0")), &desk{}
		var want []string
		began := time.Now()
		for i := range 40 {
			at := began.Add(time.Duration(i) * 7 * time.Minute)
			for _, late := range []time.Duration{0, 4 * time.Minute, 50 * time.Minute} {
				name := fmt.Sprintf("%d-%d", i, late/time.Minute)
				time.AfterFunc(at.Add(late).Sub(began), func() { s.put(keyAt(west, at, name)) })
				want = append(want, idOf(keyAt(west, at, name)))
			}
		}
		want = append(want, idOf(keyAt(west, began, "0")))
		slices.Sort(want)
		followBucket(t, bucketOf(s, d), d, 6*time.Hour)
		if got := d.got(); !slices.Equal(got, want) || len(d.names) != len(want) {
			t.Errorf("got %d of %d files in %d batches", len(got), len(want), len(d.names))
		}
		s.lists = nil
		followBucket(t, bucketOf(s, d), d, 10*time.Hour)
		if n := len(s.lists); n > 10*12+10*4 {
			t.Errorf("%d requests in 10 h", n)
		}
		s.put(keyAt("111122223333/CloudTrail/eu-north-1", time.Now(), "new"))
		followBucket(t, bucketOf(s, d), d, time.Minute)
		if got := d.got(); !slices.ContainsFunc(got, func(id string) bool { return strings.HasSuffix(id, "_new.json.gz") }) || len(d.problems()) != 0 {
			t.Errorf("a new Region brings %v", got)
		}
	})
}

// A new account is found within the hour, with what it has written since the beginning.
func TestNewAccountIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := newShop(), &desk{}
		one := bucketOf(s, d)
		one.Since = time.Minute
		time.AfterFunc(30*time.Minute, func() { s.put(keyAt(west, time.Now(), "a")) })
		time.AfterFunc(70*time.Minute, func() { s.put(keyAt("444455556666/CloudTrail/eu-west-1", time.Now(), "b")) })
		followBucket(t, one, d, 3*time.Hour)
		if got := d.got(); len(got) != 2 {
			t.Errorf("got %v", got)
		}
		want := []string{"s3://b/AWSLogs/ : false", "s3://b/AWSLogs/ : true"}
		if diff := cmp.Diff(want, d.problems()); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
	})
}

// An account that is new after days in which nobody read is read from its first file on, as if somebody had.
func TestNewAccountAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := newShop(keyAt(west, time.Now(), "a")), &desk{}
		followBucket(t, bucketOf(s, d), d, time.Minute)
		time.Sleep(24 * time.Hour)
		s.put(keyAt("444455556666/CloudTrail/eu-west-1", time.Now(), "b"))
		time.Sleep(72 * time.Hour)
		followBucket(t, bucketOf(s, d), d, time.Minute)
		if got := d.got(); len(got) != 2 {
			t.Errorf("got %v", got)
		}
	})
}

// What could not be listed is listed at the next pass, not an hour later.
func TestFoldersAreLookedForAgain(t *testing.T) {
	const hidden = "o-abcdefghij/444455556666/CloudTrail/us-east-1"
	for _, prefix := range []string{"AWSLogs/", "AWSLogs/o-abcdefghij/", "AWSLogs/o-abcdefghij/444455556666/", "AWSLogs/o-abcdefghij/444455556666/CloudTrail/"} {
		synctest.Test(t, func(t *testing.T) {
			s, d := newShop(keyAt(west, time.Now(), "1"), keyAt(hidden, time.Now(), "2")), &desk{}
			until := time.Now().Add(4 * time.Minute)
			s.refused = func(l source.Listing) error {
				if l.Prefix == prefix && time.Now().Before(until) {
					return errSlowDown
				}
				return nil
			}
			followBucket(t, bucketOf(s, d), d, 6*time.Minute)
			if got := d.got(); len(got) != 2 {
				t.Errorf("%s: got %v", prefix, got)
			}
			if diff := cmp.Diff([]string{"list s3://b : false", "list s3://b SlowDown: true"}, d.problems()); diff != "" {
				t.Errorf("%s: problems (-want +got):\n%s", prefix, diff)
			}
		})
	}
}

// An object that is not taken holds the cursor back, and nothing else.
func TestUnacknowledgedObjectHoldsTheCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := newShop(), &desk{}
		began := time.Now()
		for i := range 30 {
			at := began.Add(time.Duration(i) * 5 * time.Minute)
			time.AfterFunc(at.Sub(began), func() { s.put(keyAt(west, at, fmt.Sprint(i))) })
		}
		bad := "s3://b/" + keyAt(west, began.Add(10*time.Minute), "2")
		tried := 0
		d.refuse = func(b source.Batch) error {
			if b.Name == bad {
				tried++
				return errors.New("not this one")
			}
			return nil
		}
		one := bucketOf(s, d)
		followBucket(t, one, d, 5*time.Hour)
		if got := d.got(); len(got) != 29 || len(d.names) != 29 || tried < 50 {
			t.Errorf("%d files in %d batches, tried %d times", len(got), len(d.names), tried)
		}
		name := "s3://b/AWSLogs/" + west
		if c := s.cursors[name]; c != keyAt(west, began.Add(5*time.Minute), "1") {
			t.Errorf("the cursor is %s", c)
		}
		if diff := cmp.Diff([]string{name + " : true"}, d.problems()); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
		d.refuse = nil
		followBucket(t, one, d, time.Minute) // after a restart what is behind it comes again
		if got := d.got(); !slices.Contains(got, idOf(bad)) || s.cursors[name] != keyAt(west, began.Add(145*time.Minute), "29") {
			t.Errorf("got %v, the cursor is %s", got, s.cursors[name])
		}
	})
}

// A file that appears behind the cursor and is not taken moves the cursor back.
func TestLateFileIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := newShop(), &desk{}
		began := time.Now()
		late := keyAt(west, began.Add(4*time.Hour), "late")
		for i := range 100 {
			at := began.Add(time.Duration(i) * 5 * time.Minute)
			time.AfterFunc(at.Sub(began), func() { s.put(keyAt(west, at, fmt.Sprint(i))) })
		}
		time.AfterFunc(4*time.Hour+50*time.Minute, func() { s.put(late) })
		open := false
		d.refuse = func(b source.Batch) error {
			if b.Name == "s3://b/"+late && !open {
				return errors.New("not this one")
			}
			return nil
		}
		followBucket(t, bucketOf(s, d), d, 8*time.Hour)
		if c := s.cursors["s3://b/AWSLogs/"+west]; c >= late || c < keyAt(west, began.Add(3*time.Hour), "") {
			t.Errorf("the cursor is %s", c)
		}
		if got := d.got(); len(got) != len(d.names) {
			t.Errorf("%d files in %d batches", len(got), len(d.names))
		}
		open = true
		followBucket(t, bucketOf(s, d), d, time.Minute)
		if got := d.got(); !slices.Contains(got, idOf(late)) {
			t.Errorf("got %v", got)
		}
	})
}

// However many files there were before, those of the last hour are known.
func TestManyFilesComeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := newShop(), &desk{}
		const all = 10_500
		for i := range all {
			s.put(keyAt(west, time.Now().Add(-time.Duration(i)*8*time.Second), fmt.Sprint(i)))
		}
		one := bucketOf(s, d)
		one.Since = 25 * time.Hour
		followBucket(t, one, d, time.Hour)
		if len(d.names) != all {
			t.Errorf("%d files in %d batches", all, len(d.names))
		}
	})
}

func TestBucketIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := newShop(), &desk{}
		for i := range 300 {
			s.put(keyAt(west, time.Now().Add(-time.Duration(i)*time.Minute), fmt.Sprint(i)))
		}
		one := bucketOf(s, d)
		s.get = func(string) error { return errDenied }
		time.AfterFunc(time.Hour, func() { s.set(nil) })
		followBucket(t, one, d, 50*time.Minute)
		if n := len(s.gets); n > 10*2*8 { // so many until all counts as refused, and those under way
			t.Errorf("asked for objects %d times", n)
		}
		if c := s.cursors["s3://b/AWSLogs/"+west]; strings.HasSuffix(c, ".gz") {
			t.Errorf("the cursor is %s", c)
		}
		s.refused = func(l source.Listing) error {
			if l.Delimiter == "" {
				return errDenied
			}
			return nil
		}
		followBucket(t, one, d, 30*time.Minute)
		s.refused = nil
		followBucket(t, one, d, 30*time.Minute)
		if got := d.got(); len(got) != 300 || len(d.names) != 300 {
			t.Errorf("got %d files in %d batches", len(got), len(d.names))
		}
		if diff := cmp.Diff([]string{"list s3://b AccessDenied: true", "s3://b AccessDenied: true"}, d.problems()); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
	})
}

// Files that may not be read hold up neither those behind them nor later days: anybody who may write to the bucket can put
// some there, encrypted with a key of his own.
func TestRefusedObjectsHoldNoOther(t *testing.T) {
	for _, some := range []int{1, 30} {
		synctest.Test(t, func(t *testing.T) {
			s, d := newShop(), &desk{}
			var bad []string
			for i := range some {
				bad = append(bad, keyAt(west, time.Now().Add(-72*time.Hour), fmt.Sprintf("bad%02d", i)))
			}
			s.put(bad...)
			for i := range 60 {
				s.put(keyAt(west, time.Now().Add(-time.Duration(i)*time.Hour), fmt.Sprint(i)))
			}
			s.get = func(name string) error {
				if strings.Contains(name, "_bad") {
					return errDenied
				}
				return nil
			}
			one := bucketOf(s, d)
			one.Since = 96 * time.Hour
			time.AfterFunc(30*time.Minute, func() { s.put(keyAt(west, time.Now(), "new")) })
			time.AfterFunc(time.Hour, func() { s.set(nil) })
			first := make(chan [2][]string, 1)
			time.AfterFunc(59*time.Minute, func() { first <- [2][]string{d.got(), d.problems()} })
			followBucket(t, one, d, 70*time.Minute)
			then := <-first
			got, told := then[0], then[1]
			if len(got) != 61 {
				t.Errorf("of %d bad ones: got %d files, want all but those: 61", some, len(got))
			}
			if diff := cmp.Diff([]string{"s3://b AccessDenied: true"}, told); diff != "" {
				t.Errorf("of %d bad ones: problems (-want +got):\n%s", some, diff)
			}
			if len(d.got()) != some || len(d.names) != some+61 || s.cursors["s3://b/AWSLogs/"+west] <= bad[some-1] {
				t.Errorf("of %d bad ones: allowed, %d batches in all, the cursor is %s", some, len(d.names), s.cursors["s3://b/AWSLogs/"+west])
			}
		})
	}
}

// A run that is to read once says what it could not, and begins with that the next time.
func TestBucketOnce(t *testing.T) {
	for name, c := range map[string]struct {
		break1 func(*shop, *desk)
		want   string
	}{
		"list":     {func(s *shop, _ *desk) { s.refused = func(source.Listing) error { return errSlowDown } }, "list s3://b"},
		"get":      {func(s *shop, _ *desk) { s.get = func(string) error { return errDenied } }, "s3://b"},
		"gone":     {func(s *shop, _ *desk) { s.get = func(string) error { return errNoSuchKey } }, "NoSuchKey"},
		"handle":   {func(_ *shop, d *desk) { d.refuse = func(source.Batch) error { return errors.New("no room") } }, "no room"},
		"cursor":   {func(s *shop, _ *desk) { s.lost = errors.New("no disk") }, "no disk"},
		"no key":   {func(s *shop, _ *desk) { s.cursors["s3://b/AWSLogs/"+west] = "what?" }, "delete it"},
		"no trail": {func(s *shop, _ *desk) { s.objects = map[string]string{"b/x/" + keyAt(west, time.Now(), "1"): ""} }, "which prefix"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, d := newShop(keyAt(west, time.Now(), "1")), &desk{}
			one := bucketOf(s, d)
			one.Once = true
			c.break1(s, d)
			err := one.Run(t.Context(), d.handle)
			if e, ok := errors.AsType[*source.IncompleteError](err); !ok || e.Count != 1 || !strings.Contains(err.Error(), c.want) || len(d.got()) != 0 {
				t.Errorf("%s: want %q, got %v", name, c.want, err)
			}
			s.refused, s.get, d.refuse, s.lost = nil, nil, nil, nil
			delete(s.cursors, map[string]string{"no key": "s3://b/AWSLogs/" + west}[name])
			if name == "no trail" {
				one.Prefix = "/x/"
			}
			if err := one.Run(t.Context(), d.handle); err != nil || len(d.names) != 1 {
				t.Errorf("%s: then %v, %v", name, d.names, err)
			}
		})
	}
}

func TestBucketThatCannotBeRead(t *testing.T) {
	s := newShop()
	for want, one := range map[string]source.Bucket{
		"none is given": {Objects: s.store, Lister: s, Now: time.Now},
		"nothing can":   {Name: "b", Lister: s, Now: time.Now},
		"in the future": {Name: "b", Objects: s.store, Lister: s, Since: -time.Hour, Now: time.Now},
	} {
		if err := one.Run(t.Context(), (&desk{}).handle); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
