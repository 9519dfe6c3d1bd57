package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// parsed is the JSON that the command before wrote.
func parsed(ts *testscript.TestScript) any {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	return v
}

// field prints one field of the JSON on stdout.
func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: field NAME")
	}
	object, ok := parsed(ts).(map[string]any)
	if _, has := object[args[0]]; !ok || !has {
		ts.Fatalf("stdout has no field %s", args[0])
	}
	text, err := json.Marshal(object[args[0]])
	ts.Check(err)
	_, err = fmt.Fprintln(ts.Stdout(), string(text))
	ts.Check(err)
}

// shape prints what the JSON on stdout is made of: a line for each path, with the
// kinds that stand there. Keys that are data, such as names of steps, are *.
func shape(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: shape")
	}
	kinds := map[string]map[string]bool{}
	walk(kinds, "", parsed(ts))
	for _, path := range slices.Sorted(maps.Keys(kinds)) {
		_, err := fmt.Fprintln(ts.Stdout(), path+": "+strings.Join(slices.Sorted(maps.Keys(kinds[path])), " or "))
		ts.Check(err)
	}
}

func walk(kinds map[string]map[string]bool, path string, v any) {
	kind := ""
	switch v := v.(type) {
	case map[string]any:
		kind = "object"
		for key, one := range v {
			if strings.HasSuffix(path, ".rejected") || path == ".steps" {
				key = "*"
			}
			walk(kinds, path+"."+key, one)
		}
	case []any:
		kind = "list"
		for _, one := range v {
			walk(kinds, path+"[]", one)
		}
	case nil:
		kind = "null"
	default:
		kind = map[bool]string{true: "text", false: "number"}[fmt.Sprintf("%T", v) == "string"]
		if _, ok := v.(bool); ok {
			kind = "boolean"
		}
	}
	if kinds[path] == nil {
		kinds[path] = map[string]bool{}
	}
	kinds[path][kind] = true
}

// same compares two directories.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same DIR DIR")
	}
	a, b := contents(ts, args[0]), contents(ts, args[1])
	if len(a) == 0 {
		ts.Fatalf("%s is empty", args[0])
	}
	if maps.Equal(a, b) == neg {
		ts.Fatalf("%s and %s: same is %t", args[0], args[1], !neg)
	}
}

func contents(ts *testscript.TestScript, dir string) map[string]string {
	files := map[string]string{}
	root := ts.MkAbs(dir)
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, root)] = string(data)
		return err
	})
	ts.Check(err)
	return files
}

// lastRun keeps the id of the last run of a list of runs.
func lastRun(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: lastrun NAME")
	}
	var runs []struct{ Run string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &runs))
	if len(runs) == 0 {
		ts.Fatalf("there is no run")
	}
	ts.Setenv(args[0], runs[len(runs)-1].Run)
}
