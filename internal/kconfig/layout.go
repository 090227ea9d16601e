// Package kconfig reads the externs of section `.kconfig`: which variables an
// object wants of the kernel's configuration, where they lie in the one map that
// holds them, and what a configuration's text makes of them. It is pure: the
// text and the facts about the kernel come from the caller.
//
// # Differences from libbpf
//
//   - A variable of the DATASEC that no instruction refers to is left out
//     (libbpf refuses the object, spec R107): nothing can read it.
//   - A strong variable without a value is no error of the object (R114): it fails
//     the programs that refer to it. The same goes for an unknown LINUX_ name (R111).
//   - A name without CONFIG_ or LINUX_ is an error when the object is read (R111).
//   - A kernel that shows no configuration leaves variables unset (R112).
//   - An addend of the reference counts; libbpf ignores it.
//   - A carriage return at the end of a configuration's line is no part of the
//     value, and a line may have any length.
package kconfig

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// Section is the name of the DATASEC and of the map.
const Section = ".kconfig"

// Kind is what a variable can hold (spec R108).
type Kind uint8

// The kinds of variables.
const (
	Bool     Kind = iota + 1 // _Bool: y or n
	Char                     // one byte: a number, or the letter of y, n, m
	Int                      // 2, 4 or 8 bytes
	Tristate                 // enum libbpf_tristate: 0 no, 1 yes, 2 module
	Text                     // array of char, always terminated
)

var kindNames = [...]string{Bool: "bool", Char: "char", Int: "int", Tristate: "tristate", Text: "text"}

func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Var is one variable.
type Var struct {
	Name string
	Kind Kind
	// Offset, Size and Align in bytes, Offset from the start of the map's value.
	Offset, Size, Align uint32
	Signed, Weak        bool
	// Symbol indexes File.Symbols; Type is the id of the type that it was declared with.
	Symbol int
	Type   rawbtf.ID
}

// Set is all that one object wants.
type Set struct {
	// Vars are in ascending order of Offset.
	Vars []Var
	// Size of the map's value in bytes, Datasec the id of its type.
	Size    uint32
	Datasec rawbtf.ID
}

// Find is the index of the variable of that name.
func (s *Set) Find(name string) (int, bool) {
	i := slices.IndexFunc(s.Vars, func(v Var) bool { return v.Name == name })
	return i, i >= 0
}

// Read finds the variables that the object's code refers to, nil for none
// (spec R106 to R109). Errors name the variable.
func Read(f *mapdef.File) (*Set, error) {
	if f.BTF == nil {
		return nil, nil
	}
	symbols := undefined(f)
	if len(symbols) == 0 {
		return nil, nil
	}
	set := &Set{}
	for _, ds := range f.BTF.Datasecs(Section) {
		for i := range ds.Vlen {
			v := f.BTF.Type(ds.SecInfo(i).Var)
			sym := symbols[v.Name()]
			if sym == nil {
				continue
			}
			delete(symbols, v.Name())
			out, err := read(f.BTF, v, sym)
			if err != nil {
				return nil, refuse(sym.Name, "kconfig_type", err)
			}
			if !strings.HasPrefix(sym.Name, "CONFIG_") && !strings.HasPrefix(sym.Name, "LINUX_") {
				return nil, refuse(sym.Name, "kconfig_name", errors.New("the name begins neither with CONFIG_ nor with LINUX_"))
			}
			if set.Datasec == 0 {
				set.Datasec = ds.ID
			}
			set.Vars = append(set.Vars, out)
		}
	}
	if len(set.Vars) == 0 {
		return nil, nil
	}
	return set, set.place()
}

func refuse(symbol, code string, err error) *mapdef.Error {
	return &mapdef.Error{Stage: mapdef.StageRead, Code: code, Section: Section, Symbol: symbol, Err: err}
}

// undefined are the symbols that somebody else has to provide, by name.
func undefined(f *mapdef.File) map[string]*mapdef.Symbol {
	var all map[string]*mapdef.Symbol
	for i := range f.Symbols {
		s := &f.Symbols[i]
		if s.Section != elf.SHN_UNDEF || s.Name == "" || s.Type != elf.STT_NOTYPE || (s.Bind != elf.STB_GLOBAL && s.Bind != elf.STB_WEAK) {
			continue
		}
		if all == nil {
			all = make(map[string]*mapdef.Symbol)
		}
		all[s.Name] = s
	}
	return all
}

// place orders the variables so that none needs padding that another could fill
// (spec R109).
func (s *Set) place() error {
	slices.SortFunc(s.Vars, func(a, b Var) int {
		return cmp.Or(cmp.Compare(b.Align, a.Align), cmp.Compare(a.Size, b.Size), cmp.Compare(a.Name, b.Name))
	})
	end := uint64(0)
	for i := range s.Vars {
		v := &s.Vars[i]
		align := uint64(v.Align)
		at := (end + align - 1) / align * align
		if end = at + uint64(v.Size); end > math.MaxInt32 {
			return refuse(v.Name, "kconfig_size", fmt.Errorf("the variables have more than %d bytes together", math.MaxInt32))
		}
		v.Offset = uint32(at)
	}
	s.Size = uint32(end)
	return nil
}

// read turns a VAR into what the configuration can fill (spec R108).
func read(t *rawbtf.Table, v rawbtf.Type, sym *mapdef.Symbol) (Var, error) {
	out := Var{Name: sym.Name, Symbol: sym.Index, Weak: sym.Bind == elf.STB_WEAK, Type: v.Ref()}
	if v.Kind != rawbtf.Var {
		return out, fmt.Errorf("it is a %s, and the configuration holds variables only", v.Kind)
	}
	ty, err := t.Strip(v.Ref())
	if err != nil {
		return out, err
	}
	if ty.Kind == rawbtf.Array {
		elem, err := t.Strip(ty.Array().Elem)
		n := ty.Array().Nelems
		if kind, _ := scalar(elem); err != nil || kind != Char || n == 0 {
			return out, errType(t, v)
		}
		out.Kind, out.Size, out.Align = Text, n, 1
		return out, nil
	}
	kind, signed := scalar(ty)
	if kind == 0 {
		return out, errType(t, v)
	}
	out.Kind, out.Signed, out.Size, out.Align = kind, signed, ty.Size(), ty.Size()
	return out, nil
}

func errType(t *rawbtf.Table, v rawbtf.Type) error {
	return fmt.Errorf("type %q cannot be filled from the configuration: bool, char, char arrays, integers of 2, 4 and 8 bytes and enum libbpf_tristate can",
		t.CName(v.Ref()))
}

// scalar is the kind of a stripped type, 0 for what is none.
func scalar(ty rawbtf.Type) (kind Kind, signed bool) {
	switch ty.Kind {
	case rawbtf.Int:
		enc := ty.Int().Encoding
		signed = enc&rawbtf.IntSigned != 0
		switch {
		case enc&rawbtf.IntBool != 0:
			if ty.Size() == 1 {
				kind = Bool
			}
		case ty.Size() == 1:
			kind = Char
		case ty.Size() == 2 || ty.Size() == 4 || ty.Size() == 8:
			kind = Int
		}
	case rawbtf.Enum:
		if ty.NameIs("libbpf_tristate") && ty.Size() == 4 {
			kind = Tristate
		}
	}
	return kind, signed
}
