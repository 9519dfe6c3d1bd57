package warehouse

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"ledgermill/engine/config"
)

// superuser owns the private server's databases. It is not called like a
// schema: "$user" stands before public in the search path of a shell.
const superuser = "mill"

// nobody is the user that runs the server for root where there is no user
// called postgres.
const nobody = 65534

// place is where one private server lives, and as whom.
//
//	<home>/postgresql/<version>/   binaries, shared by the servers of a home
//	<home>/servers/<name>/         dir: locks, password, pin; only the caller writes here
//	<home>/servers/<name>/pg/      data, socket and log, owned by the server's user
//
// For root the two owners differ: nothing that the unprivileged server can
// write is ever executed or trusted as root.
type place struct {
	version string
	home    string
	dir     string
	uid     int
	gid     int
	// credential is nil unless the caller is root.
	credential *syscall.Credential
}

func (p place) binaries() string     { return filepath.Join(p.home, "postgresql", p.version) }
func (p place) fetchFile() string    { return filepath.Join(p.home, "fetch.lock") }
func (p place) useFile() string      { return filepath.Join(p.dir, "use.lock") }
func (p place) changeFile() string   { return filepath.Join(p.dir, "change.lock") }
func (p place) pinFile() string      { return filepath.Join(p.dir, "pinned") }
func (p place) passFile() string     { return filepath.Join(p.dir, "pgpass") }
func (p place) secretFile() string   { return filepath.Join(p.dir, "password") }
func (p place) portFile() string     { return filepath.Join(p.dir, "port") }
func (p place) owned() string        { return filepath.Join(p.dir, "pg") }
func (p place) data() string         { return filepath.Join(p.owned(), "data") }
func (p place) logs() string         { return filepath.Join(p.owned(), "log") }
func (p place) postmaster() string   { return filepath.Join(p.data(), "postmaster.pid") }
func (p place) fetched() bool        { return exists(filepath.Join(p.binaries(), completeMark)) }
func (p place) pinned() bool         { return exists(p.pinFile()) }
func exists(path string) bool        { _, err := os.Lstat(path); return err == nil }
func (p place) socketFolder() string { return filepath.Join(p.owned(), "run") }

// findPlace makes the directories of the server and decides its user.
func findPlace(o PrivateOptions) (place, error) {
	return o.placeIn(func(string) bool { return true })
}

// errNotMade says that there is no such server yet.
var errNotMade = errors.New("no private server was made")

// madePlace is where a server was made before. It makes nothing: who only looks leaves
// nothing behind. The error is errNotMade without one.
func madePlace(o PrivateOptions) (place, error) {
	p, err := o.placeIn(func(home string) bool { return exists(serverPlace(home, o.name()).owned()) })
	if err == nil && p.dir == "" {
		err = errNotMade
	}
	return p, err
}

// placeIn is the first place that can be made of the homes that are wanted, the zero
// place if none is.
func (o PrivateOptions) placeIn(wanted func(home string) bool) (place, error) {
	if strings.ContainsAny(o.name(), "/\x00") || o.name() == "." || o.name() == ".." {
		return place{}, fmt.Errorf("server name %q is no file name", o.name())
	}
	version, err := o.release()
	if err != nil {
		return place{}, err
	}
	var faults []error
	for _, home := range homes(o.Home) {
		if !wanted(home) {
			continue
		}
		p, err := makePlace(home, o.name(), version)
		if err == nil {
			return p, p.sameRelease()
		}
		faults = append(faults, err)
	}
	return place{}, errors.Join(faults...)
}

// homes lists the candidates in order of preference.
func homes(wanted string) []string {
	if wanted != "" {
		return []string{wanted}
	}
	var list []string
	if os.Geteuid() == 0 {
		list = append(list, "/var/lib/ledgermill")
	} else if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		list = append(list, filepath.Join(state, "ledgermill"))
	} else if home, err := os.UserHomeDir(); err == nil && filepath.IsAbs(home) {
		list = append(list, filepath.Join(home, ".local", "state", "ledgermill"))
	}
	return append(list, filepath.Join(os.TempDir(), "ledgermill-"+strconv.Itoa(os.Geteuid())))
}

// serverPlace is where a server of a home is.
func serverPlace(home, name string) place {
	return place{home: home, dir: filepath.Join(home, "servers", name)}
}

func makePlace(home, name, version string) (place, error) {
	home, err := filepath.Abs(home)
	if err != nil {
		return place{}, err
	}
	if err := makeParents(filepath.Dir(home)); err != nil {
		return place{}, err
	}
	p := serverPlace(home, name)
	p.version, p.uid, p.gid = version, os.Geteuid(), os.Getegid()
	if p.uid == 0 {
		if p.uid, p.gid, err = serverUser(filepath.Join(home, "postgresql")); err != nil {
			return place{}, err
		}
		p.credential = &syscall.Credential{Uid: uint32(p.uid), Gid: uint32(p.gid)}
	}
	me, group := os.Geteuid(), os.Getegid()
	for _, d := range []struct {
		path     string
		mode     fs.FileMode
		uid, gid int
	}{
		{home, 0o711, me, group},
		{filepath.Join(home, "postgresql"), 0o755, p.uid, p.gid},
		{filepath.Join(home, "servers"), 0o711, me, group},
		{p.dir, 0o711, me, group},
		{p.owned(), 0o700, p.uid, p.gid},
	} {
		if err := ensureDir(d.path, d.mode, d.uid, d.gid); err != nil {
			return place{}, err
		}
	}
	if p.credential != nil {
		return p, reachable(home)
	}
	return p, nil
}

// makeParents makes the directories above a home that are not there, so that the
// server's user can walk through them whatever the umask is.
func makeParents(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeParents(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o711); err != nil {
		if errors.Is(err, fs.ErrExist) { // another process was faster
			return nil
		}
		return err
	}
	return os.Chmod(dir, 0o711)
}

// serverUser picks the unprivileged user for root. Once chosen it stays, even
// if a user called postgres is added later: the data belong to it.
func serverUser(binaries string) (uid, gid int, err error) {
	if info, err := os.Lstat(binaries); err == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 {
			return int(stat.Uid), int(stat.Gid), nil
		}
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nobody, nobody, nil
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, fmt.Errorf("user postgres: uid %q: %w", u.Uid, err)
	}
	if gid, err = strconv.Atoi(u.Gid); err != nil {
		return 0, 0, fmt.Errorf("user postgres: gid %q: %w", u.Gid, err)
	}
	return uid, gid, nil
}

// ensureDir makes a directory, or checks that the one there belongs to whom it
// should: the temporary directory is anybody's.
func ensureDir(path string, mode fs.FileMode, uid, gid int) error {
	err := os.Mkdir(path, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	made := err == nil
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory", path)
	}
	if !made {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != uid {
			return fmt.Errorf("%s belongs to user %d, not %d", path, stat.Uid, uid)
		}
		return nil
	}
	if err := os.Chown(path, uid, gid); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

// reachable tells whether an unprivileged user can walk to dir.
func reachable(dir string) error {
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("%s: an unprivileged user cannot enter %s", dir, at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// transition runs one change of the server's state; changes exclude each other.
func (p place) transition(ctx context.Context, change func(*lock) error) (err error) {
	l, err := openLock(p.changeFile())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.acquire(ctx, exclusive); err != nil {
		return err
	}
	return change(l)
}

// ensurePassword reads the server's password, or makes it once.
func (p place) ensurePassword() (config.Secret, error) {
	text, err := os.ReadFile(p.secretFile())
	if err == nil {
		return config.Secret(text), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	password := rand.Text()
	if err := writePrivate(p.passFile(), "*:*:*:"+superuser+":"+password+"\n"); err != nil {
		return "", err
	}
	if err := writePrivate(p.secretFile(), password); err != nil {
		return "", err
	}
	return config.Secret(password), nil
}

// writePrivate puts a file in place whole, readable by its owner only.
func writePrivate(path, text string) error {
	next := path + ".new"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}

func (p place) unpin() error {
	if err := os.Remove(p.pinFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
