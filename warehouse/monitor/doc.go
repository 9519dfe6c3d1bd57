// Package monitor looks at a warehouse, at the machine and at what a caller adds:
// it takes samples, differences counters and prints what comes of it.
//
// What is shown is in SQL files, one a view ([ReadViews]): each holds panels, a
// statement below a header that says what its rows are known by, which columns are
// counters, how rows are sorted and which columns are metrics of Prometheus. Any
// psql runs such a file. A panel may name a [Source] in place of a statement, for
// what no statement can tell: the machine, the run at work, the lake.
//
// A [Collector] keeps one connection, on which each statement is a transaction of
// its own that may only read. It asks a panel so seldom that its statement takes no
// more than a hundredth of the time, and those that take long all together no more than
// that. A figure that cannot be had is not there, with its reason: an extension is
// missing, a privilege, a newer server, or the server itself.
//
//	views, err := monitor.ReadViews(files)
//	...
//	c := monitor.New(monitor.Options{Views: views, Server: server})
//	defer c.Close(ctx)
//	sample := c.Sample(ctx)
//	err = sample.Text(os.Stdout, 80)
package monitor
