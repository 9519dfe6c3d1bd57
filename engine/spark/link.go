package spark

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"ledgermill/engine/job"
)

// view is a temporary view of a request: rows of Parquet files, or a statement's.
type view struct {
	Name   string   `json:"name"`
	SQL    string   `json:"sql"`
	Paths  []string `json:"paths"`
	Schema string   `json:"schema"`
	Select []string `json:"select"`
	Where  string   `json:"where"`
}

// unitViews are what a statement sees of one unit.
type unitViews struct {
	Unit  job.Unit `json:"unit"`
	Views []view   `json:"views"`
}

// request is one statement to run. With Write its rows go to Parquet files below that
// place, by the columns of Partition; else they come back. With Units it is run on each
// of them by itself, and the one column of Partition is the unit's name.
type request struct {
	ID        int         `json:"id"`
	What      string      `json:"what"` // for Spark's own pages
	Views     []view      `json:"views"`
	Units     []unitViews `json:"units"`
	SQL       string      `json:"sql"`
	Write     string      `json:"write"`
	Partition []string    `json:"partition"`
}

// answer is what came of a request; without an id it is the driver's beginning, or how
// far the tasks at work are.
type answer struct {
	ID          int         `json:"id"`
	Version     string      `json:"version"`
	Master      string      `json:"master"`
	Application string      `json:"application"`
	UI          string      `json:"ui"`
	Files       []string    `json:"files"`
	Rows        [][]*string `json:"rows"` // every value as text
	Error       *fault      `json:"error"`

	Tasks  int `json:"tasks"`
	Done   int `json:"done"`
	Failed int `json:"failed"` // and done again
}

// fault is what Spark says of a statement.
type fault struct {
	Message string `json:"message"`
	Class   string `json:"class"`
	State   string `json:"state"` // SQLSTATE
	Start   int    `json:"start"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

// StatementError says that Spark cannot evaluate a statement.
type StatementError struct {
	Class   string // Spark's: DIVIDE_BY_ZERO
	State   string // SQLSTATE
	Message string
	Off     int // place in the statement; -1 where it is not known
}

func (e *StatementError) Error() string { return "spark: " + e.Message }

// Try names the command that tells what the two engines read differently.
func (e *StatementError) Try() string {
	return "ledgermill check --engine spark, which tells what Spark lacks or reads otherwise"
}

// ApplicationError says that the Spark application failed or ended, not a statement.
type ApplicationError struct {
	What string
	Said string // its last words
}

func (e *ApplicationError) Error() string {
	if e.Said == "" {
		return "spark: " + e.What
	}
	return "spark: " + e.What + ":\n" + e.Said
}

// Try tells where to look.
func (e *ApplicationError) Try() string {
	return "ledgermill doctor --engine spark; nothing of the batch at hand was published, and the next run makes it"
}

// of turns what Spark said of a statement into an error.
func (f *fault) of(r rendered) error {
	text := strings.TrimSpace(f.Message)
	text, _, _ = strings.Cut(text, "\n\nJVM stacktrace:")
	text, _, _ = strings.Cut(text, "\n== SQL")
	text, _, _ = strings.Cut(text, " SQLSTATE: ")
	text = strings.TrimSpace(text)
	if strings.Contains(f.Message, "No space left on device") || strings.Contains(f.Message, "OutOfMemoryError") {
		return &job.SpaceError{Err: &ApplicationError{What: text}}
	}
	if len(f.State) >= 2 && strings.Contains("0A 21 22 42", f.State[:2]) {
		return &StatementError{Class: f.Class, State: f.State, Message: text, Off: f.place(r)}
	}
	return &ApplicationError{What: text}
}

// link is the line to a running driver.
type link struct {
	conn    net.Conn
	hello   answer
	mu      sync.Mutex
	waiting map[int]chan answer
	last    int
	ended   chan struct{} // closed when the driver has gone
	log     *slog.Logger
}

func newLink(conn net.Conn, log *slog.Logger) (*link, error) {
	l := &link{conn: conn, log: log, waiting: map[int]chan answer{}, ended: make(chan struct{})}
	lines := bufio.NewReaderSize(conn, 1<<20)
	if err := read(lines, &l.hello); err != nil {
		return nil, err
	}
	go l.listen(lines)
	return l, nil
}

func read(lines *bufio.Reader, a *answer) error {
	data, err := lines.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(data, a)
}

func (l *link) listen(lines *bufio.Reader) {
	defer close(l.ended)
	for {
		var a answer
		if read(lines, &a) != nil {
			return // whoever waits is told that the driver has gone
		}
		if a.ID == 0 {
			l.log.Info("spark is at work", "tasks", a.Tasks, "done", a.Done, "failed", a.Failed)
			continue
		}
		l.mu.Lock()
		waiting := l.waiting[a.ID]
		delete(l.waiting, a.ID)
		l.mu.Unlock()
		if waiting != nil {
			waiting <- a
		}
	}
}

func (l *link) send(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err = l.conn.Write(append(data, '\n'))
	return err
}

// errGone says that the driver ended before it answered.
var errGone = errors.New("the driver has gone")

// cancelling is how long a cancelled statement may take to end.
const cancelling = 5 * time.Second

// ask runs a request. Cancelled, it cancels what Spark does for it.
func (l *link) ask(ctx context.Context, r request) (answer, error) {
	came := make(chan answer, 1)
	l.mu.Lock()
	l.last++
	r.ID = l.last
	l.waiting[r.ID] = came
	l.mu.Unlock()
	if err := l.send(r); err != nil {
		return answer{}, errors.Join(errGone, err)
	}
	select {
	case a := <-came:
		return a, nil
	case <-l.ended:
		return answer{}, errGone
	case <-ctx.Done():
	}
	if err := l.send(map[string]int{"cancel": r.ID}); err != nil {
		return answer{}, errors.Join(context.Cause(ctx), err)
	}
	select {
	case <-came:
	case <-l.ended:
	case <-time.After(cancelling):
	}
	return answer{}, fmt.Errorf("spark: %s: %w", r.What, context.Cause(ctx))
}

// raised reports whether values made a statement fail, and not the statement itself.
func raised(err error) bool {
	var statement *StatementError
	return errors.As(err, &statement) && strings.HasPrefix(statement.State, "22")
}
