//go:build linux

package main

import (
	"strings"
	"testing"
)

func things(names ...string) []thing {
	var list []thing
	for _, n := range names {
		list = append(list, thing{name: n, facts: []fact{{"type", "Array"}}})
	}
	return list
}

func loaded(maps, programs []thing) outcome {
	return outcome{answer: answer{OK: true}, state: &state{maps: maps, programs: programs}}
}

func texts(diffs []difference) string {
	var words []string
	for i := range diffs {
		d := &diffs[i]
		words = append(words, d.kind+" "+d.name+" "+d.field+" "+d.ours+"/"+d.their)
	}
	return strings.Join(words, "; ")
}

func TestCompare(t *testing.T) {
	same := loaded(things("a", "b"), things("p"))
	other := loaded(things("b", "c"), things("p"))
	other.state.maps[0].facts[0].value = "Hash"
	random := loaded(things("b", "a"), nil)
	random.unordered = true
	keepGoing := same
	keepGoing.KeepGoing = true
	refused := outcome{answer: answer{Message: "no"}}
	for _, tt := range []struct {
		name         string
		ours, theirs outcome
		want         string
	}{
		{"the same", same, loaded(things("a", "b"), things("p")), ""},
		{"both refuse", refused, refused, ""},
		{"only here", same, refused, ""},
		{"only there", refused, same, "object  verdict refused: no/loaded"},
		{"read alone has no state", outcome{answer: answer{OK: true}}, outcome{answer: answer{OK: true}}, ""},
		{"maps here, there, and unlike", same, other, "map a presence present/absent; map b type Array/Hash; map c presence absent/present"},
		{"order", same, loaded(things("b", "a"), things("p")), "object  order of maps a b/b a"},
		{"C1 random order", loaded(things("a", "b"), nil), random, ""},
		{"program missing here", loaded(nil, nil), loaded(nil, things("p")), "program p presence absent/present"},
		{"keep-going is told", keepGoing, same, "object  options loaded with keep-going/loaded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := texts(compare(&tt.ours, &tt.theirs)); got != tt.want {
				t.Errorf("\n got %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestNumbered(t *testing.T) {
	have := things("a", "b", "a#2")
	for name, want := range map[string]string{"c": "c", "b": "b#2", "a": "a#3"} {
		if got := numbered(name, have); got != want {
			t.Errorf("R25 %q becomes %q instead of %q", name, got, want)
		}
	}
}

func TestHideAddresses(t *testing.T) {
	b := []byte{1, 0, 0, 0, 0, 0, 0, 0, 0x68, 0x8f, 0x80, 4, 0x81, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	hideAddresses(b)
	if got := string(b); got != "\x01\x00\x00\x00\x00\x00\x00\x00address.\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" {
		t.Errorf("got %q", got)
	}
}
