package elfload

import (
	"debug/elf"
	"errors"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// planBTF makes the copy of the object's BTF that the kernel is given: sections
// and variables where the ELF file has them (R30 to R37, L105), and what the
// kernel would refuse mended and told (D6).
func (p *Plan) planBTF() error {
	f := p.Object.file
	if f.BTFErr != nil {
		p.warn(Warning{Code: "btf_broken", Section: ".BTF", Message: "the types cannot be read and are left out: " + f.BTFErr.Error()})
	}
	if f.BTF == nil {
		return nil
	}
	pl := newPlacement(f)
	raw, notes, err := f.BTF.ForKernel(rawbtf.FixUps{SectionSize: pl.size, Symbol: pl.symbol})
	if err != nil {
		var nv *rawbtf.NotVarError
		if errors.As(err, &nv) {
			return &Error{Stage: StageRead, Code: "btf_datasec", Section: ".BTF", Err: err}
		}
		return &Error{Stage: StageRead, Code: "btf", Section: ".BTF", Err: err}
	}
	p.btf = raw
	for _, n := range notes {
		p.warn(Warning{Code: n.Code, Section: n.Section, Message: n.Message})
	}
	return nil
}

// placement answers where sections and variables are.
type placement struct {
	sizes   map[string]uint64
	symbols map[symbolKey][]int // indices of f.Symbols, in table order
	f       *mapdef.File
}

type symbolKey struct{ section, name string }

func newPlacement(f *mapdef.File) *placement {
	p := &placement{f: f, sizes: make(map[string]uint64, len(f.Sections)), symbols: make(map[symbolKey][]int)}
	for i := range f.Sections {
		if s := &f.Sections[i]; i > 0 {
			if _, seen := p.sizes[s.Name]; !seen {
				p.sizes[s.Name] = s.Size
			}
		}
	}
	for i := range f.Symbols {
		s := &f.Symbols[i]
		if s.Name == "" || s.Section == elf.SHN_UNDEF || s.Section >= elf.SHN_LORESERVE || s.Type == elf.STT_FUNC {
			continue
		}
		key := symbolKey{f.Sections[s.Section].Name, s.Name}
		p.symbols[key] = append(p.symbols[key], i)
	}
	return p
}

func (p *placement) size(section string) (uint64, bool) {
	n, ok := p.sizes[section]
	return n, ok
}

// symbol finds the variable's symbol. Of several with one name (statics of
// linked objects) the one at the variable's own offset counts.
func (p *placement) symbol(section string, v rawbtf.Variable) (rawbtf.Placement, bool) {
	at := p.symbols[symbolKey{section, v.Name}]
	if len(at) == 0 {
		return rawbtf.Placement{}, false
	}
	best := &p.f.Symbols[at[0]]
	for _, i := range at {
		s := &p.f.Symbols[i]
		if local := s.Bind == elf.STB_LOCAL; local == (v.Linkage == rawbtf.LinkStatic) && (!local || s.Value == uint64(v.Offset)) {
			best = s
			break
		}
	}
	return rawbtf.Placement{Offset: best.Value, Hidden: best.Vis == elf.STV_HIDDEN || best.Vis == elf.STV_INTERNAL}, true
}
