package sigma

import (
	"bytes"
	"cmp"
	"strconv"
)

// decimal is a JSON number by value: 0.digits × 10^exp. Digits begin and end with no zero; none is zero.
type decimal struct {
	negative bool
	digits   string
	exp      int
}

// maxExponent keeps the arithmetic on exponents far from overflow; what is larger is no number to us.
const maxExponent = 1 << 30

// parseDecimal takes JSON's grammar only. Floats would not do: an id of 17 digits equals its neighbour there.
func parseDecimal(s []byte) (decimal, bool) {
	var d decimal
	if len(s) == 0 || s[len(s)-1] < '0' || s[len(s)-1] > '9' || !number.Match(s) {
		return d, false
	}
	if s[0] == '-' {
		d.negative, s = true, s[1:]
	}
	if e := bytes.IndexAny(s, "eE"); e >= 0 {
		n, err := strconv.Atoi(string(s[e+1:]))
		if err != nil || n > maxExponent || n < -maxExponent {
			return d, false
		}
		d.exp, s = n, s[:e]
	}
	whole, fraction, _ := bytes.Cut(s, []byte("."))
	all := string(whole) + string(fraction)
	d.exp += len(whole)
	for len(all) > 0 && all[0] == '0' {
		all = all[1:]
		d.exp--
	}
	for len(all) > 0 && all[len(all)-1] == '0' {
		all = all[:len(all)-1]
	}
	if d.digits = all; all == "" {
		return decimal{}, true // -0 and 0e9 are 0
	}
	return d, true
}

func (d decimal) compare(o decimal) int {
	if d.sign() != o.sign() {
		return cmp.Compare(d.sign(), o.sign())
	}
	c := cmp.Or(cmp.Compare(d.exp, o.exp), cmp.Compare(d.digits, o.digits))
	if d.negative {
		return -c
	}
	return c
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}
