package main

import (
	"cmp"
	"errors"
	"fmt"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/config"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

func (p *program) notify() *cobra.Command {
	c := &cobra.Command{
		Use: "notify", SuggestFor: []string{"channels", "alert", "alerts", "send"}, Short: "Channels: try one, see what they are owed, silence findings",
		Long: `Channels and routes stand in cairn.yaml under notify (docs/guide/notify.md). cairn watch brings each channel what it
is owed; these commands try a channel, show how channels fare, and keep findings from being told for a time.`,
	}
	c.AddCommand(p.notifyTest(), p.notifyList(), p.notifyRetry(), p.notifySilence(), p.notifyUnsilence())
	return c
}

func (p *program) notifyFlags(c *cobra.Command, n *app.Notify, needsStore bool) {
	settingsFlags(c, &n.Selection)
	if needsStore {
		c.Flags().StringVar(&n.Store, "store", "", "the store of cairn watch: a SQLite `file` (default cairn.db), or a postgres:// URL")
		return
	}
	c.Flags().StringVar(&n.Profile, "profile", "", "AWS `profile`, where a channel or a secret is in AWS")
}

func (p *program) notifyTest() *cobra.Command {
	var n app.Notify
	c := &cobra.Command{
		Use: "test CHANNEL...", Short: "Send a channel a message that says that it is a trial", Args: some("a channel"),
		Example: "  cairn notify test security",
		RunE: func(c *cobra.Command, args []string) error {
			var errs []error
			for _, name := range args {
				stop := p.waits(name + ": no answer yet")
				t, err := p.app().TryChannel(c.Context(), n, name)
				stop()
				if err != nil {
					errs = append(errs, err)
					continue
				}
				if _, err := fmt.Fprintf(p.stdout, "%s: %s took it, in %.1f s.\n", t.Channel, t.Kind.Title, t.Took.Seconds()); err != nil {
					return err
				}
			}
			return errors.Join(errs...)
		},
	}
	p.notifyFlags(c, &n, false)
	return c
}

// patient is how long somebody at a terminal waits without a word.
const patient = 2 * time.Second

// waits says once what is waited for, if it takes longer than a moment; the function that it gives ends that.
func (p *program) waits(what string) (stop func()) {
	ended, said := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(said)
		select {
		case <-ended:
		case <-time.After(patient):
			p.note("%s", what)
		}
	}()
	return func() {
		close(ended)
		<-said
	}
}

func (p *program) notifyList() *cobra.Command {
	var n app.Notify
	c := &cobra.Command{
		Use: "list", Short: "Channels and how they fare, what they are owed, silences, what could not be read", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			all, err := p.app().Notified(c.Context(), n)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(p.stdout, notifiedText(all, p.now()))
			return err
		},
	}
	p.notifyFlags(c, &n, true)
	return c
}

// notifiedText is for people, one thing a line.
func notifiedText(all app.Notified, now time.Time) string {
	var b strings.Builder
	switch {
	case !all.Settings:
		b.WriteString("No channels: there is no cairn.yaml here; --config FILE names one.\n")
	case len(all.Channels) == 0:
		b.WriteString("No channels: cairn.yaml has none under notify.channels (docs/guide/notify.md).\n")
	}
	closed := map[string]bool{}
	for _, c := range all.Channels {
		closed[c.Name] = !c.Closed.IsZero()
		fmt.Fprintf(&b, "%-16s %-12s %s\n", c.Name, c.Kind.Title, fares(c, now))
		for _, s := range c.Settings {
			fmt.Fprintf(&b, "  %s\n", s)
		}
	}
	for _, d := range all.Owed {
		m := notify.Compose(d.Notice, now)
		fmt.Fprintf(&b, "owed  %-16s %s  %s", d.Channel, m.Key, m.Headline())
		switch {
		case d.Dead:
			fmt.Fprintf(&b, ": refused for good: %s", d.Error)
		case closed[d.Channel]:
			fmt.Fprintf(&b, ": waits for cairn notify retry %s", d.Channel)
		case d.Error != "":
			fmt.Fprintf(&b, ": %s, again in %s: %s", model.Count(d.Attempts, "attempt", "attempts"), model.Span(max(0, d.Due.Sub(now))), d.Error)
		case d.Due.After(now):
			fmt.Fprintf(&b, ": in %s", model.Span(d.Due.Sub(now)))
		}
		b.WriteByte('\n')
	}
	for _, s := range all.Silences {
		fmt.Fprintf(&b, "silence  %s  until %s, by %s: %s  (%s)\n", s.ID, model.Moment(s.Ends), cmp.Or(s.Owner, "nobody said"), s.Reason, strings.Join(s.Match.Words(), " "))
	}
	for _, one := range all.Poisons {
		fmt.Fprintf(&b, "unread  %s  %s from %s, after %s: %s\n", model.Moment(one.At), one.ID, one.Source, model.Count(one.Tries, "try", "tries"), one.Error)
	}
	return b.String()
}

// fares says in a sentence how a channel fares.
func fares(c app.Channel, now time.Time) string {
	var parts []string
	switch {
	case !c.Closed.IsZero():
		parts = append(parts, fmt.Sprintf("takes nothing since %s: %s; when that is put right: cairn notify retry %s", model.Moment(c.Closed), c.Error, c.Name))
	case !c.Since.IsZero():
		parts = append(parts, fmt.Sprintf("fails for %s: %s", model.Span(now.Sub(c.Since)), c.Error))
	case c.Shown.IsZero():
		parts = append(parts, "nothing was sent yet")
	default:
		parts = append(parts, "last message "+model.Moment(c.Shown))
	}
	if c.Owed > 0 {
		parts = append(parts, model.Count(c.Owed, "message is owed", "messages are owed"))
	}
	if c.Dead > 0 {
		parts = append(parts, model.Count(c.Dead, "message was refused", "messages were refused"))
	}
	if c.Partly > 0 {
		parts = append(parts, model.Count(c.Partly, "message", "messages")+" did not reach everybody: "+c.But)
	}
	return strings.Join(parts, "; ")
}

func (p *program) notifyRetry() *cobra.Command {
	var n app.Notify
	c := &cobra.Command{
		Use: "retry CHANNEL...", Short: "Try a channel again at once, with all that it is owed and what it refused", Args: some("a channel"),
		RunE: func(c *cobra.Command, args []string) error {
			for _, name := range args {
				owed, err := p.app().RetryChannel(c.Context(), n, name)
				if err != nil {
					return err
				}
				if _, err := fmt.Fprintf(p.stdout, "%s: %s; cairn watch tries at once, or when it is started.\n", name, model.Count(int(owed), "message is owed", "messages are owed")); err != nil {
					return err
				}
			}
			return nil
		},
	}
	p.notifyFlags(c, &n, true)
	return c
}

func (p *program) notifySilence() *cobra.Command {
	var (
		n    app.Notify
		one  notify.Silence
		long string
	)
	c := &cobra.Command{
		Use: "silence FIELD=PATTERN...", Short: "Keep findings from being told for a time", Args: some("what to silence, such as rule=CT-013"),
		Long: `Findings that all of the words match are not told until the time is over. What was told of them before is still
brought to its end. When the time is over what is still open is told, and what came and went meanwhile as resolved.

FIELD is account, region, service, rule, category, severity (that one or worse), tag, standard, resource or finding; *
is any text, ? one letter. Several words of one field are alternatives.`,
		Example: `  cairn notify silence rule=CT-013 account=111122223333 --for 2h --reason 'the trail moves tonight'`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := p.silence(&one, args, long); err != nil {
				return &app.UsageError{Err: err}
			}
			kept, matches, err := p.app().Silence(c.Context(), n, one)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.stdout, "Silence %s until %s; it matches %s now. To end it: cairn notify unsilence %s\n",
				kept.ID, model.Moment(kept.Ends), model.Count(matches, "open finding", "open findings"), kept.ID)
			return err
		},
	}
	c.Flags().StringVar(&long, "for", "", "for how long, a `time` such as 2h, 3d or 1w")
	c.Flags().StringVar(&one.Reason, "reason", "", "why, in a `sentence`")
	c.Flags().StringVar(&one.Owner, "owner", "", "who answers for it, by `name` (default who runs this)")
	p.notifyFlags(c, &n, true)
	return c
}

// silence reads what is to be silenced, for how long and in whose name.
func (p *program) silence(one *notify.Silence, words []string, long string) error {
	var err error
	if one.Match, err = notify.ParseMatch(words); err != nil {
		return err //nolint:wrapcheck // it says which word
	}
	for _, account := range one.Match.Accounts {
		if err := config.CheckAccount(account); err != nil {
			return fmt.Errorf("account=%s: %w", account, err)
		}
	}
	if long == "" || one.Reason == "" {
		return errors.New("a silence wants --for a time, and a --reason")
	}
	d, err := span(long)
	if err != nil || d <= 0 {
		return fmt.Errorf("--for %q: want how long, such as 2h, 3d or 1w", long)
	}
	one.Begins, one.Ends = p.now(), p.now().Add(d)
	one.Owner = cmp.Or(one.Owner, p.env("USER"), systemUser(), "nobody said")
	return nil
}

// systemUser is who runs this, as the system has it, "" where it has no name for them.
func systemUser() string {
	who, err := user.Current()
	if err != nil {
		return ""
	}
	return who.Username
}

func (p *program) notifyUnsilence() *cobra.Command {
	var n app.Notify
	c := &cobra.Command{
		Use: "unsilence ID", Short: "End a silence at once", Args: some("the id of a silence"),
		RunE: func(c *cobra.Command, args []string) error {
			for _, id := range args {
				if err := p.app().Unsilence(c.Context(), n, id); err != nil {
					return err
				}
			}
			return nil
		},
	}
	p.notifyFlags(c, &n, true)
	return c
}
