package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"ledgermill/warehouse/monitor"
)

// serveMonitor answers until the context ends.
func (a *app) serveMonitor(c *cli.Context, m *monitoring) error {
	token := m.work.config.Monitor.Token
	handler, err := monitor.Handler(m.Collector, monitor.Serving{Token: token, Interval: m.interval, Log: m.work.log})
	if err != nil {
		return err
	}
	l, err := monitor.Listen(c.Context, c.String("serve"), token)
	if err != nil {
		return err
	}
	defer context.AfterFunc(c.Context, m.Stop)() // a reader who waits for a look is answered at once
	fmt.Fprintf(a.stderr, "monitor: http://%s, and /metrics there; Ctrl-C ends\n", l.Addr())
	return monitor.Serve(c.Context, l, handler)
}
