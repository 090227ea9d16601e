package bpfsys

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// fakeKernel answers probes from two functions and counts descriptors.
type fakeKernel struct {
	host              Host
	takeMap           func(*MapAttr) syscall.Errno
	takeProg          func(*ProgAttr) syscall.Errno
	oversized         func(cmd int) syscall.Errno // nil: the kernel answers
	open, next, calls int
}

func (k *fakeKernel) answer(command string, errno syscall.Errno) (int, error) {
	k.calls++
	if errno != 0 {
		return -1, &SyscallError{command, nil, errno}
	}
	k.open++
	k.next++
	return k.next + 2, nil
}

func (k *fakeKernel) MapCreate(a *MapAttr) (int, error) {
	return k.answer("BPF_MAP_CREATE", k.takeMap(a))
}

func (k *fakeKernel) ProgLoad(a *ProgAttr) (int, string, error) {
	fd, err := k.answer("BPF_PROG_LOAD", k.takeProg(a))
	return fd, "", err
}

func (k *fakeKernel) Close(int) error { k.open--; return nil }
func (k *fakeKernel) Host() Host      { return k.host }
func (k *fakeKernel) Oversized(cmd int) syscall.Errno {
	if k.oversized == nil {
		return syscall.E2BIG
	}
	return k.oversized(cmd)
}

// refuseIf is a kernel that answers errno where the condition holds.
func refuseIf(errno syscall.Errno, condition func(*MapAttr) bool) func(*MapAttr) syscall.Errno {
	return func(a *MapAttr) syscall.Errno {
		if condition(a) {
			return errno
		}
		return 0
	}
}

func TestExplainMapCreate(t *testing.T) {
	root := mapdef.At(1 << capSysAdmin)
	always := func(*MapAttr) bool { return true }
	for _, tc := range []struct {
		name      string
		a         MapAttr
		errno     syscall.Errno
		host      Host
		take      func(*MapAttr) syscall.Errno
		kind      error
		attribute string
		reason    string
		hint      string
	}{
		{"type newer than the kernel", MapAttr{Type: mapArena, MaxEntries: 1, Flags: FlagMmapable}, syscall.EINVAL,
			Host{Release: "6.1.0"}, refuseIf(syscall.EINVAL, func(a *MapAttr) bool { return a.Type == mapArena }),
			mapdef.ErrNotSupported, "map_type", "this kernel 6.1.0 has no maps of type arena (33): it came with Linux 6.9", "Use Linux 6.9 or newer"},
		{"type that was not configured", MapAttr{Type: mapXSKMap, KeySize: 4, ValueSize: 4, MaxEntries: 1}, syscall.EINVAL,
			Host{Release: "6.1.0"}, refuseIf(syscall.EINVAL, always),
			mapdef.ErrNotSupported, "map_type", "xskmap (17), although it came with Linux 4.18", "configured with the map type"},
		{"type too new and a bad size: the type first", MapAttr{Type: mapArena, KeySize: 4, MaxEntries: 1, Flags: FlagMmapable}, syscall.EINVAL,
			Host{Release: "6.1.0"}, refuseIf(syscall.EINVAL, func(a *MapAttr) bool { return a.Type == mapArena }),
			mapdef.ErrNotSupported, "map_type", "has no maps of type arena", "6.9"},
		{"flag newer than the kernel", MapAttr{Type: mapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, Flags: FlagMmapable | FlagNumaNode}, syscall.EINVAL,
			Host{Release: "5.4.2"}, refuseIf(syscall.EINVAL, func(a *MapAttr) bool { return a.Flags&FlagMmapable != 0 }),
			mapdef.ErrNotSupported, "map_flags", "the kernel 5.4.2 refuses map_flags bit 0x400 (BPF_F_MMAPABLE) for array maps: it came with Linux 5.5", "Use Linux 5.5"},
		{"link of struct_ops", MapAttr{Type: mapStructOps, KeySize: 4, ValueSize: 64, MaxEntries: 1, VmlinuxValueTypeID: 7, Flags: FlagLink}, syscall.EINVAL,
			Host{Release: "6.1.0"}, refuseIf(syscall.EINVAL, func(a *MapAttr) bool { return a.Flags != 0 }),
			mapdef.ErrNotSupported, "map_flags", "(BPF_F_LINK) for struct_ops maps: it came with Linux 6.4", "Use Linux 6.4"},
		{"two refused attributes", MapAttr{Type: mapHash, KeySize: 4, ValueSize: 4, MaxEntries: 1, Name: "x", Flags: FlagRdonlyProg}, syscall.EINVAL,
			Host{Release: "4.14.0"}, refuseIf(syscall.EINVAL, func(a *MapAttr) bool { return a.Name != "" || a.Flags != 0 }),
			mapdef.ErrNotSupported, "map_flags", `BPF_F_RDONLY_PROG) for hash maps: it came with Linux 5.2; the kernel refuses map_name "x"`, ""},
		{"a size that BTF does not fit is blamed alone", MapAttr{Type: mapArray, KeySize: 8, ValueSize: 4, MaxEntries: 1, BTFFD: 3, KeyTypeID: 1, ValueTypeID: 1}, syscall.EINVAL,
			Host{}, refuseIf(syscall.EINVAL, func(a *MapAttr) bool { return a.KeySize != 4 || a.BTFFD != 0 }),
			mapdef.ErrBadObject, "key_size", "array maps need key_size 4, not 8", "Correct the definition"},
		{"refused once", MapAttr{Type: mapHash, KeySize: 4, ValueSize: 4, MaxEntries: 1}, syscall.EINVAL, Host{},
			refuseIf(0, always), nil, "", "took the same map afterwards", "Try again"},
		{"locks in BTF", MapAttr{Type: mapQueue, ValueSize: 4, MaxEntries: 1, BTFFD: 3, ValueTypeID: 9}, syscall.EOPNOTSUPP, Host{},
			refuseIf(syscall.EOPNOTSUPP, func(a *MapAttr) bool { return a.BTFFD != 0 }),
			mapdef.ErrNotSupported, "btf_value_type_id", "value (id 9)", "locks, timers and kptrs"},
		{"CPU map beyond NR_CPUS", MapAttr{Type: mapCPUMap, KeySize: 4, ValueSize: 4, MaxEntries: 9000}, syscall.E2BIG, Host{},
			refuseIf(syscall.E2BIG, func(a *MapAttr) bool { return a.MaxEntries > 64 }), nil, "max_entries", "CONFIG_NR_CPUS", "smaller"},
		{"too many entries", MapAttr{Type: mapHash, KeySize: 4, ValueSize: 4, MaxEntries: 1 << 31}, syscall.E2BIG, Host{CPUs: 2},
			refuseIf(syscall.E2BIG, func(a *MapAttr) bool { return a.MaxEntries > 1<<30 }),
			nil, "max_entries", "the kernel refuses max_entries 2147483648: argument list too long (E2BIG); it asks for 160.0 GiB", "smaller"},
		{"memory", MapAttr{Type: mapPercpuArray, KeySize: 4, ValueSize: 1000, MaxEntries: 10_000_000}, syscall.ENOMEM,
			Host{CPUs: 64, MemAvailable: mapdef.At(8 << 30), CgroupMax: mapdef.At(1 << 30)},
			refuseIf(syscall.ENOMEM, func(a *MapAttr) bool { return a.MaxEntries > 100 }), nil, "max_entries",
			"it asks for 596.1 GiB (max_entries 10000000, key_size 4, value_size 1000, 64 CPUs), and 8 GiB are available, the cgroup's limit is 1 GiB", "smaller"},
		{"memory for one huge value", MapAttr{Type: mapArray, KeySize: 4, ValueSize: 1 << 30, MaxEntries: 1}, syscall.ENOMEM, Host{},
			refuseIf(syscall.ENOMEM, func(a *MapAttr) bool { return a.ValueSize > 100 }), nil, "value_size", "it asks for 1.0 GiB", "smaller"},
		{"no memory at all", MapAttr{Type: mapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1}, syscall.ENOMEM, Host{},
			refuseIf(syscall.ENOMEM, always), nil, "", "no memory even for the smallest map", ""},
		{"no capability", MapAttr{Type: mapDevmap, KeySize: 4, ValueSize: 4, MaxEntries: 1}, syscall.EPERM,
			Host{CapEff: mapdef.At(0)}, refuseIf(syscall.EPERM, always), mapdef.ErrPrivilege, "",
			"creating a map of type devmap (14) needs CAP_BPF and CAP_NET_ADMIN", "setcap"},
		{"zero seed", MapAttr{Type: mapHash, KeySize: 4, ValueSize: 4, MaxEntries: 1, Flags: FlagZeroSeed}, syscall.EPERM,
			Host{CapEff: mapdef.At(1 << capBPF)}, refuseIf(syscall.EPERM, func(a *MapAttr) bool { return a.Flags&FlagZeroSeed != 0 }),
			mapdef.ErrPrivilege, "map_flags", "BPF_F_ZERO_SEED", "Drop BPF_F_ZERO_SEED"},
		{"memlock", MapAttr{Type: mapArray, KeySize: 4, ValueSize: 4096, MaxEntries: 1000}, syscall.EPERM,
			Host{Release: "5.4.0", CapEff: root, Memlock: mapdef.At(65536)},
			refuseIf(syscall.EPERM, func(a *MapAttr) bool { return a.MaxEntries > 10 }),
			mapdef.ErrPrivilege, "max_entries", "more locked memory than RLIMIT_MEMLOCK allows (64 KiB); it asks for 3.9 MiB", "ulimit -l"},
		{"no bpf(2)", MapAttr{Type: mapArray}, syscall.ENOSYS, Host{}, refuseIf(syscall.ENOSYS, always), mapdef.ErrNotSupported, "", "CONFIG_BPF_SYSCALL", "CONFIG_BPF_SYSCALL=y"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.host.PageSize = 4096
			k := &fakeKernel{host: tc.host, takeMap: tc.take}
			d := ExplainMapCreate(k, &tc.a, &SyscallError{"BPF_MAP_CREATE", nil, tc.errno})
			if d.Kind != tc.kind || d.Attribute != tc.attribute {
				t.Errorf("%v, %q in %+v", d.Kind, d.Attribute, d)
			}
			if !strings.Contains(d.Reason, tc.reason) || !strings.Contains(d.Hint, tc.hint) {
				t.Errorf("got %q, %q\nwant %q, %q", d.Reason, d.Hint, tc.reason, tc.hint)
			}
			if k.open != 0 {
				t.Errorf("%d probes were left open", k.open)
			}
			if k.calls > 40 {
				t.Errorf("%d probes", k.calls)
			}
		})
	}
}

func TestExplainOfOtherErrors(t *testing.T) {
	k := &fakeKernel{}
	if d := ExplainMapCreate(k, &MapAttr{}, errors.New("out of luck")); d.Reason != "out of luck" || k.calls != 0 {
		t.Errorf("map: %+v", d)
	}
	if d := ExplainProgLoad(k, &ProgAttr{}, "", errors.New("out of luck")); d.Reason != "out of luck" || k.calls != 0 {
		t.Errorf("program: %+v", d)
	}
}

func TestExplainProgLoad(t *testing.T) {
	insns := func(n int) []byte { return make([]byte, n*insnSize) }
	only := func(errno syscall.Errno, bad func(*ProgAttr) bool) func(*ProgAttr) syscall.Errno {
		return func(a *ProgAttr) syscall.Errno {
			if bad(a) {
				return errno
			}
			return 0
		}
	}
	always := func(*ProgAttr) bool { return true }
	longer := func(a *ProgAttr) bool { return len(a.Insns) > 2*insnSize }
	for _, tc := range []struct {
		name      string
		a         ProgAttr
		log       string
		errno     syscall.Errno
		host      Host
		take      func(*ProgAttr) syscall.Errno
		kind      error
		attribute string
		reason    string
	}{
		{"verifier", ProgAttr{}, "0: (95) exit\nR0 !read_ok\nprocessed 1 insns (limit 1000000)\nverification time 3 usec\n\n", syscall.EACCES, Host{}, nil,
			mapdef.ErrVerifier, "", "the verifier rejected the program: R0 !read_ok"},
		{"capabilities", ProgAttr{Type: progExt, AttachBTFID: 1, Insns: insns(2)}, "", syscall.EPERM, Host{CapEff: mapdef.At(0)}, nil,
			mapdef.ErrPrivilege, "", "loading a program of type ext (28) needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN"},
		{"lockdown", ProgAttr{Type: progKprobe, Insns: insns(2)}, "", syscall.EPERM, Host{CapEff: mapdef.At(1 << capSysAdmin), Lockdown: "confidentiality"}, nil,
			mapdef.ErrPrivilege, "", "locked down (confidentiality)"},
		{"too many instructions", ProgAttr{Type: 6, Insns: insns(1_000_001)}, "", syscall.E2BIG, Host{}, nil,
			mapdef.ErrBadObject, "insn_cnt", "1000001 instructions, the kernel takes at most 1000000"},
		{"too many for an old kernel", ProgAttr{Type: 6, Insns: insns(5000)}, "", syscall.E2BIG, Host{Release: "4.19.0"}, nil,
			mapdef.ErrNotSupported, "insn_cnt", "kernels before 5.2 take at most 4096"},
		{"too many without privilege", ProgAttr{Type: 1, Insns: insns(5000)}, "", syscall.E2BIG, Host{CapEff: mapdef.At(0)}, nil,
			mapdef.ErrPrivilege, "insn_cnt", "without CAP_BPF the kernel takes at most 4096"},
		{"E2BIG of another cause", ProgAttr{Type: 1, Insns: insns(1)}, "", syscall.E2BIG, Host{}, nil,
			mapdef.ErrNotSupported, "", "(1 instruction)"},
		{"ENOTSUPP without a JIT", ProgAttr{Type: 6, Insns: insns(2)}, "", ENOTSUPP, Host{JIT: mapdef.At(0)}, nil,
			mapdef.ErrNotSupported, "", "the JIT compiler is off"},
		{"interrupted", ProgAttr{Type: 6, Insns: insns(2)}, "", syscall.EAGAIN, Host{}, nil, nil, "", "interrupted by signals"},
		{"memory", ProgAttr{Type: 6, Insns: insns(2)}, "", syscall.ENOMEM, Host{CgroupMax: mapdef.At(1 << 20)}, nil, nil, "", "the cgroup's limit is 1 MiB"},
		{"no bpf(2)", ProgAttr{Type: 6, Insns: insns(2)}, "", syscall.ENOSYS, Host{}, nil, mapdef.ErrNotSupported, "", "no bpf(2)"},
		{"type newer than the kernel", ProgAttr{Type: 32, AttachType: 45, Insns: insns(3)}, "", syscall.EINVAL, Host{Release: "6.1"}, only(syscall.EINVAL, always),
			mapdef.ErrNotSupported, "prog_type", "has no programs of type netfilter (32): it came with Linux 6.4"},
		{"attach type newer than the kernel", ProgAttr{Type: 6, AttachType: 37, Insns: insns(3)}, "", syscall.EINVAL, Host{},
			only(syscall.EINVAL, func(a *ProgAttr) bool { return a.AttachType != 0 }), mapdef.ErrNotSupported, "expected_attach_type", "refuses expected_attach_type 37"},
		{"target", ProgAttr{Type: progTracing, AttachType: 24, AttachBTFID: 77, Insns: insns(3)}, "", syscall.EINVAL, Host{}, only(syscall.EINVAL, always),
			mapdef.ErrNotSupported, "attach_btf_id", "refuses type id 77 as target"},
		{"a program that may not return 0", ProgAttr{Type: 6, Flags: 32, Insns: insns(3)}, "", syscall.EINVAL, Host{},
			only(syscall.EINVAL, func(a *ProgAttr) bool { return a.Flags != 0 || a.Insns[4] == 0 }), mapdef.ErrNotSupported, "prog_flags", "refuses prog_flags 0x20"},
		{"func_info", ProgAttr{Type: 6, BTFFD: 3, FuncInfo: insns(1), FuncInfoRecSize: 8, Insns: insns(3)}, "", syscall.EINVAL, Host{},
			only(syscall.EINVAL, func(a *ProgAttr) bool { return len(a.FuncInfo) > 0 }), mapdef.ErrNotSupported, "func_info", "refuses func_info or line_info"},
		{"nothing but the instructions is left", ProgAttr{Type: 6, Insns: insns(3)}, "", syscall.EINVAL, Host{}, only(syscall.EINVAL, longer),
			mapdef.ErrNotSupported, "", "before verifying it: invalid argument (EINVAL)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := &fakeKernel{host: tc.host, takeProg: tc.take}
			d := ExplainProgLoad(k, &tc.a, tc.log, &SyscallError{"BPF_PROG_LOAD", nil, tc.errno})
			if d.Kind != tc.kind || d.Attribute != tc.attribute || !strings.Contains(d.Reason, tc.reason) {
				t.Errorf("got %+v\nwant %v, %q, %q", d, tc.kind, tc.attribute, tc.reason)
			}
			if k.open != 0 {
				t.Errorf("%d probes were left open", k.open)
			}
		})
	}
}

func TestCheckProg(t *testing.T) {
	two := make([]byte, 16)
	for _, tc := range []struct {
		name string
		a    ProgAttr
		want []string // attributes
	}{
		{"good", ProgAttr{Type: 6, Insns: two}, nil},
		{"tracing with target", ProgAttr{Type: progTracing, AttachType: 24, AttachBTFID: 1, Insns: two}, nil},
		{"freplace", ProgAttr{Type: progExt, AttachBTFID: 1, AttachProgFD: 4, Insns: two}, nil},
		{"cgroup_sock without attach type means create", ProgAttr{Type: 9, Insns: two}, nil},
		{"unknown type", ProgAttr{Type: 99, AttachBTFID: 1, Insns: two}, nil},
		{"half an instruction", ProgAttr{Type: 6, Insns: two[:12]}, []string{"insn_cnt"}},
		{"program as target of xdp", ProgAttr{Type: 6, AttachProgFD: 4, Insns: two}, []string{"attach_prog_fd"}},
		{"two targets", ProgAttr{Type: progTracing, AttachBTFID: 1, AttachProgFD: 4, AttachBTFObjFD: 5, Insns: two}, []string{"attach_btf_obj_fd"}},
		{"syscall with attach type", ProgAttr{Type: 31, AttachType: 3, Insns: two}, []string{"expected_attach_type"}},
		{"line_info without BTF", ProgAttr{Type: 6, LineInfo: two, Insns: two}, []string{"prog_btf_fd"}},
		{"all at once", ProgAttr{Type: progLSM, Name: "é"}, []string{"insn_cnt", "attach_btf_id", "prog_name"}},
	} {
		var got []string
		for _, p := range CheckProg(&tc.a) {
			got = append(got, p.Attribute)
		}
		if strings.Join(got, " ") != strings.Join(tc.want, " ") {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}
