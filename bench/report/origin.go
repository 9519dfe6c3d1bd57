package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"ledgermill/bench/result"
)

// machineName is the machine in a few words.
func (b *bench) machineName() string {
	m := b.results[0].Machine
	return fmt.Sprintf("%s, %d cores, %s", m.CPU, m.Cores, memory(m.Memory))
}

// memory is bytes as machines are sold by.
func memory(n int64) string { return fmt.Sprintf("%.0f GiB", float64(n)/(1<<30)) }

// origin is where the figures come from: machine, versions, settings, data.
func (b *bench) origin() *Section {
	s := &Section{ID: "origin", Title: "Machine, versions, settings"}
	for _, r := range b.results {
		t := Table{Columns: []Column{{Title: "what"}, {Title: "which"}}}
		add := func(name, value string) {
			if value != "" {
				t.Rows = append(t.Rows, []Cell{words(name), words(value)})
			}
		}
		m := r.Machine
		add("processor", fmt.Sprintf("%s, %d cores", m.CPU, m.Cores))
		add("memory", memory(m.Memory))
		if m.Limit > 0 {
			add("memory limit", memory(m.Limit))
		}
		add("disk", m.Disk)
		add("system", m.Kernel)
		add("commit", r.Commit)
		add("started", r.Started.UTC().Format(time.RFC3339))
		switch took := r.Finished.Sub(r.Started).Round(time.Second).String(); {
		case r.Finished.IsZero():
		case r.Runs > 1:
			add("ended", fmt.Sprintf("%s after it began, in %d runs", took, r.Runs))
		default:
			add("took", took)
		}
		for _, p := range r.Versions {
			add(p.Name, p.Value)
		}
		for _, p := range r.Settings {
			add(p.Name, p.Value)
		}
		add("seed of the data", fmt.Sprint(r.Seed))
		add("SHA-256 of the data", r.Data)
		if r.Budget > 0 {
			add("budget", (time.Duration(r.Budget * float64(time.Second))).String())
		}
		t.Rows = append(t.Rows, []Cell{words("made by"), cell(code(r.Command))})
		s.Blocks = append(s.Blocks, t)
	}
	return s
}

// uncounted is what was skipped, void or cut short, with its reason.
func (b *bench) uncounted() *Section {
	var void, skipped, few List
	for _, s := range b.suites {
		for i := range s.Cases {
			c := &s.Cases[i]
			switch {
			case c.Void != "":
				void = append(void, Text{named(b.id(c)), plain(": " + c.Void)})
			case !c.Counts():
				skipped = append(skipped, Text{named(b.id(c)), plain(": " + because(c))})
			case len(c.Samples) < c.Wanted:
				few = append(few, Text{named(b.id(c)), plain(fmt.Sprintf(": %d of %d repetitions", len(c.Samples), c.Wanted))})
			}
		}
	}
	s := &Section{ID: "uncounted", Title: "What does not count"}
	for _, one := range []struct {
		title string
		list  List
	}{
		{"Void: the answer was wrong or could not be had, so that its time says nothing.", void},
		{"Skipped: not measured.", skipped},
		{"Measured less often than the method asks for, because the run ended first.", few},
	} {
		if len(one.list) > 0 {
			s.Blocks = append(s.Blocks, Text{strong(one.title)}, one.list)
		}
	}
	if len(s.Blocks) == 0 {
		s.Blocks = []Block{Text{plain("Every case was measured as often as was asked for, and every answer was right.")}}
	}
	return s
}

func because(c *result.Case) string {
	if c.Skipped != "" {
		return c.Skipped
	}
	return "no sample was taken"
}

// entries are all suites and cases with their figures and commands.
func (b *bench) entries() (list []Entry) {
	for _, s := range b.suites {
		whole := Entry{ID: s.Name, Answers: "all cases of the suite, in turns"}
		var cases []Entry
		for i := range s.Cases {
			c := &s.Cases[i]
			e := Entry{ID: b.id(c), Answers: c.Answers, Command: c.Command, Makes: []string{b.id(c)}}
			for _, a := range c.Against {
				e.Makes = append(e.Makes, s.Name+"/"+a.Case)
			}
			switch {
			case c.Void != "":
				e.Note = "void: " + c.Void
			case !c.Counts():
				e.Note = "skipped: " + because(c)
			}
			if c.Counts() {
				e.Figures = b.figures(c)
			}
			cases = append(cases, e)
			whole.Makes = append(whole.Makes, e.ID)
			whole.Command = cmp.Or(whole.Command, suiteCommand(s.Name, c.Command))
		}
		list = append(append(list, whole), cases...)
	}
	return list
}

// suiteCommand is the command of one of its cases, for all of them.
func suiteCommand(suite, command string) string {
	words := strings.Fields(command)
	i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(strings.Trim(w, "'"), suite+"/") })
	if i < 0 {
		return ""
	}
	return strings.Join(append(words[:i], suite), " ")
}

// figures are all medians of a case.
func (b *bench) figures(c *result.Case) Text {
	runs := &Figure{Text: fmt.Sprint(len(c.Samples)), Value: float64(len(c.Samples)), How: Runs, Of: []string{b.id(c)}}
	text := Text{plain("time "), figure(b.median(c, Wall)), plain(" of "), figure(runs)}
	if len(c.Samples) == 1 {
		text = append(text, plain(" run"))
	} else {
		text = append(text, plain(" runs, variation "), figure(b.variation(c)))
	}
	if c.Times > 1 {
		text = append(text, plain(fmt.Sprintf(", each the mean of %d", c.Times)))
	}
	for _, one := range []struct {
		name  string
		field Field
	}{{"", Rate}, {"memory ", Memory}, {"read ", Read}, {"written ", Written}, {"touched ", Blocks}} {
		if f := b.median(c, one.field); f != nil {
			text = append(text, plain(", "+one.name), figure(f))
		}
	}
	var parameters []string
	for _, p := range c.Parameters {
		parameters = append(parameters, p.Name+" "+p.Value)
	}
	if len(parameters) > 0 {
		text = append(text, plain("; "+strings.Join(parameters, ", ")))
	}
	return text
}
