package queries

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
)

var integer = regexp.MustCompile(`^-?[0-9]+$`)

// JSON writes the rows that are left as an array of objects, one a line. An integer
// is a number, whatever its size, and so is floating point that is finite. A decimal
// is a string, since readers of JSON take numbers for binary fractions; so is all
// else but booleans and null. Of names that repeat, the second is name_2.
func (r *Result) JSON(w io.Writer) error {
	out := bufio.NewWriter(w)
	keys := make([][]byte, len(r.Columns))
	for i, name := range r.keys() {
		keys[i] = quoted(name)
	}
	before := "[\n  "
	for r.Next() {
		out.WriteString(before)
		before = ",\n  "
		for i, v := range r.Values() {
			out.WriteByte("{,"[min(i, 1)])
			out.Write(keys[i])
			out.WriteByte(':')
			out.Write(r.Columns[i].Kind.json(v))
		}
		out.WriteByte('}')
	}
	if err := r.Err(); err != nil {
		// What is written so far is cut short on purpose: half of an array must not parse.
		return errors.Join(err, out.Flush())
	}
	if before == "[\n  " {
		out.WriteString("[]\n")
	} else {
		out.WriteString("\n]\n")
	}
	return out.Flush()
}

// keys are the names of the columns, each once.
func (r *Result) keys() []string {
	var keys []string
	for _, c := range r.Columns {
		key := c.Name
		for n := 2; slices.Contains(keys, key); n++ {
			key = fmt.Sprintf("%s_%d", c.Name, n)
		}
		keys = append(keys, key)
	}
	return keys
}

func (k Kind) json(v *string) []byte {
	switch {
	case v == nil:
		return []byte("null")
	case k == Boolean, k == Exact && integer.MatchString(*v), k == Float && finite(*v):
		return []byte(*v)
	}
	return quoted(*v)
}

// finite tells numbers from NaN and Infinity.
func finite(text string) bool { return bytes.ContainsAny([]byte(text[len(text)-1:]), "0123456789") }

func quoted(text string) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	// A string can always be encoded.
	_ = encoder.Encode(text)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
