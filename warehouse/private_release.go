package warehouse

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// latestVersion is the private server's where nothing else is said.
const latestVersion = 18

// release is the exact version that is fetched.
func (o PrivateOptions) release() (string, error) {
	switch o.Version {
	case 0, latestVersion:
		return string(embeddedpostgres.V18), nil
	case 17:
		return string(embeddedpostgres.V17), nil
	case 16:
		return string(embeddedpostgres.V16), nil
	case 15:
		return string(embeddedpostgres.V15), nil
	case 14:
		return string(embeddedpostgres.V14), nil
	}
	return "", fmt.Errorf("there is no private server of PostgreSQL %d: %d to %d", o.Version, minVersion, latestVersion)
}

// sameRelease refuses data that another major version made, which PostgreSQL
// would not read: they belong to whoever asked for that version.
func (p place) sameRelease() error {
	text, err := os.ReadFile(filepath.Join(p.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	made := strings.TrimSpace(string(text))
	if wanted, _, _ := strings.Cut(p.version, "."); made != "" && made != wanted {
		return fmt.Errorf("%s holds data of PostgreSQL %s, and %s is wanted: remove the directory and load again, or use the version that made it", p.dir, made, wanted)
	}
	return nil
}
