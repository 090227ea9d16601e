package elfload

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// attachObject is an object with one program p in that section.
func attachObject(t *testing.T, section string) *Object {
	t.Helper()
	o := &elftest.Object{Order: littleOrBig(), Sections: []elftest.Section{elftest.Exec(section, elftest.Mov(littleOrBig(), elftest.R0, 0), elftest.Exit(littleOrBig()))},
		Symbols: []elftest.Symbol{elftest.Func("p", section, 0, 16)}}
	obj, err := Read(o.Bytes(), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return obj
}

// littleOrBig is the host's byte order by its name.
func littleOrBig() binary.ByteOrder {
	if hostOrder.Uint16([]byte{1, 0}) == 1 {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// targetKernel knows one target of each kind, modules further ones of the same names.
func targetKernel() *recorder {
	r := newRecorder()
	b := elftest.NewBTF(hostOrder)
	proto := b.FuncProto(0) // 1
	b.Func("traced", proto, rawbtf.LinkStatic)
	b.Typedef("btf_trace_event", b.Ptr(proto)) // 4
	b.Func("bpf_lsm_file_open", proto, rawbtf.LinkStatic)
	b.Func("bpf_iter_task", proto, rawbtf.LinkStatic)
	b.Typedef("wrong_kind", proto) // 7
	addModule(b, r, "mod_a", func(m *elftest.BTF) {
		m.Func("only_a", proto, rawbtf.LinkStatic)
		m.Func("both", proto, rawbtf.LinkStatic)
	})
	addModule(b, r, "mod_b", func(m *elftest.BTF) {
		m.Func("traced", proto, rawbtf.LinkStatic)
		m.Func("both", proto, rawbtf.LinkStatic)
		m.Typedef("btf_trace_mod_event", proto)
		m.Func("bpf_iter_mod", proto, rawbtf.LinkStatic)
	})
	r.vmlinux = b.Bytes()
	return r
}

func TestAttachTargets(t *testing.T) {
	for _, tt := range []struct {
		section string
		want    string // type id, then the module whose BTF it is in; or part of the error
	}{
		{"fentry/traced", "2"},
		{"fexit.s/traced", "2"},
		{"fmod_ret/traced", "2"},
		{"tp_btf/event", "4"},
		{"lsm/file_open", "5"},
		{"lsm_cgroup/file_open", "5"},
		{"iter/task", "6"},
		{"fentry/vmlinux:traced", "2"},
		{"fentry/only_a", "8 mod_a"},
		{"fentry/both", "9 mod_a"},
		{"fentry/mod_b:both", "9 mod_b"},
		{"fexit/mod_b:traced", "8 mod_b"},
		{"tp_btf/mod_event", "10 mod_b"},
		{"iter/mod", "11 mod_b"},
		{"tp_btf.s/event", "4"},
		{"fentry.multi", "0"},
		{"fentry.multi/tra*", "0"},
		{"fexit.multi/vmlinux:tra*", "0"},
		{"fsession.multi.s/mod_b:bo*", "0 mod_b"},
		{"fsession.multi.s/mod_c:bo*", `no module "mod_c" is loaded that has types`},
		{"fentry/nosuch", `there is no func "nosuch" to attach to: neither the kernel nor a module has it`},
		{"fentry/wrong_kind", "there is no func"},
		{"fentry/vmlinux:only_a", "the kernel has it not"},
		{"fentry/mod_b:only_a", `no loaded module "mod_b" has it`},
		{"fentry/mod:both", `no loaded module "mod" has it`},
		{"tp_btf/mod_b:mod_event", "there is no typedef"},
		{"fentry", "gives no target"},
		{"freplace/f", "of another program, which is not known"},
	} {
		t.Run(tt.section, func(t *testing.T) {
			r := targetKernel()
			plan, err := attachObject(t, tt.section).Plan(Options{})
			if err != nil {
				t.Fatal(err)
			}
			module := ""
			r.refuse = func(_ string, a any) syscall.Errno {
				if a, ok := a.(*bpfsys.ProgAttr); ok && a.AttachBTFObjFD != 0 {
					module = strings.TrimPrefix(r.fds[a.AttachBTFObjFD], "btf of ")
				}
				return 0
			}
			all, c, err := loaded(t, plan, r)
			defer finished(t, r, c)
			if err != nil {
				e, ok := errors.AsType[*Error](err)
				if !ok || e.Code != "attach_target" || e.Symbol != "p" || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				return
			}
			if got := strings.TrimSpace(fmt.Sprint(all["p"].AttachBTFID, " ", module)); got != tt.want {
				t.Errorf("attached to %q, want %q", got, tt.want)
			}
		})
	}
}

// Modules are read only for what the kernel has not, and one that cannot be
// read matters only when no other has it.
func TestAttachTargetModules(t *testing.T) {
	for _, tt := range []struct {
		name, section string
		spoil         func(r *recorder)
		ok            bool
	}{
		{"not asked", "fentry/traced", func(r *recorder) { r.targets.modules["mod_a"] = []byte("BTF") }, true},
		{"unloaded meanwhile", "fentry/both", func(r *recorder) { delete(r.targets.modules, "mod_a") }, true},
		{"another is broken", "fentry/both", func(r *recorder) { r.targets.modules["mod_a"] = []byte("BTF") }, true},
		{"that one is broken", "fentry/only_a", func(r *recorder) { r.targets.modules["mod_a"] = []byte("BTF") }, false},
		{"descriptor is refused", "fentry/both", func(r *recorder) {
			r.refuse = func(call string, _ any) syscall.Errno {
				return map[string]syscall.Errno{"module_btf_fd": syscall.EPERM}[call]
			}
		}, false},
		{"list is refused", "fentry/both", func(r *recorder) {
			r.refuse = func(call string, _ any) syscall.Errno {
				return map[string]syscall.Errno{"modules": syscall.EACCES}[call]
			}
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := targetKernel()
			tt.spoil(r)
			plan, err := attachObject(t, tt.section).Plan(Options{})
			if err != nil {
				t.Fatal(err)
			}
			c, err := plan.load(context.Background(), r)
			defer finished(t, r, c)
			if (err == nil) != tt.ok {
				t.Errorf("error %v", err)
			}
			if tt.name == "not asked" && slices.Contains(r.calls, "modules") {
				t.Errorf("modules are read: %q", r.calls)
			}
		})
	}
}

// programKernel has program 7, pinned too, with a function, and program 8 without types.
func programKernel() *recorder {
	r := newRecorder()
	b := elftest.NewBTF(hostOrder)
	b.Func("other", b.FuncProto(0), rawbtf.LinkGlobal)
	b.Func("f", 1, rawbtf.LinkGlobal) // 3
	r.targets.programs = map[uint32][]byte{7: b.Bytes(), 8: nil, 9: []byte("BTF")}
	r.pins["/sys/fs/bpf/target"], r.pins["/sys/fs/bpf/7"] = 7, 7
	return r
}

func TestAttachProg(t *testing.T) {
	for _, tt := range []struct {
		section, target string
		want            string // type id, or part of the error
	}{
		{"freplace/f", "7", "3"},
		{"freplace/f", "/sys/fs/bpf/target", "3"},
		{"freplace/f", "/sys/fs/bpf/7", "3"},
		{"freplace/g", "7:f", "3"},
		{"freplace", "/sys/fs/bpf/target:f", "3"},
		{"fentry/f", "7", "3"},
		{"fexit/vmlinux_function", "7:other", "2"},
		{"freplace/g", "7", `program "7" has no function "g"`},
		{"freplace/f", "6", "no program has the id 6"},
		{"freplace/f", "/sys/fs/bpf/nosuch", `program "/sys/fs/bpf/nosuch" to attach to`},
		{"freplace/f", "8", "without BTF"},
		{"freplace/f", "9", `types of program "9"`},
		{"freplace", "7", "names no program, or neither it nor the section"},
		{"freplace/f", "", "names no program"},
		{"xdp", "7:f", "type xdp does not attach to another program"},
		{"tp_btf/event", "7:f", "type tracing does not attach"},
	} {
		t.Run(tt.section+" "+tt.target, func(t *testing.T) {
			r := programKernel()
			pins := len(r.pins)
			plan, err := attachObject(t, tt.section).Plan(Options{AttachProgs: []AttachProg{{Program: "p", Target: tt.target}}})
			got := ""
			var c *Collection
			if err == nil {
				var all map[string]bpfsys.ProgAttr
				if all, c, err = loaded(t, plan, r); err == nil {
					got = fmt.Sprint(all["p"].AttachBTFID)
					if all["p"].AttachProgFD == 0 || all["p"].AttachBTFObjFD != 0 {
						t.Errorf("attached through %+v", all["p"])
					}
				}
			}
			if err != nil {
				if e, ok := errors.AsType[*Error](err); ok && e.Symbol == "p" && strings.Contains(err.Error(), tt.want) {
					got = tt.want
				}
			}
			if got != tt.want {
				t.Errorf("got %q and %v, want %q", got, err, tt.want)
			}
			finished(t, r, c)
			if len(r.pins) != pins {
				t.Errorf("pins %v", r.pins)
			}
		})
	}
	if _, err := attachObject(t, "freplace/f").Plan(Options{AttachProgs: []AttachProg{{Program: "q", Target: "7"}}}); !errors.Is(err, ErrUsage) {
		t.Errorf("a program that is not there: %v", err)
	}
}

// Whichever call fails, the target's descriptor is closed.
func TestAttachProgFaults(t *testing.T) {
	for _, target := range []string{"7", "/sys/fs/bpf/target"} {
		plan, err := attachObject(t, "freplace/f").Plan(Options{AttachProgs: []AttachProg{{Program: "p", Target: target}}})
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n < 20; n++ {
			r := programKernel()
			r.failAt, r.errno, r.always = n, syscall.EPERM, true
			c, err := plan.load(context.Background(), r)
			if err != nil && !errors.Is(err, syscall.EPERM) {
				t.Errorf("call %d: %v", n, err)
			}
			finished(t, r, c)
		}
	}
}
