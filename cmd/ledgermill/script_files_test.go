package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// pack replaces a file by a gzip of it.
func pack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: pack FILE")
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(ts.ReadFile(args[0])))
	ts.Check(errors.Join(err, w.Close()))
	path := ts.MkAbs(args[0])
	ts.Check(errors.Join(os.WriteFile(path+".gz", b.Bytes(), 0o644), os.Remove(path)))
}

// cut keeps the beginning of a file.
func cut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FILE N")
	}
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

// edit replaces a text by another one. \n in either is a line end.
func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	lines := strings.NewReplacer(`\n`, "\n")
	before, text := lines.Replace(args[1]), ts.ReadFile(args[0])
	if strings.Count(text, before) != 1 {
		ts.Fatalf("%s has %q %d times", args[0], before, strings.Count(text, before))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, before, lines.Replace(args[2]), 1)), 0o644))
}

// subset checks that every line of a file stands in another one.
func subset(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: subset FILE FILE")
	}
	whole := strings.Split(ts.ReadFile(args[1]), "\n")
	for _, line := range strings.Split(ts.ReadFile(args[0]), "\n") {
		if !slices.Contains(whole, line) {
			ts.Fatalf("%s has no line %q", args[1], line)
		}
	}
}
