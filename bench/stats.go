//go:build linux

package main

import (
	"math"
	"slices"
	"time"
)

// best is an object's lowest value over all rounds, or its value in one round.
const best = -1

// value is the time of an object in one round, or its best.
func (b *bench) value(o *object, what string, round int) float64 { return o.least(what, round, b.time) }

// least is the lowest time of the samples of a round, or of all: infinite where
// there are none.
func (o *object) least(what string, round int, time func(sample) time.Duration) float64 {
	low := math.Inf(1)
	for _, s := range o.samples[what] {
		if round == best || s.round == round {
			low = min(low, float64(time(s)))
		}
	}
	return low
}

func (b *bench) time(s sample) time.Duration {
	if b.o.cpu {
		return s.cpu
	}
	return s.total
}

// faster is the lower of the two other loaders' values.
func (b *bench) faster(o *object, round int) float64 {
	return min(b.value(o, "load oracle", round), b.value(o, "load cilium", round))
}

// fasterAround is the same where one process loads all; infinite when one of the two
// cannot, so that the object does not count.
func (b *bench) fasterAround(o *object, round int) float64 {
	x, y := b.wall(o, "loads oracle", round), b.wall(o, "loads cilium", round)
	if math.IsInf(max(x, y), 0) {
		return math.Inf(1)
	}
	return min(x, y)
}

// geomean is the geometric mean, NaN for none.
func geomean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}

// median is the middle one, NaN for none.
func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile q from 0 to 1, between neighbours by proportion.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
