package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"ledgermill/bench"
	"ledgermill/engine/faulttest"
	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// asAnother is the argument of this binary when TestNoPermission runs it again.
const asAnother = "-test.run=^TestNoPermission$"

func TestMain(m *testing.M) {
	runtime.LockOSThread() // as main does, for the children
	// A private server starts this binary as its unprivileged half.
	if handled, code := warehouse.Helper(); handled {
		os.Exit(code)
	}
	if handled, code := bench.Child(benchPlan()); handled {
		os.Exit(code)
	}
	if slices.Contains(os.Args, asAnother) {
		os.Exit(m.Run()) // another user cannot copy the program into its path
	}
	faulttest.Boot()
	if os.Getenv(crashChild) != "" {
		os.Exit(apart(crashMain))
	}
	testscript.Main(guarded{m}, map[string]func(){"ledgermill": main})
}

// guarded runs the tests and stops the servers that they have started.
type guarded struct{ m *testing.M }

func (g guarded) Run() int {
	code := warehousetest.Main(g.m)
	if err := home.remove(); err != nil {
		fmt.Fprintln(os.Stderr, "remove the private server of the scripts:", err)
		return max(code, 1)
	}
	return code
}

// home is where the scripts' private server lives: apart from the one that a
// person may use, and gone at the end.
var home privateHome

type privateHome struct{ dir string }

// create makes the home, with the binaries that an earlier run has fetched.
func (h *privateHome) create(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ledgermill-scripts-")
	if err == nil {
		h.dir = dir
		err = os.Chmod(dir, 0o711) // a server for root runs as somebody else
	}
	if err == nil {
		err = h.seed()
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// seed copies the binaries of the default home; without them the server fetches
// its own.
func (h *privateHome) seed() error {
	status, err := warehouse.StatusPrivate(context.Background(), warehousetest.Options())
	if err != nil {
		return err
	}
	from := filepath.Join(status.Dir, "..", "..", "postgresql")
	err = filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(h.dir, "postgresql", strings.TrimPrefix(path, from))
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			err = os.Mkdir(to, info.Mode().Perm())
		case d.Type()&fs.ModeSymlink != 0:
			var target string
			if target, err = os.Readlink(path); err == nil {
				err = os.Symlink(target, to)
			}
		default:
			if os.Link(path, to) != nil { // another file system
				err = copyFile(path, to, info.Mode().Perm())
			}
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && err == nil {
			err = os.Lchown(to, int(stat.Uid), int(stat.Gid))
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func copyFile(from, to string, mode fs.FileMode) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, mode)
}

// remove stops the server, should a script have left it up, and removes the home.
func (h *privateHome) remove() error {
	if h.dir == "" {
		return nil
	}
	o := warehouse.PrivateOptions{Home: h.dir}
	err := warehouse.StopPrivate(context.Background(), o)
	status, statusErr := warehouse.StatusPrivate(context.Background(), o)
	if status.Running {
		err = errors.Join(err, fmt.Errorf("the server %d still runs", status.PID))
	}
	return errors.Join(err, statusErr, os.RemoveAll(h.dir))
}
