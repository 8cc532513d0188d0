package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"cairn.example/internal/config"
	"cairn.example/internal/detect"
	"cairn.example/internal/live"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/rule"
	"cairn.example/internal/store"
)

// routing is where findings go, and the channels themselves.
type routing struct {
	notify.Routes
	channels map[string]notify.Channel
	rules    rule.Registry
	tags     atomic.Pointer[map[string][]string] // of resources, as they were read last
}

// routing makes the channels that the settings name. All that is wrong comes in one error.
func (a *App) routing(ctx context.Context, from AWS, cfg *config.Config) (*routing, error) {
	watched, err := Detections()
	if err != nil {
		return nil, err
	}
	r := &routing{channels: map[string]notify.Channel{}, rules: slices.Concat(a.Rules, Cards(watched))}
	r.Routes = notify.Routes{Channels: map[string]notify.Kind{}, List: cfg.Notify.Routes, Repeat: cfg.Notify.Repeat, Traits: r.traits}
	known := &secrets{from: from}
	env := notify.Env{HTTP: client(), Now: a.Now}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(cfg.Notify.Channels)) {
		ch := cfg.Notify.Channels[name]
		settings, err := ch.Resolve(ctx, known)
		if err != nil {
			errs = append(errs, err) // it names the channel and the setting
			continue
		}
		if ch.Kind.AWS {
			env.AWS, err = known.config(ctx)
		}
		if err == nil {
			r.channels[name], err = ch.Kind.New(settings, env)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("notify.channels.%s: %w", name, err))
			continue
		}
		r.Channels[name] = ch.Kind
	}
	if err := errors.Join(errs...); err != nil {
		return nil, &UsageError{err}
	}
	return r, nil
}

// CheckChannels refuses what a watch would refuse at its start, as far as cairn.yaml alone tells: secrets may be elsewhere.
func (a *App) CheckChannels(cfg *config.Config) error {
	env := notify.Env{HTTP: client(), Now: a.Now}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(cfg.Notify.Channels)) {
		ch := cfg.Notify.Channels[name]
		settings, whole := ch.Written()
		if !whole || ch.Kind.AWS { // that wants credentials
			continue
		}
		if _, err := ch.Kind.New(settings, env); err != nil {
			errs = append(errs, fmt.Errorf("notify.channels.%s: %w", name, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return &UsageError{err}
	}
	return nil
}

// services are those that findings are about: CloudTrail's, and of what events change.
func services(all []*detect.Detection) []string {
	out := []string{"cloudtrail"}
	for _, d := range all {
		for _, r := range d.Rules {
			about, _ := r.Custom["resource"].(map[string]any)
			kind, _ := about["kind"].(string)
			if parts := strings.Split(kind, "::"); len(parts) > 1 {
				out = append(out, strings.ToLower(parts[1]))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// traits are what of a finding's rule and resource a route may ask for.
func (r *routing) traits(f model.Finding) notify.Traits {
	var t notify.Traits
	if card := r.rules.Find(f.Rule); card != nil {
		for _, c := range card.Categories {
			t.Categories = append(t.Categories, string(c))
		}
	}
	if tags := r.tags.Load(); tags != nil {
		t.Tags = (*tags)[f.Resource.ID]
	}
	return t
}

// tagged takes in the tags of trails as they were read.
func (r *routing) tagged(s *model.Snapshot) {
	tags := map[string][]string{}
	for _, a := range s.Accounts {
		for _, t := range a.Trails.Items {
			known, _ := t.Tags.Get()
			for _, one := range known {
				tags[t.ARN] = append(tags[t.ARN], one.Key+"="+one.Value)
			}
		}
	}
	r.tags.Store(&tags)
}

// tagsKept takes in the tags of trails as a watch read them last.
func (r *routing) tagsKept(ctx context.Context, s *store.Store) error {
	body, _, err := s.Document(ctx, live.LastSnapshot)
	if err != nil || body == nil {
		return err //nolint:wrapcheck // it says what was tried
	}
	last, err := model.ReadSnapshot(bytes.NewReader(body))
	if err == nil { // else the watch reads the accounts anew
		r.tagged(last)
	}
	return nil
}

// client is how far ends are called: with bounds on everything but the whole, which each channel bounds.
func client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 15 * time.Second, IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 4,
	}}
}

// secrets are looked up where the settings say that they are.
type secrets struct {
	from AWS
	cfg  *aws.Config
}

// Env is an environment variable.
func (s *secrets) Env(name string) (string, bool) { return os.LookupEnv(name) }

// File is a file's content.
func (s *secrets) File(path string) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, reason(err))
	}
	return raw, nil
}

// Secret is a secret of AWS Secrets Manager, read with the credentials at hand.
func (s *secrets) Secret(ctx context.Context, name string) (string, error) {
	cfg, err := s.config(ctx)
	if err != nil {
		return "", err
	}
	if region := model.ARNRegion(name); region != "" {
		cfg.Region = region
	}
	out, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	if err != nil {
		return "", fmt.Errorf("read secret %s: %w (needs secretsmanager:GetSecretValue)", name, err)
	}
	if out.SecretString == nil {
		return "", fmt.Errorf("secret %s holds bytes, not text", name)
	}
	return *out.SecretString, nil
}

func (s *secrets) config(ctx context.Context) (aws.Config, error) {
	if s.cfg == nil {
		plain := s.from
		plain.Roles, plain.ExternalID = nil, ""
		cfg, err := plain.load(ctx)
		if err != nil {
			return aws.Config{}, err
		}
		s.cfg = &cfg
	}
	return *s.cfg, nil
}

// workers bring every channel what it is owed.
func (k *keeping) workers() []*notify.Worker {
	var out []*notify.Worker
	for _, name := range slices.Sorted(maps.Keys(k.routes.channels)) {
		to, _ := k.routes.Channel(name)
		out = append(out, &notify.Worker{
			Ledger: k.store, To: to, Kind: k.routes.Channels[name], Channel: k.routes.channels[name], ID: k.id, Now: k.app.Now, Log: k.app.Log, Tried: k.tried,
		})
	}
	return out
}

func (k *keeping) tried(d notify.Delivery, took time.Duration, err error) {
	k.metrics.tried(d, took, k.app.Now(), err)
}
