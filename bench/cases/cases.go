package cases

import (
	"context"
	"io/fs"

	"ledgermill/bench"
)

// Plan is all that the bench can measure. The files are those of the bank's project:
// sql/ and queries/.
func Plan(project fs.FS) bench.Plan {
	return bench.Plan{
		Suites: func(p bench.Place) []bench.Suite {
			return []bench.Suite{ladder(p, project), floors(p, project), storage(p, project), querySuiteOf(p, project)}
		},
		Data: func(ctx context.Context, p bench.Place) (string, error) {
			d := dataOf(p)
			if err := d.make(ctx); err != nil {
				return "", err
			}
			return d.digest()
		},
	}
}
