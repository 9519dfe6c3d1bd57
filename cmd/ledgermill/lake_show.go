package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"ledgermill/engine/lake"
)

// objectLine is an object as ls and stat print it.
type objectLine struct {
	Key      string    `json:"key"`
	Size     int64     `json:"size"`
	ETag     string    `json:"etag,omitempty"`
	Modified time.Time `json:"modified"`
	Place    string    `json:"place"`
}

func lineOf(store lake.Reader, o lake.Object) objectLine {
	return objectLine{Key: o.Key, Size: o.Size, ETag: o.ETag, Modified: o.ModTime.UTC(), Place: store.Location(o.Key)}
}

func (a *app) lakeMake(c *lakeCall) error {
	store, err := c.container(c.Args().First())
	if err != nil {
		return err
	}
	if err := store.Make(c.Context.Context); err != nil {
		return err
	}
	return a.lakeSay(c, "made", store.URL())
}

func (a *app) lakeDrop(c *lakeCall) error {
	if c.NArg() == 0 {
		return usagef("ledgermill lake rb s3://bucket", "lake rb needs a place")
	}
	store, err := c.container(c.Args().First())
	if err != nil {
		return err
	}
	if err := store.Drop(c.Context.Context); err != nil {
		return err
	}
	return a.lakeSay(c, "dropped", store.URL())
}

// lakeSay prints what was done to a place.
func (a *app) lakeSay(c *lakeCall, done, place string) error {
	if c.format == "json" {
		return printJSON(a.stdout, map[string]string{done: place})
	}
	_, err := fmt.Fprintln(a.stdout, done, place)
	return err
}

func (a *app) lakeList(c *lakeCall) error {
	at, err := c.at(c.Args().First())
	if err != nil {
		return err
	}
	objects, err := at.List(c.Context.Context, at.key)
	if err != nil {
		return err
	}
	if c.format == "json" {
		lines := make([]objectLine, len(objects))
		for i, o := range objects {
			lines[i] = lineOf(at, o)
		}
		return printJSON(a.stdout, lines)
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, o := range objects {
		fmt.Fprintf(t, "%d\t  %s  %s\n", o.Size, o.ModTime.UTC().Format(time.DateTime), o.Key)
	}
	return t.Flush()
}

func (a *app) lakeStat(c *lakeCall) error {
	if c.NArg() == 0 {
		return usagef("ledgermill lake ls", "lake stat needs a place")
	}
	var lines []objectLine
	for _, place := range c.Args().Slice() {
		at, err := c.at(place)
		if err != nil {
			return err
		}
		o, err := at.Stat(c.Context.Context, at.key)
		if err != nil {
			return err
		}
		lines = append(lines, lineOf(at, o))
	}
	if c.format == "json" {
		return printJSON(a.stdout, lines)
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		fmt.Fprintf(t, "key\t%s\nsize\t%d\n", l.Key, l.Size)
		if l.ETag != "" {
			fmt.Fprintf(t, "etag\t%s\n", l.ETag)
		}
		fmt.Fprintf(t, "modified\t%s\nplace\t%s\n", l.Modified.Format(time.DateTime), l.Place)
	}
	return t.Flush()
}

// usageReport is what du prints.
type usageReport struct {
	Usage   []lake.Usage `json:"usage"`
	Objects int64        `json:"objects"`
	Bytes   int64        `json:"bytes"`
}

func (a *app) lakeUsage(c *lakeCall) error {
	at, err := c.at(c.Args().First())
	if err != nil {
		return err
	}
	objects, err := at.List(c.Context.Context, at.key)
	if err != nil {
		return err
	}
	r := usageReport{Usage: lake.Usages(objects)}
	for _, u := range r.Usage {
		r.Objects += u.Objects
		r.Bytes += u.Bytes
	}
	if c.format == "json" {
		return printJSON(a.stdout, r)
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "dataset\tformat\tmonth\tobjects\tbytes")
	for _, u := range r.Usage {
		fmt.Fprintf(t, "%s\t%s\t%s\t%7d\t%15d\n", u.Dataset, u.Format, u.Month, u.Objects, u.Bytes)
	}
	fmt.Fprintf(t, "total\t\t\t%7d\t%15d\n", r.Objects, r.Bytes)
	return t.Flush()
}
