package records

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

func decode(tb testing.TB, r io.Reader, encoding string) string {
	tb.Helper()
	text, err := Decode(r, encoding)
	if err != nil {
		tb.Fatal(err)
	}
	all, err := io.ReadAll(text)
	if err != nil {
		tb.Fatal(err)
	}
	return string(all)
}

func utf16Bytes(order binary.AppendByteOrder, text string) []byte {
	var all []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		all = order.AppendUint16(all, unit)
	}
	return all
}

func TestDecode(t *testing.T) {
	t.Parallel()
	const text = "a,b\r\n1,Übergröße €\n2,\U0001F4B6\n"
	little, big := utf16Bytes(binary.LittleEndian, text), utf16Bytes(binary.BigEndian, text)
	for _, c := range []struct{ name, encoding, in, want string }{
		{"as it is", "utf-8", "\uFEFFé\xff", "\uFEFFé\xff"},
		{"unnamed", "", "é\xff", "é\xff"},
		{"latin-1", "latin-1", "caf\xe9, 12345678\xa0\x80", "café, 12345678\u00a0\u0080"},
		{"windows-1252", "windows-1252", "\x8012,50 \x96 caf\xe9\x9f\xff", "€12,50 – caféŸÿ"},
		{"gaps of windows-1252", "windows-1252", "\x81a\x8db\x8fc\x90d\x9d", "\xffa\xffb\xffc\xffd\xff"},
		{"utf-16, no mark", "utf-16", string(little), text},
		{"utf-16 LE", "utf-16", "\xff\xfe" + string(little), "\uFEFF" + text},
		{"utf-16 BE", "utf-16", "\xfe\xff" + string(big), "\uFEFF" + text},
		{"two marks", "utf-16", "\xff\xfe\xff\xfea\x00", "\uFEFF\uFEFFa"},
		{"high surrogate alone", "utf-16", "a\x00\x3d\xd8\n\x00b\x00", "a\xff\nb"},
		{"low surrogate alone", "utf-16", "\xb6\xdca\x00", "\xffa"},
		{"half a unit", "utf-16", "a\x00b", "a\xff"},
		{"half a pair", "utf-16", "a\x00\x3d\xd8", "a\xff"},
		{"half a pair and a byte", "utf-16", "a\x00\x3d\xd8\xb6", "a\xff\xff"},
		{"empty", "utf-16", "", ""},
		{"one byte", "utf-16", "a", "\xff"},
	} {
		for _, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in)), iotest.DataErrReader(strings.NewReader(c.in))} {
			if got := decode(t, r, c.encoding); got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
	}
	if _, err := Decode(strings.NewReader(""), "ebcdic"); err == nil {
		t.Error("an unknown encoding was taken")
	}
}

func TestDecodedRecords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ encoding, text, bad string }{
		{"windows-1252", "a,b\n1,\x80\n2,\x81\n3,\xe9\n", "2:encoding@10+4"},
		{"latin-1", "a,b\n1,\x80\n2,\x00\n3,\xe9\n", "2:encoding@9+4"},
		{"utf-16", string(utf16Bytes(binary.LittleEndian, "\uFEFFa,b\n1,é\n")) + "2\x00,\x00\x3d\xd8\n\x003\x00,\x00\x34\x00\n\x00", "2:encoding@12+4"},
	} {
		var broken list
		rep, err := Scan(t.Context(), strings.NewReader(decode(t, strings.NewReader(c.text), c.encoding)), RFC4180(), &broken)
		if bad := bads(broken.read(t, rep)); err != nil || rep.Records < 2 || bad != c.bad {
			t.Errorf("%s: %d records, bad %q, %v; want %q", c.encoding, rep.Records, bad, err, c.bad)
		}
	}
}

// slowDecode is the reference: a character at a time.
func slowDecode(text []byte, encoding string) string {
	var all []byte
	if encoding != "utf-16" {
		from := map[string]*charmap.Charmap{"latin-1": charmap.ISO8859_1, "windows-1252": charmap.Windows1252}[encoding]
		for _, b := range text {
			r := from.DecodeByte(b)
			if encoding == "windows-1252" && bytes.IndexByte([]byte("\x81\x8d\x8f\x90\x9d"), b) >= 0 {
				all = append(all, notText)
				continue
			}
			all = utf8.AppendRune(all, r)
		}
		return string(all)
	}
	var units []uint16
	order := binary.ByteOrder(binary.LittleEndian)
	if bytes.HasPrefix(text, []byte("\xfe\xff")) {
		order = binary.BigEndian
	}
	for i := 0; i+1 < len(text); i += 2 {
		units = append(units, order.Uint16(text[i:]))
	}
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		switch {
		case i+1 < len(units) && utf16.IsSurrogate(r) && utf16.DecodeRune(r, rune(units[i+1])) != utf8.RuneError:
			all = utf8.AppendRune(all, utf16.DecodeRune(r, rune(units[i+1])))
			i++
		case utf16.IsSurrogate(r):
			all = append(all, notText)
		default:
			all = utf8.AppendRune(all, r)
		}
	}
	if len(text)%2 == 1 {
		all = append(all, notText)
	}
	return string(all)
}

func TestDecodeAgainstReference(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(rand.Uint64(), 0))
	for range 300 {
		text := make([]byte, rnd.IntN(20_000))
		every := 1 + rnd.IntN(40)
		for i := range text {
			text[i] = byte(rnd.IntN(0x80))
			if rnd.IntN(every) == 0 {
				text[i] = byte(rnd.IntN(0x100))
			}
		}
		for _, encoding := range []string{"latin-1", "windows-1252", "utf-16"} {
			if got := decode(t, bytes.NewReader(text), encoding); got != slowDecode(text, encoding) {
				t.Fatalf("%s: another text from %.200q", encoding, text)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\xff\xfea\x00\x3d\xd8\xb6\xdc"))
	f.Add([]byte("\xfe\xff\x00a\xd8\x3d"))
	f.Add([]byte("caf\xe9 \x80\x81 12345678901234567890"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, encoding := range []string{"latin-1", "windows-1252", "utf-16"} {
			if got := decode(t, iotest.HalfReader(bytes.NewReader(text)), encoding); got != slowDecode(text, encoding) {
				t.Fatalf("%s: %q from %q, want %q", encoding, got, text, slowDecode(text, encoding))
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	line := func(text string) string { return strings.Repeat(text, (64<<20)/len(text)) }
	ascii := line("TXN1,2025-01-31,CUST00001234,1234.56,EUR,Some Shop Name\n")
	french := line("TXN1,2025-01-31,CUST00001234,1234,56,EUR,Caf\xe9 de la R\xe9publique, d\xe9j\xe0 pay\xe9\n")
	for _, c := range []struct{ name, encoding, text string }{
		{"ascii", "latin-1", ascii}, {"french", "latin-1", french}, {"french", "windows-1252", french},
		{"ascii", "utf-16", string(utf16Bytes(binary.LittleEndian, ascii[:16<<20]))},
		{"french", "utf-16", string(utf16Bytes(binary.BigEndian, "\uFEFF"+decode(b, strings.NewReader(french[:16<<20]), "latin-1")))},
	} {
		b.Run(fmt.Sprintf("%s/%s", c.encoding, c.name), func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				r, err := Decode(strings.NewReader(c.text), c.encoding)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	for size := range int64(5) {
		text, err := io.ReadAll(Limit(strings.NewReader("abc"), size))
		if want := "abc"[:min(size, 3)]; string(text) != want || (err != nil) != (size < 3) {
			t.Errorf("limit %d: %q, %v", size, text, err)
		}
	}
	bomb := pack(t, Gzip, strings.Repeat("0", 1<<20))
	r, err := Open("x.csv.gz", bytes.NewReader(bomb))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Scan(t.Context(), Limit(r, 1<<19), RFC4180(), nil)
	if large, ok := err.(*TooLargeError); !ok || large.Max != 1<<19 || large.Try() == "" {
		t.Errorf("a text over the limit: %v", err)
	}
}
