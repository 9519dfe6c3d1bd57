package main

import (
	"path/filepath"
	"strings"

	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// guard refuses to change what the mill manages: its ledger, staged bytes, the rows of
// a run that is at work on Spark, and the objects that the ledger has. It goes by where
// an object lies, whatever the place was called and whichever side it was asked for.
func (c *lakeCall) guard(at site, keys []string) error {
	if c.Bool("force") {
		return nil
	}
	root, err := c.work.lake()
	if err != nil {
		return err
	}
	keys = keysOfLake(root, at.Store, keys)
	if len(keys) == 0 {
		return nil
	}
	state, err := c.state()
	if err != nil {
		return err
	}
	known := state.Keys()
	for _, key := range keys {
		top, _, _ := strings.Cut(key, "/")
		switch {
		case top+"/" == ledger.Prefix, top+"/" == exchangePrefix, top == "_staging":
			return usagef("leave it to the mill, or --force", "%s is the mill's own", key)
		case known[key]:
			return usagef("`ledgermill run` replaces it; or --force", "%s is published: the ledger has it", key)
		}
	}
	return nil
}

// keysOfLake are the keys below the root of the lake of those objects of a store that
// lie there.
func keysOfLake(root, store lake.Store, keys []string) []string {
	known := map[string]string{}
	above := root.Location("")
	if _, inFiles := root.(*lake.Directory); inFiles {
		above = strings.TrimSuffix(realPath(above, known), "/") + "/"
	}
	var inside []string
	for _, key := range keys {
		place := store.Location(key)
		if _, inFiles := store.(*lake.Directory); inFiles { // a link that is removed is not what it links to
			place = filepath.Join(realPath(filepath.Dir(place), known), filepath.Base(place))
		}
		if below, ok := strings.CutPrefix(place, above); ok {
			inside = append(inside, below)
		}
	}
	return inside
}

// realPath is a directory without symbolic links, whether it is there yet or not.
func realPath(dir string, known map[string]string) string {
	if path, ok := known[dir]; ok {
		return path
	}
	path, err := filepath.EvalSymlinks(dir)
	if parent := filepath.Dir(dir); err != nil && parent != dir {
		path = filepath.Join(realPath(parent, known), filepath.Base(dir))
	} else if err != nil {
		path = dir
	}
	known[dir] = path
	return path
}
