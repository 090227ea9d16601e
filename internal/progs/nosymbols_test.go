package progs

import (
	"bytes"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
)

// L37: without any symbol table a section is a program of the section's name; a place that is
// called is a function too.
func TestParseWithoutSymbols(t *testing.T) {
	exit := []byte{0x95, 0, 0, 0, 0, 0, 0, 0}
	call := []byte{0x85, 0x10, 0, 0, 1, 0, 0, 0} // of the instruction after the next
	f := (&elftest.Object{Sections: []elftest.Section{
		elftest.Exec("xdp", exit), elftest.Exec("socket", bytes.Join([][]byte{call, exit, exit}, nil)),
	}}).File()
	f.Symbols = nil
	set, err := Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range set.Programs {
		got = append(got, p.Name)
	}
	if len(got) < 2 || got[0] != "xdp" || got[1] != "socket" {
		t.Errorf("programs are %q", got)
	}
}
