// Package store keeps what cairn watch knows, in a SQLite file or in PostgreSQL: findings with their lives, what each
// channel is owed, the log of records that findings are made of, and where sources are.
//
// A finding and what is owed of it are written in one transaction, and deliveries are level-triggered: a row says that
// a channel should show version 7 of a finding and shows version 5, so nothing is lost by a crash and a repeat does no
// harm. One schema and one text of each query serve both databases; the same tests run on both.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// Store is an open database. Its methods are safe for concurrent use, also by several processes on one database.
type Store struct {
	Options
	db    *sql.DB
	lock  string // what ends a select of rows that the transaction is going to change, of those that nobody else does
	hold  string // and of a row that it waits for
	where string // for messages, without a password

	logged, owing bell
	excusing      atomic.Pointer[time.Time] // when exceptions were looked at last
}

// Options are what a store needs to know of the rest. Only Now is wanted.
type Options struct {
	Now    func() time.Time
	Routes Router // nil: no channel is owed anything
	// Inhibit keeps findings from being told while others are open; Traits are what it and silences may ask of a finding.
	Inhibit []notify.Inhibition
	Traits  func(model.Finding) notify.Traits
	// Excused is why the risk of a finding is accepted at a time, and "" where it is not.
	Excused func(f model.Finding, at time.Time) string
	// Changes is when Excused next says otherwise, after a time; zero: never. Where it is nil that may be at any time, and
	// every sweep asks about all that is open.
	Changes func(after time.Time) time.Time
	// Quiet is after how long without a further event a finding resolves that nothing can make good, such as a call
	// that was denied.
	Quiet time.Duration
	// Volatile does not wait for the disk, which tests of days of virtual time cannot afford: a power cut may lose what was
	// kept. PostgreSQL has a setting of its own.
	Volatile bool
}

// Router says where findings go.
type Router interface {
	Route(f model.Finding) []notify.Routed          // the channels that should show it
	Channel(name string) (r notify.Routed, ok bool) // one that is set up
}

//go:embed migrations/*.sql
var migrations embed.FS

// Open opens a database, makes its schema current and checks that it can be written to. The address is a path of a
// SQLite file, or a URL of PostgreSQL.
func Open(ctx context.Context, address string, o Options) (*Store, error) {
	s := &Store{Options: o}
	s.Quiet = cmp.Or(s.Quiet, notify.DefaultQuiet)
	var dialect goose.Dialect
	var err error
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		dialect, err = goose.DialectPostgres, s.openPostgres(address)
	} else {
		dialect, err = goose.DialectSQLite3, s.openSQLite(address)
	}
	if err == nil {
		err = s.migrate(ctx, dialect)
	}
	if err != nil {
		if s.db != nil {
			err = errors.Join(opening(connecting(err)), s.db.Close())
		}
		return nil, fmt.Errorf("open the store %s: %w", s.where, err)
	}
	return s, nil
}

// openSQLite opens a file. Transactions that write begin by asking for the lock, so that none fails half-way; each is
// on the disk when it is committed.
func (s *Store) openSQLite(path string) error {
	if scheme, _, other := strings.Cut(path, "://"); other {
		s.where = scheme // what follows may hold a password
		return errors.New("want a file, or postgres://USER@HOST/DATABASE")
	}
	s.where = path
	if err := place(path); err != nil {
		return err
	}
	synchronous := "synchronous(FULL)"
	if s.Volatile {
		synchronous = "synchronous(OFF)"
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", synchronous}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	db.SetMaxOpenConns(1) // SQLite has one writer; waiting here is cheaper than in its lock
	s.db = db
	return nil
}

func (s *Store) openPostgres(address string) error {
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		s.where = "postgres"
		return errors.New("the URL of PostgreSQL cannot be read: want postgres://USER@HOST/DATABASE, the password from PGPASSWORD or a pgpass file")
	}
	s.where = fmt.Sprintf("postgres://%s:%d/%s", cfg.Host, cfg.Port, cfg.Database)
	s.db = stdlib.OpenDB(*cfg)
	s.db.SetMaxOpenConns(16)
	s.lock, s.hold = " FOR UPDATE SKIP LOCKED", " FOR UPDATE"
	return nil
}

func (s *Store) migrate(ctx context.Context, d goose.Dialect) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	var options []goose.ProviderOption
	if d == goose.DialectPostgres { // where several replicas may start at once
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return fmt.Errorf("migrations: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(d, s.db, files, options...)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("make the schema current: %w", err)
	}
	return nil
}

// Close closes the database.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

// Shared tells whether other processes commonly work on the same store: then what they do is looked for often.
func (s *Store) Shared() bool { return s.lock != "" }

// String is where the store is, without a password.
func (s *Store) String() string { return s.where }

// Logged is closed when this process logs a record; Owing when it comes to owe something. What another process does
// is seen by asking now and then.
func (s *Store) Logged() <-chan struct{} { return s.logged.wait() }

// Owing is described at [Store.Logged].
func (s *Store) Owing() <-chan struct{} { return s.owing.wait() }

// bell wakes everybody who waits for it.
type bell struct {
	mu sync.Mutex
	ch chan struct{}
}

func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}

// tx runs a transaction, and again where PostgreSQL ended it because two waited for each other: rows are locked in the
// order of what is told, or of a query's plan, and nobody can promise one order for all. Nothing of it was kept then. The
// wait is by chance, so that the two do not meet again.
func (s *Store) tx(ctx context.Context, what string, run func(tx) error) error {
	err := s.once(ctx, what, run)
	for n := range mostRetries {
		if failed, ok := errors.AsType[*pgconn.PgError](err); !ok || failed.Code != deadlock {
			return err
		}
		select {
		case <-time.After(rand.N(firstWait << n)): //nolint:gosec // no secret
		case <-ctx.Done():
			return err
		}
		err = s.once(ctx, what, run)
	}
	return err
}

const (
	deadlock    = "40P01" // as PostgreSQL calls it
	mostRetries = 8
	firstWait   = 20 * time.Millisecond // doubled each time
)

func (s *Store) once(ctx context.Context, what string, run func(tx) error) error {
	t, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := run(tx{t, ctx}); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", what, err), t.Rollback())
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// tx is a transaction with its context.
type tx struct {
	*sql.Tx
	ctx context.Context //nolint:containedctx // both end together
}

func (t tx) do(query string, args ...any) (int64, error) {
	for i, arg := range args {
		if s, ok := arg.(string); ok {
			args[i] = text(s)
		}
	}
	res, err := t.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err //nolint:wrapcheck // tx says what was tried
	}
	return res.RowsAffected() //nolint:wrapcheck // as above
}

// rows reads every row of an answer.
func rows[T any](found *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer found.Close() //nolint:errcheck // Err below says what went wrong
	var out []T
	for found.Next() {
		one, err := scan(found)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, found.Err() //nolint:wrapcheck // the caller says what was asked
}

// text is text as both databases take it: PostgreSQL refuses a transaction in which one name has a NUL or is no UTF-8, and
// names come from whoever made a call.
func text(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
}

// stamp is a time as the schema has it.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
