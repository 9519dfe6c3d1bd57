package warehouse

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

const (
	// helperVariable marks the process that [Helper] takes over.
	helperVariable = "LEDGERMILL_POSTGRES_HELPER"
	// helperPrefix marks the helper's answer among other output.
	helperPrefix = "ledgermill-postgres-helper: "
	// helperLock is the descriptor of the change lock in the helper, the fetch
	// lock's is the next.
	helperLock = 3

	// completeMark is written when a directory is whole: an unpacking or an
	// initdb that was killed leaves one that looks whole.
	completeMark = ".complete"
)

// helperTask is what the helper is to do, sent on its standard input so that
// the password shows neither in arguments nor in the environment.
type helperTask struct {
	Version  string
	Binaries string
	Owned    string
	Port     int
	Password string
	Settings map[string]string
}

type helperAnswer struct {
	Done  bool
	Error string
}

// Helper does the part of [StartPrivate] that must not run as root, if this
// process was started for that. Call it before anything else in main and in
// TestMain, and exit with the given code if it says handled.
func Helper() (handled bool, exit int) {
	if os.Getenv(helperVariable) == "" {
		return false, 0
	}
	// The server must not inherit a lock: it would hold it as long as it runs.
	syscall.CloseOnExec(helperLock)
	syscall.CloseOnExec(helperLock + 1)
	answer := helperAnswer{Done: true}
	if err := help(os.Stdin); err != nil {
		answer = helperAnswer{Error: err.Error()}
		exit = 1
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return true, 1
	}
	if _, err := fmt.Println(helperPrefix + string(text)); err != nil {
		return true, 1
	}
	return true, exit
}

func help(input io.Reader) error {
	var task helperTask
	if err := json.NewDecoder(input).Decode(&task); err != nil {
		return fmt.Errorf("read task: %w", err)
	}
	data := filepath.Join(task.Owned, "data")
	ready := filepath.Join(task.Owned, "data"+completeMark)
	if err := clearHalfMade(task, data, ready); err != nil {
		return err
	}
	if err := startEmbedded(task, data); err != nil {
		return err
	}
	if !exists(ready) {
		if err := requireScram(task.Binaries, data); err != nil {
			return err
		}
	}
	for _, mark := range []string{filepath.Join(task.Binaries, completeMark), ready} {
		if err := os.WriteFile(mark, nil, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// clearHalfMade removes what a killed helper left.
func clearHalfMade(task helperTask, data, ready string) error {
	if !exists(filepath.Join(task.Binaries, completeMark)) {
		if err := os.RemoveAll(task.Binaries); err != nil {
			return err
		}
	}
	if !exists(ready) {
		if err := os.RemoveAll(data); err != nil {
			return err
		}
	}
	old, err := filepath.Glob(filepath.Join(task.Owned, "embedded_postgres_log*"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	for _, name := range []string{"run", "log"} {
		if err := os.MkdirAll(filepath.Join(task.Owned, name), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// startEmbedded fetches, unpacks and initialises what is missing and starts
// the server, which stays when this process ends. The library empties its
// runtime path on each start, so that is a directory of its own.
func startEmbedded(task helperTask, data string) error {
	cache := filepath.Join(task.Owned, "fetched")
	server := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(embeddedpostgres.PostgresVersion(task.Version)).
		Username(superuser).Password(task.Password).Database("postgres").
		Encoding("UTF8").Locale("C").
		Port(uint32(task.Port)).
		BinariesPath(task.Binaries).CachePath(cache).DataPath(data).
		RuntimePath(filepath.Join(task.Owned, "runtime")).
		StartParameters(task.Settings).StartTimeout(startPatience).
		Logger(io.Discard))
	if err := server.Start(); err != nil {
		return err
	}
	// The archive has served: the unpacked binaries are complete.
	return os.RemoveAll(cache)
}

// requireScram replaces the clear-text password method that the library's
// initdb sets up.
func requireScram(binaries, data string) error {
	rules := "# TYPE  DATABASE  USER  ADDRESS       METHOD\n" +
		"local   all       all                 scram-sha-256\n" +
		"host    all       all   127.0.0.1/32  scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(rules), 0o600); err != nil {
		return err
	}
	text, err := exec.Command(filepath.Join(binaries, "bin", "pg_ctl"), "reload", "-D", data).CombinedOutput()
	if err != nil {
		return errors.Join(err, errors.New(strings.TrimSpace(string(text))))
	}
	return nil
}
