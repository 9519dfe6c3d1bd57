package cases

import (
	"context"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"

	"ledgermill/bench"
	"ledgermill/bench/peers"
	"ledgermill/bench/result"
)

// Plan is all that the bench can measure. The files are those of the bank's project:
// sql/ and queries/.
func Plan(project fs.FS) bench.Plan {
	return bench.Plan{
		Suites: func(p bench.Place) []bench.Suite {
			return []bench.Suite{whole(p, project), ladder(p, project), floors(p, project), storage(p, project), querySuiteOf(p, project), scale(p, project), peersOf(p, project)}
		},
		Data: func(ctx context.Context, p bench.Place) (string, error) {
			d := dataOf(p)
			if err := d.make(ctx); err != nil {
				return "", err
			}
			return d.digest()
		},
		Peers: installed,
	}
}

// installed are the versions of the peers that are found.
func installed(ctx context.Context) (all []result.Pair) {
	if s, err := peers.FindSpark(ctx); err == nil {
		all = append(all, result.Pair{Name: "pyspark", Value: s.Version}, result.Pair{Name: "java", Value: s.Java})
	}
	duckdb, psql, err := peers.FindShells()
	if err != nil {
		return all
	}
	for _, shell := range []string{duckdb, psql} {
		if version, err := exec.CommandContext(ctx, shell, "--version").Output(); err == nil {
			all = append(all, result.Pair{Name: filepath.Base(shell) + " shell", Value: strings.TrimSpace(string(version))})
		}
	}
	return all
}
