package stats

// Pair is two things whose ratio is one of several.
type Pair struct {
	Of, By Samples
	Paired bool
}

// Mean is the geometric mean of ratios. Its interval is that of resampling each
// ratio by itself, where all have one; otherwise the mean of their lower and of
// their upper ends, which is wider, with the least sure of their bases.
func Mean(pairs []Pair) Ratio {
	var values, low, high []float64
	mean := Ratio{Basis: Counted}
	products := make([]float64, 0, Resamples)
	rank := map[Basis]int{Counted: 0, Bootstrap: 1, Range: 2, Single: 3}
	for i, p := range pairs {
		r := RatioOf(p.Of, p.By, p.Paired)
		values, low, high = append(values, r.Value), append(low, r.Low), append(high, r.High)
		if rank[r.Basis] > rank[mean.Basis] {
			mean.Basis = r.Basis
		}
		if i == 0 || r.Runs < mean.Runs {
			mean.Runs = r.Runs
		}
	}
	mean.Value, mean.Low, mean.High = GeometricMean(values), GeometricMean(low), GeometricMean(high)
	if mean.Basis != Bootstrap || !mean.Defined() {
		return mean
	}
	drawn := make([][]float64, len(pairs))
	for i, p := range pairs {
		drawn[i] = resamples([]Samples{p.Of, p.By}, 1, p.Paired && len(p.Of) == len(p.By), i)
	}
	each := make([]float64, len(pairs))
	for i := range Resamples {
		for j := range pairs {
			each[j] = drawn[j][i]
		}
		products = append(products, GeometricMean(each))
	}
	mean.Low, mean.High = interval(products)
	return mean
}
