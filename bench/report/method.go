package report

import (
	"fmt"

	"ledgermill/bench/stats"
)

// method is how the figures were made, and what they do not say.
func method() Section {
	same := stats.SameRun()
	return Section{ID: "method", Title: "Method and limits", Blocks: []Block{List{
		{strong("Repetitions. "), plain("Every case runs once to warm up, which does not count, and then in turns with the others of its suite, in a new random order each round: at least ten times if it takes less than 30 s, six times otherwise, unless the command asks for fewer or the run ends first. What is shorter than 100 ms is done several times in a repetition, whose figure is their mean.")},
		{strong("Answers first. "), plain("Each repetition hashes the rows that came out. A wrong answer voids the time of its case.")},
		{strong("Times "), plain("are medians. The variation is the standard deviation as a share of the mean.")},
		{strong("Ratios "), plain("are ratios of medians, with an interval that holds 95 % of " + thousands(stats.Resamples) + " resamples. Cases that took turns are resampled round by round, so that what slowed a round down cancels out. The random numbers are seeded: the same samples give the same report.")},
		{strong("Few repetitions. "), plain("Fewer than six have no such interval; the range of all ratios that they allow stands in for it, and is marked so. One repetition has none. Figures that are equal in every repetition, such as sizes, are exact.")},
		{strong("Verdicts. "), plain("Faster or slower: the interval lies wholly on one side of 1, and the difference is at least " + fmt.Sprintf("%g %%", 100*same.Effect) + ", of a range at least " + fmt.Sprintf("%g %%", 100*same.Wide) + ". Otherwise no difference, or too noisy if the interval reaches further than " + fmt.Sprintf("%g %%", 100*same.Wide) + " to each side of its middle, and if fewer than six repetitions all differ the same way, but by less than a range must.")},
		{strong("Promises. "), plain("A promise holds if its whole interval is beyond the bar, and fails if its whole interval is short of it; with the bar inside, or after one repetition, it is not sure. Several queries count by their geometric mean.")},
		{strong("Interactions. "), plain("An optimisation is named if it gives more than a fifth more or less beside all others than alone, and the interval of the two ratios' ratio does not hold 1.")},
		{strong("Growth "), plain("is a straight line through the logarithms of size and median, by least squares; its interval is Student's.")},
		{strong("Limits. "), plain("The figures are of one machine, and of generated data. Caches of files are warm. The pipeline's server and the pipeline share the machine. The bars of the promises come from a job in another place on other hardware; what is compared here is the naive pipeline of this repository.")},
	}}}
}
