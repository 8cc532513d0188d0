package source

import (
	"errors"
	"time"
)

const (
	// tries are the attempts after which a failure that may pass counts as one that lasts.
	tries     = 5
	firstWait = time.Second
	// staleToken is AWS's answer to a token that it no longer knows.
	staleToken = "InvalidNextTokenException"
)

// failed waits a little after what may pass, twice as long each time, and else leaves the whole Region alone until
// the next pass: what one source is refused, all are.
func (r *region) failed(c *cursor, err error) {
	p := Problem{Name: r.problemName(r.name), Account: r.account.ID, Region: r.name, Call: "LookupEvents", Err: err}
	temporary := false
	if f, ok := errors.AsType[Failure](err); ok {
		p.Call, p.Region, p.Code, p.Permission = f.Call(), f.Region(), f.Code(), f.Permission()
		p.Name, temporary = r.problemName(p.Region), f.Temporary()
	}
	if c.token != "" && !temporary { // or a page that cannot be had would be asked for again and again
		c.begin(r.run.Now())
		temporary = p.Code == staleToken
	}
	if temporary && r.failures < tries-1 {
		r.free = r.run.Now().Add(firstWait << r.failures)
		r.failures++
		return
	}
	r.run.told.set(p)
	for _, c := range r.cursors {
		if !c.done {
			r.rest(c)
		}
	}
}

// problemName names what cannot be read: a Region's history, or with "" the whole account's.
func (r *region) problemName(region string) string {
	if region == "" {
		return accountName(r.account.ID)
	}
	return accountName(r.account.ID) + " " + region
}

func accountName(id string) string { return "LookupEvents " + id }
