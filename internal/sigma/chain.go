package sigma

import "time"

// chain knows how far rules were met one after the other. It takes events in their order and keeps, for each rule, when
// the latest chain that has come so far began: whether it lies in a window is one comparison, and no event is looked at
// again.
type chain struct {
	rules []string
	begun []time.Time // of the latest chain that ends with this rule; zero: none
	at    time.Time   // of the newest event
	now   map[string]bool
}

// add takes the next event.
func (c *chain) add(e counted) {
	if !e.at.Equal(c.at) {
		c.at = e.at
		clear(c.now)
	}
	for _, v := range e.values {
		c.now[v] = true
	}
	for i, rule := range c.rules {
		if !c.now[rule] {
			continue
		}
		if i == 0 {
			c.begun[0] = c.at
		} else if c.begun[i-1].After(c.begun[i]) {
			c.begun[i] = c.begun[i-1]
		}
	}
}

// since is how many rules, from the first on, were met in their order by a chain that began at t or later.
func (c *chain) since(t time.Time) int {
	n := 0
	for n < len(c.begun) && !c.begun[n].IsZero() && !c.begun[n].Before(t) {
		n++
	}
	return n
}
