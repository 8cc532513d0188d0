// Package eventtest makes CloudTrail files to test and to measure with: records of real shapes, in which every record
// has ids and times of its own, as in the files that CloudTrail delivers. The shapes are those of ours, or those of the
// records in anybody's files.
package eventtest

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cairn.example/internal/event"
)

// shapes.txt has a record a line, behind the number of times that it occurs among a thousand.
//
//go:embed shapes.txt
var own string

// Shapes are what records are made from.
type Shapes struct {
	all []shape
	sum int // of their weights
}

type shape struct {
	parts  []part
	weight int
}

// Own are the shapes of ours: what an account with some services mostly records, and once in a thousand StopLogging.
func Own() (*Shapes, error) {
	s := &Shapes{}
	for line := range strings.Lines(own) {
		weight, record, _ := strings.Cut(line, " ")
		n, err := strconv.Atoi(weight)
		if err != nil {
			return nil, fmt.Errorf("shapes.txt: %w", err)
		}
		s.add([]byte(strings.TrimSpace(record)), n)
	}
	return s, nil
}

// Of are the shapes of all records in the files under a path, each as often as it is there.
func Of(path string) (*Shapes, error) {
	s := &Shapes{}
	r := event.NewReader(event.Options{})
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		for rec, err := range r.Records(name, f) {
			if err == nil { // what is no record has no shape
				s.add(bytes.Clone(rec.Raw), 1)
			}
		}
		return f.Close()
	})
	if err == nil && len(s.all) == 0 {
		err = errors.New("no records there")
	}
	if err != nil {
		return nil, fmt.Errorf("read the shapes of records in %s: %w", path, err)
	}
	return s, nil
}

func (s *Shapes) add(record []byte, weight int) {
	s.all = append(s.all, shape{split(string(record)), weight})
	s.sum += weight
}

// File writes a file of n records as CloudTrail delivers it, but for its compression. The same seed gives the same file.
func (s *Shapes) File(seed uint64, n int) []byte {
	f := &filler{rnd: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	f.buf = append(f.buf, `{"Records":[`...)
	for i := range n {
		if i > 0 {
			f.buf = append(f.buf, ',')
		}
		f.record(s.pick(f.rnd.IntN(s.sum)))
		f.now = f.now.Add(time.Duration(f.rnd.IntN(400)) * time.Millisecond)
	}
	return append(f.buf, `]}`...)
}

func (s *Shapes) pick(n int) shape {
	for _, sh := range s.all {
		if n -= sh.weight; n < 0 {
			return sh
		}
	}
	return s.all[0]
}
