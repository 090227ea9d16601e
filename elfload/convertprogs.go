package elfload

import (
	"fmt"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/internal/rawbtf"
	"github.com/bpfload/bpfload/legacymaps"
)

// convertProgram is a program that stands in a slot.
type convertProgram struct {
	name    string // in C
	section string // by which libbpf knows its type
	guessed bool   // nothing in the object tells the type
	proto   string // "int name(struct __sk_buff *skb)"
	void    bool   // returns nothing
	printed bool
}

// stubSections are section names by program type, for programs whose own section libbpf
// does not know.
var stubSections = [...]struct{ typ, section string }{
	{"socket_filter", "socket"}, {"kprobe", "kprobe"}, {"sched_cls", "tc"}, {"sched_act", "action"},
	{"tracepoint", "tracepoint"}, {"xdp", "xdp"}, {"perf_event", "perf_event"}, {"cgroup_skb", "cgroup/skb"},
	{"cgroup_sock", "cgroup/sock"}, {"lwt_in", "lwt_in"}, {"lwt_out", "lwt_out"}, {"lwt_xmit", "lwt_xmit"},
	{"sock_ops", "sockops"}, {"sk_skb", "sk_skb"}, {"cgroup_device", "cgroup/dev"}, {"sk_msg", "sk_msg"},
	{"raw_tracepoint", "raw_tp"},
}

// nameProgram settles what is printed of a program.
func (c *converter) nameProgram(i int) {
	p := &c.programs[i]
	p.name = c.types.names.take(c.o.Programs[i].Name)
	p.section, p.guessed = c.stubSection(i)
	p.proto, p.void = c.proto(i, p.name)
}

// stubSection is a section name that gives the program its type everywhere, or any that
// does for a program whose type nobody knows.
func (c *converter) stubSection(i int) (section string, guessed bool) {
	pr := &c.o.Programs[i]
	section = strings.TrimPrefix(pr.Section, "?")
	if st, ok := progs.ClassifySection(section); ok && !st.Legacy && !slotSection(section) {
		return section, false
	}
	if target := legacymaps.ProgramSection(c.o.Maps, section); strings.Contains(target, "/") {
		if st, ok := progs.ClassifySection(target); ok && !st.Legacy && !slotSection(target) {
			return target, false
		}
	}
	typ := pr.Type
	for _, call := range c.o.calls {
		if call.prog != i || typ != 0 {
			continue
		}
		if call.main >= 0 {
			typ = c.o.Programs[call.main].Type
		} else if st, ok := progs.ClassifySection(call.section); ok {
			typ = st.Type
		}
	}
	if st, ok := progs.ClassifySection(legacymaps.AssumedSection(c.o.Maps, section, c.o.legacyOptions())); ok && typ == 0 {
		typ = st.Type
	}
	for _, row := range stubSections {
		if row.typ == progs.TypeName(typ) {
			return row.section, false
		}
	}
	return stubSections[0].section, true
}

// movedPrograms tells of programs in no slot whose section name newer loaders do
// not know: definitions alone do not make them load.
func (c *converter) movedPrograms() []string {
	var notes []string
	for i := range c.o.Programs {
		pr := &c.o.Programs[i]
		if c.programs[i].name != "" || pr.Text() {
			continue
		}
		section, guessed := c.stubSection(i)
		text := fmt.Sprintf("program %s stands in section %s, which newer loaders do not know; now that is SEC(%s)", Quote(pr.Name), Quote(pr.Section), cString(section))
		switch {
		case guessed:
			text = fmt.Sprintf("program %s stands in section %s, which does not tell its type: find the SEC() for it", Quote(pr.Name), Quote(pr.Section))
		case section == strings.TrimPrefix(pr.Section, "?"):
			continue
		}
		c.warns = append(c.warns, Warning{Code: "convert_section", Program: pr.Name, Section: pr.Section, Offset: mapdef.At(pr.Offset), Message: text})
		notes = append(notes, sentence(text))
	}
	return notes
}

// slotSection tells whether the section's name ends in a slot's number.
func slotSection(section string) bool {
	slash := strings.IndexByte(section, '/')
	return slash >= 0 && slash+1 < len(section) && section[slash+1] >= '0' && section[slash+1] <= '9'
}

// proto is the program's declaration: by its BTF, else as any program's.
func (c *converter) proto(i int, name string) (text string, void bool) {
	if text, void = c.types.function(c.o.Programs[i].Name, name); text != "" {
		return text, void
	}
	return "int " + name + "(void *ctx)", false
}

// printProto declares a program once.
func (c *converter) printProto(i int) {
	p := &c.programs[i]
	if p.printed {
		return
	}
	if c.protos.Len() == 0 {
		c.protos.WriteString(comment("Programs that stand in slots."))
	}
	p.printed = true
	c.protos.WriteString(p.proto + asmLabel(p.name, c.o.Programs[i].Name) + ";\n")
}

// printStubs defines what printProto declared, one program at least.
func (c *converter) printStubs() {
	for i := range c.programs {
		p := &c.programs[i]
		if !p.printed {
			continue
		}
		body := "{ return 0; }"
		if p.void {
			body = "{}"
		}
		fmt.Fprintf(&c.stubs, "SEC(%s) %s %s\n", cString(p.section), p.proto, body)
	}
	if c.stubs.Len() == 0 { // loaders refuse objects without programs
		fmt.Fprintf(&c.stubs, "SEC(\"socket\") int %s(void *ctx) { return 0; }\n", c.types.names.take("nothing"))
	}
	fmt.Fprintf(&c.stubs, "char %s[] SEC(\"license\") = %s;\n", c.types.names.take("_license"), cString(c.o.License))
}

// function is the declaration of the function of that name, "" where BTF has none that
// is fit to be printed.
func (c *cTypes) function(symbol, name string) (text string, void bool) {
	if c.t == nil {
		return "", false
	}
	fn, ok := c.functionNamed(symbol)
	proto := c.t.Type(fn.Ref())
	if !ok || proto.Kind != rawbtf.FuncProto || !c.plain(proto.Ref(), true) || proto.Vlen > 5 {
		return "", false
	}
	params, scope := make([]string, proto.Vlen), newCNames()
	for i := range params {
		par := proto.Param(i)
		if !c.plain(par.Type, false) || c.need(par.Type, false, 0) != nil {
			return "", false
		}
		arg := par.Name
		if par.Name == "" {
			arg = fmt.Sprintf("arg%d", i)
		}
		var err error
		if params[i], err = c.declare(par.Type, scope.take(arg), 0, 0); err != nil {
			return "", false
		}
	}
	if len(params) == 0 {
		params = []string{"void"}
	}
	if c.need(proto.Ref(), false, 0) != nil {
		return "", false
	}
	text, err := c.declare(proto.Ref(), name+"("+strings.Join(params, ", ")+")", 0, 0)
	if err != nil {
		return "", false
	}
	if fn.Linkage() == rawbtf.LinkStatic {
		text = "static " + text
	}
	ret, _ := c.t.Strip(proto.Ref())
	return text, ret.Kind == rawbtf.Void
}

// plain tells whether a type can stand in the printed prototype of a program.
func (c *cTypes) plain(id rawbtf.ID, result bool) bool {
	ty, err := c.t.Strip(id)
	switch {
	case err != nil:
		return false
	case ty.Kind == rawbtf.Void:
		return result
	case ty.Kind == rawbtf.Ptr && !result:
		to, err := c.t.Strip(ty.Ref())
		anonymous := (to.Kind == rawbtf.Struct || to.Kind == rawbtf.Union) && to.Name() == ""
		return err == nil && !anonymous
	}
	return ty.Kind == rawbtf.Int || ty.Kind == rawbtf.Enum
}

// functionNamed finds a function. The table is read once, for all programs.
func (c *cTypes) functionNamed(name string) (rawbtf.Type, bool) {
	if c.functions == nil {
		c.functions = map[string]rawbtf.ID{}
		for id := 1; id < c.t.Len(); id++ {
			ty := c.t.Type(rawbtf.ID(id))
			if _, twice := c.functions[ty.Name()]; ty.Kind == rawbtf.Func && !twice {
				c.functions[ty.Name()] = ty.ID
			}
		}
	}
	id, ok := c.functions[name]
	return c.t.Type(id), ok
}
