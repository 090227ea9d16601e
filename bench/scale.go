//go:build linux

package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// few and lots are the numbers of maps, and of programs, that are compared.
const (
	few  = 100
	lots = 10_000
)

const scaleHead = `#define SEC(name) __attribute__((section(name), used))
char _license[] SEC("license") = "GPL";
`

func mapText(i int) string {
	return fmt.Sprintf("struct { int (*type)[2]; int (*max_entries)[1]; int *key; int *value; } m%d SEC(\".maps\");\n", i)
}

func programText(i int) string {
	return fmt.Sprintf("SEC(\"socket\") int p%d(void *ctx) { return %d; }\n", i, i)
}

// scaleMaps compares the cost of one of many maps with that of one of few.
func (b *bench) scaleMaps() (row, error) { return b.scale("map", mapText) }

// scalePrograms is the same of programs.
func (b *bench) scalePrograms() (row, error) { return b.scale("program", programText) }

func (b *bench) scale(what string, text func(i int) string) (row, error) {
	r := row{what: fmt.Sprintf("cost per %s at 10,000 of them", what), against: "itself at 100", goal: 1.2, low: math.Inf(1), high: math.Inf(-1)}
	small, err := b.compile(what, few, text)
	if err != nil {
		return r, err
	}
	large, err := b.compile(what, lots, text)
	if err != nil {
		return r, err
	}
	perFew, perLots := math.Inf(1), math.Inf(1)
	for range 3 {
		x := math.Inf(1)
		for range 5 {
			s := b.o.sample("own", "load", small)
			if s.failed != "" {
				return r, fmt.Errorf("%d: %s", few, s.failed)
			}
			x = min(x, float64(b.time(s))/few)
		}
		s := b.o.sample("own", "load", large)
		if s.failed != "" {
			return r, fmt.Errorf("%d: %s", lots, s.failed)
		}
		y := float64(b.time(s)) / lots
		perFew, perLots = min(perFew, x), min(perLots, y)
		r.low, r.high = min(r.low, y/x), max(r.high, y/x)
	}
	r.value = perLots / perFew
	r.detail = fmt.Sprintf("%.1f µs against %.1f µs", perLots/1e3, perFew/1e3)
	return r, nil
}

// compile makes an object of n maps or programs.
func (b *bench) compile(what string, n int, text func(i int) string) (string, error) {
	var c strings.Builder
	c.WriteString(scaleHead)
	for i := range n {
		c.WriteString(text(i))
	}
	base := filepath.Join(b.o.scratch, fmt.Sprintf("%s%d", what, n))
	if err := os.WriteFile(base+".c", []byte(c.String()), 0o600); err != nil {
		return "", err
	}
	out, err := exec.Command("clang-19", "-target", "bpf", "-O2", "-g", "-c", base+".c", "-o", base+".o").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("clang-19: %w: %s", err, out)
	}
	return base + ".o", nil
}
