package duckdb

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	duck "github.com/duckdb/duckdb-go/v2"

	"ledgermill/engine/model"
)

// excerpt is how DuckDB shows where in a statement a fault is.
var excerpt = regexp.MustCompile(`\n\nLINE ([0-9]+): (.*)\n( *)\^`)

// placed makes a model.BindError of what DuckDB says against statement. What is not
// the statement's fault stays as it is.
func placed(err error, statement string) error {
	var d *duck.Error
	if !errors.As(err, &d) || blameless(d.Type) || errors.As(fault(err), new(interface{ Try() string })) {
		return fault(err)
	}
	bind := &model.BindError{Off: -1, Msg: firstLine(d.Msg)}
	// What kind of fault it is, the message says too.
	if _, after, found := strings.Cut(bind.Msg, " Error: "); found {
		bind.Msg = after
	}
	m := excerpt.FindStringSubmatch(d.Msg)
	if m == nil {
		return bind
	}
	number, atoiErr := strconv.Atoi(m[1])
	lines := strings.SplitAfter(statement, "\n")
	if atoiErr != nil || number < 1 || number > len(lines) {
		return bind
	}
	bind.Off = len(strings.Join(lines[:number-1], ""))
	// A long line is shown in part, and then its columns are not known.
	if line := strings.TrimRight(lines[number-1], "\r\n"); line == strings.TrimRight(m[2], "\r") {
		bind.Off += bytesOf(line, len(m[3])-len("LINE : ")-len(m[1]))
	}
	return bind
}

// bytesOf is the length of a line's first n characters.
func bytesOf(line string, n int) int {
	for off := range line {
		if n <= 0 {
			return off
		}
		n--
	}
	return len(line)
}

// unplaced is placed for an error of a statement that holds the caller's.
func unplaced(err error) error {
	err = placed(err, "")
	var bind *model.BindError
	if errors.As(err, &bind) {
		bind.Off = -1
	}
	return err
}

// behind moves the place of a fault back over what stood before the text that was judged.
func behind(err error, lead int) error {
	var bind *model.BindError
	if errors.As(err, &bind) {
		bind.Off = max(-1, bind.Off-lead)
	}
	return err
}

// shift moves the place of a fault by what stood before the text that was judged.
func shift(err error, by int) error {
	var bind *model.BindError
	if errors.As(err, &bind) && bind.Off >= 0 {
		bind.Off += max(by, 0)
	}
	return err
}
