package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"ledgermill/engine"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	"ledgermill/engine/sqltext"
	"ledgermill/warehouse"
)

// TestExitCodes gives each kind of error its code, wrapped as commands wrap it.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	place := func(err error) error { return &lake.Error{Op: "put object", Place: "/lake/x", Err: err} }
	for _, c := range []struct {
		err  error
		exit int
		try  string
	}{
		{errors.New("anything"), engine.ExitFailed, ""},
		{usagef("ledgermill help", "no"), engine.ExitUsage, "ledgermill help"},
		{sqltext.Errors{sqltext.Errorf(sqltext.Pos{File: "a.sql", Line: 1, Col: 2}, "no")}, engine.ExitUsage, "correct the file there, then: ledgermill check"},
		{sqltext.Errorf(sqltext.Pos{File: "statement", Line: 1, Col: 2}, "no"), engine.ExitUsage, "correct the statement"},
		{&ledger.ProjectError{}, engine.ExitUsage, "give this project"},
		{&ledger.FormatError{Found: 9}, engine.ExitUsage, "use the newer"},
		{&ledger.DamageError{Key: "_ledger/1.json", Err: errors.New("no")}, engine.ExitFailed, "restore _ledger/1.json"},
		{&ledger.ConflictError{}, engine.ExitLocked, "run again"},
		{&lake.LockedError{}, engine.ExitLocked, "wait until"},
		{&ledger.BalanceError{}, engine.ExitBalance, "compare"},
		{&warehouse.ReconcileError{Table: "t"}, engine.ExitBalance, "the unit stays"},
		{&warehouse.UnreachableError{Err: errors.New("no")}, engine.ExitUnreachable, "start the server"},
		{&engine.StoreError{Op: "list", Err: errors.New("no")}, engine.ExitUnreachable, "check that it exists"},
		{place(lake.ErrMissing), engine.ExitUnreachable, "correct the path"},
		{place(fs.ErrPermission), engine.ExitUnreachable, "give the user"},
		{place(syscall.EROFS), engine.ExitUnreachable, "mount the file system"},
		{place(syscall.ENOTDIR), engine.ExitUnreachable, "check that /lake/x exists"},
		{place(syscall.ENOSPC), engine.ExitFailed, "free space"},
		{place(lake.ErrChanged), engine.ExitFailed, "check that"},
		{&engine.ChangedError{Object: "x"}, engine.ExitFailed, "run again"},
		{&engine.RefusedAgainError{Objects: []ledger.ObjectRecord{{Key: "x", Refused: &ledger.Refusal{Try: "raise"}}}}, engine.ExitHeld, "raise"},
		{&interruption{signal: syscall.SIGINT}, engine.ExitInterrupted, ""},
		{&interruption{signal: syscall.SIGTERM}, engine.ExitTerminated, ""},
	} {
		wrapped := errors.Join(fmt.Errorf("run: %w", c.err), nil)
		if got := exitCode(wrapped); got != c.exit {
			t.Errorf("%T %v: exit code %d, want %d", c.err, c.err, got, c.exit)
		}
		var b bytes.Buffer
		printError(&b, wrapped)
		_, try, _ := strings.Cut(b.String(), "\ntry: ")
		if (c.try == "") != (try == "") || !strings.HasPrefix(try, c.try) {
			t.Errorf("%T: try: %q, want %q", c.err, try, c.try)
		}
	}
}

// TestExitCodeOfJoined takes the gravest of the errors that are joined, whichever
// comes first and however deep.
func TestExitCodeOfJoined(t *testing.T) {
	t.Parallel()
	balance, away := &warehouse.ReconcileError{Table: "t"}, &warehouse.ServerError{Err: errors.New("gone"), Lost: true}
	plain, usage, stopped := errors.New("connection is closed"), usagef("", "no"), &interruption{signal: syscall.SIGINT}
	for _, c := range []struct {
		errs []error
		exit int
	}{
		{[]error{balance, away}, engine.ExitBalance},
		{[]error{away, balance}, engine.ExitBalance},
		{[]error{away, errors.Join(plain, fmt.Errorf("unit: %w", errors.Join(plain, balance)))}, engine.ExitBalance},
		{[]error{fmt.Errorf("%w and %w", away, stopped), balance}, engine.ExitInterrupted},
		{[]error{balance, usage, away}, engine.ExitUsage},
		{[]error{away, plain}, engine.ExitUnreachable},
		{[]error{plain, plain}, engine.ExitFailed},
		{[]error{&engine.StoreError{Op: "list", Err: errors.Join(balance, plain)}}, engine.ExitBalance},
		{[]error{&warehouse.ServerError{Err: errors.Join(plain, balance)}}, engine.ExitFailed},
	} {
		wrapped := fmt.Errorf("run: %w", errors.Join(c.errs...))
		if got := exitCode(wrapped); got != c.exit {
			t.Errorf("%q: exit code %d, want %d", wrapped, got, c.exit)
		}
	}
}

// TestGravest takes the gravest of any two codes, in the order that the help prints.
func TestGravest(t *testing.T) {
	t.Parallel()
	_, order, ok := strings.Cut(exitText, "the gravest: ")
	if !ok {
		t.Fatal("the help does not tell which code is the gravest")
	}
	var codes []int
	for _, text := range regexp.MustCompile(`\d+`).FindAllString(order, -1) {
		code, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, code)
	}
	codes = append(codes, engine.ExitDone)
	if len(codes) != 10 {
		t.Fatalf("codes %v", codes)
	}
	for i, a := range codes {
		for j, b := range codes {
			if got := engine.Graver(a, b); got != codes[min(i, j)] {
				t.Errorf("of %d and %d the graver is %d", a, b, got)
			}
		}
		if text := fmt.Sprintf("   %d ", a); a < 100 && !strings.Contains(exitText, "\n"+text) {
			t.Errorf("the help lacks exit code %d", a)
		}
	}
}
