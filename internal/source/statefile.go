package source

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/event"
)

// StateSchema names and versions the file of a [State].
const StateSchema = "cairn.watch-state/v1"

// The file, as JSON.
type (
	stateFile struct {
		Schema  string       `json:"schema"`
		Lookups []lookupMark `json:"lookups"`
		Folders []folderMark `json:"folders"`
	}
	lookupMark struct {
		Account string    `json:"account"`
		Region  string    `json:"region"`
		Source  string    `json:"source"`
		Since   time.Time `json:"since,omitzero"`
		Newest  time.Time `json:"newest,omitzero"`
		IDs     []idMark  `json:"ids,omitempty"`
	}
	idMark struct {
		ID   string    `json:"id"`
		Time time.Time `json:"time"`
	}
	folderMark struct {
		Path  string     `json:"path"`
		Files []fileMark `json:"files,omitempty"`
		Count int        `json:"count,omitempty"` // of a folder that is over
		Sum   string     `json:"sum,omitempty"`
	}
	fileMark struct {
		Name     string    `json:"name"`
		Size     int64     `json:"size"`
		Modified time.Time `json:"modified"`
	}
)

// OpenState reads a state, or begins one where there is no file yet. It writes the file at once, so that one that
// cannot be written is told before anything is read.
func OpenState(path string) (*State, error) {
	s := NewState()
	raw, err := readState(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if err := s.load(raw); err != nil {
			return nil, fmt.Errorf("%s %w", path, err)
		}
	}
	if s.path, err = filepath.EvalSymlinks(path); err != nil { // no file yet
		s.path = path
	}
	s.write = func(raw []byte) error { return replace(s.path, raw) }
	s.changes++
	if err := s.Save(); err != nil {
		return nil, err
	}
	return s, nil
}

// RestoreState goes on from what save was given last, or begins anew where raw is nil. Name is for messages.
func RestoreState(name string, raw []byte, save func([]byte) error) (*State, error) {
	s := NewState()
	s.path, s.write = name, save
	if raw == nil {
		return s, nil
	}
	if err := s.load(raw); err != nil {
		return nil, fmt.Errorf("%s %w", name, err)
	}
	return s, nil
}

func readState(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	if !info.Mode().IsRegular() { // it would be replaced
		return nil, fmt.Errorf("%s is no file that a state could be kept in", path)
	}
	raw, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	return raw, nil
}

// load takes in a file. Its errors go on from the file's name.
func (s *State) load(raw []byte) error {
	var head struct {
		Schema string `json:"schema"`
	}
	err := json.Unmarshal(raw, &head)
	switch kind, _, _ := strings.Cut(StateSchema, "/"); {
	case err != nil:
		return damaged(err)
	case head.Schema == StateSchema:
	case strings.HasPrefix(head.Schema, kind+"/"):
		return fmt.Errorf("is the state of another version of cairn: it says %s, this version keeps %s; use that version, or another file", head.Schema, StateSchema)
	default:
		return fmt.Errorf("is no state of cairn watch: its schema is %q; use another file, this one is left as it is", head.Schema)
	}
	var file stateFile
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return damaged(err)
	}
	for _, m := range file.Lookups {
		if err := s.loadMark(m); err != nil {
			return damaged(err)
		}
	}
	for _, f := range file.Folders {
		if err := s.loadFolder(f); err != nil {
			return damaged(err)
		}
	}
	return nil
}

func damaged(err error) error {
	return fmt.Errorf("is damaged (%w): move it away to begin anew; what was told lately may then be told again", err)
}

func (s *State) loadMark(m lookupMark) error {
	k := markKey{m.Account, m.Region, m.Source}
	if _, twice := s.marks[k]; twice || m.Account == "" || m.Region == "" || m.Source == "" {
		return fmt.Errorf("a look-up of account %q, Region %q and source %q that stands there twice, or lacks one of them", m.Account, m.Region, m.Source)
	}
	in := &mark{since: m.Since, newest: m.Newest, ids: map[event.ID]time.Time{}}
	for _, one := range m.IDs {
		id, err := hex.DecodeString(one.ID)
		if err != nil || len(id) != len(event.ID{}) {
			return fmt.Errorf("the id %q", one.ID)
		}
		in.ids[event.ID(id)] = one.Time
	}
	s.marks[k] = in
	return nil
}

func (s *State) loadFolder(m folderMark) error {
	if _, twice := s.folders[m.Path]; twice || m.Path == "" || (m.Sum == "") == (m.Files == nil) {
		return fmt.Errorf("a folder %q that stands there twice, or has neither files nor a sum", m.Path)
	}
	in := &folder{sum: m.Sum, count: m.Count}
	if m.Files != nil {
		in.files = map[string]stamp{}
	}
	for _, f := range m.Files {
		in.files[f.Name] = stamp{f.Size, f.Modified}
	}
	s.folders[m.Path] = in
	return nil
}

// Save writes the file if anything has changed since: as a whole under another name, which then takes its place. A
// state that no file holds is not saved.
func (s *State) Save() error {
	s.saving.Lock()
	defer s.saving.Unlock()
	file, changes := s.file()
	if s.path == "" || file == nil {
		return nil
	}
	if s.BeforeSave != nil {
		if err := s.BeforeSave(); err != nil {
			return fmt.Errorf("the state is not saved: %w", err)
		}
	}
	raw, err := json.Marshal(file)
	if err == nil {
		err = s.write(append(raw, '\n'))
	}
	if err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved = changes
	return nil
}

// file is the state to save, nil if it is saved already.
func (s *State) file() (*stateFile, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes == s.saved {
		return nil, 0
	}
	out := &stateFile{Schema: StateSchema, Lookups: []lookupMark{}, Folders: []folderMark{}}
	for k, m := range s.marks {
		one := lookupMark{Account: k.account, Region: k.region, Source: k.source, Since: m.since, Newest: m.newest}
		for _, seen := range m.sightings() {
			one.IDs = append(one.IDs, idMark{hex.EncodeToString(seen.id[:]), seen.at})
		}
		out.Lookups = append(out.Lookups, one)
	}
	for _, path := range slices.Sorted(maps.Keys(s.folders)) {
		f := s.folders[path]
		if f.sum == "" && len(f.files) == 0 {
			continue
		}
		one := folderMark{Path: path, Count: f.count, Sum: f.sum}
		for _, name := range slices.Sorted(maps.Keys(f.files)) {
			one.Files = append(one.Files, fileMark{name, f.files[name].size, f.files[name].modified})
		}
		out.Folders = append(out.Folders, one)
	}
	slices.SortFunc(out.Lookups, func(a, b lookupMark) int {
		return slices.Compare([]string{a.Account, a.Region, a.Source}, []string{b.Account, b.Region, b.Source})
	})
	return out, s.changes
}

// replace writes a file so that whoever reads it, also after a loss of power, finds the old or the new.
func replace(path string, content []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, bytes.NewReader(content))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	_ = d.Sync() // some file systems cannot sync a folder; the file itself is whole either way
	return d.Close()
}

const (
	saveEvery = time.Second
	saveShare = 10 // of the time, one part at most goes into saving
)

// keep saves the state soon after each change, until stop is called, which saves it at last.
func (s *State) keep(ctx context.Context, told *problems, now func() time.Time) (stop func()) {
	save := func() { told.set(Problem{Name: s.path, Err: s.Save()}) }
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for pause := saveEvery; sleep(ctx, pause); {
			began := now()
			save()
			pause = max(saveEvery, saveShare*now().Sub(began))
		}
	}()
	return func() {
		cancel()
		<-done
		save()
	}
}
