package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/lake"
)

// moved is what put, get and rm print.
type moved struct {
	Objects int             `json:"objects"`
	Bytes   int64           `json:"bytes"`
	Seconds float64         `json:"seconds"`
	List    []lake.Transfer `json:"list"`
}

func (a *app) lakePut(c *lakeCall) error {
	files, to, err := sourcesAndTarget(c, "ledgermill lake put file.csv in/")
	if err != nil {
		return err
	}
	at, err := c.at(to)
	if err != nil {
		return err
	}
	list, err := uploads(files, at)
	if err != nil {
		return err
	}
	keys := make([]string, len(list))
	for i, t := range list {
		keys[i] = t.Key
	}
	if err := errors.Join(twice(keys), c.guard(at, keys)); err != nil {
		return err
	}
	return a.move(c, "upload", list, func(progress func(lake.Transfer)) error {
		return lake.Send(c.Context.Context, at.Store, list, progress)
	})
}

// sourcesAndTarget divides the arguments of put and get.
func sourcesAndTarget(c *lakeCall, example string) (from []string, to string, err error) {
	args := c.Args().Slice()
	if len(args) < 2 {
		return nil, "", usagef(example, "lake %s needs what to copy, and where to", c.Command.Name)
	}
	return args[:len(args)-1], args[len(args)-1], nil
}

// uploads gives every file its key: that of the place, or its own name below it.
func uploads(files []string, to site) (list []lake.Transfer, err error) {
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return nil, usagef("a file that is there", "%v", err)
		}
		if !info.IsDir() {
			key := to.key
			if to.prefix() {
				key += filepath.Base(file)
			} else if len(files) > 1 {
				return nil, usagef(to.key+"/", "%d files have no room at one key %s", len(files), to.key)
			}
			list = append(list, lake.Transfer{Key: key, File: file, Size: info.Size()})
			continue
		}
		prefix := to.key
		if !to.prefix() {
			prefix += "/"
		}
		err = filepath.WalkDir(file, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			below, err := filepath.Rel(file, name)
			list = append(list, lake.Transfer{Key: prefix + filepath.ToSlash(below), File: name, Size: info.Size()})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read directory %s: %w", file, err)
		}
	}
	return list, nil
}

func (a *app) lakeGet(c *lakeCall) error {
	places, dir, err := sourcesAndTarget(c, "ledgermill lake get in/ .")
	if err != nil {
		return err
	}
	bySource := map[string][]lake.Transfer{}
	var all []lake.Transfer
	for _, place := range places {
		at, err := c.at(place)
		if err != nil {
			return err
		}
		objects, err := at.objects(c.Context.Context)
		if err != nil {
			return err
		}
		for _, o := range objects {
			if err := lake.CheckKey(o.Key); err != nil {
				return err // it would be written outside of dir
			}
			below := path.Base(o.Key)
			if at.prefix() {
				below = strings.TrimPrefix(o.Key, at.key)
			}
			bySource[place] = append(bySource[place], lake.Transfer{Key: o.Key, File: filepath.Join(dir, filepath.FromSlash(below)), Size: o.Size})
		}
		all = append(all, bySource[place]...)
	}
	files := make([]string, len(all))
	for i, t := range all {
		files[i] = t.File
	}
	if err := twice(files); err != nil {
		return err
	}
	return a.move(c, "download", all, func(progress func(lake.Transfer)) error {
		for _, place := range places {
			at, err := c.at(place)
			if err == nil {
				err = lake.Receive(c.Context.Context, at.Store, bySource[place], progress)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *app) lakeRemove(c *lakeCall) error {
	if c.NArg() == 0 {
		return usagef("ledgermill lake ls", "lake rm needs a place")
	}
	type group struct {
		lake.Store
		list []lake.Transfer
	}
	var groups []group
	var all []lake.Transfer
	for _, place := range c.Args().Slice() {
		at, err := c.at(place)
		if err != nil {
			return err
		}
		if at.prefix() && !c.Bool("recursive") {
			return usagef("--recursive", "%q stands for many objects", place)
		}
		objects, err := at.objects(c.Context.Context)
		if err != nil {
			return err
		}
		one, keys := group{Store: at.Store}, make([]string, len(objects))
		for i, o := range objects {
			keys[i] = o.Key
			one.list = append(one.list, lake.Transfer{Key: o.Key, File: at.Location(o.Key), Size: o.Size})
		}
		if err := c.guard(at, keys); err != nil {
			return err
		}
		groups, all = append(groups, one), append(all, one.list...)
	}
	return a.move(c, "remove", all, func(progress func(lake.Transfer)) error {
		for _, one := range groups {
			if err := lake.Discard(c.Context.Context, one, one.list, progress); err != nil {
				return err
			}
		}
		return nil
	})
}

// twice complains of two sources that would go to one target.
func twice(targets []string) error {
	seen := map[string]bool{}
	for _, t := range targets {
		if seen[t] {
			return usagef("one call for each", "two of them would become %s", t)
		}
		seen[t] = true
	}
	return nil
}

// move does something to a list of objects and prints what came of it.
func (a *app) move(c *lakeCall, step string, list []lake.Transfer, do func(func(lake.Transfer)) error) error {
	began, report := time.Now(), moved{List: append([]lake.Transfer{}, list...)}
	var total int64
	for _, t := range list {
		total += t.Size
	}
	shown := a.progress("lake " + c.Command.Name)
	err := do(func(t lake.Transfer) {
		report.Objects++
		report.Bytes += t.Size
		shown.update(engine.Progress{Step: step, Done: report.Bytes, Total: total, What: t.Key})
	})
	shown.done()
	if err != nil {
		return err
	}
	report.Seconds = time.Since(began).Seconds()
	if c.format == "json" {
		return printJSON(a.stdout, report)
	}
	_, err = fmt.Fprintf(a.stdout, "%s: %d objects, %d bytes in %.1f s\n", step, report.Objects, report.Bytes, report.Seconds)
	return err
}
