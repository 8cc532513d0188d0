package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"cairn.example/internal/collect"
	"cairn.example/internal/live"
	"cairn.example/internal/model"
	"cairn.example/internal/store"
)

// Verdict is whether something on the way from AWS to people is as it must be.
type Verdict string

// The verdicts, as they are printed. What is unknown may be in order: somebody else would have to look.
const (
	Fine    Verdict = "ok"
	Wrong   Verdict = "not ok"
	Unclear Verdict = "unknown"
)

// Check is one thing that was looked at.
type Check struct {
	Verdict Verdict
	What    string // was found, or the reason why it is not known
	Do      string // what to do about it; "" where there is nothing to do
}

// pathway is the way being looked at, from its beginning to people.
type pathway struct {
	app     *App
	from    AWS
	at      collect.Target
	calling collect.Options
	buckets *collect.Buckets
	feeds   *collect.Feeds
	known   *model.Snapshot
	checks  []Check
}

func (p *pathway) say(v Verdict, do, format string, args ...any) {
	p.checks = append(p.checks, Check{v, fmt.Sprintf(format, args...), do})
}

// failed says that a question was not answered. Where it was refused, or just then, nothing is known and more need not be wrong.
func (p *pathway) failed(what string, err error) {
	call, ok := errors.AsType[*collect.CallError](err)
	switch {
	case ok && call.Denied():
		p.say(Unclear, "to know it, allow "+call.Permission(), "%s: %v", what, err)
	case ok && call.Temporary():
		p.say(Unclear, "run this again", "%s: %v", what, err)
	default:
		p.say(Wrong, "", "%s: %v", what, err)
	}
}

// CheckPath looks at the way that records take, from queues and buckets to channels, and changes nothing on it. What is
// known of the accounts says in which Regions rules should forward.
func (a *App) CheckPath(ctx context.Context, n Notify, known *model.Snapshot) ([]Check, error) {
	p := &pathway{app: a, from: n.AWS, known: known}
	if len(n.Queues)+len(n.Buckets) > 0 {
		plain := n.AWS
		plain.Roles, plain.ExternalID = nil, "" // as a watch reads them
		targets, err := a.targets(ctx, plain)
		switch _, none := errors.AsType[*NoCredentialsError](err); {
		case none:
			p.unasked(n.Keep)
			n.Queues, n.Buckets = nil, nil
		case err != nil:
			return nil, err
		default:
			p.at, p.calling = targets[0], a.calling(plain)
			p.buckets, p.feeds = collect.NewBuckets(p.at, p.calling), collect.NewFeeds(p.at, p.calling)
		}
	}
	for _, url := range n.Queues {
		if err := p.queue(ctx, url); err != nil {
			return nil, err
		}
	}
	for _, address := range n.Buckets {
		name, prefix, err := bucketOf(address)
		if err != nil {
			return nil, err
		}
		p.readable(ctx, name, prefix)
	}
	err := p.people(ctx, n)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return p.checks, err
}

// unasked says what nobody can be asked about without credentials.
func (p *pathway) unasked(k Keep) {
	for _, url := range k.Queues {
		p.say(Unclear, "", "queue %s: not looked at without credentials", url[strings.LastIndex(url, "/")+1:])
	}
	for _, address := range k.Buckets {
		p.say(Unclear, "", "bucket %s: not looked at without credentials", address)
	}
}

// queue looks at a queue, and at all that its policy lets send to it.
func (p *pathway) queue(ctx context.Context, url string) error {
	q, err := collect.NewQueue(p.at, url, p.calling)
	if err != nil {
		return &UsageError{fmt.Errorf("--queue %w", err)}
	}
	name := url[strings.LastIndex(url, "/")+1:]
	attributes, err := q.Attributes(ctx)
	if err != nil {
		p.failed("queue "+name, err)
		return nil
	}
	p.say(Fine, "", "queue %s: %s waiting, %s being read; kept for %s", name, attributes["ApproximateNumberOfMessages"], attributes["ApproximateNumberOfMessagesNotVisible"],
		model.Span(seconds(attributes["MessageRetentionPeriod"])))
	redrive := redriveOf(attributes)
	p.receives(ctx, q, name, redrive)
	p.deadLetters(ctx, url, name, redrive)
	p.senders(ctx, name, attributes["QueueArn"], attributes["Policy"])
	return nil
}

func seconds(text string) time.Duration {
	n, _ := strconv.Atoi(text) // SQS writes it
	return time.Duration(n) * time.Second
}

// fewReceives is a number of receives after which SQS sets a message aside that is too low to use one of them up.
const fewReceives = 10

// receives tries whether messages can be received, and puts them back at once.
func (p *pathway) receives(ctx context.Context, q *collect.Queue, name string, r redrive) {
	if r.Dead != "" && r.Most < fewReceives {
		p.say(Unclear, "let it receive more often: deploy/cloudformation/queue.yaml has 100", "queue %s: receiving was not tried, since its redrive policy sets a message aside after %d", name, r.Most)
		return
	}
	err := q.Glance(ctx)
	if call, ok := errors.AsType[*collect.CallError](err); ok {
		p.say(Wrong, "allow "+call.Permission(), "queue %s: %v", name, err)
		return
	}
	if err == nil {
		p.say(Fine, "", "queue %s: messages can be received", name)
	}
}

// redrive is a redrive policy.
type redrive struct {
	Dead string // the dead-letter queue's ARN
	Most int    // receives
}

// deadLetters looks into what was set aside.
func (p *pathway) deadLetters(ctx context.Context, url, name string, r redrive) {
	if r.Dead == "" {
		p.say(Wrong, "give it one: deploy/cloudformation/queue.yaml", "queue %s has no dead-letter queue: a message that is never dealt with is gone after its time", name)
		return
	}
	dead := model.ARNPart(r.Dead, 5)
	q, err := collect.NewQueue(p.at, strings.TrimSuffix(url, name)+dead, p.calling)
	var attributes map[string]string
	if err == nil {
		attributes, err = q.Attributes(ctx)
	}
	switch n := attributes["ApproximateNumberOfMessages"]; {
	case err != nil:
		p.failed("dead-letter queue "+dead, err)
	case n == "0":
		p.say(Fine, "", "dead-letter queue %s is empty", dead)
	default:
		many, _ := strconv.Atoi(n) // SQS writes it
		p.say(Wrong, "when the reason is put right: aws sqs start-message-move-task --source-arn "+r.Dead, "dead-letter queue %s: %s never dealt with", dead, model.Count(many, "message was", "messages were"))
	}
}

// senders looks at each sender that the queue's policy names.
func (p *pathway) senders(ctx context.Context, name, queue, policy string) {
	all, err := sendersOf(policy)
	if err != nil {
		p.say(Unclear, "", "queue %s: its policy cannot be read: %v", name, err)
		return
	}
	if len(all) == 0 {
		p.say(Wrong, "deploy/cloudformation/queue.yaml lets EventBridge, S3 and SNS send", "queue %s: its policy lets nobody send", name)
	}
	for _, one := range all {
		switch service := model.ARNPart(one.source, 2); {
		case one.source == "":
			p.say(Unclear, "name the sender by aws:SourceArn", "queue %s: its policy lets %s send, and does not say which rule, bucket or topic", name, one.who)
		case strings.ContainsAny(one.source, "*?"):
			p.say(Unclear, "", "queue %s: its policy lets %s send; which of them do is not known", name, one.source)
		case service == "events":
			p.rule(ctx, queue, one.source)
		case service == "s3":
			bucket := model.ARNPart(one.source, 5)
			p.bucketTells(ctx, bucket, queue)
			p.readable(ctx, bucket, "")
		case service == "sns":
			p.topic(ctx, queue, one.source)
		default:
			p.say(Unclear, "", "queue %s: its policy lets %s send, which cairn knows nothing of", name, one.source)
		}
	}
}

// rule looks at a rule that should send to a queue, and at the bus that it is on.
func (p *pathway) rule(ctx context.Context, queue, arn string) {
	bus, name := collect.RuleName(arn)
	region := model.ARNRegion(arn)
	r, err := p.feeds.Rule(ctx, arn)
	switch {
	case err != nil:
		p.failed("rule "+name+" on bus "+bus+" in "+region, err)
		return
	case !p.on(r, arn):
	case !slices.Contains(r.Targets, queue):
		p.say(Wrong, "make it a target: deploy/cloudformation/queue.yaml", "rule %s on bus %s in %s does not send to the queue", name, bus, region)
	default:
		p.say(Fine, "", "rule %s on bus %s in %s sends to the queue", name, bus, region)
	}
	if bus != "default" {
		p.forwarding(ctx, fmt.Sprintf("arn:%s:events:%s:%s:event-bus/%s", model.ARNPartition(arn), region, model.ARNAccount(arn), bus))
	}
}

// enabled looks whether a rule is.
func (p *pathway) enabled(ctx context.Context, arn string) bool {
	r, err := p.feeds.Rule(ctx, arn)
	if err != nil {
		_, name := collect.RuleName(arn)
		p.failed("rule "+name+" in "+model.ARNRegion(arn), err)
		return false
	}
	return p.on(r, arn)
}

// on tells whether a rule is enabled, and says so where it is not.
func (p *pathway) on(r collect.Rule, arn string) bool {
	if r.State != "DISABLED" {
		return true
	}
	bus, name := collect.RuleName(arn)
	region := model.ARNRegion(arn)
	p.say(Wrong, fmt.Sprintf("aws events enable-rule --region %s --event-bus-name %s --name %s", region, bus, name), "rule %s on bus %s in %s is disabled: no event comes by it", name, bus, region)
	return false
}

// globalRegion is where the events of IAM, Organizations and Account Management are, and nowhere else.
const globalRegion = "us-east-1"

// forwarding looks from which Regions of the bus's own account rules forward to it. Of other accounts nothing is known
// here.
func (p *pathway) forwarding(ctx context.Context, bus string) {
	name := strings.TrimPrefix(model.ARNPart(bus, 5), "event-bus/")
	account := p.known.Account(model.ARNAccount(bus))
	if account == nil || len(account.Regions.Items) == 0 {
		p.say(Unclear, "ask for that account, too", "from which Regions rules forward to %s: those of account %s are not known", name, model.ARNAccount(bus))
		return
	}
	var with, without []string
	for _, region := range account.Regions.Items {
		rules, err := p.feeds.Forwarding(ctx, region, bus)
		if err != nil {
			p.failed("which rules forward to "+name, err)
			return
		}
		if len(rules) == 0 {
			without = append(without, region)
		}
		for _, one := range rules {
			if p.enabled(ctx, fmt.Sprintf("arn:%s:events:%s:%s:rule/%s", model.ARNPartition(bus), region, account.ID, one)) && !slices.Contains(with, region) {
				with = append(with, region)
			}
		}
	}
	const how = "deploy/cloudformation/region.yaml there"
	if len(with) > 0 {
		p.say(Fine, "", "rules forward to %s from %s", name, strings.Join(with, ", "))
	}
	switch {
	case len(without) == len(account.Regions.Items):
		p.say(Wrong, how, "no rule of account %s forwards to %s", account.ID, name)
	case slices.Contains(without, globalRegion):
		p.say(Wrong, how, "no rule in %s forwards to %s: events of IAM and Organizations are nowhere else", globalRegion, name)
	case len(without) > 0:
		p.say(Unclear, how+", unless another source reads them", "no rule forwards to %s from %s", name, strings.Join(without, ", "))
	}
}

// bucketTells looks whether a bucket tells a queue of its objects.
func (p *pathway) bucketTells(ctx context.Context, bucket, queue string) {
	to, _, err := p.buckets.Tells(ctx, bucket)
	switch {
	case err != nil:
		p.failed("what bucket "+bucket+" tells", err)
	case !slices.Contains(to, queue):
		p.say(Wrong, "deploy/notify-bucket.sh "+bucket+" "+queue, "bucket %s does not tell the queue of its objects", bucket)
	default:
		p.say(Fine, "", "bucket %s tells the queue of its objects", bucket)
	}
}

func (p *pathway) topic(ctx context.Context, queue, topic string) {
	to, err := p.feeds.Subscribers(ctx, topic)
	name := model.ARNPart(topic, 5)
	switch {
	case err != nil:
		p.failed("who gets what topic "+name+" is told", err)
	case !slices.Contains(to, queue):
		p.say(Wrong, fmt.Sprintf("aws sns subscribe --region %s --topic-arn %s --protocol sqs --notification-endpoint %s --attributes RawMessageDelivery=true", model.ARNRegion(topic), topic, queue),
			"topic %s does not send to the queue", name)
	default:
		p.say(Fine, "", "topic %s sends to the queue", name)
	}
}

// readable reads the beginning of a log file: that takes the permissions, and the key where it is encrypted.
func (p *pathway) readable(ctx context.Context, bucket, prefix string) {
	if prefix != "" {
		prefix += "/"
	}
	page, err := p.buckets.List(ctx, bucket, collect.Listing{Prefix: prefix + "AWSLogs/"})
	if err != nil {
		p.unreadable(bucket, err)
		return
	}
	i := slices.IndexFunc(page.Keys, func(key string) bool { return strings.Contains(key, "/CloudTrail/") && strings.HasSuffix(key, ".gz") })
	if i < 0 {
		p.say(Unclear, "", "bucket %s: among the first keys below %sAWSLogs/ is no log file to read", bucket, prefix)
		return
	}
	body, _, err := p.buckets.Get(ctx, bucket, page.Keys[i])
	if err == nil {
		_, err = io.CopyN(io.Discard, body, 1)
		_ = body.Close()
	}
	if err != nil {
		p.unreadable(bucket, err)
		return
	}
	p.say(Fine, "", "bucket %s: log files can be read, and decrypted where they are encrypted", bucket)
}

// unreadable says that a watch cannot read a bucket either.
func (p *pathway) unreadable(bucket string, err error) {
	do := ""
	if call, ok := errors.AsType[*collect.CallError](err); ok && call.Denied() {
		do = "allow " + call.Permission()
	}
	p.say(Wrong, do, "bucket %s: %v", bucket, err)
}

// people looks at the channels and at the store, which knows how they fare and what came back.
func (p *pathway) people(ctx context.Context, n Notify) error {
	cfg, err := p.app.Config(n.Selection)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Notify.Channels)) {
		_, kind, err := p.app.channel(ctx, n, name)
		if err != nil {
			p.say(Wrong, "", "%v", err)
			continue
		}
		p.say(Fine, "cairn notify test "+name+" sends it a trial", "channel %s: %s is set up, and its secrets are there", name, kind.Title)
	}
	if n.Store == "" && len(cfg.Notify.Channels)+len(n.Queues)+len(n.Buckets) == 0 {
		return nil
	}
	err = p.app.withStore(ctx, n, func(s *store.Store) error { return p.kept(ctx, s) })
	if errors.Is(err, fs.ErrNotExist) {
		p.fresh(n.storeAddress())
		return nil
	}
	if err != nil {
		p.say(Wrong, "", "store: %v", err)
	}
	return nil
}

// fresh looks whether a watch can make its store.
func (p *pathway) fresh(address string) {
	dir := filepath.Dir(address)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		p.say(Wrong, "make it, or name another place by --store", "store: there is no folder %s", dir)
		return
	}
	p.say(Unclear, "start cairn watch, and run this again", "store: none at %s yet, so whether records arrive is not known", address)
}

// kept looks at what the store knows.
func (p *pathway) kept(ctx context.Context, s *store.Store) error {
	channels, err := s.Channels(ctx)
	if err != nil {
		return err //nolint:wrapcheck // it says what was tried
	}
	p.say(Fine, "", "store: %s can be read", s)
	for _, c := range channels {
		switch {
		case !c.Closed.IsZero():
			p.say(Wrong, "put it right, then cairn notify retry "+c.Name, "channel %s takes nothing since %s: %s", c.Name, model.Moment(c.Closed), c.Error)
		case !c.Since.IsZero():
			p.say(Wrong, "", "channel %s fails since %s: %s", c.Name, model.Moment(c.Since), c.Error)
		}
	}
	pulses, err := s.Pulses(ctx)
	if err != nil {
		return err //nolint:wrapcheck // it says what was tried
	}
	p.arrivals(pulses)
	return nil
}

// unheard is how long nothing may have come back of cairn's own calls: it reads the accounts every hour unless it is told
// otherwise, and a record takes up to another.
const unheard = 2 * time.Hour

// arrivals looks when something arrived last.
func (p *pathway) arrivals(pulses []store.Pulse) {
	heard := false
	for _, one := range pulses {
		ago := p.app.Now().Sub(one.Last)
		region, ofEvents := strings.CutPrefix(one.Region, live.Events)
		switch {
		case ofEvents:
			p.say(Fine, "", "records of account %s in %s: the last arrived %s ago", one.Account, region, model.Span(ago))
		case one.Region != live.Heartbeat:
			p.say(Fine, "", "log files of account %s in %s: the last arrived %s ago", one.Account, one.Region, model.Span(ago))
		case ago > unheard:
			heard = true
			p.say(Wrong, "look at what stands above, and whether cairn watch runs", "heartbeat: cairn's own calls in account %s came back as records until %s, and none has since", one.Account, model.Moment(one.Last))
		default:
			heard = true
			p.say(Fine, "", "heartbeat: a call of cairn's own in account %s came back as a record %s ago", one.Account, model.Span(ago))
		}
	}
	if !heard {
		p.say(Unclear, "records of calls that read come by log files, or by rules that are ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
			"heartbeat: no call of cairn's own came back as a record yet")
	}
}
