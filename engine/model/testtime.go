package model

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ledgermill/engine/contract"
)

var freshForm = regexp.MustCompile(`^(?i:fresh)(?:\s+("(?:[^"]|"")+"|[A-Za-z_][A-Za-z0-9_]*))?\s+(?i:within)\s+([0-9]{1,6})\s+(?i:(minute|hour|day))s?$`)

// fresh is `fresh [column] within N minutes|hours|days`.
func (t *Test) fresh(text string) (known bool, fault string) {
	m := freshForm.FindStringSubmatch(text)
	if m == nil {
		if _, ok := after(text, "fresh"); ok {
			return false, "`fresh` is `fresh column within 6 hours`, or without a column `fresh within 2 days`"
		}
		return false, ""
	}
	if t.AtMost != (Limit{}) {
		return false, "`fresh` takes no `at most`: its limit is its own"
	}
	t.Kind = Fresh
	if m[1] != "" {
		if fault := t.columns(m[1]); fault != "" {
			return false, fault
		}
	}
	n, _ := strconv.Atoi(m[2])
	t.Age = time.Duration(n) * map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[strings.ToLower(m[3])]
	if t.Age == 0 {
		return false, "`fresh` within nothing cannot hold"
	}
	return true, ""
}

var volumeForm = regexp.MustCompile(`^(?i:rows\s+within)\s+([0-9]{1,6}(?:\.[0-9]+)?)\s*%\s+(?i:of\s+(?:the\s+)?last)\s+([0-9]{1,3})\s+(?i:(day|week|month|year))s?$`)

// volume is `rows within P % of last N days|weeks|months|years`.
func (t *Test) volume(text string) (known bool, fault string) {
	m := volumeForm.FindStringSubmatch(text)
	if m == nil {
		if _, ok := after(text, "rows", "within"); ok {
			return false, "`rows within` is `rows within 30 % of last 7 days`; of `last 4 weeks` it takes the same weekday of each"
		}
		return false, ""
	}
	if t.AtMost != (Limit{}) {
		return false, "`rows within` takes no `at most`: its limit is its own"
	}
	t.Kind, t.Percent, t.Step = Volume, m[1], Step(strings.ToLower(m[3])+"s")
	if t.Last, _ = strconv.Atoi(m[2]); t.Last == 0 {
		return false, "`rows within` compares with one unit before at least"
	}
	return true, ""
}

// timed holds what a test says of time against the model; others have nothing to say.
func (l *loader) timed(t *Test, m *Model) bool {
	before := len(l.faults)
	switch {
	case t.Kind == Fresh:
		t.clocked = len(t.Columns) == 0 || !m.Dated()
		if len(t.Columns) == 0 {
			break
		}
		if c, _ := column(m.Columns, t.Columns[0]); c.Type != "DATE" && !strings.HasPrefix(c.Type, "TIMESTAMP") {
			l.fault(t.Pos, "`test: %s`: %s is %s, and neither a date nor a timestamp", t.Text, c.Name, c.Type)
		}
	case t.Kind == Volume && !m.Dated():
		l.fault(t.Pos, "`test: %s`: %s is whole: it has no units to compare", t.Text, m.Name)
	case t.Kind == Volume:
		steps := map[contract.Partition][]Step{contract.Day: {Days, Weeks}, contract.Month: {Months, Years}, contract.Year: {Years}}[m.Partition]
		if !slices.Contains(steps, t.Step) {
			l.fault(t.Pos, "`test: %s`: the units of %s are of a %s: compare with the last %s", t.Text, m.Name, m.Partition, steps[0])
		}
	}
	return len(l.faults) == before
}
