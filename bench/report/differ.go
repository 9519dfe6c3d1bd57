package report

import (
	"fmt"
	"strconv"

	"ledgermill/bench/result"
)

// Difference is something that two results do not share, so that their figures may
// differ for a reason that lies outside the program.
type Difference struct {
	What string `json:"what"`
	A    string `json:"a"`
	B    string `json:"b"`
}

func (d Difference) String() string {
	return fmt.Sprintf("%s: %s and %s", d.What, orNone(d.A), orNone(d.B))
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// Differences are those of data, machine, versions and settings. The commit is not
// among them: that is what one compares.
func Differences(a, b *result.Result) (list []Difference) {
	add := func(what, x, y string) {
		if x != y {
			list = append(list, Difference{What: what, A: x, B: y})
		}
	}
	add("data", a.Data, b.Data)
	add("seed", strconv.FormatUint(a.Seed, 10), strconv.FormatUint(b.Seed, 10))
	add("processor", a.Machine.CPU, b.Machine.CPU)
	add("cores", strconv.Itoa(a.Machine.Cores), strconv.Itoa(b.Machine.Cores))
	add("memory", memory(a.Machine.Memory), memory(b.Machine.Memory))
	add("memory limit", memory(a.Machine.Limit), memory(b.Machine.Limit))
	add("disk", a.Machine.Disk, b.Machine.Disk)
	add("system", a.Machine.Kernel, b.Machine.Kernel)
	for _, of := range []struct {
		kind string
		x, y []result.Pair
	}{{"version of", a.Versions, b.Versions}, {"setting", a.Settings, b.Settings}} {
		for _, p := range of.x {
			add(of.kind+" "+p.Name, p.Value, valueOf(of.y, p.Name))
		}
		for _, p := range of.y {
			if valueOf(of.x, p.Name) == "" {
				add(of.kind+" "+p.Name, "", p.Value)
			}
		}
	}
	return list
}

func valueOf(list []result.Pair, name string) string {
	for _, p := range list {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}
