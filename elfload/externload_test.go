package elfload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// planOf plans a fixture.
func planOf(t *testing.T, file string, opts Options) *Plan {
	t.Helper()
	obj, err := Open(filepath.Join("../testdata/objs", file))
	if err != nil {
		t.Fatal(err)
	}
	p, err := obj.Plan(opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// someTypes are those of a kernel that has what the fixtures know to exist.
func someTypes() *elftest.BTF {
	b := elftest.NewBTF(hostOrder)
	integer := b.Int("int", 4, elftest.Signed)
	nothing := b.FuncProto(0)
	b.Func("bpf_rcu_read_lock", nothing, rawbtf.LinkStatic)
	b.Func("bpf_rcu_read_unlock", nothing, rawbtf.LinkStatic)
	b.Var("bpf_prog_active", integer, rawbtf.LinkGlobal)
	addCongestionOps(b, integer)
	return b
}

// someKernel is a recorder with those, and they.
func someKernel() (vmlinux *elftest.BTF, r *recorder) { return someTypes(), newRecorder() }

// addModule gives the recorder a module with what the other fixtures ask for.
func addModule(b *elftest.BTF, r *recorder, name string, fill func(m *elftest.BTF)) {
	m := b.Split()
	fill(m)
	if r.targets.modules == nil {
		r.targets.modules = map[string][]byte{}
	}
	r.targets.names = append(r.targets.names, name)
	r.targets.modules[name] = m.Bytes()
}

// loaded carries the plan out and returns each program's attributes by name.
func loaded(t *testing.T, p *Plan, r *recorder) (map[string]bpfsys.ProgAttr, *Collection, error) {
	t.Helper()
	all := map[string]bpfsys.ProgAttr{}
	refuse := r.refuse
	r.refuse = func(call string, a any) syscall.Errno {
		if a, ok := a.(*bpfsys.ProgAttr); ok {
			kept := *a
			kept.Insns = bytes.Clone(a.Insns) // in the room of the next program too
			all[a.Name] = kept
		}
		if refuse != nil {
			return refuse(call, a)
		}
		return 0
	}
	c, err := p.load(context.Background(), r)
	return all, c, err
}

// finished closes the collection, and wants nothing left behind.
func finished(t *testing.T, r *recorder, c *Collection) {
	t.Helper()
	if c != nil {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := r.leftovers(len(r.pins), len(r.dirs)); err != nil {
		t.Error(err)
	}
}

// insn is the instruction at that slot, in words.
func insn(b []byte, slot int) string {
	i := b[slot*8:]
	reg := i[1] >> 4
	if hostOrder.Uint16([]byte{0, 1}) == 1 {
		reg = i[1] & 15
	}
	s := fmt.Sprintf("%#x src %d off %d imm %d", i[0], reg, int16(hostOrder.Uint16(i[2:])), int32(hostOrder.Uint32(i[4:])))
	if i[0] == 0x18 {
		s += fmt.Sprintf(" %d", int32(hostOrder.Uint32(i[12:])))
	}
	return s
}

// externInsns are the instructions of a program that refer to externs, by name.
func externInsns(p *Plan, program string, a bpfsys.ProgAttr) map[string][]string {
	out := map[string][]string{}
	i, _ := p.Object.ProgramIndex(program)
	for _, e := range p.Programs[i].code.Externs {
		out[e.Name] = append(out[e.Name], insn(a.Insns, e.Insn))
	}
	return out
}

func hostFixture(name string) string {
	if hostOrder.Uint16([]byte{0, 1}) == 1 {
		return name + ".eb.o"
	}
	return name + ".o"
}

func TestWeakExterns(t *testing.T) {
	p := planOf(t, hostFixture("ksyms_weak"), Options{})
	_, r := someKernel()
	r.targets.names = []string{"gone"} // unloaded meanwhile
	all, c, err := loaded(t, p, r)
	if err != nil {
		t.Fatal(err)
	}
	defer finished(t, r, c)
	got := externInsns(p, "uses", all["uses"])
	symbol := func(name string) int {
		return slices.IndexFunc(p.Object.file.Symbols, func(s mapdef.Symbol) bool { return s.Name == name })
	}
	for _, row := range []struct {
		name, why string
		want      []string
	}{
		{"bpf_rcu_read_lock", "there: by its address as a pseudo id, by a call of the id",
			[]string{"0x18 src 3 off 0 imm 3 0", "0x85 src 2 off 0 imm 3"}},
		{"bpf_rcu_read_unlock___other", "the flavour is no part of the name", []string{"0x18 src 3 off 0 imm 4 0", "0x85 src 2 off 0 imm 4"}},
		{"bpf_rcu_read_unlock___longer", "another prototype: as if it were not there",
			[]string{"0x18 src 0 off 0 imm 0 0", fmt.Sprintf("0x85 src 0 off 0 imm %d", poisonedKfunc+symbol("bpf_rcu_read_unlock___longer"))}},
		{"there_is_no_such_function", "missing: 0, and a call of no helper",
			[]string{"0x18 src 0 off 0 imm 0 0", fmt.Sprintf("0x85 src 0 off 0 imm %d", poisonedKfunc+symbol("there_is_no_such_function"))}},
		{"there_is_no_such_symbol", "missing: 0", []string{"0x18 src 0 off 0 imm 0 0"}},
		{"there_is_no_such_variable", "missing: 0", []string{"0x18 src 0 off 0 imm 0 0"}},
		{"schedule", "its address in two halves", []string{fmt.Sprintf("0x18 src 0 off 0 imm %d -1", int32(0x81000040-1<<32))}},
	} {
		if !slices.Equal(got[row.name], row.want) {
			t.Errorf("%s (%s): %q, want %q", row.name, row.why, got[row.name], row.want)
		}
	}
	if all["uses"].FDArray != nil {
		t.Errorf("no module is needed, fd_array is %v", all["uses"].FDArray)
	}
}

// Functions and variables of modules go by a descriptor of the module's types,
// which is closed when the load has ended.
func TestModuleExterns(t *testing.T) {
	p := planOf(t, hostFixture("ksyms_strong"), Options{Autoload: []string{"reads"}, Jobs: 1})
	b, r := someKernel()
	addModule(b, r, "aaa", func(m *elftest.BTF) { m.Func("unrelated", 2, rawbtf.LinkStatic) })
	var function, variable elftest.ID
	addModule(b, r, "bbb", func(m *elftest.BTF) {
		variable = m.Var("there_is_no_such_variable", m.Const(1), rawbtf.LinkGlobal)
	})
	addModule(b, r, "ccc", func(m *elftest.BTF) {
		function = m.Func("there_is_no_such_function", m.FuncProto(1), rawbtf.LinkStatic)
	})
	all, c, err := loaded(t, p, r)
	if err != nil {
		t.Fatal(err)
	}
	defer finished(t, r, c)
	if n := slices.Index(r.calls, "module_btf_fd aaa"); n >= 0 {
		t.Error("a descriptor of a module that is not needed is opened")
	}
	array := all["calls"].FDArray
	if len(array) != 3 || array[0] != 0 || array[1] == 0 || array[2] == 0 {
		t.Fatalf("fd_array is %v: place 0 means the kernel itself", array)
	}
	got := externInsns(p, "calls", all["calls"])["there_is_no_such_function"]
	if want := []string{fmt.Sprintf("0x85 src 2 off 1 imm %d", function)}; !slices.Equal(got, want) {
		t.Errorf("the call is %q, want %q", got, want)
	}
	got = externInsns(p, "reads", all["reads"])["there_is_no_such_variable"]
	if want := []string{fmt.Sprintf("0x18 src 3 off 0 imm %d %d", variable, array[2])}; !slices.Equal(got, want) {
		t.Errorf("the variable is %q, want %q", got, want)
	}
}

// A strong extern that is missing fails the program that needs it, with the
// names of all that do.
func TestStrongExternsMissing(t *testing.T) {
	none := func(*elftest.BTF, *recorder) {}
	for _, row := range []struct {
		name     string
		file     string
		autoload []string
		kernel   func(*elftest.BTF, *recorder)
		program  string
		code     string
		kind     error
		want     []string
	}{
		{"a function", "ksyms_strong", nil, none, "calls", "ksym_missing", ErrNotSupported,
			[]string{`kernel function "there_is_no_such_function"`, `program "calls" needs it`}},
		{"all that need it", "ksyms_strong", []string{"calls_too"}, none, "calls", "ksym_missing", ErrNotSupported,
			[]string{`programs "calls", "calls_too" need it`}},
		{"an untyped symbol", "ksyms_strong", []string{"takes_address"}, addCalled, "takes_address", "ksym_missing", ErrNotSupported,
			[]string{`kernel symbol "there_is_no_such_symbol" is not among the symbols`}},
		{"a symbol at two places", "ksyms_strong", []string{"takes_address"}, func(b *elftest.BTF, r *recorder) {
			addCalled(b, r)
			r.externs.kallsyms += "ffffffff81000050 t there_is_no_such_symbol\nffffffff81000060 t there_is_no_such_symbol\n"
		}, "takes_address", "ksym_missing", ErrNotSupported, []string{"is ambiguous: it is at 0xffffffff81000050 and at 0xffffffff81000060"}},
		{"a variable", "ksyms_strong", []string{"reads"}, addCalled, "reads", "ksym_missing", ErrNotSupported,
			[]string{`kernel variable "there_is_no_such_variable" is not in the types`}},
		{"a variable of another type", "ksyms_strong", []string{"reads"}, func(b *elftest.BTF, r *recorder) {
			addModule(b, r, "mod", func(m *elftest.BTF) {
				m.Func("there_is_no_such_function", m.FuncProto(1), rawbtf.LinkStatic)
				m.Var("there_is_no_such_variable", m.Struct("s", 4), rawbtf.LinkGlobal)
			})
		}, "reads", "ksym_missing", ErrNotSupported, []string{`declared as "int", but the kernel's is "struct s"`}},
		{"a function of another prototype", "ksyms_strong", []string{"other_prototype"}, addCalled, "other_prototype", "ksym_missing", ErrNotSupported,
			[]string{`kernel function "bpf_rcu_read_lock" is declared as`}},
		{"R114 an option", "kconfig_strong", []string{"needs_it_too"}, none, "needs_it", "kconfig_unset", ErrNotSupported,
			[]string{`option "CONFIG_THERE_IS_NO_SUCH_NUMBER" has no value; programs "needs_it", "needs_it_too" need it`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := planOf(t, hostFixture(row.file), Options{Autoload: row.autoload})
			b, r := someKernel()
			row.kernel(b, r)
			_, c, err := loaded(t, p, r)
			defer finished(t, r, c)
			var e *Error
			if !errors.As(err, &e) || e.Symbol != row.program || e.Code != row.code || e.Stage != StageProgram || e.Hint == "" || !errors.Is(err, row.kind) {
				t.Fatalf("error %#v", err)
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\ndoes not say %q", err, want)
				}
			}
		})
	}
}

// addCalled gives the recorder the function that the first program of
// ksyms_strong calls.
func addCalled(b *elftest.BTF, r *recorder) {
	addModule(b, r, "mod", func(m *elftest.BTF) { m.Func("there_is_no_such_function", m.FuncProto(1), rawbtf.LinkStatic) })
}

// A kernel without types, or one that hides its addresses, is told as such.
func TestExternsNotKnown(t *testing.T) {
	p := planOf(t, hostFixture("ksyms"), Options{})
	_, r := someKernel()
	r.externs.kallsyms = "0000000000000000 T _stext\n0000000000000000 T schedule\n"
	_, c, err := loaded(t, p, r)
	if !errors.Is(err, ErrPrivilege) || !strings.Contains(err.Error(), "kptr_restrict") {
		t.Errorf("hidden addresses: %v", err)
	}
	finished(t, r, c)

	noTypes := func(call string, _ any) syscall.Errno {
		if call == "vmlinux" {
			return syscall.ENOENT
		}
		return 0
	}
	_, r = someKernel()
	r.refuse = noTypes
	_, c, err = loaded(t, planOf(t, hostFixture("ksyms_strong"), Options{}), r)
	if !errors.Is(err, ErrNotSupported) || !strings.Contains(err.Error(), "the kernel's types are not known") {
		t.Errorf("no types, strong: %v", err)
	}
	finished(t, r, c)

	_, r = someKernel()
	r.refuse = noTypes
	p = planOf(t, hostFixture("ksyms_weak"), Options{})
	all, c, err := loaded(t, p, r)
	if err != nil {
		t.Errorf("no types, weak: %v", err)
	} else if got := externInsns(p, "uses", all["uses"])["bpf_rcu_read_lock"][0]; got != "0x18 src 0 off 0 imm 0 0" {
		t.Errorf("no types, weak: %s", got)
	}
	finished(t, r, c)
}

// A load that needs modules, and whose n-th call fails, leaves nothing open.
func TestModuleFaults(t *testing.T) {
	p := planOf(t, hostFixture("ksyms_strong"), Options{Jobs: 1, Autoload: []string{"takes_address"}})
	kernel := func() *recorder {
		b, r := someKernel()
		addCalled(b, r)
		r.externs.kallsyms += "ffffffff81000050 t there_is_no_such_symbol\n"
		return r
	}
	clean := kernel()
	_, c, err := loaded(t, p, clean)
	if err != nil {
		t.Fatal(err)
	}
	finished(t, clean, c)
	for n := range clean.calls {
		r := kernel()
		r.failAt, r.errno, r.always = n+1, syscall.EINVAL, true
		_, c, err := loaded(t, p, r)
		if (c == nil) == (err == nil) || err != nil && !errors.Is(err, syscall.EINVAL) {
			t.Errorf("call %d (%s): collection %v, error %v", n+1, r.failed, c, err)
		}
		finished(t, r, c)
	}
}

// A load that goes on goes on without the programs that need what is missing, and only without those.
func TestExternsKeepGoing(t *testing.T) {
	for _, row := range []struct {
		file   string
		opts   Options
		kernel func(*elftest.BTF, *recorder)
		want   map[string]string // by program: what its error says, "" for none
	}{
		{"ksyms_strong", Options{Autoload: []string{"calls_too", "takes_address", "reads"}}, func(b *elftest.BTF, r *recorder) {
			addModule(b, r, "mod", func(m *elftest.BTF) { m.Var("there_is_no_such_variable", 1, rawbtf.LinkGlobal) })
		}, map[string]string{"calls": "there_is_no_such_function", "calls_too": "there_is_no_such_function",
			"takes_address": "there_is_no_such_symbol", "reads": "", "other_prototype": ""}},
		{"ksyms_strong", Options{Autoload: []string{"calls_too", "takes_address", "reads"}}, func(b *elftest.BTF, r *recorder) {
			addModule(b, r, "mod", func(m *elftest.BTF) { m.Var("there_is_no_such_variable", 1, rawbtf.LinkGlobal) })
			r.refuse = func(call string, _ any) syscall.Errno {
				return map[string]syscall.Errno{"kallsyms": syscall.EACCES}[call]
			}
		}, map[string]string{"calls": "there_is_no_such_function", "calls_too": "there_is_no_such_function",
			"takes_address": "symbols cannot be read", "reads": "", "other_prototype": ""}},
		{"kconfig_strong", Options{Autoload: []string{"needs_it_too"}}, func(*elftest.BTF, *recorder) {},
			map[string]string{"needs_it": "has no value", "does_not": "", "needs_it_too": "has no value"}},
		{"kconfig_strong", Options{Kconfig: []byte("CONFIG_HZ=y\n")}, func(*elftest.BTF, *recorder) {},
			map[string]string{"needs_it": "CONFIG_HZ: the value", "does_not": "CONFIG_HZ: the value", "needs_it_too": ""}},
	} {
		row.opts.KeepGoing = true
		p := planOf(t, hostFixture(row.file), row.opts)
		b, r := someKernel()
		row.kernel(b, r)
		_, c, err := loaded(t, p, r)
		if c == nil {
			t.Errorf("%s: nothing is loaded: %v", row.file, err)
			continue
		}
		for _, prog := range c.Programs {
			want := row.want[prog.Name]
			if (prog.Err == nil) != (want == "") || prog.Err != nil && !strings.Contains(prog.Err.Error(), want) {
				t.Errorf("%s: %s: %v, want %q", row.file, prog.Name, prog.Err, want)
			}
		}
		finished(t, r, c)
	}
}

func TestScanKallsyms(t *testing.T) {
	text := "ffffffff81000000 T _text\n" +
		"0000000000000010 d percpu.llvm.123\n" +
		"bad line\nzz T x\nffffffff8100000012 T long\n\nffffffff81000001\n" +
		"ffffffffc0000000 t in_module\t[mod]\n" +
		strings.Repeat("x", 1<<17) + "\n" +
		"1 A last"
	var got []string
	visit := func(s kallsym) bool {
		got = append(got, fmt.Sprintf("%x %c %s", s.addr, s.letter, s.name))
		return true
	}
	if err := scanKallsyms(strings.NewReader(text), visit); err != nil {
		t.Fatal(err)
	}
	want := []string{"ffffffff81000000 T _text", "10 d percpu.llvm.123", "ffffffffc0000000 t in_module", "1 A last"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	got = nil
	stop := func(s kallsym) bool { visit(s); return false }
	if err := scanKallsyms(strings.NewReader(text), stop); err != nil || len(got) != 1 {
		t.Errorf("after a stop: %q, %v", got, err)
	}
	broken := errors.New("broken")
	if err := scanKallsyms(brokenReader{broken}, visit); !errors.Is(err, broken) {
		t.Errorf("a read error is lost: %v", err)
	}
}

type brokenReader struct{ err error }

func (b brokenReader) Read([]byte) (int, error) { return 0, b.err }

func TestEssentialName(t *testing.T) {
	for name, want := range map[string]string{
		"f": "f", "f___v2": "f", "f___a___b": "f___a", "___f": "___f", "f___": "f___", "f____v2": "f____v2", "f_____x": "f_____x",
		"f__v2": "f__v2", "": "", "_": "_", "a___b": "a",
	} {
		if got := essentialName(name); got != want {
			t.Errorf("%q without its flavour is %q, want %q", name, got, want)
		}
	}
}

// FuzzScanKallsyms: any bytes give symbols without line ends, or none.
func FuzzScanKallsyms(f *testing.F) {
	f.Add([]byte("ffffffff81000000 T _text\n1 A last"))
	f.Add([]byte("\n \n0 a \n0 a b\tc\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		err := scanKallsyms(bytes.NewReader(text), func(s kallsym) bool {
			if len(s.name) == 0 || bytes.ContainsAny(s.name, "\n\t") {
				t.Errorf("name %q", s.name)
			}
			return true
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestKfuncSince(t *testing.T) {
	for name, want := range map[string]string{"bpf_rcu_read_lock": " (it came with Linux 6.2)", "bpf_wq_init": " (it came with Linux 6.10)", "schedule": ""} {
		if got := kfuncSince(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	k := &ksym{name: "bpf_obj_new_impl___mine", decl: someFunc(t), typed: true}
	if err := k.missing(); err == nil || !strings.HasSuffix(err.Error(), "modules (it came with Linux 6.2)") {
		t.Errorf("%v", err)
	}
}

// someFunc is the type of a function.
func someFunc(t *testing.T) rawbtf.Type {
	t.Helper()
	b := elftest.NewBTF(hostOrder)
	id := b.Func("f", b.FuncProto(0), rawbtf.LinkGlobal)
	return b.Table().Type(id)
}
