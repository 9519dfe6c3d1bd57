package sqltext

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Parameter is a literal with its name before it: /* $review_above */ 5000.00.
// The literal is the default and gives the type.
type Parameter struct {
	Name    string
	Type    ParameterType
	Literal string // as it stands in the file: '2025-01-31', date '2025-01-31', -5
	Off     int    // the literal is src[Off:End]
	End     int
	Pos     Pos // of the literal
}

// ParameterType is the kind of literal that a parameter stands before.
type ParameterType string

// The types of parameters. A parameter before null takes any literal.
const (
	NumberParameter    ParameterType = "number"
	StringParameter    ParameterType = "string"
	BooleanParameter   ParameterType = "boolean"
	NullParameter      ParameterType = "null"
	DateParameter      ParameterType = "date"
	TimestampParameter ParameterType = "timestamp"
	IntervalParameter  ParameterType = "interval"
)

var parameterComment = regexp.MustCompile(`^/\*\s*\$([A-Za-z_][A-Za-z0-9_]*)\s*\*/$`)

// Parameters finds the parameters of src, in order. A name may stand more than
// once with the same literal; with another it is a fault.
func Parameters(file, src string) ([]Parameter, Errors) {
	tokens, err := Lex(file, src)
	var faults Errors
	if err != nil {
		faults.Add(Pos{File: file}, err)
		return nil, faults
	}
	var all []Parameter
	defaults := map[string]string{}
	for i, t := range tokens {
		if t.Kind != Comment {
			continue
		}
		m := parameterComment.FindStringSubmatch(t.Text)
		if m == nil {
			continue
		}
		p, ok := literal(tokens[i+1:], src)
		if !ok {
			faults = append(faults, &Error{Pos: t.Pos, Msg: "parameter $" + m[1] + " stands before no literal",
				Remedy: "write a number, a string, true, false, null, date '...', timestamp '...' or interval '...' right behind it"})
			continue
		}
		p.Name = strings.ToLower(m[1])
		if before, seen := defaults[p.Name]; seen && before != p.Literal {
			faults = append(faults, Errorf(p.Pos, "parameter $%s has the default %s here and %s before", p.Name, p.Literal, before))
			continue
		}
		defaults[p.Name] = p.Literal
		all = append(all, p)
	}
	return all, faults
}

// literal reads the literal that the tokens begin with.
func literal(tokens []Token, src string) (Parameter, bool) {
	if len(tokens) == 0 {
		return Parameter{}, false
	}
	first := tokens[0]
	p := Parameter{Off: first.Off, End: first.End, Pos: first.Pos}
	switch {
	case first.Kind == Number:
		p.Type = NumberParameter
	case first.Kind == String:
		p.Type = StringParameter
	case first.Is("-") && len(tokens) > 1 && tokens[1].Kind == Number:
		p.Type, p.End = NumberParameter, tokens[1].End
	case first.Is("true"), first.Is("false"):
		p.Type = BooleanParameter
	case first.Is("null"):
		p.Type = NullParameter
	case first.Is("current_date"):
		p.Type = DateParameter
	case (first.Is("date") || first.Is("timestamp") || first.Is("interval")) && len(tokens) > 1 && tokens[1].Kind == String:
		p.Type, p.End = ParameterType(strings.ToLower(first.Text)), tokens[1].End
	default:
		return p, false
	}
	p.Literal = src[p.Off:p.End]
	return p, true
}

var literalText = map[ParameterType]*regexp.Regexp{
	NumberParameter:    regexp.MustCompile(`^-?([0-9]+(\.[0-9]+)?|\.[0-9]+)$`),
	BooleanParameter:   regexp.MustCompile(`^(?i:true|false)$`),
	DateParameter:      regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`),
	TimestampParameter: regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?)?$`),
}

// Render writes value as the literal that stands in the place of p's default.
func (p Parameter) Render(value string) (string, error) {
	if shape := literalText[p.Type]; shape != nil && !shape.MatchString(value) {
		return "", &Error{Pos: p.Pos, Msg: "parameter $" + p.Name + ": " + QuoteString(value) + " is not a " + string(p.Type),
			Remedy: "the default here is " + p.Literal}
	}
	switch p.Type {
	case NumberParameter, BooleanParameter:
		return value, nil
	case DateParameter, TimestampParameter, IntervalParameter:
		return string(p.Type) + " " + QuoteString(value), nil
	}
	return QuoteString(value), nil
}

// Bind puts values in the place of the parameters' defaults; parameters without a
// value keep theirs. Values that no parameter of src takes are left alone.
func Bind(file, src string, values map[string]string) (string, error) {
	parameters, faults := Parameters(file, src)
	if err := faults.Err(); err != nil {
		return "", err
	}
	var b strings.Builder
	at := 0
	for _, p := range parameters {
		value, ok := values[p.Name]
		if !ok {
			continue
		}
		text, err := p.Render(value)
		if err != nil {
			return "", err
		}
		b.WriteString(src[at:p.Off])
		b.WriteString(text)
		at = p.End
	}
	b.WriteString(src[at:])
	return b.String(), nil
}

// ParameterNames are the names in parameters, each once, sorted.
func ParameterNames(parameters []Parameter) []string {
	names := map[string]bool{}
	for _, p := range parameters {
		names[p.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}
