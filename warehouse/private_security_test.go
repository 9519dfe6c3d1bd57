package warehouse_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestPrivateKeepsStrangersOut knocks at a private server without its password, by every
// way in, and looks where else the password or the data could be had.
func TestPrivateKeepsStrangersOut(t *testing.T) {
	t.Parallel()
	o := private(t)
	s := start(t, o)
	right, err := pgx.ParseConfig(s.URL().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if len(right.Password) < 20 {
		t.Errorf("a password of %d characters", len(right.Password))
	}
	conn, err := pgx.ConnectConfig(t.Context(), right)
	if err != nil {
		t.Fatal(err)
	}
	var listens, sockets string
	if err := conn.QueryRow(t.Context(), "select current_setting('listen_addresses'), current_setting('unix_socket_directories')").Scan(&listens, &sockets); err != nil {
		t.Error(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
	for host := range strings.SplitSeq(listens, ",") {
		if ip := net.ParseIP(host); host != "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			t.Errorf("it listens on %q", listens)
		}
	}
	hosts := []string{right.Host}
	for dir := range strings.SplitSeq(sockets, ",") {
		if dir = strings.TrimSpace(dir); dir != "" {
			hosts = append(hosts, dir)
		}
	}
	for _, host := range hosts {
		for _, user := range []string{right.User, "root", "postgres"} {
			for _, password := range []string{"", "postgres", right.Password + "x"} {
				c := right.Copy()
				c.Host, c.User, c.Password, c.Fallbacks = host, user, password, nil
				conn, err := pgx.ConnectConfig(t.Context(), c)
				if err == nil {
					t.Errorf("%s lets %s in by the password %q", host, user, password)
					_ = conn.Close(t.Context())
					continue
				}
				var refused *pgconn.PgError
				if !errors.As(err, &refused) || !strings.HasPrefix(refused.Code, "28") {
					t.Errorf("%s, %s: %v, not a refusal to log in", host, user, err)
				}
			}
		}
	}
	now := status(t, o)
	err = filepath.WalkDir(now.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Type()&(fs.ModeSymlink|fs.ModeSocket) == 0 && info.Mode().Perm()&0o077 != 0 && filepath.Dir(path) == now.Dir {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		if d.IsDir() && path != now.Dir {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if arguments, err := os.ReadFile("/proc/" + strconv.Itoa(now.PID) + "/cmdline"); err == nil && strings.Contains(string(arguments), right.Password) {
		t.Error("the password is in the server's arguments")
	}
	stop(t, s)
}
