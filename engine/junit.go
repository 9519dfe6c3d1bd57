package engine

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The elements of JUnit's XML, as CI systems read it.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Time    string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure,omitempty"`
		Error   *junitMessage `xml:"error,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the report as JUnit's XML. A warning is a test that passed and says so
// in its output.
func (r *TestReport) JUnit(w io.Writer) error {
	unit := junitSuite{Name: "unit"}
	var seconds float64
	for _, t := range r.Unit {
		c := junitCase{Class: t.Model, Name: t.Test, File: t.File, Time: fmt.Sprintf("%.3f", t.Seconds)}
		b := &strings.Builder{}
		t.text(b)
		switch {
		case t.Error != "":
			c.Error = &junitMessage{t.Error, b.String()}
		case !t.Passed:
			c.Failure = &junitMessage{fmt.Sprintf("%d rows differ", len(t.Differences)), b.String()}
		}
		seconds += t.Seconds
		unit.add(c)
	}
	unit.Time = fmt.Sprintf("%.3f", seconds)
	all := junitSuites{Suites: []junitSuite{unit}}
	if r.Data != nil {
		all.Suites = append(all.Suites, r.Data.junit())
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := errors.Join(e.Encode(all), e.Close()); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func (t *Tested) junit() junitSuite {
	suite := junitSuite{Name: "data", Time: "0.000"}
	for _, r := range t.Results {
		c := junitCase{Class: r.Dataset, Name: r.Test + " on " + string(r.Unit), File: r.Place, Time: "0.000"}
		b := &strings.Builder{}
		switch {
		case r.Passed:
		case r.Warn:
			resultText(b, markWarned, r)
			c.Output = b.String()
		default:
			resultText(b, markFailed, r)
			c.Failure = &junitMessage{fmt.Sprintf("%d failing rows", r.Failures), b.String()}
		}
		suite.add(c)
	}
	for _, s := range t.Skipped {
		suite.add(junitCase{Class: s.Dataset, Name: s.Test, Time: "0.000", Skipped: &junitMessage{Message: s.Why}})
	}
	return suite
}
