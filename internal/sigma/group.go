package sigma

import (
	"slices"
	"time"
)

// counted is one event of a group.
type counted struct {
	at          time.Time
	account, id string
	values      []string // that are counted, distinct: of a field, or the rules that were met
	met         bool
	count       int // when it was told last
}

// group holds the events of one correlation and one set of group-by values, in event order.
type group struct {
	of     *Correlation
	events []counted
	from   int            // the window that ends with the newest event begins here
	tally  map[string]int // and holds each value so many times
	chain  *chain         // of temporal_ordered, up to the newest event
}

func newGroup(of *Correlation) *group {
	g := &group{of: of, tally: map[string]int{}}
	g.restart()
	return g
}

// restart empties the window.
func (g *group) restart() {
	clear(g.tally)
	if g.of.Type == temporalOrdered {
		g.chain = &chain{rules: g.of.Rules, begun: make([]time.Time, len(g.of.Rules)), now: map[string]bool{}}
	}
}

// add puts an event into its place and judges it and all whose window it lies in.
func (g *group) add(ev counted) []Hit {
	i := g.after(ev.at)
	for k := i - 1; k >= 0 && g.events[k].at.Equal(ev.at); k-- {
		if ev.id != "" && g.events[k].id == ev.id && g.events[k].account == ev.account {
			return nil // CloudTrail delivers twice
		}
	}
	g.events = slices.Insert(g.events, i, ev)
	if i == len(g.events)-1 {
		return g.advance()
	}
	return g.again(ev.at)
}

// after is the index of the first event later than t.
func (g *group) after(t time.Time) int {
	i, _ := slices.BinarySearchFunc(g.events, t, func(e counted, t time.Time) int {
		if e.at.After(t) {
			return 1
		}
		return -1
	})
	return i
}

// since is the index of the first event not earlier than t.
func (g *group) since(t time.Time) int {
	i, _ := slices.BinarySearchFunc(g.events, t, func(e counted, t time.Time) int { return e.at.Compare(t) })
	return i
}

// advance takes a new last event into the window: most events come nearly in order, so this must not cost the window's length.
func (g *group) advance() []Hit {
	last := len(g.events) - 1
	at := g.events[last].at
	g.put(last, 1)
	for ; g.events[g.from].at.Before(at.Add(-g.of.Timespan)); g.from++ {
		g.put(g.from, -1)
	}
	return g.judge(g.since(at), last+1, g.size(last+1))
}

// again sweeps the window over all that an event at t touches, then puts it back to the end.
func (g *group) again(t time.Time) []Hit {
	var hits []Hit
	g.restart()
	i := g.since(t)
	g.from = g.since(t.Add(-g.of.Timespan))
	for k := g.from; k < i; k++ {
		g.put(k, 1)
	}
	for i < len(g.events) {
		at := g.events[i].at
		end := g.after(at)
		for k := i; k < end; k++ {
			g.put(k, 1)
		}
		for ; g.events[g.from].at.Before(at.Add(-g.of.Timespan)); g.from++ {
			g.put(g.from, -1)
		}
		if at.Sub(t) <= g.of.Timespan {
			hits = append(hits, g.judge(i, end, g.size(end))...)
		}
		i = end
	}
	return hits
}

// put takes the values of an event into the tally, or out of it. Empty entries go: their number is the count.
func (g *group) put(i, by int) {
	if g.chain != nil && by > 0 {
		g.chain.add(g.events[i])
	}
	for _, v := range g.events[i].values {
		if g.tally[v] += by; g.tally[v] == 0 {
			delete(g.tally, v)
		}
	}
}

// size is the count of the window that ends before end.
func (g *group) size(end int) int {
	switch g.of.Type {
	case temporalOrdered:
		return g.chain.since(g.events[end-1].at.Add(-g.of.Timespan))
	case eventCount:
		return end - g.from
	}
	return len(g.tally)
}

// judge gives the events from i to end, all of one time, their verdict, and tells of those it changes.
func (g *group) judge(i, end, count int) []Hit {
	var hits []Hit
	met := g.of.holds(count)
	for ; i < end; i++ {
		e := &g.events[i]
		if e.met != met || met && e.count != count {
			e.met, e.count = met, count
			hits = append(hits, Hit{Met: met, Account: e.account, Event: e.id, Time: e.at, Count: count})
		}
	}
	return hits
}

// forget drops what is older than t.
func (g *group) forget(t time.Time) {
	n := g.since(t)
	for k := g.from; k < n; k++ {
		g.put(k, -1)
	}
	g.events = slices.Delete(g.events, 0, n)
	g.from = max(0, g.from-n)
}
