package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/notify"
)

// telling opens a project for a command of whose end somebody is told, also that it
// could not begin.
func (a *app) telling(command string) opener {
	return func(ctx context.Context, c config.Config) (*workspace, error) {
		w, err := a.open(ctx, c)
		if err != nil {
			(&workspace{config: c, log: a.logger(c)}).tell(ctx, engine.Options{Command: command}, nil, err)
		}
		return w, err
	}
}

// tell tells those who want to know how a run ended. A run that did not begin has no
// report. It never fails, and an interrupt does not keep it from it.
func (w *workspace) tell(ctx context.Context, o engine.Options, report *engine.Report, failed error) {
	n := w.config.Notify
	if n.Command == "" && n.URL == "" || n.On == "never" {
		return
	}
	exit := engine.ExitDone
	if report != nil {
		exit = report.Exit
	}
	if failed != nil {
		exit = engine.Graver(exit, exitCode(failed))
	}
	m := w.message(o, report, exit, failed)
	if m.Event == notify.Done && n.On != "always" {
		return
	}
	notify.Tell(context.WithoutCancel(ctx), notify.Options{Command: n.Command, URL: n.URL.Reveal(), Log: w.log}, m)
}

func (w *workspace) message(o engine.Options, report *engine.Report, exit int, failed error) notify.Message {
	m := notify.Message{Event: notify.Done, Project: w.config.Name, Run: o.Run, Command: o.Command, Exit: exit, Started: time.Now().UTC(),
		Trouble: []string{}, Accounts: []notify.Account{}}
	m.Host, _ = os.Hostname() // a message without it still tells
	if report != nil {
		m.Started, m.Seconds, m.Units, m.Published = report.Started, report.Seconds, len(report.Units), report.Published
		if report.Load != nil {
			m.Loaded = report.Load.Leaves
		}
		m.Trouble = report.Troubles(float64(w.config.Notify.Rejects))
		for _, a := range report.Accounts {
			rejected := a.Cell.RejectedTotal().Records
			one := notify.Account{Feed: a.Feed, Read: a.Cell.Read.Records, Accepted: a.Cell.Accepted.Records, Duplicate: a.Cell.Duplicate.Records, Rejected: rejected}
			if one.Read > 0 {
				one.Percent = 100 * float64(rejected) / float64(one.Read)
			}
			m.Accounts = append(m.Accounts, one)
		}
	}
	if failed != nil {
		m.Error = failed.Error()
		m.Trouble = append(m.Trouble, m.Error)
	}
	switch {
	case exit == engine.ExitBalance:
		m.Event = notify.Accounts
	case failed != nil || exit == engine.ExitFailed:
		m.Event = notify.Failed
	case exit != engine.ExitDone || len(m.Trouble) > 0:
		m.Event = notify.Trouble
	}
	m.Text = headline(m)
	return m
}

// headline says it in a line, with what is to be looked at below.
func headline(m notify.Message) string {
	outcome := map[string]string{notify.Done: "done", notify.Trouble: "published, with something to look at", notify.Failed: "FAILED",
		notify.Accounts: "ACCOUNTS DO NOT BALANCE"}[m.Event]
	b := &strings.Builder{}
	what, made := "run", fmt.Sprintf("%d units", m.Units)
	if command, _, _ := strings.Cut(m.Command, " "); command == "load" {
		what, made = "load", fmt.Sprintf("%d leaves", m.Loaded)
	}
	fmt.Fprintf(b, "%s %s %s on %s: %s (exit %d, %.0f s, %s)", m.Project, what, m.Run, m.Host, outcome, m.Exit, m.Seconds, made)
	const most = 10
	for i, trouble := range m.Trouble {
		if i == most {
			fmt.Fprintf(b, "\n• and %d more", len(m.Trouble)-most)
			break
		}
		fmt.Fprintf(b, "\n• %s", trouble)
	}
	return b.String()
}
