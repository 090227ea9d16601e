package elfload

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// addCongestionOps adds what the fixtures register to a kernel's types, and
// gives the ids of the struct and of its value.
func addCongestionOps(b *elftest.BTF, integer elftest.ID) (ops, value elftest.ID) {
	fn := b.Ptr(b.FuncProto(integer))
	name := b.Array(b.Int("char", 1, elftest.Char), integer, 16)
	ops = b.Struct("tcp_congestion_ops", 48, opsMember("flags", integer, 0), opsMember("name", name, 64), opsMember("ssthresh", fn, 192),
		opsMember("cong_avoid", fn, 256), opsMember("undo_cwnd", fn, 320))
	value = b.Struct("bpf_struct_ops_tcp_congestion_ops", 64, opsMember("refcnt", integer, 0), opsMember("data", ops, 128))
	return ops, value
}

// opsKernel is a recorder with the congestion control's types, in a module if
// it has a name.
func opsKernel(module string) (r *recorder, ops, value elftest.ID) {
	r = newRecorder()
	b := elftest.NewBTF(hostOrder)
	integer := b.Int("int", 4, elftest.Signed)
	if module == "" {
		ops, value = addCongestionOps(b, integer)
	} else {
		addModule(b, r, "aaa", func(m *elftest.BTF) { m.Typedef("other", integer) })
		addModule(b, r, module, func(m *elftest.BTF) { ops, value = addCongestionOps(m, integer) })
	}
	r.vmlinux = b.Bytes()
	return r, ops, value
}

// R122, R127: what the kernel is told of a map and its programs.
func TestStructOpsAttributes(t *testing.T) {
	for _, module := range []string{"", "tcp_mod"} {
		t.Run("module "+module, func(t *testing.T) {
			r, ops, value := opsKernel(module)
			var created []bpfsys.MapAttr
			r.refuse = func(_ string, a any) syscall.Errno {
				if a, ok := a.(*bpfsys.MapAttr); ok {
					created = append(created, *a)
				}
				return 0
			}
			all, c, err := loaded(t, planOf(t, hostFixture("struct_ops"), Options{Jobs: 1}), r)
			if err != nil {
				t.Fatal(err)
			}
			defer finished(t, r, c)
			if len(created) != 1 {
				t.Fatalf("D1, R124 %d maps", len(created))
			}
			m := created[0]
			if m.VmlinuxValueTypeID != value || m.ValueSize != 64 || m.BTFFD == 0 || m.KeyTypeID != 0 || m.ValueTypeID != 0 ||
				(m.ValueTypeBTFObjFD != 0) != (module != "") {
				t.Errorf("the map is made with %+v", m)
			}
			for name, index := range map[string]uint32{"halves": 2, "avoids": 3, "undoes": 4} {
				a := all[name]
				if a.AttachBTFID != ops || a.AttachType != index || a.AttachBTFObjFD != m.ValueTypeBTFObjFD {
					t.Errorf("program %q is member %d of type %d of BTF %d", name, a.AttachType, a.AttachBTFID, a.AttachBTFObjFD)
				}
			}
		})
	}
}

// R125: errors that only the kernel's types show.
func TestStructOpsLoadErrors(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(r *recorder)
		kind  error
		want  string
	}{
		{"no such type", func(r *recorder) { r.vmlinux = elftest.NewBTF(hostOrder).Bytes() }, ErrNotSupported, `no struct_ops type "tcp_congestion_ops"`},
		{"no types", func(r *recorder) {
			r.refuse = func(call string, _ any) syscall.Errno {
				return map[string]syscall.Errno{"vmlinux": syscall.ENOENT}[call]
			}
		}, ErrNotSupported, "need the kernel's types"},
		{"broken types", func(r *recorder) { r.vmlinux = []byte("BTF") }, ErrNotSupported, "need the kernel's types"},
		{"unknown member", func(r *recorder) {
			b := elftest.NewBTF(hostOrder)
			ops := b.Struct("tcp_congestion_ops", 0)
			b.Struct("bpf_struct_ops_tcp_congestion_ops", 0, opsMember("data", ops, 0))
			r.vmlinux = b.Bytes()
		}, ErrNotSupported, `member "name" of struct tcp_congestion_ops`},
		{"a map that the kernel refuses", func(r *recorder) {
			r.refuse = func(call string, _ any) syscall.Errno {
				return map[string]syscall.Errno{"map_create": syscall.EINVAL}[call]
			}
		}, ErrNotSupported, "invalid argument"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _, _ := opsKernel("")
			tt.spoil(r)
			_, err := planOf(t, hostFixture("struct_ops"), Options{}).load(context.Background(), r)
			e, ok := errors.AsType[*Error](err)
			if !ok || !errors.Is(err, tt.kind) || e.Symbol != "plain" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v", err)
			}
			if n := len(slices.DeleteFunc(slices.Clone(r.calls), func(c string) bool { return !strings.HasPrefix(c, "map_create") })); n > 1 {
				t.Errorf("a struct_ops map is tried without types: %q", r.calls)
			}
			finished(t, r, nil)
		})
	}
}

// One program cannot be two members.
func TestStructOpsReuse(t *testing.T) {
	o := newOpsObject(hostOrder)
	o.relocs(pointerTo(0, "p"), pointerTo(24, "p"))
	obj, err := o.read()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder()
	b := elftest.NewBTF(hostOrder)
	fn := b.Ptr(b.FuncProto(0))
	b.Struct("bpf_struct_ops_ops", 16, opsMember("data", b.Struct("ops", 16, opsMember("f", fn, 0), opsMember("g", fn, 64)), 0))
	r.vmlinux = b.Bytes()
	_, err = plan.load(context.Background(), r)
	if err == nil || !strings.Contains(err.Error(), `program "p" is member "g" of struct ops here and member "f" of struct ops elsewhere`) {
		t.Errorf("error %v", err)
	}
	finished(t, r, nil)
}

// One program can be the same member of two maps.
func TestStructOpsShared(t *testing.T) {
	o := newOpsObject(hostOrder)
	o.Section(".struct_ops").Data = make([]byte, 64)
	o.Symbols = append(o.Symbols, elftest.Global("w", ".struct_ops", 32, 32))
	o.vars = []elftest.SecInfo{{Var: o.btf.Var("v", o.typ, rawbtf.LinkGlobal), Size: 32}, {Var: o.btf.Var("w", o.typ, rawbtf.LinkGlobal), Offset: 32, Size: 32}}
	o.relocs(pointerTo(0, "p"), pointerTo(24, "q"), pointerTo(32, "p"))
	obj, err := o.read()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(Options{Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder()
	b := elftest.NewBTF(hostOrder)
	fn := b.Ptr(b.FuncProto(0))
	b.Struct("bpf_struct_ops_ops", 16, opsMember("data", b.Struct("ops", 16, opsMember("f", fn, 0), opsMember("g", fn, 64)), 0))
	r.vmlinux = b.Bytes()
	c, err := plan.load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.MapData) != 2 || len(c.Programs) != 2 || c.Programs[0].FD < 3 || c.Programs[0].AttachType != 0 || c.Programs[1].AttachType != 1 {
		t.Errorf("maps %+v, programs %+v", c.MapData, c.Programs)
	}
	finished(t, r, c)
}

// A struct_ops program that no map refers to has no type to attach to.
func TestStructOpsUnreferenced(t *testing.T) {
	o := newOpsObject(hostOrder) // q is in no map
	obj, err := o.read()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(Options{Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder()
	b := elftest.NewBTF(hostOrder)
	b.Struct("bpf_struct_ops_ops", 8, opsMember("data", b.Struct("ops", 8, opsMember("f", b.Ptr(b.FuncProto(0)), 0)), 0))
	r.vmlinux = b.Bytes()
	_, err = plan.load(context.Background(), r)
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != "attach_target" || e.Symbol != "q" || !errors.Is(err, ErrBadObject) {
		t.Errorf("error %v", err)
	}
	finished(t, r, nil)
}

// Attaching writes the value first and then makes a link; whatever fails leaves
// no link behind.
func TestStructOpsAttachCalls(t *testing.T) {
	for _, tt := range []struct {
		name, fixture, ops string
		fail               string
		errno              syscall.Errno
		ok                 bool
	}{
		{"R127 without link", "struct_ops", "plain", "", 0, true},
		{"R127 with link", "struct_ops_link", "linked", "", 0, true},
		{"refused", "struct_ops", "plain", "map_update", syscall.EINVAL, false},
		{"busy without link", "struct_ops", "plain", "map_update", syscall.EBUSY, false},
		{"busy with link: it has its value", "struct_ops_link", "linked", "map_update", syscall.EBUSY, true},
		{"name is taken", "struct_ops_link", "linked", "link_create", syscall.EEXIST, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _, _ := opsKernel("")
			c, err := planOf(t, hostFixture(tt.fixture), Options{Jobs: 1}).load(context.Background(), r)
			if err != nil {
				t.Fatal(err)
			}
			defer finished(t, r, c)
			r.refuse = func(call string, _ any) syscall.Errno { return map[string]syscall.Errno{tt.fail: tt.errno}[call] }
			ops, err := c.AttachStructOps(tt.ops)
			if (err == nil) != tt.ok || (err != nil && !errors.Is(err, tt.errno)) {
				t.Fatalf("attaching: %v", err)
			}
			if err != nil {
				return
			}
			r.refuse = nil
			if err := errors.Join(ops.Close(), ops.Close()); err != nil {
				t.Error(err)
			}
			if last := r.calls[len(r.calls)-1]; ops.FD == noFD && !strings.HasPrefix(last, "map_delete") {
				t.Errorf("the last call is %q", last)
			}
		})
	}
}
