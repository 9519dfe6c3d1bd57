package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ledgermill/engine/sqltext"
)

// flagsFirst moves the flags of a command before its arguments: the parser stops
// at the first argument and would take `query NAME --on lake` for three of them.
func flagsFirst(root *cli.App, args []string) []string {
	if len(args) > 2 && args[1] == "help" && root.Command(args[2]) != nil {
		// The parser's own `help warehouse` leaves its commands and flags out.
		args = slices.Concat(args[:1], args[2:], []string{"--help"})
	}
	out := args[:min(1, len(args))]
	flags, commands := root.Flags, root.Commands
	var moved, plain []string
	for i := len(out); i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			plain = append(append(plain, arg), args[i+1:]...)
			i = len(args)
		case len(arg) > 1 && arg[0] == '-':
			moved = append(moved, arg)
			if takesNext(flags, arg) && i+1 < len(args) {
				i++
				moved = append(moved, args[i])
			}
		default:
			c := slices.IndexFunc(commands, func(c *cli.Command) bool { return len(plain) == 0 && c.HasName(arg) })
			if c < 0 {
				plain = append(plain, arg)
				continue
			}
			out = slices.Concat(out, moved, []string{arg})
			moved, flags, commands = nil, commands[c].Flags, commands[c].Subcommands
		}
	}
	return slices.Concat(out, moved, plain)
}

// takesNext reports whether the argument behind a flag is its value.
func takesNext(flags []cli.Flag, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			value, ok := f.(cli.DocGenerationFlag)
			return ok && value.TakesValue()
		}
	}
	return false
}

// refuseArguments complains of arguments that a command would not look at: a
// forgotten flag must not turn `run 2025-01-31` into a run of everything.
func refuseArguments(c *cli.Context) error {
	name := c.Args().First()
	known := slices.ContainsFunc(c.Command.Subcommands, func(s *cli.Command) bool { return s.HasName(name) })
	switch {
	case name == "" || known || strings.Contains(c.Command.ArgsUsage, "..."):
		return nil
	case c.Command.ArgsUsage != "":
		if c.NArg() > 1 {
			return usagef("ledgermill "+c.Command.FullName()+" --help", "%s takes one argument, and was given %q", c.Command.FullName(), c.Args().Slice())
		}
		return nil
	case len(c.Command.Subcommands) > 0:
		return usagef("ledgermill "+c.Command.FullName()+" --help", "unknown command %q", c.Command.FullName()+" "+name)
	}
	return usagef("ledgermill "+c.Command.FullName()+" --help", "%s takes no argument, and was given %q", c.Command.FullName(), name)
}

func unknownCommand(c *cli.Context, name string) error {
	var names []string
	for _, command := range c.App.VisibleCommands() {
		names = append(names, command.Name)
	}
	return usagef("ledgermill help", "unknown command %q%s", name, sqltext.DidYouMean(name, names))
}

// required complains of flags that the command cannot do without.
func required(c *cli.Context, names ...string) error {
	for _, name := range names {
		if c.String(name) == "" {
			return usagef("ledgermill "+c.Command.FullName()+" --help", "%s needs --%s", c.Command.FullName(), name)
		}
	}
	return nil
}
