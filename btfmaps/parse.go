package btfmaps

import (
	"errors"
	"fmt"
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// sectionName is the name of the sections and of the DATASEC.
const sectionName = ".maps"

// Parse reads the map definitions of f in order of section index and offset.
// Without a `.maps` section, and without variables that should be in one, all
// results are nil. Errors are *mapdef.Error of the read stage.
//
// Values of a definition with a `values` member are for package staticvalues:
// Def.Values tells where they begin.
func Parse(f *mapdef.File) ([]mapdef.Def, []mapdef.Warning, error) {
	if f.BTF == nil {
		return nil, nil, checkNoBTF(f)
	}
	vars, err := listVars(f.BTF)
	if err != nil {
		return nil, nil, err
	}
	if s := mapsSection(f); s != nil && len(vars) == 0 { // spec R38
		return nil, nil, fail("no_datasec", "", errors.New("BTF has no variables for this section"))
	}
	p := &parser{file: f, btf: f.BTF, index: f.Variables()}
	if err := p.place(vars); err != nil {
		return nil, nil, err
	} // from here on the places are in order
	if err := p.checkPlaces(); err != nil {
		return nil, nil, err
	}
	if err := p.nameSymbols(); err != nil {
		return nil, nil, err
	}
	if len(p.places) == 0 {
		return nil, p.warnings, nil
	}
	defs := make([]mapdef.Def, len(p.places), max(len(p.places), 2)) // what is below 513 bytes costs a page more (bench/NOTES.md)
	r := &p.reader
	for i := range p.places {
		*r = reader{parser: p, rows: memberRows[:], at: &p.places[i], def: &defs[i]}
		if err := r.define(); err != nil {
			return nil, nil, err
		}
	}
	return defs, p.warnings, nil
}

// parser is one run of Parse.
type parser struct {
	file     *mapdef.File
	btf      *rawbtf.Table
	index    *mapdef.VarIndex
	places   []place
	warnings []mapdef.Warning
	reader   reader // of one definition after the other
}

// checkNoBTF refuses a `.maps` section that nothing describes (spec R27, R38).
func checkNoBTF(f *mapdef.File) error {
	s := mapsSection(f)
	if s == nil {
		return nil
	}
	if f.BTFErr != nil {
		return fail("bad_btf", "", fmt.Errorf("map definitions cannot be read, because .BTF is malformed: %w", f.BTFErr))
	}
	e := fail("no_btf", "", errors.New("map definitions need BTF, and the object has no .BTF section"))
	e.Hint = "compile with -g, and strip with llvm-strip -g"
	return e
}

// mapsSection is the first `.maps` section that is not empty.
func mapsSection(f *mapdef.File) *mapdef.Section {
	for i := range f.Sections {
		if s := &f.Sections[i]; i != 0 && s.Name == sectionName && s.Size != 0 {
			return s
		}
	}
	return nil
}

// listVars lists the variables of every DATASEC named `.maps`.
func listVars(t *rawbtf.Table) ([]variable, error) {
	var vars []variable
	for _, sec := range t.Datasecs(sectionName) {
		list, err := sec.Variables()
		if err != nil {
			return nil, fail("bad_btf", "", err) // spec R35
		}
		vars = slices.Grow(vars, len(list))
		for i := range list {
			vars = append(vars, variable{Variable: list[i], linked: sec.Size() != 0})
		}
	}
	return vars, nil
}

// fail makes the error of this package for a definition whose place is unknown.
func fail(code, symbol string, err error) *mapdef.Error {
	return &mapdef.Error{Stage: mapdef.StageRead, Code: code, Section: sectionName, Symbol: symbol, Err: err}
}

// failAt makes the error of this package for a place.
func failAt(code, symbol string, offset uint64, err error) *mapdef.Error {
	e := fail(code, symbol, err)
	e.Offset = mapdef.At(offset)
	return e
}
