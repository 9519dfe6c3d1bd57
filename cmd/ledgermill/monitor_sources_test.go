package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"ledgermill/engine/config"
	"ledgermill/engine/lake"
	"ledgermill/sql"
	"ledgermill/warehouse/monitor"
)

// hole is a lake that does not answer as long as it hangs.
type hole struct {
	lake.Store
	hangs  bool
	listed int
}

func (h *hole) List(ctx context.Context, prefix string) ([]lake.Object, error) {
	h.listed++
	if h.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return h.Store.List(ctx, prefix)
}

func (h *hole) Leftovers(ctx context.Context) ([]lake.Leftover, error) {
	if h.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return h.Store.Leftovers(ctx)
}

// TestLakeHangs looks at a lake that does not answer: one panel waits for it, the others
// take its word, and what is back is seen within two minutes.
func TestLakeHangs(t *testing.T) {
	t.Parallel()
	files := viewFS{sql.FS}
	views, err := monitor.ReadViews(files)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := &workspace{config: config.Config{Name: "library"}}
		w.config.Lake.Root = t.TempDir()
		root, err := w.lake()
		if err != nil {
			t.Fatal(err)
		}
		h := &hole{Store: root, hangs: true}
		l := &lakeLook{work: w, root: h, steps: map[string]map[string]float64{}}
		sources := l.sources()
		delete(sources, "doctor") // asks the server
		c := monitor.New(monitor.Options{Views: views, Sources: sources})
		look := func() (missing map[string]string, took time.Duration) {
			began := time.Now()
			missing = map[string]string{}
			for _, v := range c.Sample(t.Context(), "batch", "lake").Views {
				for _, r := range v.Panels {
					missing[r.Panel.Name] = r.Missing
				}
			}
			return missing, time.Since(began)
		}
		missing, took := look()
		if took != 20*time.Second || h.listed != 1 {
			t.Errorf("a look took %s and listed %d times", took, h.listed)
		}
		for _, panel := range []string{"last", "runs", "freshness", "lake", "uploads"} {
			if missing[panel] == "" {
				t.Errorf("%s is there", panel)
			}
		}
		for range 10 {
			time.Sleep(5 * time.Second)
			if _, took := look(); took != 0 {
				t.Errorf("the next look took %s", took)
			}
		}
		h.hangs = false
		time.Sleep(time.Minute)
		missing, _ = look()
		for _, panel := range []string{"last", "runs", "freshness", "lake", "uploads"} {
			if missing[panel] != "" {
				t.Errorf("%s: %s", panel, missing[panel])
			}
		}
	})
}

// TestLakeGoesAway keeps what was folded of a ledger when its lake goes away.
func TestLakeGoesAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &workspace{config: config.Config{Name: "library"}}
		w.config.Lake.Root = t.TempDir()
		root, err := w.lake()
		if err != nil {
			t.Fatal(err)
		}
		h := &hole{Store: root}
		l := &lakeLook{work: w, root: h}
		if _, err := l.state(t.Context()); err != nil {
			t.Fatal(err)
		}
		folded := l.ledger
		h.hangs = true
		time.Sleep(ledgerAge)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.state(ctx); err == nil {
			t.Error("a lake that does not answer is read")
		}
		h.hangs = false
		time.Sleep(ledgerAge)
		if _, err := l.state(t.Context()); err != nil || l.ledger != folded {
			t.Errorf("it is folded anew, %v", err)
		}
	})
}
