package live

import "time"

// reminder is how often an error is logged that does not end.
const reminder = time.Minute

// fault is an error that comes again and again, such as that of a full disk: it is logged when it begins, when it is
// another one, and as a reminder. A line for each attempt would fill what is left of that disk.
type fault struct {
	said string
	next time.Time
}

// news tells whether an error is to be logged.
func (f *fault) news(err error, now time.Time) bool {
	if err.Error() == f.said && now.Before(f.next) {
		return false
	}
	f.said, f.next = err.Error(), now.Add(reminder)
	return true
}

// over forgets the error: if it comes again, that is a new one.
func (f *fault) over() { f.said = "" }
