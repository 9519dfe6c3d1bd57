package stats

import "math"

// Verdict is what a ratio of times comes to.
type Verdict string

// The four verdicts; there are no others.
const (
	Faster       Verdict = "faster"
	Slower       Verdict = "slower"
	NoDifference Verdict = "no difference"
	TooNoisy     Verdict = "too noisy"
)

// Rule is when a ratio is a finding. Its figures are shares: 0.05 is a ratio of
// 1.05, or of 1/1.05.
type Rule struct {
	Effect float64 // a smaller difference is none, however sure it is
	Wide   float64 // an interval that reaches further than this to each side, of its own middle, tells nothing
	Drift  bool    // the samples come from two runs of the bench, which may differ in more than the samples show
}

// drift is how many times the variation within a run two runs may be apart: held
// by TestSameBuildIsNoDifference.
const drift = 2

// SameRun is the rule for cases of one run, whose samples took turns.
func SameRun() Rule { return Rule{Effect: 0.05, Wide: 0.25} }

// TwoRuns is the rule for one case in two runs of the bench. The machine of a
// second run differs by more than the samples of either can tell.
func TwoRuns() Rule { return Rule{Effect: 0.10, Wide: 0.25, Drift: true} }

// Judge gives a ratio of times its word.
//
// It is faster or slower if its interval lies wholly on one side of 1 and it
// differs from 1 by the rule's effect at least. Fewer than six repetitions, whose
// interval is a range, must differ by the rule's width instead. Between two runs
// it must differ by twice the variation of either as well.
//
// What is neither is too noisy if the interval is wider than the rule allows, and
// no difference otherwise. Too noisy as well, within one run, are fewer than six
// repetitions that all say the same and differ by the effect: too few to call it a
// finding, and too much to call it nothing. One repetition is always too noisy, and so
// are two where the machine may have changed in between.
func (r Rule) Judge(ratio Ratio, variation float64) Verdict {
	effect, wide := math.Log1p(r.Effect), math.Log1p(r.Wide)
	if r.Drift {
		effect = max(effect, math.Log1p(drift*variation))
	}
	if ratio.Basis == Range {
		effect = max(effect, wide)
	}
	value, low, high := math.Log(ratio.Value), math.Log(ratio.Low), math.Log(ratio.High)
	switch {
	case !ratio.Defined() || ratio.Basis == Single || ratio.Basis == Range && r.Drift && ratio.Runs < 3:
		return TooNoisy
	case high < 0 && value <= -effect:
		return Faster
	case low > 0 && value >= effect:
		return Slower
	case high-low > 2*wide, !r.Drift && ratio.Basis == Range && high*low > 0 && math.Abs(value) >= math.Log1p(r.Effect):
		return TooNoisy
	}
	return NoDifference
}
