package store

import (
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// unconnected is why PostgreSQL could not be connected to, in a line. The driver's own error has a line for each
// attempt, and each names the address, which stands before it already.
type unconnected struct {
	error
	why []string
}

func (u *unconnected) Error() string { return "connect to it: " + strings.Join(u.why, "; ") }

func (u *unconnected) Unwrap() error { return u.error }

// connecting makes an error of connecting short, and leaves any other as it is.
func connecting(err error) error {
	failed, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok {
		return err
	}
	return &unconnected{err, slices.Compact(reasons(failed))}
}

// reasons are the innermost errors.
func reasons(err error) []string {
	if unknown, ok := err.(*net.DNSError); ok { //nolint:errorlint // the tree is walked here
		return []string{unknown.Err} // its text has the name and the server again
	}
	switch e := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() []error }:
		var out []string
		for _, one := range e.Unwrap() {
			out = append(out, reasons(one)...)
		}
		return out
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return reasons(inner)
		}
	}
	return []string{strings.ReplaceAll(err.Error(), "\n", " ")}
}
