package legacymaps

// layout is where a struct keeps its fields. Rows of one dialect stand in
// ascending order of size.
type layout struct {
	name   string // the specification's id, or "struct NAME" when made from BTF
	size   uint64 // bytes
	fields []field
}

// u32s makes four-byte fields side by side from off on.
func u32s(off uint64, ids ...fieldID) []field {
	fs := make([]field, len(ids))
	for i, id := range ids {
		fs[i] = field{id: id, off: off + 4*uint64(i), width: 4}
	}
	return fs
}

func joined(parts ...[]field) []field {
	var all []field
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// base is what every dialect begins with: bytes 0 to 15.
func base() []field { return u32s(0, fType, fKeySize, fValueSize, fMaxEntries) }

// row is a layout that begins with base and goes on with four-byte fields.
func row(name string, size uint64, ids ...fieldID) layout {
	return layout{name, size, joined(base(), u32s(16, ids...))}
}

// The layouts of the specification's sections 3 to 9. A shorter element of the
// same family is a prefix of the row (L13: what is past its end reads as zero).
func samplesLayouts() []layout { return []layout{row("S28", 28, fFlags, fInnerMapIdx, fNumaNode)} }
func libbpfLayouts() []layout  { return []layout{row("B20", 20, fFlags)} }
func iproute2Layouts() []layout {
	return []layout{row("I36", 36, fFlags, fID, fPinning, fInnerID, fInnerIdx)}
}
func iproute245Layouts() []layout { return []layout{row("I24", 24, fID, fPinning)} }
func iproute241Layouts() []layout { return []layout{row("I20", 20, fID)} }
func ayaLayouts() []layout        { return []layout{row("Y28", 28, fFlags, fID, fPinning)} }
func awsLayouts() []layout        { return []layout{row("W28", 28, fFlags, fPinning, fInnerMapFD)} }
func deepflowLayouts() []layout   { return []layout{row("F20", 20, fFeatFlags)} }
func falcoLayouts() []layout {
	return []layout{row("S28", 28, fFlags, fIgnored, fIgnored)}
}

func gobpfLayouts() []layout {
	return []layout{
		row("G16", 16),
		{"G280", 280, joined(base(), u32s(16, fFlags, fPinning), []field{{id: fNamespace, off: 24, width: 256}})},
	}
}

func datadogLayouts() []layout {
	return []layout{{"D284", 284, joined(base(), u32s(16, fFlags, fInnerMapIdx, fPinning),
		[]field{{id: fNamespace, off: 28, width: 256}})}}
}

func goebpfLayouts() []layout {
	return []layout{{"P40", 40, joined(base(), u32s(16, fFlags, fZero),
		[]field{{id: fInnerMapDef, off: 24, width: 8}, {id: fPersistentPath, off: 32, width: 8}})}}
}

// androidLayouts are section 8's N28 to N120.
func androidLayouts() []layout {
	n48 := row("N48", 48, fFlags, fUID, fGID, fMode, fMinVer, fMaxVer, fMinKver, fMaxKver)
	texts := []field{{id: fSelinux, off: 48, width: 32}, {id: fPinSubdir, off: 80, width: 32}, {id: fShared, off: 112, width: 1}}
	return []layout{
		row("N28", 28, fFlags, fInnerMapIdx, fNumaNode),
		row("N32", 32, fFlags, fUID, fGID, fMode),
		row("N40", 40, fFlags, fUID, fGID, fMode, fMinVer, fMaxVer),
		n48,
		{"N116", 116, joined(n48.fields, texts, []field{{id: fIgnored, off: 113, width: 3}})},
		{"N120", 120, joined(base(), u32s(16, fFlags, fZero, fGID, fMode, fMinVer, fMaxVer, fMinKver, fMaxKver), texts,
			[]field{{id: fIgnoreOn, off: 113, width: 1}, {id: fIgnored, off: 114, width: 2}, {id: fUID, off: 116, width: 4}})},
	}
}

// layoutFor picks the row for an element of n bytes: that of its size, else the
// longest that is shorter (what follows must be zero), else the shortest.
func layoutFor(rows []layout, n uint64) *layout {
	best := &rows[0]
	for i := range rows {
		if rows[i].size <= n {
			best = &rows[i]
		}
	}
	return best
}
