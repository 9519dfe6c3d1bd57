package warehouse

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// program is a way to start this program as another user.
type program struct {
	path string
	copy bool
}

func (s program) remove() error {
	if s.copy {
		return os.Remove(s.path)
	}
	return nil
}

// self is the magic link, which needs no walk through directories closed to
// the other user (go run builds into one); a file that the other user may not
// execute is copied.
func (p place) self() (program, error) {
	path := "/proc/self/exe"
	if runtime.GOOS != "linux" {
		var err error
		if path, err = os.Executable(); err != nil {
			return program{}, err
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return program{}, err
	}
	if p.credential == nil || info.Mode().Perm()&0o005 == 0o005 {
		return program{path: path}, nil
	}
	target := filepath.Join(p.dir, "helper-"+strconv.Itoa(os.Getpid()))
	return program{path: target, copy: true}, copyProgram(path, target)
}

func copyProgram(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o700)
	if err != nil {
		return err
	}
	if _, err = io.Copy(out, in); err == nil {
		err = out.Chmod(0o755)
	}
	return errors.Join(err, out.Close())
}
