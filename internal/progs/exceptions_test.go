package progs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// The exception callback is appended once, behind what the program calls, with
// what it calls itself, and with its records.
func TestExceptionCallback(t *testing.T) {
	for _, order := range orders {
		for _, tt := range []struct {
			name string
			edit func(x *extFixture)
			want string // names of the parts, or the error
		}{
			{"none", func(*extFixture) {}, "p sub"},
			{"appended", func(x *extFixture) { x.btf.DeclTag("exception_callback:other", x.fp, -1) }, "p sub other"},
			{"called by the program as well", func(x *extFixture) {
				x.btf.DeclTag("exception_callback:other", x.fp, -1)
				x.sections[1].Relocs[0].Symbol = "other"
			}, "p other"},
			{"calls a function", func(x *extFixture) {
				x.btf.DeclTag("exception_callback:other", x.fp, -1)
				x.sections[0] = elftest.Exec(".text", elftest.Call(order, 1, -1), elftest.Exit(order), elftest.Mov(order, 0, 1), elftest.Exit(order))
				x.sections[0].Relocs = []elftest.Reloc{{Offset: 0, Type: mapdef.R_BPF_64_32, Symbol: "sub"}}
				x.sections[1] = elftest.Exec("xdp", elftest.Mov(order, 1, 0), elftest.Mov(order, 0, 1), elftest.Exit(order))
			}, "p other sub"},
			{"of another function", func(x *extFixture) { x.btf.DeclTag("exception_callback:other", x.fsub, -1) }, "p sub"},
			{"of a parameter", func(x *extFixture) { x.btf.DeclTag("exception_callback:other", x.fp, 0) }, "p sub"},
			{"another tag", func(x *extFixture) { x.btf.DeclTag("other", x.fp, -1) }, "p sub"},
			{"two are the verifier's business", func(x *extFixture) {
				x.btf.DeclTag("exception_callback:other", x.fp, -1)
				x.btf.DeclTag("exception_callback:sub", x.fp, -1)
			}, "p sub"},
			{"unknown", func(x *extFixture) { x.btf.DeclTag("exception_callback:gone", x.fp, -1) },
				`section "xdp", symbol "p", offset 0x0: its exception callback "gone" is no global function of the object`},
			{"static", func(x *extFixture) {
				x.btf.DeclTag("exception_callback:other", x.fp, -1)
				x.symbols[0] = static(x.symbols[0])
			}, `section "xdp", symbol "p", offset 0x0: its exception callback "other" is no global function of the object`},
		} {
			t.Run(fmt.Sprintf("%s %v", tt.name, order), func(t *testing.T) {
				x := newExtFixture(order)
				tt.edit(x)
				f := x.file()
				s, err := Parse(f)
				if err != nil {
					t.Fatal(err)
				}
				got := ""
				c, err := s.Link(0, fakeRefs{f})
				if err != nil {
					got = err.Error()
				} else {
					var names []string
					for _, p := range c.Parts {
						names = append(names, p.Name)
					}
					got = strings.Join(names, " ")
					if n := len(c.FuncInfo) / FuncInfoSize; n != len(c.Parts) {
						t.Errorf("%d function records for %d functions", n, len(c.Parts))
					}
				}
				if got != tt.want {
					t.Errorf("\n got %s\nwant %s", got, tt.want)
				}
				if again, err := s.Link(0, fakeRefs{f}); err == nil && !slices.Equal(again.Insns, c.Insns) {
					t.Error("linked again, the code is another")
				}
			})
		}
	}
}
