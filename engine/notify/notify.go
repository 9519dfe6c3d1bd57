package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Message is what is told of a run. Its JSON is a contract.
type Message struct {
	Text      string    `json:"text"` // a line or some, for people
	Event     string    `json:"event"`
	Project   string    `json:"project"`
	Run       string    `json:"run"`
	Command   string    `json:"command"`
	Host      string    `json:"host"`
	Started   time.Time `json:"started"`
	Seconds   float64   `json:"seconds"`
	Exit      int       `json:"exit"`
	Error     string    `json:"error,omitempty"`
	Units     int       `json:"units"`     // made
	Published int       `json:"published"` // objects
	Loaded    int       `json:"loaded"`    // leaves of the warehouse
	Trouble   []string  `json:"trouble"`   // what somebody should look at
	Accounts  []Account `json:"accounts"`
}

// Account is that of a feed, in records.
type Account struct {
	Feed      string  `json:"feed"`
	Read      int64   `json:"read"`
	Accepted  int64   `json:"accepted"`
	Duplicate int64   `json:"duplicate"`
	Rejected  int64   `json:"rejected"`
	Percent   float64 `json:"rejected_percent"`
}

// The events.
const (
	Done     = "run.done"     // nothing to look at
	Trouble  = "run.trouble"  // published, with something to look at
	Failed   = "run.failed"   // it did not get to its end
	Accounts = "run.accounts" // the accounts do not balance
)

// Options say who is told.
type Options struct {
	Command string        // run by sh; "" for none
	URL     string        // of a webhook; "" for none
	Log     *slog.Logger  // of what could not be told
	Wait    time.Duration // before the second attempt, doubled before each further one; 0: a second
	Limit   time.Duration // for all attempts of one way; 0: 30 s
	Client  *http.Client  // nil: one of its own
}

const (
	attempts     = 4
	defaultWait  = time.Second
	defaultLimit = 30 * time.Second
)

// Tell tells all who are to be told, at the same time, and waits for it.
func Tell(ctx context.Context, o Options, m Message) {
	if o.Wait == 0 {
		o.Wait = defaultWait
	}
	if o.Limit == 0 {
		o.Limit = defaultLimit
	}
	if o.Client == nil {
		o.Client = &http.Client{}
	}
	text, err := json.Marshal(m)
	if err != nil {
		o.Log.WarnContext(ctx, "nobody was told of the run", "error", err)
		return
	}
	var all sync.WaitGroup
	for way, tell := range map[string]func(context.Context, []byte) error{"command": o.run, "webhook": o.post} {
		if way == "command" && o.Command == "" || way == "webhook" && o.URL == "" {
			continue
		}
		all.Go(func() {
			if err := o.again(ctx, text, tell); err != nil {
				o.Log.WarnContext(ctx, "nobody was told of the run", "way", way, "error", err)
			}
		})
	}
	all.Wait()
}

// finalError is one that another attempt would meet again.
type finalError struct{ error }

func (o Options) again(ctx context.Context, text []byte, tell func(context.Context, []byte) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, o.Limit, fmt.Errorf("not told within %s", o.Limit))
	defer cancel()
	wait := o.Wait
	for attempt := 1; ; attempt++ {
		err := tell(ctx, text)
		var final finalError
		if err == nil || errors.As(err, &final) || attempt == attempts || ctx.Err() != nil {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(err, context.Cause(ctx))
		case <-timer.C:
		}
		wait *= 2
	}
}

// post sends the message to the webhook. The address is a secret: an error names none
// of it.
func (o Options) post(ctx context.Context, text []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, o.URL, bytes.NewReader(text))
	if err != nil {
		return finalError{errors.New("notify.url is no address")}
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := o.Client.Do(request)
	if err != nil {
		for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
			err = inner // the outer ones quote the address
		}
		return fmt.Errorf("post: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
	err = answer.Body.Close()
	switch code := answer.StatusCode; {
	case code < 300:
		return err
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		return fmt.Errorf("post: %s", answer.Status)
	default:
		return finalError{fmt.Errorf("post: %s", answer.Status)}
	}
}

// run gives the message to the command. What is left of it at the end of the time is
// killed with all that it has started.
func (o Options) run(ctx context.Context, text []byte) error {
	command := exec.CommandContext(ctx, "sh", "-c", o.Command)
	command.Stdin = bytes.NewReader(text)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = time.Second
	var said bytes.Buffer
	command.Stderr = &said
	err := command.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil // it ended well; what it leaves in the background holds its standard error
	}
	if err != nil {
		const most = 200
		return fmt.Errorf("command: %w: %s", err, said.Bytes()[:min(most, said.Len())])
	}
	return nil
}
