package preview

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"ledgermill/engine"
	"ledgermill/engine/sqltext"
)

// RevisionError says why a project cannot be read from a git revision.
type RevisionError struct{ Msg, Remedy string }

func (e *RevisionError) Error() string { return e.Msg }

// Try returns the remedy.
func (e *RevisionError) Try() string { return e.Remedy }

// ExitCode is that of usage.
func (e *RevisionError) ExitCode() int { return engine.ExitUsage }

// Revision writes a project's contracts and models as a git revision has them to a
// directory, and returns the short name of the commit. It changes nothing in the
// repository.
func Revision(ctx context.Context, project, revision, to string) (commit string, err error) {
	if _, err := exec.LookPath("git"); err != nil {
		return "", &RevisionError{"git is not installed: a revision cannot be read", "--against " + Published}
	}
	prefix, err := git(ctx, project, "rev-parse", "--show-prefix")
	if err != nil {
		return "", &RevisionError{fmt.Sprintf("%s is in no git repository: %v", project, err), "--against " + Published}
	}
	hash, err := git(ctx, project, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil || hash == "" {
		return "", &RevisionError{fmt.Sprintf("%q is neither %s nor a git revision", revision, Published), "--against HEAD, a branch, a tag or a commit of `git log --oneline`"}
	}
	commit, err = git(ctx, project, "rev-parse", "--short", hash)
	if err != nil {
		return "", err
	}
	// The directory in which git runs is the root of what it lists and archives.
	var parts []string
	for _, dir := range []string{"sql/contracts", "sql/models"} {
		if listed, err := git(ctx, project, "ls-tree", "--name-only", hash, "--", dir); err == nil && listed != "" {
			parts = append(parts, dir)
		}
	}
	if parts == nil {
		return "", &RevisionError{fmt.Sprintf("%s (%s) has no sql/ in %s", revision, commit, "/"+strings.TrimSuffix(prefix, "/")), "--against a revision that has the project's files"}
	}
	archive, err := gitBytes(ctx, project, append([]string{"archive", "--format=tar", hash, "--"}, parts...)...)
	if err != nil {
		return "", fmt.Errorf("read revision %s: %w", revision, err)
	}
	return commit, unpack(archive, to)
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := gitBytes(ctx, dir, args...)
	return strings.TrimSpace(string(out)), err
}

func gitBytes(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		if line, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n"); line != "" {
			return nil, errors.New(line)
		}
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return out, nil
}

// unpack writes the plain files of an archive below a directory.
func unpack(archive []byte, to string) error {
	r := tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpack revision: %w", err)
		}
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) {
			continue
		}
		data, err := io.ReadAll(r)
		path := filepath.Join(to, filepath.FromSlash(h.Name))
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o755)
		}
		if err == nil {
			err = os.WriteFile(path, data, 0o600)
		}
		if err != nil {
			return fmt.Errorf("unpack revision: %w", err)
		}
	}
}

// Parameters are those of some values that the files of a project take: an older
// project need not know all of today's.
func Parameters(files fs.FS, values map[string]string) (map[string]string, error) {
	known := map[string]string{}
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".sql") {
			return err
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		all, _ := sqltext.Parameters(path, string(text)) // its faults are the check's
		for _, p := range all {
			if value, ok := values[p.Name]; ok {
				known[p.Name] = value
			}
		}
		return nil
	})
	return known, err
}
