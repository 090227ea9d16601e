package elfload

import (
	"bytes"
	"encoding/json"
	"io"
	"unicode/utf8"
)

// DocumentSchema names the form of a Document; the number changes when a field
// goes away or changes its meaning, not when one is added.
const DocumentSchema = "bpfload/1"

// Document is an object, a plan or a collection as JSON. No list in it is ever
// null. After an error it holds what was known until then, and Error.
type Document struct {
	Schema string         `json:"schema"`
	Object DocumentObject `json:"object"`
	Maps   []DocumentMap  `json:"maps"`
	// Memory estimates what all maps that a load creates take, templates included.
	Memory   Memory            `json:"memory"`
	Programs []DocumentProgram `json:"programs"`
	Globals  []DocumentGlobal  `json:"globals"`
	Externs  []DocumentExtern  `json:"externs"`
	// Links are what Options.Attach has attached, or in a plan is to attach.
	Links []DocumentLink `json:"links"`
	// Steps stands only in what Plan.Document makes.
	Steps    []DocumentStep    `json:"steps,omitempty"`
	Warnings []DocumentWarning `json:"warnings"`
	Error    *DocumentError    `json:"error,omitempty"`
}

// DocumentObject is the file.
type DocumentObject struct {
	Path Text `json:"path"`
	// ByteOrder is "little" or "big", "" for a file that could not be read.
	ByteOrder string `json:"byte_order"`
	License   Text   `json:"license"`
	// Version is null without a version section.
	Version *uint32 `json:"version"`
}

// DocumentMap is one map. Numbers are what the kernel is given.
type DocumentMap struct {
	// Index is the position in the map_data table; -1 for a template that an
	// outer map's definition spells out, which is in no table.
	Index   int    `json:"index"`
	Name    Text   `json:"name"`
	Aliases []Text `json:"aliases"`
	Section Text   `json:"section"`
	Offset  uint64 `json:"offset"`
	// Static is true for a symbol that other files do not see.
	Static bool `json:"static"`
	// Evidence says in words how the dialect was found.
	Dialect  string `json:"dialect"`
	Evidence string `json:"evidence"`
	// Type is the UAPI's lower-case name, "" for a type that has none here.
	Type       string `json:"type"`
	TypeID     uint32 `json:"type_id"`
	KeySize    uint32 `json:"key_size"`
	ValueSize  uint32 `json:"value_size"`
	MaxEntries uint32 `json:"max_entries"`
	// PerCPUEntries: max_entries will be the number of possible CPUs.
	PerCPUEntries bool   `json:"per_cpu_entries,omitempty"`
	MapFlags      uint32 `json:"map_flags"`
	// MapFlagNames are the BPF_F_ names of the bits that are set, ascending.
	MapFlagNames []string `json:"map_flag_names"`
	MapExtra     uint64   `json:"map_extra"`
	NumaNode     uint32   `json:"numa_node"`
	Pinning      string   `json:"pinning"`
	PinPath      Text     `json:"pin_path"`
	KeyType      Text     `json:"key_type"`
	ValueType    Text     `json:"value_type"`
	// Memory estimates the kernel memory that creating the map takes.
	Memory Memory `json:"memory"`
	// KernelName stands from the plan on.
	KernelName string `json:"kernel_name,omitempty"`
	Internal   bool   `json:"internal"`
	// Ext are further fields of a legacy definition, in the order of its layout.
	// Tail is unknown bytes behind them in hex, where reading is relaxed.
	Ext  []DocumentField `json:"ext"`
	Tail string          `json:"tail,omitempty"`
	// InitialSize is how many bytes of contents the object has, with their hash;
	// none for sections of zeros.
	InitialSize   int    `json:"initial_size"`
	InitialSHA256 string `json:"initial_sha256,omitempty"`
	Frozen        bool   `json:"frozen"`
	// Inner is the template of a map of maps, spelled out or another map.
	Inner  *DocumentMap   `json:"inner,omitempty"`
	Values []DocumentSlot `json:"values"`
	// LeftOut: the load does not create the map, and a warning says why.
	LeftOut bool `json:"left_out,omitempty"`
	// FD and ID stand after a load, for maps that it created or used again.
	FD     *int    `json:"fd,omitempty"`
	ID     *uint32 `json:"id,omitempty"`
	Reused bool    `json:"reused"`
	// Passed: the map was among the descriptors that the loader was started with.
	Passed bool `json:"passed,omitempty"`
	// Replaced is the pinned map whose place this one has taken.
	Replaced *DocumentReplaced `json:"replaced,omitempty"`
	// Error is why Options.KeepGoing went on without the map.
	Error *DocumentError `json:"error,omitempty"`
	// ReadOnly: the descriptor that another process was given cannot write.
	ReadOnly bool `json:"read_only,omitempty"`
}

// DocumentReplaced is a pinned map whose place another has taken: how, in which
// fields it was not compatible, and how many entries were copied.
type DocumentReplaced struct {
	ID      uint32              `json:"id"`
	By      string              `json:"by"`
	Fields  []DocumentFieldDiff `json:"fields"`
	Entries uint64              `json:"entries"`
	Passed  bool                `json:"passed,omitempty"`
}

// DocumentFieldDiff is a FieldDiff.
type DocumentFieldDiff struct {
	Field Text `json:"field"`
	Old   Text `json:"old"`
	New   Text `json:"new"`
}

// DocumentField is one further field of a legacy definition: a number, or text.
type DocumentField struct {
	Name  string `json:"name"`
	Value uint64 `json:"value"`
	Text  Text   `json:"text,omitempty"`
}

// DocumentSlot is one static element: Target is the name of a map or program,
// TargetIndex its place in the document's list.
type DocumentSlot struct {
	Slot uint32 `json:"slot"`
	// Member is the struct's member with the index Slot, for struct_ops maps.
	Member      Text   `json:"member,omitempty"`
	Kind        string `json:"kind"`
	Target      Text   `json:"target"`
	TargetIndex int    `json:"target_index"`
}

// DocumentProgram is one program.
type DocumentProgram struct {
	Index   int    `json:"index"`
	Name    Text   `json:"name"`
	Aliases []Text `json:"aliases"`
	Section Text   `json:"section"`
	Offset  uint64 `json:"offset"`
	// Type and ExpectedAttachType are libbpf's names, "" where nothing gives one.
	Type               string `json:"type"`
	ExpectedAttachType string `json:"expected_attach_type"`
	AttachTo           Text   `json:"attach_to"`
	// Instructions counts slots, with everything that is linked to the program
	// where that is known.
	Instructions int    `json:"instructions"`
	Maps         []Text `json:"maps"`
	Autoload     bool   `json:"autoload"`
	PinPath      Text   `json:"pin_path"`
	KernelName   string `json:"kernel_name,omitempty"`
	// FD, ID and VerifiedInsns stand after a load, for programs that it loaded.
	FD            *int    `json:"fd,omitempty"`
	ID            *uint32 `json:"id,omitempty"`
	VerifiedInsns *uint32 `json:"verified_instructions,omitempty"`
	// Error is why Options.KeepGoing went on without the program.
	Error *DocumentError `json:"error,omitempty"`
}

// DocumentGlobal is one variable of a data section. Map is an index of Maps;
// Value is the initial value as Var takes it, "" where the type is unknown.
type DocumentGlobal struct {
	Name    Text   `json:"name"`
	Map     int    `json:"map"`
	Section Text   `json:"section"`
	Offset  uint64 `json:"offset"`
	Size    uint64 `json:"size"`
	Type    Text   `json:"type"`
	Value   Text   `json:"value"`
}

// DocumentExtern is an undefined symbol. Section is ".ksyms" or ".kconfig" where
// BTF tells.
type DocumentExtern struct {
	Name    Text `json:"name"`
	Section Text `json:"section"`
	Type    Text `json:"type"`
	Weak    bool `json:"weak"`
}

// DocumentLink is one attachment. Program is the index of the program, null for a
// struct_ops map, whose index is Map.
type DocumentLink struct {
	Index   int  `json:"index"`
	Name    Text `json:"name"`
	Program *int `json:"program,omitempty"`
	Map     *int `json:"map,omitempty"`
	// Kind and Target are as in AttachTo, or what the section says.
	Kind    string `json:"kind"`
	Target  Text   `json:"target"`
	PinPath Text   `json:"pin_path"`
	// FD and ID stand after a load, where there is a link.
	FD *int    `json:"fd,omitempty"`
	ID *uint32 `json:"id,omitempty"`
	// Reused: the pinned link was there, and runs the new program.
	Reused bool `json:"reused"`
}

// DocumentStep is one step of a plan. Map, Program and Link are indices, null where
// the step has none; Target is a map's index in set_map_slot and swap_map_slot
// and a program's in set_program_slot and swap_program_slot.
type DocumentStep struct {
	Op      string  `json:"op"`
	Map     *int    `json:"map,omitempty"`
	Program *int    `json:"program,omitempty"`
	Link    *int    `json:"link,omitempty"`
	Slot    *uint32 `json:"slot,omitempty"`
	Target  *int    `json:"target,omitempty"`
}

// DocumentWarning tells of something left out or changed on purpose.
type DocumentWarning struct {
	Code    string  `json:"code"`
	Message string  `json:"message"`
	Map     Text    `json:"map,omitempty"`
	Program Text    `json:"program,omitempty"`
	Section Text    `json:"section,omitempty"`
	Offset  *uint64 `json:"offset,omitempty"`
}

// DocumentError is why a document ends early. Message does not repeat the place.
type DocumentError struct {
	Stage   string  `json:"stage"`
	Code    string  `json:"code"`
	Section Text    `json:"section"`
	Symbol  Text    `json:"symbol"`
	Offset  *uint64 `json:"offset,omitempty"`
	// Errno is the kernel's answer, 0 when no system call was refused, and
	// ErrnoName its name ("EPERM").
	Errno     uint   `json:"errno"`
	ErrnoName string `json:"errno_name"`
	Message   string `json:"message"`
	Hint      string `json:"hint"`
	Log       string `json:"log"`
}

// NewDocument is the document of a file of which nothing is known yet.
func NewDocument(path string) *Document {
	return &Document{Schema: DocumentSchema, Object: DocumentObject{Path: Text(path)},
		Maps: []DocumentMap{}, Programs: []DocumentProgram{}, Globals: []DocumentGlobal{}, Externs: []DocumentExtern{},
		Links: []DocumentLink{}, Warnings: []DocumentWarning{}}
}

// Line is the document as one line of JSON without a newline, with nothing raw
// that a terminal would obey.
func (d *Document) Line() ([]byte, error) { return encodeJSON(d, "") }

// WriteJSON writes the document, indented and with a newline at the end.
func (d *Document) WriteJSON(w io.Writer) error { return WriteJSON(w, d) }

// WriteJSON writes any value in the form of Document.WriteJSON: for lists of
// documents.
func WriteJSON(w io.Writer, v any) error {
	b, err := encodeJSON(v, "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

func encodeJSON(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return escapeControls(bytes.TrimSuffix(b.Bytes(), []byte{'\n'})), nil
}

// escapeControls writes what encoding/json leaves raw and Printable refuses (DEL,
// C1 controls, direction marks) as \u escapes. Such characters stand only
// inside of strings.
func escapeControls(b []byte) []byte {
	var out []byte // nil while nothing was escaped
	done := 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf && b[i] != 0x7f {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if !Printable(string(r)) {
			out = append(out, b[done:i]...)
			out = appendEscape(out, r)
			done = i + n
		}
		i += n
	}
	if out == nil {
		return b
	}
	return append(out, b[done:]...)
}

func appendEscape(out []byte, r rune) []byte {
	unit := func(u rune) {
		out = append(out, '\\', 'u', hexDigits[u>>12&15], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15])
	}
	if r > 0xffff { // a surrogate pair
		unit(0xd800 + (r-0x10000)>>10)
		unit(0xdc00 + (r-0x10000)&0x3ff)
		return out
	}
	unit(r)
	return out
}
