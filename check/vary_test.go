package check

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
)

func values(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(i)
	}
	return out
}

func some(sizes ...int) []Vary {
	var out []Vary
	for i, n := range sizes {
		out = append(out, Vary{string(rune('a' + i)), values(n)})
	}
	return out
}

func text(list [][]Setting) string {
	var out []string
	for _, settings := range list {
		s := ""
		for _, set := range settings {
			s += string(set.Value)
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestVariants(t *testing.T) {
	for _, tc := range []struct {
		name  string
		sizes []int
		how   Strategy
		want  string
	}{
		{"nothing to vary is one load", nil, "", ""},
		{"linear is the default", []int{2, 3}, "", "00 10 01 02"},
		{"linear", []int{2, 2, 2}, Linear, "000 100 010 001"},
		{"full", []int{2, 3}, Full, "00 01 02 10 11 12"},
		{"pairwise of one", []int{3}, Pairwise, "0 1 2"},
		{"pairwise of two is full", []int{2, 2}, Pairwise, "00 01 10 11"},
		{"pairwise of three is fewer", []int{2, 2, 2}, Pairwise, "000 011 101 110"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := variants(some(tc.sizes...), tc.how)
			if err != nil {
				t.Fatal(err)
			}
			if text(got) != tc.want {
				t.Errorf("got %q, want %q", text(got), tc.want)
			}
			if len(got) == 0 {
				t.Error("no load at all")
			}
		})
	}
}

func TestPairwiseHasEveryPair(t *testing.T) {
	vary := some(3, 4, 2, 5, 3)
	got, err := variants(vary, Pairwise)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) > 40 { // 360 combinations; 20 is the least possible
		t.Errorf("%d loads", len(got))
	}
	for a := range vary {
		for b := a + 1; b < len(vary); b++ {
			seen := make(map[[2]elfload.Text]bool)
			for _, s := range got {
				seen[[2]elfload.Text{s[a].Value, s[b].Value}] = true
			}
			if want := len(vary[a].Values) * len(vary[b].Values); len(seen) != want {
				t.Errorf("variables %d and %d have %d of %d pairs", a, b, len(seen), want)
			}
		}
	}
}

func TestVariantsRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		vary []Vary
		how  Strategy
	}{
		{"unknown strategy", some(2), "all"},
		{"no values", some(0), Linear},
		{"twice", []Vary{{"a", values(2)}, {"a", values(2)}}, Linear},
		{"too many", some(100, 100, 100), Full},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := variants(tc.vary, tc.how); !errors.Is(err, elfload.ErrUsage) {
				t.Errorf("error is %v", err)
			}
		})
	}
}
