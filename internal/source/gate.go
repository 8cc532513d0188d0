package source

import (
	"maps"
	"sync"
	"time"
)

// askAgain is how often what is refused is asked for while all of a folder is.
const askAgain = time.Hour

// gate tells which objects of a folder to ask for while AWS refuses some of them, or all. Whoever may write to a bucket can
// put objects there that nobody else may read: they must not take the turn of those behind them.
//
// It is open from the moment that something can be read until the end of a pass in which nothing is and more is refused.
//
//   - What was not refused before is always due. What AWS was only not well enough for was not.
//   - What was refused is due while the gate is open. While it is not, each is due once in askAgain, and one of them in every
//     pass: nothing may come any more that shows that others can be read.
//   - Once as many as limit are refused in a pass that were not before, and nothing could be read in it, all are: the gate is
//     shut, and nothing is due until the next pass.
//
// It is safe for concurrent use.
type gate struct {
	limit int
	now   func() time.Time

	mu      sync.Mutex
	refused map[string]time.Time // by key: when it was asked for last
	pass    gatePass
}

// gatePass is what a gate knows of a pass.
type gatePass struct {
	open   bool // since an earlier one
	read   bool // something could be
	more   int  // that were refused, and not before
	probed bool // one that was refused before was asked for, only to see whether it still is
	shut   bool
}

func newGate(limit int, now func() time.Time) *gate {
	return &gate{limit: limit, now: now, refused: map[string]time.Time{}}
}

// begin begins a pass.
func (g *gate) begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	last := g.pass
	g.pass = gatePass{open: last.read || last.open && last.more == 0}
}

// due tells whether to ask for an object. One that is told to be is asked for, or the pass ends.
func (g *gate) due(key string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	asked, refused := g.refused[key]
	switch {
	case g.pass.shut:
		return false
	case !refused, g.pass.open, g.pass.read, g.now().Sub(asked) >= askAgain:
		return true
	}
	first := !g.pass.probed
	g.pass.probed = true
	return first
}

// isShut tells whether nothing is to be asked for any more in this pass, though it was due.
func (g *gate) isShut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pass.shut
}

// lets notes that an object could be read.
func (g *gate) lets(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pass.read = true
	delete(g.refused, key)
}

// refuses notes that an object was refused: denied, or only because AWS is not well.
func (g *gate) refuses(key string, denied bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, again := g.refused[key]
	if denied && (again || len(g.refused) < maxRemembered) {
		g.refused[key] = g.now()
	}
	if again {
		return
	}
	g.pass.more++
	if !g.pass.read && g.pass.more >= g.limit {
		g.pass.shut = true
	}
}

// forget forgets the keys up to one, which are not listed again.
func (g *gate) forget(last string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	maps.DeleteFunc(g.refused, func(key string, _ time.Time) bool { return key <= last })
}
