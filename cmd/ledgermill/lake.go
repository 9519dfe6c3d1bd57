package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

const placesText = `A place is a key below the root of the lake, or of the raw objects with --raw; or a
URL, s3://bucket/key or file:///path; or an absolute path. What ends in / stands for
all keys that begin so, and . for all keys there are. S3 URLs are reached by lake.s3.*, with --raw by s3.*.`

func (a *app) lakeCommand() *cli.Command {
	return &cli.Command{
		Name:        "lake",
		Usage:       "look at, move, check and clean the objects of the lake and of the raw side",
		Description: placesText,
		Subcommands: []*cli.Command{
			a.lakeSub("mb", "make a bucket or directory", "[PLACE]", "Without a place it is the root's.", nil, a.lakeMake),
			a.lakeSub("rb", "drop an empty bucket or directory", "PLACE", "", nil, a.lakeDrop),
			a.lakeSub("ls", "list objects", "[PLACE]", "", nil, a.lakeList),
			a.lakeSub("stat", "print size, ETag, time and place of objects", "PLACE...", "", nil, a.lakeStat),
			a.lakeSub("put", "upload files and directories", "FILE... PLACE",
				"Each object appears whole or not at all; its server verifies a checksum of every part.",
				[]cli.Flag{forceFlag("write what the mill manages itself")}, a.lakePut),
			a.lakeSub("get", "download objects", "PLACE... DIR", "Size and, where the store keeps one, checksum are verified.", nil, a.lakeGet),
			a.lakeSub("rm", "remove objects", "PLACE...", "", []cli.Flag{
				&cli.BoolFlag{Name: "recursive", Aliases: []string{"r"}, Usage: "all keys that begin with a place that ends in /"},
				forceFlag("remove what is published, or what the mill manages itself")}, a.lakeRemove),
			a.lakeSub("du", "bytes and objects per dataset, format and month", "[PLACE]", "", nil, a.lakeUsage),
			a.lakeSub("verify", "hold every object against the ledger: size, ETag, checksum, rows", "",
				"With --raw: the objects that the inventory knows. Exit code 3 if anything differs.",
				[]cli.Flag{&cli.BoolFlag{Name: "quick", Usage: "compare listings; read no object"}}, a.lakeVerify),
			a.lakeOnly("gc", "list what dead runs have left: aborted uploads, staged files", "",
				"Only what a run of ledgermill has claimed is listed, and removed with --yes.",
				[]cli.Flag{&cli.BoolFlag{Name: "yes", Usage: "remove it"}}, a.lakeCollect),
		},
	}
}

func forceFlag(usage string) cli.Flag { return &cli.BoolFlag{Name: "force", Usage: usage} }

// lakeCall is one call of a command on stores; it needs no SQL file.
type lakeCall struct {
	*cli.Context
	format string
	work   *workspace
	root   lake.Store // the lake's, or the raw side's
	raw    bool
}

// lakeSub is a command on the lake or, with --raw, on the raw side.
func (a *app) lakeSub(name, usage, arguments, description string, flags []cli.Flag, do func(*lakeCall) error) *cli.Command {
	flags = append(flags, &cli.BoolFlag{Name: "raw", Usage: "the raw objects instead of the lake"})
	return a.lakeOnly(name, usage, arguments, description, flags, do)
}

// lakeOnly is a command on the lake: nothing is staged on the raw side.
func (a *app) lakeOnly(name, usage, arguments, description string, flags []cli.Flag, do func(*lakeCall) error) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, ArgsUsage: arguments, Description: description,
		Flags: append(flags, formatFlag("text or json")),
		Action: func(c *cli.Context) (err error) {
			one := &lakeCall{Context: c, raw: c.Bool("raw")}
			if one.format, err = format(c, "text", "json"); err != nil {
				return err
			}
			config, err := a.settings(c, nil)
			if err != nil {
				return err
			}
			one.work = &workspace{config: config, log: a.logger(config)}
			if one.raw {
				one.root, err = one.work.input()
			} else {
				one.root, err = one.work.lake()
			}
			if err != nil {
				return err
			}
			return do(one)
		},
	}
}

// site is a store and a key in it, or a prefix of keys.
type site struct {
	lake.Store
	key string
}

// prefix reports whether all keys that begin with it are meant.
func (s site) prefix() bool { return s.key == "" || strings.HasSuffix(s.key, "/") }

// at finds the store of a place. One inside the root's is a key of the root.
func (c *lakeCall) at(place string) (site, error) {
	inside := func(url string) (string, bool) {
		if place == url {
			return "", true
		}
		return strings.CutPrefix(place, strings.TrimSuffix(url, "/")+"/")
	}
	for _, url := range []string{c.root.URL(), c.root.Location("")} {
		if key, ok := inside(url); ok {
			return site{c.root, key}, nil
		}
	}
	o := c.options()
	scheme, rest, isURL := strings.Cut(place, "://")
	switch {
	case isURL && strings.EqualFold(scheme, "s3"):
		bucket, key, _ := strings.Cut(rest, "/")
		store, err := lake.Open("s3://"+bucket, o)
		return site{store, key}, err
	case place == ".", place == "./":
		return site{c.root, ""}, nil
	case !isURL && !filepath.IsAbs(place):
		return site{c.root, place}, nil
	}
	store, err := lake.Open(place, o)
	if err != nil || strings.HasSuffix(place, "/") {
		return site{store, ""}, err
	}
	dir := store.Location("")
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return site{store, ""}, nil
	}
	return site{lake.NewDirectory(filepath.Dir(dir)), filepath.Base(dir)}, nil
}

// options are how a place is reached that is neither the lake's nor the raw side's.
func (c *lakeCall) options() lake.Options {
	o := lake.Options{S3: c.work.config.LakeS3(), Staging: c.work.config.Engine.TempDirectory}
	if c.raw {
		o.S3 = c.work.config.InputS3()
	}
	return o
}

// container is the bucket or directory of a place, which need not be there yet.
func (c *lakeCall) container(place string) (lake.Store, error) {
	switch {
	case place == "":
		return c.root, nil
	case !strings.Contains(place, "://") && !filepath.IsAbs(place):
		return nil, usagef("s3://bucket, or an absolute path", "%s is a key: it needs no bucket or directory of its own", place)
	}
	return lake.Open(place, c.options())
}

// objects are those that a place stands for.
func (s site) objects(ctx context.Context) ([]lake.Object, error) {
	if s.prefix() {
		return s.List(ctx, s.key)
	}
	o, err := s.Stat(ctx, s.key)
	return []lake.Object{o}, err
}

// state reads the ledger of the lake without changing it.
func (c *lakeCall) state() (*ledger.State, error) {
	root, err := c.work.lake()
	if err != nil {
		return nil, err
	}
	return readLedger(c.Context.Context, root)
}
