package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"

	"cairn.example/internal/report"
)

// outlet is an output whose reader may leave, as in cairn audit | head: what nobody reads any more need not
// be written, and is no failure. The exit code stays that of the verdicts.
type outlet struct{ io.Writer }

func (o outlet) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		return len(b), nil
	}
	return n, err
}

// descriptor is the file behind an input or output.
func descriptor(f any) (int, bool) {
	if o, ok := f.(outlet); ok {
		f = o.Writer
	}
	file, ok := f.(*os.File)
	if !ok {
		return 0, false
	}
	return int(file.Fd()), true
}

// terminal tells that a person reads the output and can be asked.
func (p *program) terminal(f any) bool {
	fd, ok := descriptor(f)
	return ok && term.IsTerminal(fd)
}

// style is how reports may look on an output: colour, width and signs only for a person at a terminal.
func (p *program) style(out io.Writer) report.Style {
	s := report.Style{Verbose: p.verbose, ASCII: !p.utf8()}
	if !p.terminal(out) {
		return s
	}
	s.Color = p.env("NO_COLOR") == "" && p.env("TERM") != "dumb"
	fd, _ := descriptor(out)
	if width, _, err := term.GetSize(fd); err == nil {
		s.Width = width
	}
	if n, err := strconv.Atoi(p.env("COLUMNS")); err == nil && n > 0 {
		s.Width = n
	}
	return s
}

func (p *program) utf8() bool {
	locale := strings.ToUpper(cmp.Or(p.env("LC_ALL"), p.env("LC_CTYPE"), p.env("LANG")))
	return strings.Contains(locale, "UTF-8") || strings.Contains(locale, "UTF8")
}

// progress counts requests on a terminal, in one line that is gone before anything else is printed.
type progress struct {
	out   io.Writer
	now   func() time.Time
	began time.Time

	mu    sync.Mutex
	shown time.Time // zero: nothing stands on the line
	most  int
}

// Nobody needs to be told of a run that is over at once, or reads more than ten numbers a second.
const (
	progressAfter = 400 * time.Millisecond
	progressEvery = 100 * time.Millisecond
)

// Step implements [app.Progress].
func (p *progress) Step(answered int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most = max(p.most, answered)
	now := p.now()
	if now.Sub(p.began) < progressAfter || now.Sub(p.shown) < progressEvery {
		return
	}
	p.shown = now
	fmt.Fprintf(p.out, "\r%d requests answered", p.most)
}

// Done implements [app.Progress].
func (p *progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.shown.IsZero() {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = time.Time{}
	}
}
