package stats

import "math"

// Interaction compares what an optimisation gives by itself with what is lost
// without it when all others are there. Were they independent, both were equal.
type Interaction struct {
	Alone Ratio `json:"alone"` // speed-up of the naive pipeline by adding it
	Taken Ratio `json:"taken"` // speed-up of the pipeline without it by adding it
	By    Ratio `json:"by"`    // Taken by Alone
}

// interacts is the least share by which the two differ to be named.
const interacts = 0.20

// Interact compares the times of four pipelines: the naive one, it with the
// optimisation added, the full one without it, and the full one.
func Interact(naive, added, without, full Samples, paired bool) Interaction {
	return Interaction{
		Alone: RatioOf(naive, added, paired),
		Taken: RatioOf(without, full, paired),
		By:    Quotient([]Samples{without, added}, []Samples{full, naive}, paired),
	}
}

// Named tells whether the two differ by more than a fifth, and surely.
func (i Interaction) Named() bool {
	clear := i.By.Low > 1 || i.By.High < 1
	return i.By.Defined() && i.By.Basis != Single && clear && math.Abs(math.Log(i.By.Value)) > math.Log1p(interacts)
}
