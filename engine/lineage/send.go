package lineage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// SendOptions say where events go.
type SendOptions struct {
	URL    string       // http:// or https:// of an endpoint, which gets api/v1/lineage without a path of its own; else a file
	Shown  string       // URL as people may see it
	APIKey string       // sent as a bearer token; "": none
	Log    *slog.Logger // what could not be sent

	Wait  time.Duration // behind the first attempt that failed; doubled each time; 0: 200ms
	Flush time.Duration // that Close waits for what is on its way; 0: 10s
}

// The bounds of a sender: a run makes some events a dataset, and an endpoint that
// does not answer must not keep them.
const (
	maxWaiting  = 10_000 // events
	maxAttempts = 4
	postTimeout = 5 * time.Second
)

// Sender sends events, in order, beside what makes them. It never fails: what cannot
// be sent is logged once and dropped. Close it.
type Sender struct {
	options SendOptions
	deliver func(context.Context, []byte) error
	events  chan []byte
	done    chan struct{}
	cancel  context.CancelFunc

	mu      sync.Mutex
	closed  bool
	dropped int
}

// NewSender starts one.
func NewSender(o SendOptions) *Sender {
	if o.Wait == 0 {
		o.Wait = 200 * time.Millisecond
	}
	if o.Flush == 0 {
		o.Flush = 10 * time.Second
	}
	ctx, cancel := context.WithCancel(context.Background()) // Close bounds it, not the run: its last events come behind an interrupt
	s := &Sender{options: o, events: make(chan []byte, maxWaiting), done: make(chan struct{}), cancel: cancel}
	s.deliver = s.append
	if strings.HasPrefix(o.URL, "http://") || strings.HasPrefix(o.URL, "https://") {
		s.deliver = s.poster()
	}
	go s.work(ctx)
	return s
}

// Emit hands an event over. It does not wait.
func (s *Sender) Emit(e Event) {
	data, err := json.Marshal(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || s.closed {
		s.dropped++
		return
	}
	select {
	case s.events <- data:
	default:
		s.dropped++
	}
}

// Close waits for what is on its way, for a bounded time.
func (s *Sender) Close() {
	s.mu.Lock()
	s.closed = true
	close(s.events)
	s.mu.Unlock()
	timer := time.NewTimer(s.options.Flush)
	defer timer.Stop()
	select {
	case <-s.done:
	case <-timer.C:
	}
	s.cancel()
	<-s.done
	if s.dropped > 0 {
		s.options.Log.Warn("events of OpenLineage were not sent", "events", s.dropped, "to", s.options.Shown)
	}
}

// work sends until the channel is closed. Behind an event that no attempt could send,
// the endpoint is not asked again.
func (s *Sender) work(ctx context.Context) {
	defer close(s.done)
	broken := false
	for data := range s.events {
		if !broken {
			err := s.send(ctx, data)
			if err == nil {
				continue
			}
			broken = true
			s.options.Log.Warn("OpenLineage cannot be reached: the rest of the run's events are dropped", "to", s.options.Shown, "error", err)
		}
		s.mu.Lock()
		s.dropped++
		s.mu.Unlock()
	}
}

func (s *Sender) send(ctx context.Context, data []byte) error {
	wait := s.options.Wait
	for attempt := 1; ; attempt++ {
		err := s.deliver(ctx, data)
		var refused *refusedError
		if err == nil || attempt == maxAttempts || ctx.Err() != nil || errors.As(err, &refused) && !refused.again() {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(err, ctx.Err())
		}
		wait *= 2
	}
}

// append writes a line to the file.
func (s *Sender) append(_ context.Context, data []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(s.options.URL), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(s.options.URL, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(append(data, '\n'))
	return err
}

// refusedError is an answer other than 2xx. What the endpoint wrote is left out: it
// may repeat what it was sent.
type refusedError struct{ status int }

func (e *refusedError) Error() string {
	return fmt.Sprintf("it answered %d %s", e.status, http.StatusText(e.status))
}

// again reports whether another attempt may be answered otherwise.
func (e *refusedError) again() bool { return e.status >= 500 || e.status == http.StatusTooManyRequests }

func (s *Sender) poster() func(context.Context, []byte) error {
	client := &http.Client{Timeout: postTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	target := s.options.URL
	if u, err := url.Parse(target); err == nil && strings.Trim(u.Path, "/") == "" {
		target = u.JoinPath("api/v1/lineage").String()
	}
	return func(ctx context.Context, data []byte) (err error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(data))
		if err != nil {
			return errors.New("its URL cannot be read")
		}
		request.Header.Set("Content-Type", "application/json")
		if s.options.APIKey != "" {
			request.Header.Set("Authorization", "Bearer "+s.options.APIKey)
		}
		response, err := client.Do(request)
		var failed *url.Error
		if errors.As(err, &failed) {
			return failed.Err // without the URL, which may hold a password
		}
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, response.Body.Close()) }()
		if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)); err != nil {
			return err
		}
		if response.StatusCode/100 != 2 {
			return &refusedError{response.StatusCode}
		}
		return nil
	}
}
