package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"cairn.example/internal/live"
	"cairn.example/internal/notify"
	"cairn.example/internal/store"
)

// metrics are what cairn watch tells Prometheus.
type metrics struct {
	registry *prometheus.Registry
	records  *prometheus.CounterVec
	kept     prometheus.Counter
	bytes    prometheus.Counter
	lag      prometheus.Histogram
	findings *prometheus.CounterVec
	messages *prometheus.CounterVec
	took     *prometheus.HistogramVec
	delay    *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		records:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "cairn_records_total", Help: "CloudTrail records read, by what became of them."}, []string{"fate"}),
		kept:     prometheus.NewCounter(prometheus.CounterOpts{Name: "cairn_records_kept_total", Help: "Records that went into the log, for the detections."}),
		bytes:    prometheus.NewCounter(prometheus.CounterOpts{Name: "cairn_read_bytes_total", Help: "Bytes of records read, after decompression."}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "cairn_queue_lag_seconds", Help: "From a message's being put into its queue to its records being in the log.", Buckets: prometheus.ExponentialBuckets(0.01, 4, 10),
		}),
		findings: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "cairn_finding_steps_total", Help: "Steps in the lives of findings."}, []string{"step", "rule"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "cairn_messages_total", Help: "Attempts to bring a message to a channel, by what became of them."}, []string{"channel", "outcome"}),
		took:     prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "cairn_message_seconds", Help: "How long an attempt took."}, []string{"channel"}),
		delay: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cairn_message_delay_seconds", Help: "From a finding's last change to a channel's showing it.", Buckets: prometheus.ExponentialBuckets(0.01, 4, 10),
		}, []string{"channel"}),
	}
	m.registry.MustRegister(m.records, m.kept, m.bytes, m.lag, m.findings, m.messages, m.took, m.delay)
	return m
}

func (m *metrics) seen(s live.Seen) {
	m.records.WithLabelValues("judged").Add(float64(s.Counts.Judged))
	m.records.WithLabelValues("rejected").Add(float64(s.Counts.Rejected))
	m.kept.Add(float64(s.Kept))
	m.bytes.Add(float64(s.Counts.Bytes))
	if s.Lag > 0 {
		m.lag.Observe(s.Lag.Seconds())
	}
}

func (m *metrics) told(one store.Told) {
	m.findings.WithLabelValues(strings.ReplaceAll(one.Step, " ", "_"), one.Finding.Rule).Inc()
}

func (m *metrics) tried(d notify.Delivery, took time.Duration, now time.Time, err error) {
	outcome := "shown"
	if err != nil {
		outcome = string(notify.FailureOf(err).Failure)
	} else {
		m.delay.WithLabelValues(d.Channel).Observe(now.Sub(d.Notice.Changed).Seconds())
	}
	m.messages.WithLabelValues(d.Channel, outcome).Inc()
	m.took.WithLabelValues(d.Channel).Observe(took.Seconds())
}

// owing is what channels are owed at the moment somebody asks.
type owing struct {
	store *store.Store
	owed  *prometheus.Desc
	dead  *prometheus.Desc
	off   *prometheus.Desc
}

func newOwing(s *store.Store) owing {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, []string{"channel"}, nil)
	}
	return owing{
		s, desc("cairn_channel_owed", "Findings that a channel should show and does not."), desc("cairn_channel_refused", "Messages that a channel will never take as they are."),
		desc("cairn_channel_closed", "1 where a channel takes nothing until somebody puts it right."),
	}
}

// Describe implements [prometheus.Collector].
func (o owing) Describe(out chan<- *prometheus.Desc) {
	out <- o.owed
	out <- o.dead
	out <- o.off
}

// Collect implements [prometheus.Collector].
func (o owing) Collect(out chan<- prometheus.Metric) {
	all, err := o.store.Channels(context.Background())
	if err != nil {
		out <- prometheus.NewInvalidMetric(o.owed, err)
		return
	}
	for _, c := range all {
		closed := 0.0
		if !c.Closed.IsZero() {
			closed = 1
		}
		out <- prometheus.MustNewConstMetric(o.owed, prometheus.GaugeValue, float64(c.Owed), c.Name)
		out <- prometheus.MustNewConstMetric(o.dead, prometheus.GaugeValue, float64(c.Dead), c.Name)
		out <- prometheus.MustNewConstMetric(o.off, prometheus.GaugeValue, closed, c.Name)
	}
}

// serve serves metrics and health, where that was asked for, until stop.
func (k *keeping) serve() (stop func() error, err error) {
	if k.watch.Listen == "" {
		return func() error { return nil }, nil
	}
	address, err := listenOn(k.watch.Listen)
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve metrics and health on %s: %w; --listen names another address", address, err)
	}
	k.metrics.registry.MustRegister(newOwing(k.store))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(k.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", k.health)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	k.watch.Say("metrics and health on http://%s/metrics and /healthz", l.Addr())
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err := server.Shutdown(ctx)
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}

// listenOn is an address to listen on: loopback, unless another host is named.
func listenOn(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", &UsageError{fmt.Errorf("--listen %q: want HOST:PORT, or :PORT for this machine alone", address)}
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// health says whether the watch does its work: the store answers, and the log is judged. It asks for nothing that takes
// longer the more is owed: who answers late here is ended, and with it whatever is under way.
func (k *keeping) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	switch behind, err := k.store.Behind(ctx); {
	case err != nil:
		http.Error(w, "the store does not answer: "+err.Error(), http.StatusServiceUnavailable)
	case behind > stuck:
		http.Error(w, fmt.Sprintf("the oldest record in the log waits since %s to be judged", behind.Round(time.Second)), http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, "ok")
	}
}

// stuck is how long a record may wait to be judged.
const stuck = time.Minute
