package bpfsys

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/mapdef"
)

func TestTypeNamesAreComplete(t *testing.T) {
	for _, table := range []struct {
		what  string
		kinds []kind
		name  func(uint32) string
		by    func(string) (uint32, bool)
		since func(uint32) string
	}{
		{"map", mapKinds[:], MapTypeName, MapTypeByName, MapTypeSince},
		{"program", progKinds[:], ProgTypeName, ProgTypeByName, ProgTypeSince},
	} {
		for i := range table.kinds {
			n := uint32(i)
			name := table.name(n)
			if back, ok := table.by(name); !ok || back != n {
				t.Errorf("%s type %d %q comes back as %d, %v", table.what, n, name, back, ok)
			}
			if _, _, ok := parseRelease(table.since(n)); !ok && n != 0 {
				t.Errorf("%s type %q came with %q", table.what, name, table.since(n))
			}
		}
		beyond := uint32(len(table.kinds))
		if table.name(beyond) != "" || table.name(^uint32(0)) != "" || table.since(beyond) != "" {
			t.Errorf("an unknown %s type has a name", table.what)
		}
		if _, ok := table.by(""); ok {
			t.Errorf("the empty name is a %s type", table.what)
		}
	}
	if len(mapRules) != len(mapKinds) {
		t.Errorf("%d rules for %d map types", len(mapRules), len(mapKinds))
	}
}

func TestNamesAreLibbpfs(t *testing.T) {
	for name, want := range map[string]uint32{"hash": 1, "lru_percpu_hash": 10, "cgroup_storage": 19, "cgrp_storage": 32, "insn_array": 34, "rhash": 35} {
		if got, ok := MapTypeByName(name); !ok || got != want {
			t.Errorf("map type %q is %d, want %d", name, got, want)
		}
	}
	for name, want := range map[string]uint32{"sched_cls": 3, "raw_tracepoint_writable": 24, "ext": 28, "netfilter": 32} {
		if got, ok := ProgTypeByName(name); !ok || got != want {
			t.Errorf("program type %q is %d, want %d", name, got, want)
		}
	}
}

func TestFlagNames(t *testing.T) {
	for flags, want := range map[uint32]string{
		0:                  "",
		1:                  "BPF_F_NO_PREALLOC",
		1<<19 | 1<<10 | 1:  "BPF_F_NO_PREALLOC | BPF_F_MMAPABLE | BPF_F_RB_OVERWRITE",
		1<<31 | 1<<20 | 16: "BPF_F_WRONLY | 0x100000 | 0x80000000",
	} {
		if got := FlagNames(flags); got != want {
			t.Errorf("%#x: %q, want %q", flags, got, want)
		}
	}
}

func TestErrnoText(t *testing.T) {
	for errno, want := range map[syscall.Errno]string{
		syscall.EINVAL: "invalid argument (EINVAL)",
		ENOTSUPP:       "not supported by this kernel (ENOTSUPP, 524)",
	} {
		if got := ErrnoText(errno); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := ErrnoText(4000); !strings.HasSuffix(got, "(4000)") {
		t.Errorf("errno without a name: %q", got)
	}
}

func TestSyscallErrorIs(t *testing.T) {
	refused := error(&SyscallError{"BPF_MAP_CREATE", nil, syscall.EPERM})
	if !errors.Is(refused, syscall.EPERM) || errors.Is(refused, syscall.EINVAL) || errors.Is(refused, errors.ErrUnsupported) {
		t.Error("EPERM")
	}
	if !errors.Is(&SyscallError{"BPF_PROG_LOAD", nil, ENOTSUPP}, errors.ErrUnsupported) {
		t.Error("ENOTSUPP is not errors.ErrUnsupported")
	}
	if Errno(errors.New("other")) != 0 || Errno(refused) != syscall.EPERM {
		t.Error("Errno")
	}
	if !errors.Is(errNoBPF, mapdef.ErrNotSupported) || !errors.Is(errNoBPF, errors.ErrUnsupported) {
		t.Error("the answer of other systems")
	}
}

func TestArgsShowWhatIsSet(t *testing.T) {
	m := MapAttr{Type: 77, Flags: FlagNumaNode, Extra: 16, TokenFD: 5, BTFFD: 4, KeyTypeID: 2, ValueTypeID: 3}
	p := ProgAttr{Type: 6, Insns: make([]byte, 16), License: "GPL", Name: "p", LineInfo: make([]byte, 32), FDArray: []int32{3}}
	for _, tc := range []struct {
		args []Arg
		want string
	}{
		{m.args(), "map_type=77, key_size=0, value_size=0, max_entries=0, map_flags=0x10004 (BPF_F_NUMA_NODE | BPF_F_TOKEN_FD), " +
			"numa_node=0, btf_fd=4, btf_key_type_id=2, btf_value_type_id=3, map_extra=0x10, map_token_fd=5"},
		{p.args(), `prog_type=xdp (6), insn_cnt=2, license="GPL", prog_name="p", line_info bytes=32, fd_array length=1`},
		{(&BTFAttr{Raw: make([]byte, 30), LogLevel: 1}).args(), "btf_size=30, btf_log_level=1"},
	} {
		got := (&SyscallError{"X", tc.args, syscall.EINVAL}).Error()
		if want := "X(" + tc.want + "): invalid argument (EINVAL)"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if got := keyText(make([]byte, 40)); got != strings.Repeat("00", 32)+"… (40 bytes)" {
		t.Errorf("long key: %s", got)
	}
}

func TestRelease(t *testing.T) {
	for _, tc := range []struct {
		release      string
		major, minor int
		before       bool
	}{
		{"5.10.0-28-amd64", 5, 11, true},
		{"5.11", 5, 11, false},
		{"4.18.0-553.el8_10.x86_64", 5, 8, true},
		{"6.1", 5, 11, false},
		{"5.4+", 5, 5, true},
		{"", 5, 11, false},
		{"five.four", 9, 9, false},
		{"5.", 9, 9, false},
	} {
		if got := releaseBefore(tc.release, tc.major, tc.minor); got != tc.before {
			t.Errorf("%q before %d.%d: %v", tc.release, tc.major, tc.minor, got)
		}
	}
}

func TestR78PossibleCPUs(t *testing.T) {
	for list, want := range map[string]int{
		"0\n": 1, "0-3": 4, "0-3,8-11\n": 8, "0,2,4": 3, "0-65535": 65536,
		"": 0, "a": 0, "0-": 0, "3-1": 0, "0-3,2-5": 0, "0-65536": 0, "0--1": 0, "99999999999999999999": 0,
	} {
		got, err := parseCPUs(list)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %d, %v, want %d", list, got, err, want)
		}
	}
}
