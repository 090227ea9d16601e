package bpfsys

// minimalMap is the least map of a's type that a kernel which knows the type
// takes; false when the type is not known here or cannot do without what a
// lacks. The template of a map of maps is the caller's to add.
func minimalMap(a *MapAttr, pageSize uint32) (MapAttr, bool) {
	if a.Type == 0 || uint64(a.Type) >= uint64(len(mapRules)) {
		return MapAttr{}, false
	}
	r := &mapRules[a.Type]
	m := MapAttr{
		Type: a.Type, KeySize: r.key.least(), ValueSize: r.value.least(), MaxEntries: r.entries.least(),
		Flags: r.required, TokenFD: a.TokenFD,
	}
	switch a.Type {
	case mapRingbuf, mapUserRingbuf:
		m.MaxEntries = max(pageSize, pageBytes)
	case mapStructOps:
		m.ValueSize, m.BTFFD = a.ValueSize, a.BTFFD
		m.VmlinuxValueTypeID, m.ValueTypeBTFObjFD = a.VmlinuxValueTypeID, a.ValueTypeBTFObjFD
		return m, a.VmlinuxValueTypeID != 0
	}
	if r.btf {
		// The size must be that of the BTF type.
		m.ValueSize, m.BTFFD, m.KeyTypeID, m.ValueTypeID = a.ValueSize, a.BTFFD, a.KeyTypeID, a.ValueTypeID
		return m, a.BTFFD != 0 && a.KeyTypeID != 0 && a.ValueTypeID != 0
	}
	return m, true
}

// least is the smallest size that is allowed; of a list, its first.
func (s size) least() uint32 {
	if len(s.only) > 0 {
		return s.only[0]
	}
	return s.min
}
