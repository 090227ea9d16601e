package bpfsys

import (
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// TestLayouts holds the structs against union bpf_attr and struct bpf_map_info,
// bpf_prog_info (include/uapi/linux/bpf.h), on 32-bit hosts too.
func TestLayouts(t *testing.T) {
	var (
		m mapCreateAttr
		p progLoadAttr
		b btfLoadAttr
		e elemAttr
		u batchAttr
		o objAttr
		i infoAttr
	)
	for _, tc := range []struct {
		name      string
		got, want uintptr
	}{
		{"map_name", unsafe.Offsetof(m.mapName), 28},
		{"map_ifindex", unsafe.Offsetof(m.mapIfindex), 44},
		{"btf_fd", unsafe.Offsetof(m.btfFD), 48},
		{"btf_vmlinux_value_type_id", unsafe.Offsetof(m.btfVmlinuxValueTypeID), 60},
		{"map_extra", unsafe.Offsetof(m.mapExtra), 64},
		{"value_type_btf_obj_fd", unsafe.Offsetof(m.valueTypeBTFObjFD), 72},
		{"map_token_fd", unsafe.Offsetof(m.mapTokenFD), 76},
		{"insns", unsafe.Offsetof(p.insns), 8},
		{"log_buf", unsafe.Offsetof(p.logBuf), 32},
		{"prog_name", unsafe.Offsetof(p.progName), 48},
		{"expected_attach_type", unsafe.Offsetof(p.expectedAttachType), 68},
		{"func_info", unsafe.Offsetof(p.funcInfo), 80},
		{"line_info", unsafe.Offsetof(p.lineInfo), 96},
		{"attach_btf_id", unsafe.Offsetof(p.attachBTFID), 108},
		{"attach_prog_fd", unsafe.Offsetof(p.attachFD), 112},
		{"core_relo_cnt", unsafe.Offsetof(p.coreReloCnt), 116},
		{"fd_array", unsafe.Offsetof(p.fdArray), 120},
		{"core_relo_rec_size", unsafe.Offsetof(p.coreReloRecSize), 136},
		{"log_true_size", unsafe.Offsetof(p.logTrueSize), 140},
		{"prog_token_fd", unsafe.Offsetof(p.progTokenFD), 144},
		{"fd_array_cnt", unsafe.Offsetof(p.fdArrayCnt), 148},
		{"btf_size", unsafe.Offsetof(b.btfSize), 16},
		{"btf_log_true_size", unsafe.Offsetof(b.trueSize), 28},
		{"btf_token_fd", unsafe.Offsetof(b.tokenFD), 36},
		{"key", unsafe.Offsetof(e.key), 8},
		{"flags", unsafe.Offsetof(e.flags), 24},
		{"batch.count", unsafe.Offsetof(u.count), 32},
		{"batch.elem_flags", unsafe.Offsetof(u.elemFlags), 40},
		{"bpf_fd", unsafe.Offsetof(o.bpfFD), 8},
		{"info", unsafe.Offsetof(i.info), 8},
	} {
		if tc.got != tc.want {
			t.Errorf("%s is at %d, want %d", tc.name, tc.got, tc.want)
		}
	}
}

func TestUsedSizeDropsTrailingZeros(t *testing.T) {
	size := func(w mapCreateAttr, min uintptr) uintptr {
		return usedSize(unsafe.Pointer(&w), unsafe.Sizeof(w), min)
	}
	for _, tc := range []struct {
		name string
		a    MapAttr
		min  uintptr
		want uintptr
	}{
		{"a map of Linux 3.19", MapAttr{Type: 1, KeySize: 4, ValueSize: 4, MaxEntries: 1}, 0, 16},
		{"flags", MapAttr{Type: 1, Flags: 1}, 0, 20},
		{"name of three bytes ends in the first word", MapAttr{Name: "abc"}, 0, 32},
		{"high half of map_extra", MapAttr{Extra: 1 << 56}, 0, 72},
		{"token", MapAttr{TokenFD: 3}, 0, 80},
		{"nothing", MapAttr{}, 0, 0},
		{"output beyond the input", MapAttr{Type: 1}, 48, 48},
	} {
		if got := size(tc.a.wire(), tc.min); got != tc.want {
			t.Errorf("%s: %d bytes, want %d", tc.name, got, tc.want)
		}
	}
}

func TestWireMapAttr(t *testing.T) {
	a := MapAttr{Type: 1, Name: strings.Repeat("n", 20), TokenFD: 9, ValueTypeBTFObjFD: 8, Flags: FlagNoPrealloc}
	w := a.wire()
	if got := nameString(w.mapName[:]); got != strings.Repeat("n", 15) || w.mapName[15] != 0 {
		t.Errorf("name %q", got)
	}
	if want := uint32(FlagNoPrealloc | flagTokenFD | flagVTypeBTFObjFD); w.mapFlags != want {
		t.Errorf("flags %#x, want %#x", w.mapFlags, want)
	}
}

func TestWireProgAttr(t *testing.T) {
	var p pinned
	defer p.Unpin()
	a := ProgAttr{Insns: make([]byte, 24), FuncInfo: make([]byte, 16), FuncInfoRecSize: 8,
		LineInfo: make([]byte, 16), LineInfoRecSize: 16, FDArray: []int32{3, 4}, AttachBTFObjFD: 7, TokenFD: 5}
	w := a.wire(&p)
	if w.insnCnt != 3 || w.funcInfoCnt != 2 || w.lineInfoCnt != 1 || w.funcInfoRecSize != 8 || w.coreReloRecSize != 0 {
		t.Errorf("counts %+v", w)
	}
	if w.insns == 0 || w.license == 0 || w.fdArray == 0 || w.coreRelos != 0 || w.logBuf != 0 {
		t.Errorf("pointers %+v", w)
	}
	if w.fdArrayCnt != 0 || w.attachFD != 7 || w.progFlags != flagTokenFD {
		t.Errorf("fd_array_cnt %d, attach fd %d, flags %#x", w.fdArrayCnt, w.attachFD, w.progFlags)
	}
	a.FDArrayContinuous, a.AttachProgFD = true, 6
	if w = a.wire(&p); w.fdArrayCnt != 2 || w.attachFD != 6 {
		t.Errorf("fd_array_cnt %d, attach fd %d", w.fdArrayCnt, w.attachFD)
	}
}

func TestRecordsOfSizeZeroAreNone(t *testing.T) {
	if size, n := records(make([]byte, 8), 0); size != 0 || n != 0 {
		t.Errorf("%d, %d", size, n)
	}
}

func TestRetrying(t *testing.T) {
	answers := func(all ...syscall.Errno) (func() (int, syscall.Errno), *int) {
		n := 0
		return func() (int, syscall.Errno) {
			errno := all[min(n, len(all)-1)]
			n++
			return 42, errno
		}, &n
	}
	for _, tc := range []struct {
		name      string
		answers   []syscall.Errno
		result    int
		errno     syscall.Errno
		callCount int
	}{
		{"at once", []syscall.Errno{0}, 42, 0, 1},
		{"interrupted and asked to come back", []syscall.Errno{syscall.EINTR, syscall.EAGAIN, syscall.EAGAIN, 0}, 42, 0, 4},
		{"refused", []syscall.Errno{syscall.EAGAIN, syscall.EINVAL}, -1, syscall.EINVAL, 2},
		{"for ever", []syscall.Errno{syscall.EAGAIN}, -1, syscall.EAGAIN, retries},
	} {
		once, n := answers(tc.answers...)
		if r, errno := retrying(once); r != tc.result || errno != tc.errno || *n != tc.callCount {
			t.Errorf("%s: %d, %v after %d calls", tc.name, r, errno, *n)
		}
	}
}
