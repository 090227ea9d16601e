package elfload

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
)

// WriteText writes the plan as text to be read, compared and kept: the object,
// then one line per step in order, then maps and programs that are left out, then
// warnings. It depends on the object and the options alone, not on the host, the
// time or the directory.
//
// A line is the step's name, the index and name of what it is about, and
// field=value pairs separated by blanks. Of a map the type, sizes and
// max_entries always stand; other fields stand where they are not 0. Sizes
// and offsets are in bytes; hashes are the first 12 digits of SHA-256. Names
// that are not plain words are quoted as in Go.
func (p *Plan) WriteText(w io.Writer) error {
	t := planText{plan: p}
	t.header()
	for _, s := range p.Steps {
		t.step(s)
	}
	t.notLoaded()
	t.warnings()
	_, err := w.Write(t.out.Bytes())
	return err
}

type planText struct {
	plan *Plan
	out  bytes.Buffer
	line []string
}

// add puts one word into the line.
func (t *planText) add(format string, args ...any) {
	t.line = append(t.line, fmt.Sprintf(format, args...))
}

// text puts name=value, quoted, unless the value is empty.
func (t *planText) text(name, value string) {
	if value != "" {
		t.add("%s=%s", name, Quote(value))
	}
}

// end writes the line behind its prefix.
func (t *planText) end(prefix string) {
	t.out.WriteString(prefix + strings.Join(t.line, " ") + "\n")
	t.line = t.line[:0]
}

// endStep writes the line of a step about the thing with that index.
func (t *planText) endStep(op Op, index int) {
	name := op.String()
	t.end(fmt.Sprintf("%s%*d ", name, 20-len(name), index))
}

// under is the prefix of a line that belongs to the step above it.
const under = "                     "

func (t *planText) header() {
	o := t.plan.Object
	name := o.Name
	if o.Path != "" {
		name = filepath.Base(o.Path)
	}
	t.add("%s byte_order=%s license=%s", Quote(name), o.ByteOrder(), Quote(o.License))
	if o.HasVersion {
		t.add("version=%#x", o.Version)
	}
	t.add("maps=%d programs=%d", len(t.plan.Maps), len(t.plan.Programs))
	t.end("object ")
	if len(t.plan.Steps) > 0 {
		t.out.WriteByte('\n')
	}
}

func (t *planText) step(s Step) {
	p := t.plan
	if s.Op == OpLoadBTF {
		t.add("bytes=%d sha256=%s", len(p.btf), shortSum(p.btf))
		t.end(fmt.Sprintf("%-16s     ", s.Op))
		return
	}
	if s.Op == OpSwapPins {
		t.out.WriteString(s.Op.String() + "\n")
		return
	}
	if s.Op == OpLoadProgram || s.Op == OpPinProgram {
		pr := &p.Programs[s.Program]
		t.add("%s", Quote(pr.Name))
		if s.Op == OpLoadProgram {
			t.program(pr)
		} else {
			t.text("path", pr.PinPath)
		}
		t.endStep(s.Op, s.Program)
		if s.Op == OpLoadProgram {
			t.jumpTables(pr)
		}
		return
	}
	if s.Op == OpAttach || s.Op == OpPinLink {
		t.link(s)
		return
	}
	m := &p.Maps[s.Map]
	t.add("%s", Quote(m.Name))
	switch s.Op {
	case OpCreateMap:
		t.mapFields(m)
		t.endStep(s.Op, s.Map)
		t.inner(m)
		t.members(m)
		return
	case OpMapArena:
		if len(m.Contents) > 0 {
			t.add("bytes=%d sha256=%s", len(m.Contents), shortSum(m.Contents))
		}
	case OpFillMap:
		if m.Dialect == mapdef.DialectKconfig {
			t.add("bytes=%d from=kernel", m.ValueSize)
			t.endStep(s.Op, s.Map)
			t.kconfigText()
			return
		}
		t.add("bytes=%d sha256=%s", len(m.Contents), shortSum(m.Contents))
	case OpSetMapSlot, OpSwapMapSlot:
		t.add("[%d] -> %d %s", s.Slot, s.Target, Quote(p.Maps[s.Target].Name))
	case OpSetProgramSlot, OpSwapProgramSlot:
		t.add("[%d] -> %d %s", s.Slot, s.Target, Quote(p.Programs[s.Target].Name))
	case OpMigrateMap, OpPinMap:
		t.text("path", m.PinPath)
	}
	t.endStep(s.Op, s.Map)
}

// link is the line of a step about a link.
func (t *planText) link(s Step) {
	l := &t.plan.Links[s.Link]
	t.add("%s", Quote(l.Name))
	if s.Op == OpAttach {
		t.text("to", l.Target())
		if l.Program >= 0 {
			t.add("program=%d", l.Program)
		} else {
			t.add("map=%d", l.Map)
		}
		t.text("pin", l.PinPath)
	} else {
		t.text("path", l.PinPath)
	}
	t.endStep(s.Op, s.Link)
}

// mapFields are a map's attributes, and then where the definition stands.
func (t *planText) mapFields(m *PlannedMap) {
	if m.KernelName != m.Name {
		t.text("kernel_name", m.KernelName)
	}
	t.attributes(&m.MapDef, m.PerCPUEntries)
	t.text("needs_btf", m.NeedsBTF)
	t.text("device", m.Device)
	t.text("pin", m.PinPath)
	if m.Pinning != mapdef.PinNone {
		t.text("pinning", m.Pinning.String())
		t.text("pinning_path", m.MapDef.PinPath)
	}
	t.add("at=%s+%#x", Quote(m.Section), m.Offset)
	t.text("dialect", m.Dialect)
	if m.Legacy() { // L116
		t.text("evidence", m.Evidence)
	}
	if len(m.Aliases) > 0 {
		t.add("aliases=%s", quoteList(m.Aliases))
	}
	for _, x := range m.Ext {
		if x.Text != "" {
			t.text("ext."+x.Name, x.Text)
		} else {
			t.add("ext.%s=%d", x.Name, x.Value)
		}
	}
	if len(m.Tail) > 0 {
		t.add("tail=%x", m.Tail)
	}
}

// attributes are what BPF_MAP_CREATE is given, but for the name.
func (t *planText) attributes(d *MapDef, perCPU bool) {
	entries := strconv.FormatUint(uint64(d.MaxEntries), 10)
	if perCPU {
		entries = "cpus"
	}
	t.add("type=%s key_size=%d value_size=%d max_entries=%s", mapTypeText(d.Type), d.KeySize, d.ValueSize, entries)
	if d.Flags != 0 {
		t.add("map_flags=%#x:%s", d.Flags, strings.ReplaceAll(bpfsys.FlagNames(d.Flags), " ", ""))
	}
	if d.Extra != 0 {
		t.add("map_extra=%#x", d.Extra)
	}
	if d.NumaNode != 0 || d.Flags&flagNumaNode != 0 {
		t.add("numa_node=%d", d.NumaNode)
	}
	t.typ("key", d.KeyType)
	t.typ("value", d.ValueType)
}

// typ is a type's C name and its id.
func (t *planText) typ(name string, id uint32) {
	if id != 0 {
		t.add("%s=%s#%d", name, Quote(t.plan.Object.TypeName(id)), id)
	}
}

// inner is the line of a map of maps' template.
func (t *planText) inner(m *PlannedMap) {
	switch {
	case m.Inner != nil:
		t.text("kernel_name", innerName(m.Name))
		t.attributes(m.Inner, m.InnerPerCPUEntries)
		t.end(under + "inner ")
	case m.InnerMap != mapdef.NoMap:
		t.add("-> %d %s", m.InnerMap, Quote(t.plan.Maps[m.InnerMap].Name))
		t.end(under + "inner ")
	}
}

func (t *planText) program(p *PlannedProgram) {
	if p.KernelName != p.Name {
		t.text("kernel_name", p.KernelName)
	}
	t.add("type=%s", programTypeText(p.Type))
	if p.HasAttachType {
		t.text("attach_type", attachTypeText(&p.SectionType))
		if p.AttachTypeOptional {
			t.add("attach_type_optional")
		}
	}
	t.text("attach_to", p.AttachTo)
	t.text("attach_prog", p.AttachProg)
	t.text("device", p.Device)
	if p.Flags != 0 {
		t.add("prog_flags=%#x", p.Flags)
	}
	t.add("instructions=%d sha256=%s", p.Instructions(), shortSum(p.code.Insns))
	if len(p.MapRefs) > 0 {
		names := make([]string, len(p.MapRefs))
		for i, m := range p.MapRefs {
			names[i] = t.plan.Maps[m].Name
		}
		t.add("maps=%s", quoteList(names))
	}
	if names := externNames(p.code); len(names) > 0 {
		t.add("externs=%s", quoteList(names))
	}
	if n := len(p.code.Core); n > 0 {
		t.add("core_relocations=%d", n)
	}
	if n := len(p.code.FuncInfo) / progs.FuncInfoSize; n > 0 {
		t.add("func_info=%d", n)
	}
	if n := len(p.code.LineInfo) / progs.LineInfoSize; n > 0 {
		t.add("line_info=%d", n)
	}
	if n := len(p.code.JumpTables); n > 0 {
		t.add("jump_tables=%d", n)
	}
	t.add("at=%s+%#x", Quote(p.Section), p.Offset)
}

// externNames are the undefined symbols that the code uses, each once, in the
// order of their first use.
func externNames(c *progs.Code) []string {
	var names []string
	seen := make(map[string]bool)
	for _, e := range c.Externs {
		if !seen[e.Name] {
			seen[e.Name] = true
			names = append(names, e.Name)
		}
	}
	return names
}

// notLoaded lists what the object has and the load leaves out.
func (t *planText) notLoaded() {
	from := t.out.Len()
	for i := range t.plan.Maps {
		if m := &t.plan.Maps[i]; !m.Create {
			t.add("%s type=%s at=%s+%#x", Quote(m.Name), mapTypeText(m.Type), Quote(m.Section), m.Offset)
			t.end(fmt.Sprintf("%-16s %3d ", "not_created", i))
		}
	}
	for i := range t.plan.Programs {
		p := &t.plan.Programs[i]
		if p.Load {
			continue
		}
		t.add("%s", Quote(p.Name))
		t.text("type", programTypeText(p.Type))
		if !p.Autoload {
			t.add("optional")
		}
		t.add("at=%s+%#x", Quote(p.Section), p.Offset)
		t.end(fmt.Sprintf("%-16s %3d ", "not_loaded", i))
	}
	if list := string(t.out.Bytes()[from:]); list != "" {
		t.out.Truncate(from)
		t.out.WriteString("\n" + list)
	}
}

func (t *planText) warnings() {
	for i, w := range t.plan.Warnings {
		if i == 0 {
			t.out.WriteByte('\n')
		}
		t.add("%s", w.Code)
		t.text("map", w.Map)
		t.text("program", w.Program)
		if w.Section != "" {
			place := Quote(w.Section)
			if w.Offset.Known {
				place += fmt.Sprintf("+%#x", w.Offset.Bytes)
			}
			t.add("at=%s", place)
		}
		t.line[len(t.line)-1] += ":"
		t.add("%s", Clean(w.Message))
		t.end("warning ")
	}
}

func shortSum(b []byte) string { return sumOf(b)[:12] }

func quoteList(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = Quote(n)
	}
	return strings.Join(quoted, ",")
}
