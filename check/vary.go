package check

import (
	"fmt"

	"github.com/bpfload/bpfload/elfload"
)

// Vary is a global variable and the values that it is to be loaded with.
type Vary struct {
	Name   string
	Values []string
}

// Strategy says how the values of several variables are combined.
type Strategy string

// Strategies. Linear varies one variable at a time, the others keep their first
// value: 1 + Σ(n-1) loads. Pairwise has each pair of values of two variables in
// some load. Full has all combinations.
const (
	Linear   Strategy = "linear"
	Pairwise Strategy = "pairwise"
	Full     Strategy = "full"
)

// maxVariants bounds the loads of one object.
const maxVariants = 10_000

// variants lists the settings of each load, the first values first. Without
// anything to vary it is one empty setting.
func variants(vary []Vary, s Strategy) ([][]Setting, error) {
	for i, v := range vary {
		if len(v.Values) == 0 {
			return nil, usage(fmt.Errorf("variable %q is to be varied and has no values", v.Name))
		}
		for _, other := range vary[:i] {
			if other.Name == v.Name {
				return nil, usage(fmt.Errorf("variable %q is varied twice", v.Name))
			}
		}
	}
	var picks [][]int
	switch s {
	case "", Linear:
		picks = linear(vary)
	case Full:
		n := 1
		for _, v := range vary {
			if n *= len(v.Values); n > maxVariants {
				return nil, usage(fmt.Errorf("all combinations are more than %d loads of one object: use pairwise", maxVariants))
			}
		}
		picks = full(vary, n)
	case Pairwise:
		picks = pairwise(vary)
	default:
		return nil, usage(fmt.Errorf("%q is no strategy: linear, pairwise or full", s))
	}
	if len(picks) > maxVariants {
		return nil, usage(fmt.Errorf("these are %d loads of one object, at most %d are made", len(picks), maxVariants))
	}
	out := make([][]Setting, len(picks))
	for i, pick := range picks {
		out[i] = make([]Setting, len(vary))
		for j, v := range vary {
			out[i][j] = Setting{Name: elfload.Text(v.Name), Value: elfload.Text(v.Values[pick[j]])}
		}
	}
	return out, nil
}

func linear(vary []Vary) [][]int {
	picks := [][]int{make([]int, len(vary))}
	for j, v := range vary {
		for value := 1; value < len(v.Values); value++ {
			pick := make([]int, len(vary))
			pick[j] = value
			picks = append(picks, pick)
		}
	}
	return picks
}

// full counts, the last variable fastest.
func full(vary []Vary, n int) [][]int {
	picks := make([][]int, n)
	for i := range picks {
		pick, rest := make([]int, len(vary)), i
		for j := len(vary) - 1; j >= 0; j-- {
			pick[j] = rest % len(vary[j].Values)
			rest /= len(vary[j].Values)
		}
		picks[i] = pick
	}
	return picks
}

// pair is two values of two variables.
type pair struct{ a, x, b, y int }

// pairwise builds loads greedily: each begins with the first pair that no load
// has yet, and takes for every further variable the value that brings the most
// new pairs. The same input gives the same loads.
func pairwise(vary []Vary) [][]int {
	if len(vary) < 2 {
		return linear(vary)
	}
	var missing []pair
	for a := range vary {
		for b := a + 1; b < len(vary); b++ {
			for x := range vary[a].Values {
				for y := range vary[b].Values {
					missing = append(missing, pair{a, x, b, y})
				}
			}
		}
	}
	var picks [][]int
	for len(missing) > 0 && len(picks) <= maxVariants {
		pick := make([]int, len(vary))
		for j := range pick {
			pick[j] = -1
		}
		pick[missing[0].a], pick[missing[0].b] = missing[0].x, missing[0].y
		for j := range vary {
			if pick[j] < 0 {
				pick[j] = bestValue(vary[j], j, pick, missing)
			}
		}
		picks = append(picks, pick)
		rest := missing[:0]
		for _, m := range missing {
			if pick[m.a] != m.x || pick[m.b] != m.y {
				rest = append(rest, m)
			}
		}
		missing = rest
	}
	return picks
}

// bestValue is the first value of variable j that brings the most missing pairs
// with what is picked already.
func bestValue(v Vary, j int, pick []int, missing []pair) int {
	gain := make([]int, len(v.Values))
	for _, m := range missing {
		switch {
		case m.a == j && pick[m.b] == m.y:
			gain[m.x]++
		case m.b == j && pick[m.a] == m.x:
			gain[m.y]++
		}
	}
	best := 0
	for value, n := range gain {
		if n > gain[best] {
			best = value
		}
	}
	return best
}
