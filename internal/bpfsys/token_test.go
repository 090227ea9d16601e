package bpfsys

import "testing"

func TestParseToken(t *testing.T) {
	for _, tc := range []struct {
		text string
		want Token
	}{
		{"pos:\t0\nflags:\t02000002\nallowed_cmds:\t0x40021\nallowed_maps:\tany\nallowed_progs:\t0x40\nallowed_attachs:\t0x0\n", Token{Commands: 0x40021, Maps: ^uint64(0), Programs: 0x40}},
		{"allowed_cmds:\tsome\nallowed_maps:\t-1\n", Token{}},
		{"allowed_cmds:\t0x10000000000000000\n", Token{Commands: ^uint64(0)}},
		{"", Token{}},
	} {
		if got := parseToken(tc.text); got != tc.want {
			t.Errorf("%q: %+v", tc.text, got)
		}
	}
	if Allows(1<<63, 64) || !Allows(1<<63, 63) || Allows(^uint64(0), 1<<31) {
		t.Error("bits")
	}
}
