package elfload

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// filled is the value of the configuration's map as text by variable, and the
// codes of the warnings.
func filled(t *testing.T, p *Plan, r *recorder) (values map[string]string, warnings []string, err error) {
	t.Helper()
	m, ok := p.Object.kconfigMap()
	if !ok {
		t.Fatal("no map")
	}
	l := &loader{plan: p, k: r, ctx: context.Background(), btf: noFD}
	b, err := l.fillKconfig(&p.Maps[m])
	for _, w := range l.warnings {
		warnings = append(warnings, w.Code)
	}
	if err != nil {
		return nil, warnings, err
	}
	values = map[string]string{}
	for _, v := range p.Object.kconfig.Vars {
		values[v.Name] = p.Object.file.BTF.DecodeText(v.Type, b[v.Offset:][:v.Size])
	}
	return values, warnings, nil
}

// fullConfig is what a kernel says of the options of kconfig_types.
const fullConfig = `CONFIG_BPF=y
CONFIG_BPF_JIT=y
CONFIG_LOG_BUF_SHIFT=-17
CONFIG_NR_CPUS=0x100
CONFIG_PGTABLE_LEVELS=5
CONFIG_PHYSICAL_START=0x1000000
# CONFIG_OTHER is not set
CONFIG_NET=m
CONFIG_CC_VERSION_TEXT="gcc (GCC) 15"
CONFIG_LOCALVERSION="-x"
`

// R111 to R114, C88 to C93.
func TestKconfigValues(t *testing.T) {
	r := newRecorder()
	r.externs.config = fullConfig
	wrapped := false
	for _, w := range wrapperNames {
		r.externs.kallsyms += "ffffffff81000100 T __" + w.prefix + "_sys_bpf\n"
		wrapped = true
	}
	got, warnings, err := filled(t, planOf(t, hostFixture("kconfig_types"), Options{}), r)
	if err != nil || !wrapped {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"CONFIG_BPF": "true", "CONFIG_NOT_THERE_BOOL": "false", "CONFIG_BPF_JIT": "121", "CONFIG_NOT_THERE_CHAR": "0",
		"CONFIG_LOG_BUF_SHIFT": "-17", "CONFIG_NOT_THERE_SHORT": "0", "CONFIG_NR_CPUS": "256", "CONFIG_PGTABLE_LEVELS": "5",
		"CONFIG_PHYSICAL_START": "16777216", "CONFIG_NET": "TRI_MODULE", "CONFIG_NOT_THERE_TRISTATE": "TRI_NO",
		"CONFIG_CC_VERSION_TEXT": `"gcc ("`, "CONFIG_LOCALVERSION": `"-x"`, "LINUX_KERNEL_VERSION": "396291",
		"LINUX_HAS_BPF_COOKIE": "true", "LINUX_HAS_SYSCALL_WRAPPER": "1", "LINUX_HAS_NOT_BEEN_INVENTED": "0",
	} {
		if got[name] != want {
			t.Errorf("%s is %s, want %s", name, got[name], want)
		}
	}
	if !slices.Equal(warnings, []string{"kconfig_cut"}) {
		t.Errorf("warnings %v", warnings)
	}
	if len(r.fds) != 0 || r.externs.opened != 0 {
		t.Errorf("left open: %v, %d files", r.fds, r.externs.opened)
	}
}

func TestKconfigSources(t *testing.T) {
	refuse := func(call string, errno syscall.Errno) func(string, any) syscall.Errno {
		return func(c string, _ any) syscall.Errno {
			if c == call {
				return errno
			}
			return 0
		}
	}
	for _, row := range []struct {
		name     string
		given    string
		kernel   func(*recorder)
		option   string
		want     string // "!" and what the error says
		kind     error
		warnings []string
	}{
		{"R112 the given text first", "CONFIG_NR_CPUS=7\n" + fullConfig, nil, "CONFIG_NR_CPUS", "7", nil, []string{"kconfig_cut"}},
		{"R112 then the kernel's", "CONFIG_NET=y\n", nil, "CONFIG_NR_CPUS", "256", nil, []string{"kconfig_cut"}},
		{"R113 the given text is wrong", "CONFIG_NET=y\nCONFIG_X=\n", nil, "", "!the given kernel configuration: line 2: CONFIG_X: has no value", ErrUsage, nil},
		{"R113 the kernel's does not fit", "", func(r *recorder) { r.externs.config = "CONFIG_BPF=7\n" }, "",
			"!the kernel's configuration: line 1: CONFIG_BPF: the value", ErrBadObject, nil},
		{"R112 no configuration", "", func(r *recorder) { r.refuse = refuse("kconfig", syscall.ENOENT) }, "CONFIG_NET", "TRI_NO", nil,
			[]string{"kconfig_unread"}},
		{"R111 no cookies", "", func(r *recorder) { r.refuse = refuse("prog_load", syscall.EINVAL) }, "LINUX_HAS_BPF_COOKIE", "false", nil, []string{"kconfig_cut"}},
		{"R111 no wrapper", "", func(*recorder) {}, "LINUX_HAS_SYSCALL_WRAPPER", "0", nil, []string{"kconfig_cut"}},
		{"R111 no symbols", "", func(r *recorder) { r.refuse = refuse("kallsyms", syscall.ENOENT) }, "LINUX_HAS_SYSCALL_WRAPPER", "0", nil,
			[]string{"kallsyms", "kconfig_cut"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRecorder()
			r.externs.config = fullConfig
			if row.kernel != nil {
				row.kernel(r)
			}
			p := planOf(t, hostFixture("kconfig_types"), Options{Kconfig: []byte(row.given)})
			got, warnings, err := filled(t, p, r)
			if want, failed := strings.CutPrefix(row.want, "!"); failed {
				if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, row.kind) {
					t.Errorf("error %v, want %q", err, want)
				}
				return
			}
			if err != nil || got[row.option] != row.want {
				t.Errorf("%s is %s, want %s (%v)", row.option, got[row.option], row.want, err)
			}
			if i := slices.Index(warnings, "kconfig_unset"); i >= 0 {
				t.Error("programs need what is unset, so it is no mere warning")
			}
			if !slices.Equal(warnings, row.warnings) {
				t.Errorf("warnings %v, want %v", warnings, row.warnings)
			}
		})
	}
}

// A strong option that only programs that stay out need is a warning.
func TestKconfigUnsetAndUnneeded(t *testing.T) {
	_, warnings, err := filled(t, planOf(t, hostFixture("kconfig_strong"), Options{MapsOnly: true}), newRecorder())
	if err != nil || !slices.Equal(warnings, []string{"kconfig_unset"}) {
		t.Errorf("%v, %v", warnings, err)
	}
	r := newRecorder()
	r.refuse = func(call string, _ any) syscall.Errno {
		if call == "kconfig" {
			return syscall.ENOENT
		}
		return 0
	}
	_, err = planOf(t, hostFixture("kconfig_strong"), Options{}).load(context.Background(), r)
	if !errors.Is(err, ErrNotSupported) || !errors.Is(err, fs.ErrNotExist) && !strings.Contains(err.Error(), "neither /boot/config-RELEASE nor") {
		t.Errorf("without a configuration: %v", err)
	}
}

// R110: the type of the map's value is a DATASEC that lies as the map does.
func TestKconfigBTF(t *testing.T) {
	for _, file := range []string{"kconfig_types.o", "kconfig_types.eb.o"} {
		p := planOf(t, file, Options{})
		m, _ := p.Object.kconfigMap()
		table, err := rawbtf.Parse(p.BTF(), p.Object.file.Order)
		if err != nil {
			t.Fatal(err)
		}
		ds := table.Type(p.Maps[m].ValueType)
		if ds.Kind != rawbtf.Datasec || !ds.NameIs(".kconfig") || ds.Size() != p.Maps[m].ValueSize || ds.Vlen != len(p.Object.kconfig.Vars) {
			t.Fatalf("%s: type %d is a %s of %d bytes with %d members", file, ds.ID, ds.Kind, ds.Size(), ds.Vlen)
		}
		for i, v := range p.Object.kconfig.Vars {
			info := ds.SecInfo(i)
			ty := table.Type(info.Var)
			if !ty.NameIs(v.Name) || info.Offset != v.Offset || info.Size != v.Size || ty.Linkage() != rawbtf.LinkGlobal {
				t.Errorf("%s: member %d is %q at %d of %d bytes, linkage %d", file, i, ty.Name(), info.Offset, info.Size, ty.Linkage())
			}
		}
		def := &p.Maps[m]
		if def.Flags != bpfsys.FlagMmapable|bpfsys.FlagRdonlyProg || !def.Frozen || def.KeyType != 0 || def.Dialect != "kconfig" || !def.Named(".kconfig") {
			t.Errorf("%s: R110 %+v", file, def.MapDef)
		}
	}
}

// A plan is loaded any number of times, and its configuration read each time.
func TestKconfigTwice(t *testing.T) {
	p := planOf(t, hostFixture("kconfig"), Options{Kconfig: []byte("CONFIG_HZ=100\n")})
	for range 2 {
		got, _, err := filled(t, p, newRecorder())
		if err != nil || got["CONFIG_HZ"] != "100" {
			t.Errorf("%v, %v", got, err)
		}
	}
}

// Every attribute of an object with externs that cilium/ebpf could not carry is
// refused rather than lost.
func TestExternsInCollectionSpec(t *testing.T) {
	for _, file := range []string{"kconfig.o", "ksyms.o", "rbtree.o"} {
		spec, err := planOf(t, file, Options{}).Object.CollectionSpec()
		var e *Error
		if spec != nil || !errors.As(err, &e) || e.Code != "spec_extern" || !errors.Is(err, ErrNotSupported) {
			t.Errorf("%s: %v, %v", file, spec, err)
		}
	}
}
