package legacymaps

import (
	"math"
	"strings"
)

// samplesPrefixes are the section prefixes whose number is a slot (L36).
var samplesPrefixes = [...]string{"socket", "sockops", "sk_skb", "sk_msg", "kprobe", "kretprobe"}

// samplesTail splits "socket/0" into the prefix and the slot. ok is false for
// every other name.
func samplesTail(name string) (prefix string, slot uint32, ok bool) {
	prefix, rest, _ := strings.Cut(name, "/")
	for _, p := range samplesPrefixes {
		if p != prefix || rest == "" || rest[0] < '0' || rest[0] > '9' {
			continue
		}
		n, _, _ := cInt(rest, 10)
		return prefix, n, true
	}
	return "", 0, false
}

// iproute2Tail splits "0x2a0/1" into the map's id and the slot (L61): two
// integers by C's base-0 rules, blanks before them, anything after them.
func iproute2Tail(name string) (id, slot uint32, ok bool) {
	id, rest, ok := cInt(name, 0)
	if !ok {
		return 0, 0, false
	}
	if rest, ok = strings.CutPrefix(rest, "/"); !ok {
		return 0, 0, false
	}
	slot, _, ok = cInt(rest, 0)
	return id, slot, ok
}

// cInt reads an integer at the start of s as strtol does, reduced to 32 bits.
// base is 10, or 0 for C's prefixes. ok is false without a digit.
func cInt(s string, base uint64) (n uint32, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if base == 0 {
		base = 10
		if strings.HasPrefix(s, "0") {
			base = 8
			if len(s) > 2 && (s[1] == 'x' || s[1] == 'X') && digit(s[2]) < 16 {
				base, s = 16, s[2:]
			}
		}
	}
	v, i := uint64(0), 0
	for i < len(s) && digit(s[i]) < base {
		if d := digit(s[i]); v > (math.MaxInt64-d)/base {
			v = math.MaxInt64 // saturates, as strtol does
		} else {
			v = v*base + d
		}
		i++
	}
	if neg {
		v = -v
	}
	return uint32(v), s[i:], i > 0
}

// digit is the value of a digit of base 16, 99 for any other byte.
func digit(c byte) uint64 {
	switch {
	case c >= '0' && c <= '9':
		return uint64(c - '0')
	case c >= 'a' && c <= 'f':
		return uint64(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return uint64(c-'A') + 10
	}
	return 99
}
