package records

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestScanJSON(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for _, c := range []struct {
		name, text       string
		header           string
		records, blank   int64
		bad, clean       string
		array, wantClean bool
	}{
		{"lines", "{\"a\":1,\"b\":\"x\"}\n{\"b\":null,\"c\":[{\"d\":1}]}\n", "a|b|c", 2, 0, "", "{\"a\":1,\"b\":\"x\"}\n{\"b\":null,\"c\":[{\"d\":1}]}\n", false, true},
		{"no final line end", `{"a":1}`, "a", 1, 0, "", "{\"a\":1}\n", false, true},
		{"crlf", "{\"a\":1}\r\n\r\n{}\r\n", "a", 2, 1, "", "{\"a\":1}\n{}\n", false, true},
		{"byte order mark", "\uFEFF{\"a\":1}\n", "a", 1, 0, "", "{\"a\":1}\n", false, false},
		{"empty", "", "", 0, 0, "", "", false, true},
		{"spaces only", " \n\t\n\r\n", "", 0, 3, "", "", false, true},
		{"spaces", " { \"a\" : 1 , \"b\" : [ ] } \t\n", "a|b", 1, 0, "", " { \"a\" : 1 , \"b\" : [ ] } \t\n", false, true},
		{"escaped keys", `{"\u0061\n\"\\\/\b\f\r\t":1,"\ud83d\ude00":2}`, "a\n\"\\/\b\f\r\t|😀", 1, 0, "", `{"\u0061\n\"\\\/\b\f\r\t":1,"\ud83d\ude00":2}` + "\n", false, true},
		{"numbers", `{"a":[0,-0,10,1.5,1e9,1E-9,-1.0e+10]}`, "a", 1, 0, "", `{"a":[0,-0,10,1.5,1e9,1E-9,-1.0e+10]}` + "\n", false, true},
		{"long numbers", "{\"a\":1234567890123456.78,\"b\":[12345678901234567890123,1e400,{\"c\":-0.12345678901234567}]}\n{\"a\":1.5,\"b\":5e-324}\n", "a|b", 2, 0, "",
			"{\"a\":\"1234567890123456.78\",\"b\":[12345678901234567890123,\"1e400\",{\"c\":\"-0.12345678901234567\"}]}\n{\"a\":1.5,\"b\":\"5e-324\"}\n", false, false},
		{"not an object", "[1]\n1\n\"x\"\nnull\n", "", 4, 0, "1:json@0+4 2:json@4+2 3:json@6+4 4:json@10+5", "", false, false},
		{"garbage behind", "{\"a\":1}x\n{\"a\":1}{\"a\":2}\n{\"a\":1},\n", "", 3, 0, "1:json@0+9 2:json@9+15 3:json@24+9", "", false, false},
		{"cut", "{\"a\":1}\n{\"a\":\n", "a", 2, 0, "2:json@8+6", "{\"a\":1}\n", false, false},
		{"one key twice", "{\"a\":1,\"b\":2,\"a\":3}\n{\"a\":1,\"\\u0061\":3}\n{\"x\":{\"a\":1,\"a\":2}}\n", "", 3, 0, "1:json@0+20 2:json@20+19 3:json@39+20", "", false, false},
		{"one key in several objects", `{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":1}}`, "a|b", 1, 0, "", `{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":1}}` + "\n", false, true},
		{"not numbers", "{\"a\":NaN}\n{\"a\":01}\n{\"a\":1.}\n{\"a\":+1}\n{\"a\":.5}\n{\"a\":-}\n{\"a\":1e}\n{\"a\":0x1}\n", "", 8, 0,
			"1:json@0+10 2:json@10+9 3:json@19+9 4:json@28+9 5:json@37+9 6:json@46+8 7:json@54+9 8:json@63+10", "", false, false},
		{"control characters", "{\"a\":\"x\ty\"}\n{\"a\":\"\x00\"}\n", "", 2, 0, "1:json@0+12 2:json@12+10", "", false, false},
		{"encoding", "{\"a\":\"\xff\"}\n{\xff\n{\"a\":\"\\ud800\"}\n{\"a\":\"\\udc00x\"}\n{\"a\":\"\\ud83d\\u0061\"}\n{\"a\":\"\\u0000\"}\n", "", 6, 0,
			"1:encoding@0+10 2:encoding@10+3 3:encoding@13+15 4:encoding@28+16 5:encoding@44+21 6:encoding@65+15", "", false, false},
		{"deep enough", deep(MaxDepth), "a", 1, 0, "", deep(MaxDepth) + "\n", false, true},
		{"too deep", deep(MaxDepth+1) + "\n" + strings.Repeat("[", 100_000), "", 2, 0, "1:json@0+1208 2:json@1208+100000", "", false, false},
		{"too long", `{"a":"` + strings.Repeat("x", MaxRecord) + "\"}\n{\"a\":1}", "a", 2, 0, "1:line_too_long@0+2000007 ", "{\"a\":1}\n", false, false},
		{"array", "\uFEFF\n[ {\"a\":1},\n {\"b\":\r\n[2,\n{}]} ,{}]\n", "a|b", 3, 0, "", "{\"a\":1}\n{\"b\":  [2, {}]}\n{}\n", true, false},
		{"empty array", " [ ] ", "", 0, 0, "", "", true, false},
		{"bad elements", "[1,{\"a\":\"\xff\"},{\"a\":1,\"a\":2},{\"a\":1}]", "a", 4, 0, "1:json@1+1 2:encoding@3+9 3:json@13+13", "{\"a\":1}\n", true, false},
		{"lines, an array allowed", " {\"a\":1}\n\n{\"a\":2}", "a", 2, 1, "", "{\"a\":1}\n{\"a\":2}\n", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var clean bytes.Buffer
			var broken list
			rep, err := scanJSON(t.Context(), outlets{newCleanCopy(&clean), &broken}, iotest.HalfReader(strings.NewReader(c.text)), JSONOptions{Array: c.array}, MaxRecord, 16)
			if err != nil {
				t.Fatal(err)
			}
			got := []any{strings.Join(rep.Header, "|"), rep.Records, rep.Blank, bads(broken.read(t, rep)), clean.String(), rep.Clean(), rep.Text}
			want := []any{c.header, c.records, c.blank, strings.TrimSpace(c.bad), c.clean, c.wantClean, int64(len(c.text))}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("header, records, blank, bad, clean copy, clean, text (-want +got):\n%.2000s", diff)
			}
		})
	}
}

func TestScanJSONRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		`[{"a":1}`:                               ErrTruncated,
		`[`:                                      ErrTruncated,
		`[{"a":1},`:                              ErrTruncated,
		`[{"a":`:                                 ErrTruncated,
		`[{"a":1}]x`:                             ErrUnreadable,
		"[]\x00":                                 ErrUnreadable,
		"[{}\x00":                                ErrUnreadable,
		`[{"a":1} {"a":2}]`:                      ErrUnreadable,
		`[{"a":1},]`:                             ErrUnreadable,
		`[,]`:                                    ErrUnreadable,
		`[{"a":01}]`:                             ErrUnreadable,
		`["` + strings.Repeat("x", MaxRecord-2):  ErrTruncated,
		`["` + strings.Repeat("x", 3*MaxRecord):  ErrUnreadable,
		"[{\"a\":1}]\n" + strings.Repeat(" ", 9): nil,
	} {
		_, err := ScanJSON(t.Context(), strings.NewReader(text), JSONOptions{Array: true}, nil)
		var refused *ArrayError
		if !errors.Is(err, want) || want != nil && (!errors.As(err, &refused) || refused.Try() == "") {
			t.Errorf("%.20q: %v, want %v", text, err, want)
		}
	}
	var wide strings.Builder
	for i := range MaxKeys + 1 {
		fmt.Fprintf(&wide, "{\"key %d\":1}\n", i)
	}
	_, err := ScanJSON(t.Context(), strings.NewReader(wide.String()), JSONOptions{}, nil)
	var header *HeaderError
	if !errors.As(err, &header) {
		t.Errorf("more than %d keys: %v", MaxKeys, err)
	}
	_, err = ScanJSON(t.Context(), &endless{piece: "x\n", left: 1 << 40}, JSONOptions{}, nil)
	var many *TooManyBadError
	if !errors.As(err, &many) || many.First != JSON {
		t.Errorf("no JSON at all: %v", err)
	}
	cause := errors.New("the cause")
	if _, err := ScanJSON(t.Context(), io.MultiReader(strings.NewReader("[{}"), iotest.ErrReader(cause)), JSONOptions{Array: true}, nil); !errors.Is(err, cause) {
		t.Errorf("failing reader: %v", err)
	}
}

// referJSON judges a line by encoding/json.
func referJSON(line string) (reason Reason, keys []string) {
	if !utf8.ValidString(line) {
		return Encoding, nil
	}
	if !json.Valid([]byte(line)) {
		return JSON, nil
	}
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.UseNumber()
	type level struct {
		object, value bool
		names         map[string]bool
	}
	var open []*level
	twice, deep, object := false, false, false
	for first := true; ; first = false {
		token, err := decoder.Token()
		if err != nil {
			break
		}
		if first {
			object = token == json.Delim('{')
		}
		var in *level
		if len(open) > 0 {
			in = open[len(open)-1]
		}
		if in != nil && in.object && !in.value && token != json.Delim('}') {
			name := token.(string)
			twice = twice || in.names[name]
			in.names[name], in.value = true, true
			if len(open) == 1 {
				keys = append(keys, name)
			}
			continue
		}
		if in != nil {
			in.value = false
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			open = append(open, &level{object: token == json.Delim('{'), names: map[string]bool{}})
			deep = deep || len(open) > MaxDepth
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
	}
	noText := referNoText(line)
	switch {
	case !object || deep || twice && !noText:
		return JSON, nil
	case noText:
		return Encoding, nil
	}
	return "", keys
}

// referNoText finds escapes that are no characters: with all others taken away.
func referNoText(line string) bool {
	line = regexp.MustCompile(`\\[^u]`).ReplaceAllString(line, "")
	line = regexp.MustCompile(`(?i)\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}`).ReplaceAllString(line, "")
	return regexp.MustCompile(`(?i)\\u(d[89a-f][0-9a-f]{2}|0000)`).MatchString(line)
}

func FuzzScanJSON(f *testing.F) {
	for _, text := range []string{"{\"a\":1}\n{\"b\":[1,2.5e-3,true,null,\"\\u00e9\\ud83d\\ude00\"]}\r\n\n", `{"a":{"a":1,"a":2}}`, `[{"a":1},{}]`, "{\"\\u0000\":\"\\ud800\"}\n\xff",
		`{"a":1,"b":{"c":[]},"a":2}`, "{}x", "[1,{\"a\":\t[\n{}]}\n]"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var broken list
		rep, err := scanJSON(t.Context(), outlets{bad: &broken}, strings.NewReader(text), JSONOptions{}, MaxRecord, 16)
		if err != nil {
			t.Fatal(err)
		}
		var records int64
		var bad, header []string
		for line := range strings.SplitSeq(strings.TrimPrefix(text, "\uFEFF"), "\n") {
			if strings.Trim(line, " \t\r") == "" {
				continue
			}
			records++
			reason, keys := referJSON(strings.TrimSuffix(line, "\r"))
			if reason != "" {
				bad = append(bad, fmt.Sprintf("%d:%s", records, reason))
			}
			for _, key := range keys {
				if !slices.Contains(header, key) {
					header = append(header, key)
				}
			}
		}
		var found []string
		for _, b := range broken.read(t, rep) {
			found = append(found, fmt.Sprintf("%d:%s", b.Number, b.Reason))
		}
		if records != rep.Records || !slices.Equal(bad, found) || !slices.Equal(header, rep.Header) {
			t.Fatalf("%q: %d records, bad %v, header %q; want %d, %v, %q", text, rep.Records, found, rep.Header, records, bad, header)
		}
		checkArray(t, text)
	})
}

// checkArray holds an array, where the text is one, against encoding/json.
func checkArray(t *testing.T, text string) {
	t.Helper()
	trimmed := strings.TrimLeft(strings.TrimPrefix(text, "\uFEFF"), " \t\r\n")
	if !strings.HasPrefix(trimmed, "[") || !utf8.ValidString(text) {
		return
	}
	var clean bytes.Buffer
	rep, err := scanJSON(t.Context(), outlets{copy: newCleanCopy(&clean)}, strings.NewReader(text), JSONOptions{Array: true}, MaxRecord, 16)
	var elements []json.RawMessage
	if wrong := json.Unmarshal([]byte(trimmed), &elements); (wrong == nil) != (err == nil) {
		t.Fatalf("%q: %v; encoding/json: %v", text, err, wrong)
	}
	if err != nil {
		return
	}
	var good []string
	for _, e := range elements {
		if reason, _ := referJSON(string(e)); reason == "" {
			good = append(good, strings.NewReplacer("\n", " ", "\r", " ").Replace(string(e))+"\n")
		}
	}
	if rep.Records != int64(len(elements)) || clean.String() != strings.Join(good, "") {
		t.Fatalf("%q: %d records, copy %q; want %d, %q", text, rep.Records, clean.String(), len(elements), good)
	}
}

func jsonTable() string {
	var text strings.Builder
	for i := 0; text.Len() < 64<<20; i++ {
		fmt.Fprintf(&text, `{"id":"TXN%018d","booked":"2025-01-31","at":"2025-01-31 12:00:00","holder":"CUST00001234","kind":"PAYMENT","amount":1234.56,"currency":"EUR","state":"COMPLETED","shop":"Café, \"Some\" Shop","place":{"lat":48.85,"lon":2.35}}`+"\n", i)
	}
	return text.String()
}

func BenchmarkScanJSON(b *testing.B) {
	text := jsonTable()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		rep, err := ScanJSON(b.Context(), strings.NewReader(text), JSONOptions{}, nil)
		if err != nil || rep.Broken() > 0 {
			b.Fatal(err, rep.Bad)
		}
	}
}
