package contract_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"ledgermill/engine/sqltext"
)

// momentStyle is how a sender writes dates and times: fields and the texts between.
type momentStyle struct {
	parts []string // "%d", "."
	date  bool
}

func randomMoments(r *rand.Rand) reading {
	st := momentStyle{date: r.IntN(2) == 0}
	year, month := pick(r, "%Y", "%Y", "%y"), pick(r, "%m", "%m", "%b")
	order := pick(r, []string{"%d", month, year}, []string{year, month, "%d"}, []string{month, "%d", year})
	between := pick(r, ".", "-", "/", " ", "")
	for i, field := range order {
		if i > 0 && between != "" {
			st.parts = append(st.parts, between)
		}
		st.parts = append(st.parts, field)
	}
	if r.IntN(3) > 0 || !st.date {
		st.parts = append(st.parts, pick(r, " ", "T", ", "))
		half := r.IntN(3) == 0
		st.parts = append(st.parts, map[bool]string{true: "%I", false: "%H"}[half], pick(r, ":", "."), "%M")
		if r.IntN(2) == 0 {
			st.parts = append(st.parts, ":", "%S")
			if r.IntN(2) == 0 {
				st.parts = append(st.parts, pick(r, ".", ","), "%f")
			}
		}
		if half {
			st.parts = append(st.parts, pick(r, "", " "), "%p")
		}
		if r.IntN(3) == 0 {
			st.parts = append(st.parts, pick(r, "", " "), "%z")
		}
	}
	typ := "timestamp"
	if st.date {
		typ = "date"
	}
	return reading{typ: typ, format: sqltext.QuoteString(strings.Join(st.parts, "")), write: st.write, read: st.read}
}

func (st momentStyle) write(r *rand.Rand) string {
	at := time.Date(1900+r.IntN(250), time.Month(1+r.IntN(12)), 1+r.IntN(31), r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1e6)*1000, time.UTC)
	switch r.IntN(20) { // an offset takes some of these out of the calendar
	case 0:
		at = time.Date(1, 1, 1, r.IntN(24), r.IntN(60), 0, 0, time.UTC)
	case 1:
		at = time.Date(9999, 12, 31, r.IntN(24), r.IntN(60), 0, 0, time.UTC)
	}
	var b strings.Builder
	for i, part := range st.parts {
		short := !st.touched(i) && r.IntN(2) == 0
		two := func(n int) string {
			if short {
				return strconv.Itoa(n)
			}
			return fmt.Sprintf("%02d", n)
		}
		switch part {
		case "%Y":
			fmt.Fprintf(&b, "%04d", at.Year())
		case "%y":
			fmt.Fprintf(&b, "%02d", at.Year()%100)
		case "%m":
			b.WriteString(two(int(at.Month())))
		case "%d":
			b.WriteString(two(1 + r.IntN(31)))
		case "%H":
			b.WriteString(two(at.Hour()))
		case "%I":
			b.WriteString(two(1 + at.Hour()%12))
		case "%M":
			fmt.Fprintf(&b, "%02d", at.Minute())
		case "%S":
			fmt.Fprintf(&b, "%02d", at.Second())
		case "%f":
			b.WriteString(fmt.Sprintf("%06d", at.Nanosecond()/1000)[:1+r.IntN(6)])
		case "%b":
			b.WriteString(pick(r, at.Format("Jan"), strings.ToUpper(at.Format("Jan")), strings.ToLower(at.Format("Jan"))))
		case "%p":
			b.WriteString(pick(r, "AM", "pm", "Pm"))
		case "%z":
			b.WriteString(pick(r, "Z", "+02:00", "-0330", "+05", "+00:00", "-18:59", "+1900"))
		default:
			b.WriteString(part)
		}
	}
	return b.String()
}

// touched reports whether a field stands next to another of digits, so that it has
// two digits always.
func (st momentStyle) touched(i int) bool {
	digits := func(i int) bool {
		return i >= 0 && i < len(st.parts) && len(st.parts[i]) == 2 && st.parts[i][0] == '%' && strings.Contains("YymdHIMSf", st.parts[i][1:])
	}
	near := func(step int) bool {
		for j := i + step; j >= 0 && j < len(st.parts); j += step {
			if st.parts[j] != "" {
				return digits(j)
			}
		}
		return false
	}
	return near(-1) || near(1)
}

// read follows the words of docs/contracts.md.
func (st momentStyle) read(text string) (string, bool) {
	at := map[string]int{"%M": 0, "%S": 0, "%H": 0}
	offset, pm, micros := 0, false, 0
	for i, part := range st.parts {
		var ok bool
		switch part {
		case "%Y":
			at[part], ok = takeDigits(&text, 4, 4)
			ok = ok && at[part] > 0
		case "%y":
			at["%Y"], ok = takeDigits(&text, 2, 2)
			if at["%Y"] += 1900; at["%Y"] < 1969 {
				at["%Y"] += 100
			}
		case "%m", "%d", "%H", "%I":
			least := 1
			if part != "%I" && st.touched(i) {
				least = 2
			}
			at[part], ok = takeDigits(&text, least, 2)
		case "%M", "%S":
			at[part], ok = takeDigits(&text, 2, 2)
		case "%f":
			n := len(text)
			micros, ok = takeDigits(&text, 1, 6)
			for range 6 - (n - len(text)) {
				micros *= 10
			}
		case "%b":
			var name string
			name, text = cut(text, 3)
			var month time.Time
			month, err := time.Parse("Jan", strings.ToUpper(name[:min(1, len(name))])+strings.ToLower(name[min(1, len(name)):]))
			at["%m"], ok = int(month.Month()), err == nil
		case "%p":
			var half string
			half, text = cut(text, 2)
			pm = strings.EqualFold(half, "pm")
			ok = isASCII(half) && (pm || strings.EqualFold(half, "am"))
		case "%z":
			offset, ok = takeZone(&text)
		default:
			text, ok = strings.CutPrefix(text, part)
		}
		if !ok {
			return "", false
		}
	}
	if twelve, is := at["%I"]; is {
		if twelve < 1 || twelve > 12 {
			return "", false
		}
		if at["%H"] = twelve % 12; pm {
			at["%H"] += 12
		}
	}
	moment := time.Date(at["%Y"], time.Month(at["%m"]), at["%d"], at["%H"], at["%M"], at["%S"], micros*1000, time.UTC)
	if text != "" || moment.Month() != time.Month(at["%m"]) || moment.Day() != at["%d"] || at["%H"] > 23 || at["%M"] > 59 || at["%S"] > 59 {
		return "", false
	}
	moment = moment.Add(-time.Duration(offset) * time.Minute)
	if moment.Year() < 1 || moment.Year() > 9999 {
		return "", false
	}
	if st.date {
		return moment.Format("2006-01-02"), true
	}
	return moment.Format("2006-01-02 15:04:05.999999"), true
}

func cut(text string, n int) (head, rest string) {
	n = min(n, len(text))
	return text[:n], text[n:]
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > 126 })
}

func takeDigits(text *string, least, most int) (int, bool) {
	n := 0
	for n < len(*text) && n < most && (*text)[n] >= '0' && (*text)[n] <= '9' {
		n++
	}
	head, rest := cut(*text, n)
	*text = rest
	value, err := strconv.Atoi(head)
	return value, err == nil && n >= least
}

// takeZone takes Z, +02:00, +0200 or +02 and returns minutes.
func takeZone(text *string) (int, bool) {
	if rest, ok := strings.CutPrefix(*text, "Z"); ok {
		*text = rest
		return 0, true
	}
	sign, rest := cut(*text, 1)
	if sign != "+" && sign != "-" {
		return 0, false
	}
	*text = rest
	hours, ok := takeDigits(text, 2, 2)
	if !ok || hours > 18 {
		return 0, false
	}
	minutes := 0
	if *text != "" {
		colon := strings.TrimPrefix(*text, ":")
		if minutes, ok = takeDigits(&colon, 2, 2); !ok || minutes > 59 {
			return 0, false
		}
		*text = colon
	}
	if sign == "-" {
		return -hours*60 - minutes, true
	}
	return hours*60 + minutes, true
}
