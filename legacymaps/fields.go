package legacymaps

// fieldID is a meaning that bytes of a definition can have, whatever a dialect
// calls them.
type fieldID uint8

const (
	fUnknown fieldID = iota // must be zero (L14)
	fIgnored                // padding and what no loader reads
	fType
	fKeySize
	fValueSize
	fMaxEntries
	fFlags
	fID
	fPinning
	fInnerID
	fInnerIdx
	fInnerMapIdx
	fNumaNode
	fNamespace
	fInnerMapDef
	fPersistentPath
	fInnerMapFD
	fFeatFlags
	fZero
	fUID
	fGID
	fMode
	fMinVer
	fMaxVer
	fMinKver
	fMaxKver
	fSelinux
	fPinSubdir
	fShared
	fIgnoreOn
	fieldCount
)

// fieldInfo tells how a field is named in results and by which BTF member names
// it is found (L112).
type fieldInfo struct {
	name    string
	members []string
	text    bool // NUL-terminated text
	ext     bool // goes to Def.Ext
}

// fieldInfos is indexed by fieldID.
var fieldInfos = [fieldCount]fieldInfo{
	fType:           {name: "type", members: []string{"type", "map_type", "type_"}},
	fKeySize:        {name: "key_size", members: []string{"key_size", "size_key"}},
	fValueSize:      {name: "value_size", members: []string{"value_size", "size_value"}},
	fMaxEntries:     {name: "max_entries", members: []string{"max_entries", "max_elem"}},
	fFlags:          {name: "map_flags", members: []string{"map_flags", "flags"}},
	fID:             {name: "id", members: []string{"id", "map_id"}, ext: true},
	fPinning:        {name: "pinning", members: []string{"pinning", "pinning_strategy"}, ext: true},
	fInnerID:        {name: "inner_id", members: []string{"inner_id"}, ext: true},
	fInnerIdx:       {name: "inner_idx", members: []string{"inner_idx"}, ext: true},
	fInnerMapIdx:    {name: "inner_map_idx", members: []string{"inner_map_idx"}, ext: true},
	fNumaNode:       {name: "numa_node", members: []string{"numa_node"}},
	fNamespace:      {name: "namespace", members: []string{"namespace"}, text: true, ext: true},
	fInnerMapDef:    {name: "inner_map_def", members: []string{"inner_map_def"}, ext: true},
	fPersistentPath: {name: "persistent_path", members: []string{"persistent_path"}, ext: true},
	fInnerMapFD:     {name: "inner_map_fd", members: []string{"inner_map_fd"}, ext: true},
	fFeatFlags:      {name: "feat_flags", members: []string{"feat_flags"}, ext: true},
	fZero:           {name: "zero", members: []string{"zero"}},
	fUID:            {name: "uid", members: []string{"uid"}, ext: true},
	fGID:            {name: "gid", members: []string{"gid"}, ext: true},
	fMode:           {name: "mode", members: []string{"mode"}, ext: true},
	fMinVer:         {name: "bpfloader_min_ver", members: []string{"bpfloader_min_ver"}, ext: true},
	fMaxVer:         {name: "bpfloader_max_ver", members: []string{"bpfloader_max_ver"}, ext: true},
	fMinKver:        {name: "min_kver", members: []string{"min_kver"}, ext: true},
	fMaxKver:        {name: "max_kver", members: []string{"max_kver"}, ext: true},
	fSelinux:        {name: "selinux_context", members: []string{"selinux_context"}, text: true, ext: true},
	fPinSubdir:      {name: "pin_subdir", members: []string{"pin_subdir"}, text: true, ext: true},
	fShared:         {name: "shared", members: []string{"shared"}, ext: true},
	fIgnoreOn:       {name: "ignore_on", ext: true},
}

// field is where a layout keeps one field: byte offset from the element's start
// and width in bytes, or, for a bit field, bit offset and width in bits.
type field struct {
	id         fieldID
	off, width uint64
	name       string // of the BTF member, where the layout comes from one
	bitOff     uint64 // counted as BTF does, from the element's start
	bits       uint64 // 0: not a bit field
	shift      uint8  // bit field: which bit of the canonical field its lowest bit becomes
}

func (f field) String() string {
	if f.name != "" {
		return f.name
	}
	return fieldInfos[f.id].name
}
