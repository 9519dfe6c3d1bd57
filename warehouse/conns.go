package warehouse

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// conns bounds how much work the server does for a load at once: one
// connection a stream or build, opened when first needed and used again.
type conns struct {
	open  func(context.Context) (*pgx.Conn, error)
	slots chan *pgx.Conn // nil stands for a connection not yet open
}

func newConns(size int, open func(context.Context) (*pgx.Conn, error)) *conns {
	c := &conns{open: open, slots: make(chan *pgx.Conn, size)}
	for range size {
		c.slots <- nil
	}
	return c
}

// do waits for a free slot and lends its connection to f.
func (c *conns) do(ctx context.Context, f func(*pgx.Conn) error) error {
	s, err := c.take(ctx)
	if err != nil {
		return err
	}
	return c.lend(ctx, s.conn, f)
}

// slot is one that was taken before there was something to do with it, so that who
// comes first is decided by one who waits and not by chance.
type slot struct{ conn *pgx.Conn }

// take waits for a free slot. It is lent, or given back.
func (c *conns) take(ctx context.Context) (*slot, error) {
	select {
	case conn := <-c.slots:
		return &slot{conn: conn}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (c *conns) giveBack(s *slot) { c.slots <- s.conn }

// lend gives the slot back afterwards.
func (c *conns) lend(ctx context.Context, conn *pgx.Conn, f func(*pgx.Conn) error) error {
	defer func() { c.slots <- conn }()
	if conn == nil || conn.IsClosed() {
		var err error
		if conn, err = c.open(ctx); err != nil {
			return err
		}
	}
	return f(conn)
}

// each does all tasks, and begins them in their order: the longest first leaves
// the shortest to fill the end.
func (c *conns) each(ctx context.Context, tasks []func(context.Context, *pgx.Conn) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, task := range tasks {
		var conn *pgx.Conn
		select {
		case conn = <-c.slots:
		case <-ctx.Done():
			if err := group.Wait(); err != nil {
				return err
			}
			return context.Cause(ctx)
		}
		group.Go(func() error {
			return c.lend(ctx, conn, func(conn *pgx.Conn) error { return task(ctx, conn) })
		})
	}
	return group.Wait()
}

// close waits for what is under way.
func (c *conns) close(ctx context.Context) error {
	var faults []error
	for range cap(c.slots) {
		if conn := <-c.slots; conn != nil {
			faults = append(faults, conn.Close(ctx))
		}
	}
	return errors.Join(faults...)
}
