package elfload_test

import "testing"

// Files that are made to stand for more than they hold are read and planned, or
// refused, within the bound for their size.
func TestAmplifiers(t *testing.T) {
	const mib = 1 << 20
	for _, row := range []struct {
		name string
		raw  []byte
		code string // of the refusal, "" for a plan
	}{
		{"definitions of 20 bytes", tinyLegacy(65535, 5), ""},
		{"definitions of 16 bytes", tinyLegacy(65535, 4), ""},
		{"definitions of 4 bytes", tinyLegacy(65535, 1), "element_size"},
		{"a definition too many", tinyLegacy(65536, 5), "too_many_maps"},
		{"data sections of the same bytes", overlappingData(1000, mib, ".data"), "overlap"},
		{"sections of the same definitions", overlappingData(1000, 20*1000, "maps"), "overlap"},
		{"programs of the same code", overlappingCode(1000, 10000), "overlap"},
		{"relocation tables of the same bytes", overlappingRelocs(1000, 10000, ".data"), "overlap"},
		{"maps with the ends of a name", longNames(2000, mib, false), "symtab"},
		{"legacy maps with the ends of a name", longNames(2000, mib, true), "symtab"},
		{"types with the ends of a name", longTypedefs(20000, mib), ""},
		{"variables with the ends of a name", longVars(2000, mib), "symtab"},
		{"sections with the ends of a name", longSections(2000, mib), "elf"},
		{"pin paths that are the ends of a text", pinPaths(16000, mib), "pin_path"},
		{"shorter pin paths", pinPaths(4000, 4000), "pin_path"},
		{"definitions without a symbol", unnamed(20000, 3), "pin_name"},
		{"definitions without a symbol in a section with a long name", unnamed(20000, 500), "pin_name"},
		{"definitions without a symbol in a section with a longer name", unnamed(2000, mib), "section_name"},
		{"definitions between others", gaps(16000), ""},
		{"maps that share a chain of types", chain(20000, 20000), "bad_type"},
		{"maps that share nested types", nested(20000, 20000), ""},
		{"maps that share a wide type", wide(20000, 20000), ""},
		{"a map of types that double", nested(32, 1000), ""},
		{"programs in one section", manyPrograms(10000, true), ""},
		{"programs in sections of their own", manyPrograms(5000, false), ""},
		{"a chain of calls", callChain(20000, 1), ""},
		{"programs that share a chain of calls", callChain(2000, 2000), "linked_size"},
		{"variables of one name", sameNames(20000), ""},
		{"data sections", manySections(10000, ".data."), ""},
		{"sections of definitions without symbols", manySections(10000, "maps/"), "no_symbols"},
		{"empty sections", emptySections(50000), ""},
		{"hidden variables", hiddenVars(30000, 1), ""},
		{"hidden variables in sections of one name", hiddenVars(20000, 20000), "pin_twice"},
		{"program arrays", progArrays(8000), ""},
		{"relocations by type and lines", relocatedTypes(20000), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			var code string
			took := cpuTime(func() { code = outcome(row.raw) })
			if code != row.code {
				t.Errorf("%d bytes end with %q, want %q", len(row.raw), code, row.code)
			}
			if most := 10 * timeBound(row.raw); took > most {
				t.Errorf("%v of a processor, at most %v are for %d bytes", took, most, len(row.raw))
			}
			most := memoryBound(row.raw)
			if peak := peakMemory(most, func() { outcome(row.raw) }); !peak.within(most) {
				t.Errorf("%d bytes of memory, %d with garbage; at most %d are for %d bytes", peak.live, peak.all, most, len(row.raw))
			}
		})
	}
}
