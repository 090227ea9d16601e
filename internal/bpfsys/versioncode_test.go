package bpfsys

import "testing"

func TestVersionCode(t *testing.T) {
	for release, want := range map[string]uint32{
		"4.19.0":           4<<16 | 19<<8,
		"4.9.337-generic":  4<<16 | 9<<8 | 255,
		"6.18":             6<<16 | 18<<8,
		"6.1.0-44-amd64":   6<<16 | 1<<8,
		"5.15.7+":          5<<16 | 15<<8 | 7,
		"not a release":    0,
		"300.1.1":          0,
		"5.x":              0,
		"5.10.-3":          5<<16 | 10<<8,
		"5.10.99999999999": 5<<16 | 10<<8 | 255,
	} {
		if got := versionCode(release); got != want {
			t.Errorf("%q: %#x, want %#x", release, got, want)
		}
	}
}
