package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"ledgermill/bench"
	"ledgermill/engine"
	"ledgermill/warehouse"
)

func main() {
	runtime.LockOSThread()
	// The private server refuses root: this process may have been started as its
	// unprivileged half.
	if handled, code := warehouse.Helper(); handled {
		os.Exit(code)
	}
	// DuckDB and others create files as the umask leaves them: what is a bank's is not
	// for everybody on the machine, whatever the shell's umask says.
	syscall.Umask(syscall.Umask(strangers) | strangers)
	// A repetition of the bench is a process of its own.
	if handled, code := bench.Child(benchPlan()); handled {
		os.Exit(code)
	}
	os.Exit(apart(func() int {
		return run(context.Background(), os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	}))
}

// apart does the work beside the main thread, to which the caller has to be locked,
// and leaves that one free. The kernel gives a signal to the main thread first: in a
// call that does not return, a write to a dead disk, it would never take one. A first
// signal that comes when the work is done ends nothing: the code is that of the work.
func apart(work func() int) int {
	first := make(chan os.Signal, 1)
	signal.Notify(first, stopping()...)
	go func() {
		<-first
		signal.Stop(first)
	}()
	code := make(chan int)
	go func() { code <- work() }()
	return <-code
}

// strangers are the permissions that nothing written here gives: writing to the
// group, and everything to others.
const strangers = 0o027

// interruption is the cause of a context that a signal has cancelled.
type interruption struct{ signal os.Signal }

func (e *interruption) Error() string { return "interrupted by " + e.signal.String() }

// ExitCode is 130 for SIGINT and 143 for SIGTERM.
func (e *interruption) ExitCode() int {
	if e.signal == syscall.SIGTERM {
		return engine.ExitTerminated
	}
	return engine.ExitInterrupted
}

// run is the program without its process: the exit code is the result.
func run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return (&app{env: env, stdin: stdin, stdout: stdout, stderr: stderr}).run(ctx, args)
}

// run is the command that the arguments name. The first signal cancels what is under
// way, a second one ends the process.
func (a *app) run(ctx context.Context, args []string) int {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, stopping()...)
	defer signal.Stop(signals)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			cancel(&interruption{signal: s})
		case <-ctx.Done():
		}
	}()
	root := a.command()
	err := root.RunContext(ctx, flagsFirst(root, args))
	if cause := context.Cause(ctx); cause != nil && err != nil {
		var stopped *interruption
		if errors.As(cause, &stopped) {
			err = stopped
		}
	}
	if err == nil {
		return a.exit
	}
	printError(a.stderr, err)
	return engine.Graver(a.exit, exitCode(err))
}

// stopping are the signals that end a command. An interrupt that the process was told
// to ignore stays ignored: a script's background job lives through one that is meant
// for the script, and a second one would not end it either.
func stopping() []os.Signal {
	if signal.Ignored(os.Interrupt) {
		return []os.Signal{syscall.SIGTERM}
	}
	return []os.Signal{os.Interrupt, syscall.SIGTERM}
}

// printError writes what happened and, where it is known, what to do about it.
func printError(w io.Writer, err error) {
	fmt.Fprintf(w, "error: %v\n", err)
	var hint interface{ Try() string }
	text := remedy(err)
	if errors.As(err, &hint) && hint.Try() != "" {
		text = hint.Try()
	}
	if text != "" {
		fmt.Fprintf(w, "try: %s\n", text)
	}
}
