package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"ledgermill/warehouse/monitor"
)

// screen is the full-screen monitor: what was seen last, and where the reader is.
type screen struct {
	ctx           context.Context
	m             *monitoring
	sample        monitor.Sample
	at            int // of the view
	top           int // first line that shows
	width, height int
	paused        bool
	help          bool
	asking        bool
	ticking       bool // a tick is to come
	styles        map[monitor.LineKind]lipgloss.Style
	bar           lipgloss.Style
}

// seen is a sample that has come.
type seen struct{ sample monitor.Sample }

// tick asks for the next one.
type tick struct{}

// paints is how often a second the screen is looked at for something to paint. Sixty times,
// as usual, are most of what a monitor costs that looks every other second.
const paints = 10

// watchScreen shows the monitor until q, Ctrl-C or the context ends it.
func (a *app) watchScreen(ctx context.Context, m *monitoring) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s := &screen{ctx: ctx, m: m, width: 80, height: 24}
	for i, v := range m.views {
		if len(m.names) > 0 && v.Name == m.names[0] {
			s.at = i
		}
	}
	s.paint()
	_, err := tea.NewProgram(s, tea.WithContext(ctx), tea.WithOutput(a.stdout), tea.WithInput(a.stdin),
		tea.WithoutSignalHandler(), tea.WithFPS(paints)).Run()
	if ctx.Err() != nil && errors.Is(err, tea.ErrProgramKilled) {
		return context.Cause(ctx)
	}
	return err
}

// paint chooses styles. The program leaves colours out where NO_COLOR is set or the
// terminal has none.
func (s *screen) paint() {
	s.styles = map[monitor.LineKind]lipgloss.Style{
		monitor.Plain:   lipgloss.NewStyle(),
		monitor.Heading: lipgloss.NewStyle().Bold(true),
		monitor.Note:    lipgloss.NewStyle().Faint(true),
		monitor.Alarm:   lipgloss.NewStyle().Foreground(lipgloss.Color("1")),
	}
	s.bar = lipgloss.NewStyle().Reverse(true)
}

// Init implements tea.Model.
func (s *screen) Init() tea.Cmd { return s.ask() }

// ask takes a sample of the view that shows, beside the screen.
func (s *screen) ask() tea.Cmd {
	if s.asking {
		return nil
	}
	s.asking = true
	name := s.m.views[s.at].Name
	return func() tea.Msg { return seen{s.m.Sample(s.ctx, name)} }
}

// Update implements tea.Model.
func (s *screen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		s.width, s.height = msg.Width, msg.Height
	case seen:
		s.asking = false
		if !s.paused || !s.shows() {
			s.sample = msg.sample
		}
		if !s.shows() {
			return s, s.ask() // another view was chosen meanwhile
		}
		return s, s.wait()
	case tick:
		s.ticking = false
		return s, s.ask()
	case tea.KeyPressMsg:
		return s.key(msg.String())
	}
	return s, nil
}

// wait has a tick come after the interval, unless one is to come: each of them brings the
// next one.
func (s *screen) wait() tea.Cmd {
	if s.ticking {
		return nil
	}
	s.ticking = true
	return tea.Tick(s.m.interval, func(time.Time) tea.Msg { return tick{} })
}

// shows reports whether what was seen is of the view that shows.
func (s *screen) shows() bool {
	_, shows := s.sample.View(s.m.views[s.at].Name)
	return shows
}

func (s *screen) key(key string) (tea.Model, tea.Cmd) {
	page := max(1, s.height-3)
	switch key {
	case "q", "ctrl+c", "esc":
		if s.help {
			s.help = false
			return s, nil
		}
		return s, tea.Quit
	case "?", "h":
		s.help = !s.help
	case "p", "space":
		s.paused = !s.paused
	case "tab", "right", "l":
		return s.show(s.at + 1)
	case "shift+tab", "left":
		return s.show(s.at - 1)
	case "down", "j":
		s.top++
	case "up", "k":
		s.top--
	case "pgdown":
		s.top += page
	case "pgup":
		s.top -= page
	case "home", "g":
		s.top = 0
	case "r":
		return s, s.ask()
	default:
		for i := range s.m.views {
			if key == viewKey(i) {
				return s.show(i)
			}
		}
	}
	return s, nil
}

// viewKey is the key that shows a view: 1 to 9, then 0, then letters.
func viewKey(i int) string {
	const keys = "1234567890abcdef"
	if i >= len(keys) {
		return ""
	}
	return keys[i : i+1]
}

// show turns to a view. A pause ends: what was seen is of another one.
func (s *screen) show(i int) (tea.Model, tea.Cmd) {
	s.at, s.top, s.paused = (i+len(s.m.views))%len(s.m.views), 0, false
	return s, s.ask()
}

// View implements tea.Model.
func (s *screen) View() tea.View {
	view := tea.NewView(s.text())
	view.AltScreen = true
	return view
}

// text is what shows: a line on top, the panels, and the keys below.
func (s *screen) text() string {
	if s.width < 1 || s.height < 1 {
		return ""
	}
	head, foot := s.head(), s.foot()
	room := s.height - 2
	if room < 1 {
		return head
	}
	lines := s.lines()
	s.top = max(0, min(s.top, len(lines)-room))
	shown := lines[s.top:min(len(lines), s.top+room)]
	b := &strings.Builder{}
	b.WriteString(s.bar.Render(head) + "\n")
	for i := range room {
		if i < len(shown) {
			b.WriteString(s.styles[shown[i].Kind].Render(strings.TrimRight(shown[i].Text, " ")))
		}
		b.WriteByte('\n')
	}
	b.WriteString(s.bar.Render(foot))
	return b.String()
}

func (s *screen) lines() []monitor.Line {
	if s.help {
		return s.helpLines()
	}
	v, ok := s.sample.View(s.m.views[s.at].Name)
	if !ok {
		return []monitor.Line{{Text: monitor.Clip("looking ...", s.width), Kind: monitor.Note}}
	}
	return v.Lines(s.width)
}

func (s *screen) head() string {
	v := s.m.views[s.at]
	text := fmt.Sprintf(" %s %s", viewKey(s.at), v.Name)
	if !s.sample.At.IsZero() {
		text += "  " + s.sample.At.Format("15:04:05")
	}
	switch {
	case s.paused:
		text += "  paused"
	case s.sample.Fault != "":
		text += "  " + s.sample.Fault
	default:
		text += "  " + s.sample.Server
	}
	return monitor.Pad(text, s.width)
}

func (s *screen) foot() string {
	var views []string
	for i, v := range s.m.views {
		views = append(views, viewKey(i)+" "+v.Name)
	}
	keys := " q quit  ? keys  p pause  ↑↓ scroll  "
	return monitor.Pad(keys+strings.Join(views, "  "), s.width)
}

func (s *screen) helpLines() []monitor.Line {
	lines := []monitor.Line{{Text: monitor.Clip("keys", s.width), Kind: monitor.Heading}}
	for _, text := range []string{"q, Esc, Ctrl-C  end", "?               these keys", "p, space        pause", "r               look now",
		"Tab, →, ←       next view, the one before", "↑ ↓ PgUp PgDn   scroll, g to the top"} {
		lines = append(lines, monitor.Line{Text: monitor.Clip("  "+text, s.width)})
	}
	lines = append(lines, monitor.Line{Text: monitor.Clip("views", s.width), Kind: monitor.Heading})
	for i, v := range s.m.views {
		lines = append(lines, monitor.Line{Text: monitor.Clip(fmt.Sprintf("  %s  %-12s %s", viewKey(i), v.Name, v.About), s.width)})
	}
	return lines
}
