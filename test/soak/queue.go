package soak

import (
	"context"
	"crypto/md5" // SQS's own checksum
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Queue is a standard queue of SQS, behind its JSON protocol: messages come in any order and now and then twice, are hidden
// for a time and then there again, and are deleted by the receipt of their last time only.
type Queue struct {
	// Again is how likely a message that is handed out can be received by others all the same.
	Again float64
	// Hidden is for how long a message is hidden when somebody asks for a time; nil: for that time.
	Hidden func(asked time.Duration) time.Duration

	now     func() time.Time
	server  *httptest.Server
	mu      sync.Mutex
	random  *rand.Rand
	arrived chan struct{}
	ready   []*message
	hidden  map[string]*message // by id
	by      map[string]*message // by receipt
	left    int
	stats   QueueStats
}

// QueueStats is what became of messages so far.
type QueueStats struct {
	Sent, Received, Deleted int
	Twice                   int // received more than once
}

type message struct {
	id, body, sum string
	sent          time.Time
	receives      int
	receipt       string // the last
	visible       time.Time
	gone, waits   bool // deleted; among the ready
}

// NewQueue starts a queue.
func NewQueue(seed uint64, now func() time.Time) *Queue {
	q := &Queue{now: now, random: rand.New(rand.NewPCG(seed, 2)), arrived: make(chan struct{}), hidden: map[string]*message{}, by: map[string]*message{}}
	q.server = httptest.NewServer(q)
	return q
}

// Endpoint is where the queue's service is, and URL names the queue.
func (q *Queue) Endpoint() string { return q.server.URL }

// URL names the queue.
func (q *Queue) URL() string { return q.server.URL + "/111122223333/cairn" }

// Close ends the service.
func (q *Queue) Close() {
	q.server.CloseClientConnections()
	q.server.Close()
}

// Send puts messages into the queue.
func (q *Queue) Send(bodies ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, body := range bodies {
		sum := md5.Sum([]byte(body))
		q.stats.Sent++
		q.left++
		m := &message{id: fmt.Sprintf("m%d", q.stats.Sent), body: body, sum: hex.EncodeToString(sum[:]), sent: q.now(), waits: true}
		q.ready = append(q.ready, m)
	}
	q.ring()
}

// Left is how many messages were not deleted.
func (q *Queue) Left() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.left
}

// Stats is what became of messages so far.
func (q *Queue) Stats() QueueStats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stats
}

func (q *Queue) ring() {
	close(q.arrived)
	q.arrived = make(chan struct{})
}

// ask is what the calls that cairn makes may say.
type ask struct {
	MaxNumberOfMessages int     `json:"MaxNumberOfMessages"`
	WaitTimeSeconds     int     `json:"WaitTimeSeconds"`
	VisibilityTimeout   int     `json:"VisibilityTimeout"`
	Entries             []entry `json:"Entries"`
}

type entry struct {
	ID            string `json:"Id"`
	ReceiptHandle string `json:"ReceiptHandle"`
	Timeout       int    `json:"VisibilityTimeout"`
}

type failure struct {
	ID          string `json:"Id"`
	SenderFault bool   `json:"SenderFault"`
	Code        string `json:"Code"`
	Message     string `json:"Message"`
}

func (q *Queue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in ask
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(w, "InvalidRequest", err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	var out any
	switch call := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS."); call {
	case "ReceiveMessage":
		out = q.receive(r.Context(), in)
	case "DeleteMessageBatch":
		out = q.each(in.Entries, q.remove)
	case "ChangeMessageVisibilityBatch":
		out = q.each(in.Entries, q.hide)
	default:
		refuse(w, "UnknownOperationException", "this queue does not know "+call)
		return
	}
	_ = json.NewEncoder(w).Encode(out) // who asked may be dead
}

func refuse(w http.ResponseWriter, code, text string) {
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.sqs#" + code, "message": text})
}

// tick is how often somebody who waits looks for messages that are no longer hidden.
const tick = 50 * time.Millisecond

func (q *Queue) receive(ctx context.Context, in ask) any {
	end := q.now().Add(time.Duration(in.WaitTimeSeconds) * time.Second)
	for {
		got, arrived := q.take(max(1, in.MaxNumberOfMessages), time.Duration(in.VisibilityTimeout)*time.Second)
		if len(got) > 0 || !q.now().Before(end) {
			return map[string]any{"Messages": got}
		}
		select {
		case <-arrived:
		case <-time.After(tick):
		case <-ctx.Done():
			return nil
		}
	}
}

func (q *Queue) take(n int, hidden time.Duration) (out []map[string]any, arrived <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.uncover()
	for len(out) < n && len(q.ready) > 0 {
		out = append(out, q.pick(hidden))
	}
	return out, q.arrived
}

// uncover makes messages ready that are not hidden any longer.
func (q *Queue) uncover() {
	now := q.now()
	for id, m := range q.hidden {
		if !m.visible.After(now) {
			delete(q.hidden, id)
			q.restore(m)
		}
	}
}

func (q *Queue) restore(m *message) {
	if !m.gone && !m.waits {
		m.waits = true
		q.ready = append(q.ready, m)
	}
}

// pick takes one of the first messages, as a queue of many parts does.
func (q *Queue) pick(hidden time.Duration) map[string]any {
	i := q.random.IntN(min(len(q.ready), 50))
	m := q.ready[i]
	q.ready[i] = q.ready[0]
	q.ready = q.ready[1:]
	m.waits = false
	m.receives++
	q.stats.Received++
	if m.receives > 1 {
		q.stats.Twice++
	}
	m.receipt = m.id + "/" + strconv.Itoa(m.receives)
	q.by[m.receipt] = m
	q.cover(m, hidden)
	if q.random.Float64() < q.Again {
		m.visible = time.Time{}
	}
	return map[string]any{
		"MessageId": m.id, "ReceiptHandle": m.receipt, "MD5OfBody": m.sum, "Body": m.body, "Attributes": map[string]string{
			"ApproximateReceiveCount": strconv.Itoa(m.receives), "SentTimestamp": strconv.FormatInt(m.sent.UnixMilli(), 10),
		},
	}
}

func (q *Queue) cover(m *message, asked time.Duration) {
	if q.Hidden != nil && asked > 0 {
		asked = q.Hidden(asked)
	}
	m.visible = q.now().Add(asked)
	q.hidden[m.id] = m
}

func (q *Queue) each(all []entry, do func(m *message, e entry) string) any {
	q.mu.Lock()
	defer q.mu.Unlock()
	good, bad := []map[string]string{}, []failure{}
	for _, e := range all {
		code := "ReceiptHandleIsInvalid"
		if m := q.by[e.ReceiptHandle]; m != nil {
			code = do(m, e)
		}
		if code == "" {
			good = append(good, map[string]string{"Id": e.ID})
			continue
		}
		bad = append(bad, failure{e.ID, true, code, "this receipt is worth nothing any more"})
	}
	return map[string]any{"Successful": good, "Failed": bad}
}

// remove deletes a message. Of one that was received again meanwhile, or is about to be, it says so half of the time: SQS
// promises neither.
func (q *Queue) remove(m *message, e entry) string {
	switch {
	case m.gone:
	case m.receipt != e.ReceiptHandle, m.waits:
		if q.random.IntN(2) == 0 {
			return "ReceiptHandleIsInvalid"
		}
	default:
		m.gone = true
		q.left--
		q.stats.Deleted++
		delete(q.hidden, m.id)
	}
	return ""
}

func (q *Queue) hide(m *message, e entry) string {
	switch {
	case m.gone || m.waits || q.hidden[m.id] == nil:
		return "MessageNotInflight"
	case m.receipt == e.ReceiptHandle:
		q.cover(m, time.Duration(e.Timeout)*time.Second)
		q.uncover()
		q.ring()
	}
	return ""
}
