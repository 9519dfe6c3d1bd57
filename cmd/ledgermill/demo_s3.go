package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"ledgermill/bench/datagen"
	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/lake"
)

// demoBucket is where a demo on S3 goes that is told no place.
const demoBucket = "ledgermill-demo"

// demoSettings are the settings of the call with the places of the demo, which go
// into sizes where they are on S3.
func (a *app) demoSettings(c *cli.Context, dir string, sizes *demoSizes) (config.Config, error) {
	places := map[string]string{"input": filepath.Join(dir, "raw"), "lake.root": filepath.Join(dir, "lake"), "lake.settle": "0s"}
	if c.Bool("s3") {
		configured, err := a.settings(c, nil)
		if err != nil {
			return configured, err
		}
		for _, one := range []struct {
			known *string
			given string
			key   string
			below string
		}{{&sizes.Input, configured.Input, "input", "raw"}, {&sizes.Lake, configured.Lake.Root, "lake.root", "lake"}} {
			switch {
			case *one.known != "": // as the first demo in the directory had it
			case strings.HasPrefix(one.given, "s3://"):
				*one.known = one.given
			default:
				*one.known = "s3://" + demoBucket + "/" + one.below
			}
			places[one.key] = *one.known
		}
	}
	return a.settings(c, places)
}

// demoProject are the settings that make the demo's directory a project. Keys of a
// store are not written down: they come from where this call has them.
func demoProject(s demoSizes, conf config.Config) config.Config {
	own := config.Default()
	own.Lake.Settle = 0
	if s.Input != "" {
		own.Input, own.Lake.Root, own.S3, own.Lake.S3 = s.Input, s.Lake, conf.S3, conf.Lake.S3
		for _, place := range []*config.S3{&own.S3, &own.Lake.S3} {
			place.AccessKey, place.SecretKey, place.SessionToken = "", "", ""
		}
	}
	return own
}

// demoStore is the raw side of a demo on S3. Buckets that are not there are made.
func (a *app) demoStore(c *cli.Context, conf config.Config) (datagen.Output, error) {
	w := &workspace{config: conf, log: a.logger(conf)}
	input, root, err := w.stores()
	if err != nil {
		return nil, err
	}
	for _, store := range []lake.Store{input, root} {
		if err := store.Make(c.Context); err != nil && !errors.Is(err, lake.ErrExists) {
			return nil, &engine.StoreError{Op: "make", URL: store.URL(), Err: err}
		}
	}
	return storeOutput{input}, nil
}

// rawOutput is where generated objects go.
func (a *app) rawOutput(c *cli.Context, place string) (datagen.Output, error) {
	if !strings.Contains(place, "://") {
		return datagen.Directory(place), nil
	}
	conf, err := a.settings(c, map[string]string{"input": place})
	if err != nil {
		return nil, err
	}
	input, err := (&workspace{config: conf}).input()
	if err != nil {
		return nil, err
	}
	return storeOutput{input}, nil
}

// storeOutput takes generated objects to a store.
type storeOutput struct{ lake.Store }

// Create implements datagen.Output.
func (s storeOutput) Create(ctx context.Context, key string) (io.WriteCloser, error) {
	file, err := os.CreateTemp("", "ledgermill-generate-")
	if err != nil {
		return nil, fmt.Errorf("create object %s: %w", key, err)
	}
	return &sending{File: file, ctx: ctx, to: s.Store, key: key}, nil
}

// sending is an object on its way: a local file until it is closed. It keeps the
// context because io.WriteCloser leaves no other way to tell it.
type sending struct {
	*os.File
	ctx context.Context
	to  lake.Store
	key string
}

// Close sends the file.
func (s *sending) Close() (err error) {
	defer func() { err = errors.Join(err, os.Remove(s.Name())) }()
	err = errors.Join(s.File.Close(), s.ctx.Err())
	if err != nil {
		return err
	}
	info, err := os.Stat(s.Name())
	if err != nil {
		return err
	}
	return lake.Send(s.ctx, s.to, []lake.Transfer{{Key: s.key, File: s.Name(), Size: info.Size()}}, func(lake.Transfer) {})
}
