package bpfsys

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bpfload/bpfload/internal/kerneltest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// TestExplainMapCreateOnThisKernel lets the running kernel refuse one attribute
// at a time and checks that this very attribute is named.
func TestExplainMapCreateOnThisKernel(t *testing.T) {
	kerneltest.Require(t)
	array := MapAttr{Type: mapArray, KeySize: 4, ValueSize: 8, MaxEntries: 2}
	hash := MapAttr{Type: mapHash, KeySize: 4, ValueSize: 8, MaxEntries: 2}
	with := func(a MapAttr, change func(*MapAttr)) *MapAttr { change(&a); return &a }
	for _, tc := range []struct {
		name      string
		a         *MapAttr
		kind      error
		attribute string
		reason    string
	}{
		{"array key_size", with(array, func(a *MapAttr) { a.KeySize = 8 }), mapdef.ErrBadObject, "key_size",
			"array maps need key_size 4, not 8"},
		{"array value_size 0", with(array, func(a *MapAttr) { a.ValueSize = 0 }), mapdef.ErrBadObject, "value_size",
			"value_size of array maps must not be 0"},
		{"max_entries 0", with(hash, func(a *MapAttr) { a.MaxEntries = 0 }), mapdef.ErrBadObject, "max_entries",
			"max_entries of hash maps must not be 0"},
		{"two at once", with(hash, func(a *MapAttr) { a.MaxEntries, a.KeySize = 0, 0 }), mapdef.ErrBadObject, "key_size",
			"key_size of hash maps must not be 0; max_entries of hash maps must not be 0"},
		{"flag of another type", with(hash, func(a *MapAttr) { a.Flags = FlagMmapable | FlagNoPrealloc }), mapdef.ErrBadObject, "map_flags",
			"map_flags bit 0x400 (BPF_F_MMAPABLE) is not allowed for hash maps"},
		{"flag without a name", with(hash, func(a *MapAttr) { a.Flags = 1 << 30 }), mapdef.ErrBadObject, "map_flags",
			"map_flags bit 0x40000000 (a bit without a name) is not allowed for hash maps"},
		{"LRU without preallocation", &MapAttr{Type: mapLRUHash, KeySize: 4, ValueSize: 8, MaxEntries: 2, Flags: FlagNoPrealloc},
			mapdef.ErrBadObject, "map_flags", "BPF_F_NO_PREALLOC) is not allowed for lru_hash maps"},
		{"required flag", &MapAttr{Type: mapLPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: 2}, mapdef.ErrBadObject, "map_flags",
			"lpm_trie maps need BPF_F_NO_PREALLOC"},
		{"ring buffer size", &MapAttr{Type: mapRingbuf, MaxEntries: 5000}, mapdef.ErrBadObject, "max_entries",
			"a power of 2 and a multiple of the page size 4096, not 5000"},
		{"map_extra", with(hash, func(a *MapAttr) { a.Extra = 3 }), mapdef.ErrBadObject, "map_extra", "take no map_extra"},
		{"absent NUMA node", with(hash, func(a *MapAttr) { a.Flags, a.NumaNode = FlagNumaNode, 77 }), mapdef.ErrNotSupported, "numa_node",
			"the kernel refuses numa_node 77: invalid argument (EINVAL)"},
		{"name", with(hash, func(a *MapAttr) { a.Name = "a-b" }), mapdef.ErrBadObject, "map_name",
			`refuses the character '-' in the name "a-b"`},
		{"BTF descriptor that is none", with(hash, func(a *MapAttr) { a.BTFFD, a.KeyTypeID, a.ValueTypeID = 1, 1, 1 }),
			mapdef.ErrNotSupported, "btf_value_type_id", "the kernel refuses the BTF types of key (id 1) and value (id 1)"},
		{"no inner map", &MapAttr{Type: mapArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 1}, mapdef.ErrBadObject, "inner_map_fd",
			"needs an inner map as template"},
		{"inner map that is none", &MapAttr{Type: mapHashOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 1, InnerMapFD: 1},
			mapdef.ErrNotSupported, "inner_map_fd", "refuses a map of this kind as inner map"},
		{"local storage without BTF", &MapAttr{Type: mapTaskStorage, KeySize: 4, ValueSize: 8, Flags: FlagNoPrealloc},
			mapdef.ErrBadObject, "btf_key_type_id", "task_storage maps need BTF types of key and value"},
		{"unknown type", &MapAttr{Type: 200, KeySize: 4, ValueSize: 8, MaxEntries: 2}, mapdef.ErrNotSupported, "", "type 200"},
		{"element too large", with(hash, func(a *MapAttr) { a.ValueSize = 1 << 30 }), mapdef.ErrBadObject, "value_size",
			"key and value of a hash element take 1.0 GiB, the kernel's limit is 4 MiB"},
		{"per-CPU value too large", &MapAttr{Type: mapPercpuArray, KeySize: 4, ValueSize: 40000, MaxEntries: 1}, mapdef.ErrBadObject,
			"value_size", "value_size of percpu_array maps is at most 32768, not 40000"},
		{"network device", with(hash, func(a *MapAttr) { a.Ifindex = 1 }), mapdef.ErrNotSupported, "map_ifindex", "the kernel refuses map_ifindex 1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			noLeaks(t)
			fd, err := MapCreate(tc.a)
			if err == nil {
				_ = Close(fd)
				t.Fatal("the kernel took it")
			}
			d := ExplainMapCreate(Kernel{}, tc.a, err)
			if !errors.Is(d.Kind, tc.kind) || d.Attribute != tc.attribute || !strings.Contains(d.Reason, tc.reason) {
				t.Errorf("for %v\ngot %+v\nwant %v, %q, %q", err, d, tc.kind, tc.attribute, tc.reason)
			}
		})
	}
}

// TestMinimalMapsAreTaken holds the table of rules against the kernel: the
// least map of each type that needs nothing else can be made, or the kernel
// does not know the type.
func TestMinimalMapsAreTaken(t *testing.T) {
	kerneltest.Require(t)
	noLeaks(t)
	release := ReadHost().Release
	for typ := uint32(1); int(typ) < len(mapRules); typ++ {
		a := MapAttr{Type: typ}
		base, ok := minimalMap(&a, 4096)
		if !ok {
			continue
		}
		e := &mapExplainer{sys: Kernel{}, a: &a}
		done := e.openInner(&base)
		errno := e.try(base)
		done()
		if errno != 0 && !older(release, MapTypeSince(typ)) {
			t.Errorf("%s: %+v: %s", MapTypeName(typ), base, ErrnoText(errno))
		}
		if len(CheckMap(&base, 4096)) != 0 {
			t.Errorf("%s: the least map breaks a rule: %v", MapTypeName(typ), CheckMap(&base, 4096))
		}
	}
}

// TestFlagRulesAgreeWithThisKernel sets each bit alone on the least map of each
// type. What the rules forbid the kernel must refuse; what the kernel refuses
// although the rules allow it must be newer than the kernel.
func TestFlagRulesAgreeWithThisKernel(t *testing.T) {
	kerneltest.Require(t)
	noLeaks(t)
	release := ReadHost().Release
	for typ := uint32(1); int(typ) < len(mapRules); typ++ {
		a := MapAttr{Type: typ}
		base, ok := minimalMap(&a, 4096)
		if !ok || older(release, MapTypeSince(typ)) {
			continue
		}
		e := &mapExplainer{sys: Kernel{}, a: &a}
		done := e.openInner(&base)
		for bit := range len(mapFlags) {
			if 1<<bit == flagTokenFD || 1<<bit == flagVTypeBTFObjFD {
				continue
			}
			one := base
			one.Flags |= 1 << bit
			if one.Flags&FlagStackBuildID != 0 {
				one.ValueSize = 32
			}
			refused, rule := e.try(one) != 0, len(CheckMap(&one, 4096)) > 0
			if refused != rule && !older(release, mapFlags[bit].since) {
				t.Errorf("%s with %s: the kernel refuses it: %v, the rules: %v", MapTypeName(typ), mapFlags[bit].name, refused, rule)
			}
		}
		done()
	}
}

func TestSizeRulesAgreeWithThisKernel(t *testing.T) {
	kerneltest.Require(t)
	noLeaks(t)
	release := ReadHost().Release
	sizes := []uint32{0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 24, 32, 64, 260, 261, 512, 513, 4096, 32768, 32769}
	attributes := []struct {
		name string
		set  func(*MapAttr, uint32)
	}{
		{"key_size", func(a *MapAttr, n uint32) { a.KeySize = n }},
		{"value_size", func(a *MapAttr, n uint32) { a.ValueSize = n }},
		{"max_entries", func(a *MapAttr, n uint32) { a.MaxEntries = n }},
	}
	for typ := uint32(1); int(typ) < len(mapRules); typ++ {
		a := MapAttr{Type: typ}
		base, ok := minimalMap(&a, 4096)
		if !ok || older(release, MapTypeSince(typ)) {
			continue
		}
		e := &mapExplainer{sys: Kernel{}, a: &a}
		done := e.openInner(&base)
		for _, attribute := range attributes {
			for _, n := range sizes {
				one := base
				attribute.set(&one, n)
				errno, rule := e.try(one), CheckMap(&one, 4096)
				if typ == mapCPUMap && errno == unix.E2BIG {
					continue // CONFIG_NR_CPUS is no rule of every kernel
				}
				if (errno != 0) != (len(rule) > 0) {
					t.Errorf("%s with %s %d: the kernel says %v, the rules %v", MapTypeName(typ), attribute.name, n, errno, rule)
				}
			}
		}
		done()
	}
}

func TestExplainProgLoadOnThisKernel(t *testing.T) {
	kerneltest.Require(t)
	for _, tc := range []struct {
		name      string
		a         *ProgAttr
		kind      error
		attribute string
		reason    string
	}{
		{"unknown type", &ProgAttr{Type: 99, Insns: exit0, License: "GPL"}, mapdef.ErrNotSupported, "prog_type", "has no programs of type 99"},
		{"no instructions", &ProgAttr{Type: progKprobe, License: "GPL"}, mapdef.ErrBadObject, "insn_cnt", "no instructions"},
		{"no target", &ProgAttr{Type: progLSM, AttachType: 27, Insns: exit0, License: "GPL"}, mapdef.ErrBadObject, "attach_btf_id",
			"programs of type lsm need an LSM hook as target"},
		{"attach type", &ProgAttr{Type: 18, Insns: exit0, License: "GPL"}, mapdef.ErrBadObject, "expected_attach_type",
			"programs of type cgroup_sock_addr need expected_attach_type 8 or 9"},
		{"target of a type that has none", &ProgAttr{Type: 6, AttachBTFID: 5, Insns: exit0, License: "GPL"}, mapdef.ErrBadObject,
			"attach_btf_id", "programs of type xdp take no BTF target"},
		{"flags", &ProgAttr{Type: 6, Flags: 1 << 28, Insns: exit0, License: "GPL"}, mapdef.ErrNotSupported, "prog_flags",
			"refuses prog_flags 0x10000000 for programs of type xdp (6)"},
		{"name", &ProgAttr{Type: 6, Name: "a b", Insns: exit0, License: "GPL"}, mapdef.ErrBadObject, "prog_name", "character ' '"},
		{"device", &ProgAttr{Type: 6, Ifindex: 9999, Insns: exit0, License: "GPL"}, mapdef.ErrNotSupported, "prog_ifindex", "index 9999"},
		{"BTF", &ProgAttr{Type: 6, BTFFD: 1, Insns: exit0, License: "GPL"}, mapdef.ErrNotSupported, "prog_btf_fd", "refuses prog_btf_fd 1"},
		{"func_info without BTF", &ProgAttr{Type: 6, FuncInfo: make([]byte, 8), FuncInfoRecSize: 8, Insns: exit0, License: "GPL"},
			mapdef.ErrBadObject, "prog_btf_fd", "need BTF"},
		{"verifier", &ProgAttr{Type: 6, Insns: exit0[8:], License: "GPL", LogLevel: 1}, mapdef.ErrVerifier, "",
			"the verifier rejected the program: R0 !read_ok"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			noLeaks(t)
			fd, log, err := ProgLoad(tc.a)
			if err == nil {
				_ = Close(fd)
				t.Skip("this kernel takes it")
			}
			d := ExplainProgLoad(Kernel{}, tc.a, log, err)
			if !errors.Is(d.Kind, tc.kind) || d.Attribute != tc.attribute || !strings.Contains(d.Reason, tc.reason) {
				t.Errorf("for %v\ngot %+v\nwant %v, %q, %q", err, d, tc.kind, tc.attribute, tc.reason)
			}
		})
	}
}

// TestExplainWithoutPrivilege drops every capability of one thread and lets the
// kernel itself refuse.
func TestExplainWithoutPrivilege(t *testing.T) {
	kerneltest.Require(t)
	if n := parseNumber(readFile("/proc/sys/kernel/unprivileged_bpf_disabled"), 10); !n.Known || n.Bytes == 0 {
		t.Skip("everybody may create maps here")
	}
	type answer struct {
		mapErr, progErr   error
		mapSays, progSays Diagnosis
	}
	c := make(chan answer)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		var a answer
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			a.mapErr = err
			c <- a
			return
		}
		m := &MapAttr{Type: mapDevmap, KeySize: 4, ValueSize: 4, MaxEntries: 1}
		_, a.mapErr = MapCreate(m)
		sys := Kernel{}
		a.mapSays = ExplainMapCreate(sys, m, a.mapErr)
		p := &ProgAttr{Type: progKprobe, Insns: exit0, License: "GPL"}
		_, _, a.progErr = ProgLoad(p)
		a.progSays = ExplainProgLoad(sys, p, "", a.progErr)
		c <- a
	}()
	a := <-c
	if !errors.Is(a.mapErr, unix.EPERM) || !errors.Is(a.progErr, unix.EPERM) {
		t.Fatalf("without capabilities: %v, %v", a.mapErr, a.progErr)
	}
	if d := a.mapSays; d.Kind != mapdef.ErrPrivilege || !strings.Contains(d.Reason, "needs CAP_BPF and CAP_NET_ADMIN, and the process has not got it (CapEff 0x0)") {
		t.Errorf("map: %+v", d)
	}
	if d := a.progSays; d.Kind != mapdef.ErrPrivilege || !strings.Contains(d.Reason, "loading a program of type kprobe (2) needs CAP_BPF and CAP_PERFMON") ||
		!strings.Contains(d.Hint, "setcap cap_bpf,cap_perfmon+ep") {
		t.Errorf("program: %+v", d)
	}
}

// TestEPERMIsExplained runs with whatever rights the test has: as nobody, in a
// container, under seccomp. Where the kernel says EPERM, a reason must be found.
func TestEPERMIsExplained(t *testing.T) {
	noLeaks(t)
	a := &MapAttr{Type: mapLRUHash, KeySize: 4, ValueSize: 4, MaxEntries: 1}
	fd, err := MapCreate(a)
	if err == nil {
		_ = Close(fd)
		return // TestExplainWithoutPrivilege takes the rights away
	}
	if !errors.Is(err, unix.EPERM) {
		t.Fatal(err)
	}
	d := ExplainMapCreate(Kernel{}, a, err)
	t.Logf("%s. %s.", d.Reason, d.Hint)
	if d.Kind != mapdef.ErrPrivilege || d.Hint == "" || strings.Contains(d.Reason, "security module") {
		t.Errorf("%+v", d)
	}
}
