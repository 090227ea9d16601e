package bpfsys

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

// exit0 is r0 = 0; exit.
var exit0 = []byte{0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0}

// noLeaks fails the test when it ends with more descriptors than it began with.
func noLeaks(t *testing.T) {
	t.Helper()
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	before := count()
	t.Cleanup(func() {
		if after := count(); after > before {
			t.Errorf("%d descriptors before, %d after", before, after)
		}
	})
}

// mustMap creates a map that is closed with the test.
func mustMap(t *testing.T, a *MapAttr) int {
	t.Helper()
	fd, err := MapCreate(a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Close(fd); err != nil {
			t.Error(err)
		}
	})
	return fd
}

func mustProg(t *testing.T, a *ProgAttr) int {
	t.Helper()
	fd, _, err := ProgLoad(a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = Close(fd) })
	return fd
}

func u32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

func TestMapCreateAndElements(t *testing.T) {
	kerneltest.Require(t)
	noLeaks(t)
	fd := mustMap(t, &MapAttr{Type: mapHash, KeySize: 4, ValueSize: 8, MaxEntries: 10, Flags: FlagNoPrealloc, Name: "elements"})
	if fd < 3 {
		t.Errorf("descriptor %d", fd)
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("descriptor is not close-on-exec: %v %v", flags, err)
	}
	if err := MapUpdate(fd, u32(7), []byte("12345678"), 0); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 8)
	if err := MapLookup(fd, u32(7), got, 0); err != nil || string(got) != "12345678" {
		t.Errorf("lookup %q, %v", got, err)
	}
	err := MapLookup(fd, u32(8), got, 0)
	if !errors.Is(err, unix.ENOENT) {
		t.Errorf("lookup of an absent key: %v", err)
	}
	info, err := GetMapInfo(fd)
	if err != nil {
		t.Fatal(err)
	}
	if info.ID == 0 {
		t.Error("no id")
	}
	info.ID = 0
	want := MapInfo{Type: mapHash, KeySize: 4, ValueSize: 8, MaxEntries: 10, Flags: FlagNoPrealloc, Name: "elements"}
	if info != want {
		t.Errorf("info %+v, want %+v", info, want)
	}
}

func TestMapUpdateBatch(t *testing.T) {
	kerneltest.Require(t)
	fd := mustMap(t, &MapAttr{Type: mapArray, KeySize: 4, ValueSize: 4, MaxEntries: 3})
	var keys, values []byte
	for i := range uint32(3) {
		keys, values = append(keys, u32(i)...), append(values, u32(100+i)...)
	}
	if done, err := MapUpdateBatch(fd, keys, values, 3, 0); err != nil || done != 3 {
		t.Fatalf("done %d, %v", done, err)
	}
	got := make([]byte, 4)
	if err := MapLookup(fd, u32(2), got, 0); err != nil || binary.NativeEndian.Uint32(got) != 102 {
		t.Errorf("element 2 is %x, %v", got, err)
	}
	binary.NativeEndian.PutUint32(keys[4:], 99) // the second key is outside
	if done, err := MapUpdateBatch(fd, keys, values, 3, 0); !errors.Is(err, unix.E2BIG) || done != 1 {
		t.Errorf("batch with a bad second key: done %d, %v", done, err)
	}
}

func TestMapUpdateFDInsertsInnerMap(t *testing.T) {
	kerneltest.Require(t)
	noLeaks(t)
	inner := mustMap(t, &MapAttr{Type: mapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	outer := mustMap(t, &MapAttr{Type: mapArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 2, InnerMapFD: inner})
	if err := MapUpdateFD(outer, u32(1), inner, 0); err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 4)
	if err := MapLookup(outer, u32(1), id, 0); err != nil {
		t.Fatal(err)
	}
	if info, err := GetMapInfo(inner); err != nil || binary.NativeEndian.Uint32(id) != info.ID {
		t.Errorf("slot holds map %x, want id %d (%v)", id, info.ID, err)
	}
}

func TestMapFreeze(t *testing.T) {
	kerneltest.Require(t)
	fd := mustMap(t, &MapAttr{Type: mapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, Flags: FlagRdonlyProg})
	if err := MapFreeze(fd); err != nil {
		t.Fatal(err)
	}
	if err := MapUpdate(fd, u32(0), u32(1), 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("update of a frozen map: %v", err)
	}
	if err := MapFreeze(fd); err == nil { // EBUSY, or EPERM where frozen counts as not writable
		t.Error("frozen twice")
	}
}

func TestPinAndGet(t *testing.T) {
	dir := kerneltest.BPFFS(t)
	noLeaks(t)
	fd := mustMap(t, &MapAttr{Type: mapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	path := filepath.Join(dir, "m")
	if err := ObjPin(fd, path); err != nil {
		t.Fatal(err)
	}
	if err := ObjPin(fd, path); !errors.Is(err, unix.EEXIST) {
		t.Errorf("second pin: %v", err)
	}
	again, err := ObjGet(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer Close(again)
	a, err1 := GetMapInfo(fd)
	b, err2 := GetMapInfo(again)
	if err1 != nil || err2 != nil || a != b {
		t.Errorf("%+v %v, %+v %v", a, err1, b, err2)
	}
	_, err = ObjGet(path+"x", 0)
	if !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), path+"x") {
		t.Errorf("absent pin: %v", err)
	}
	if err := ObjPin(fd, filepath.Join(t.TempDir(), "m")); err == nil {
		t.Error("pinned outside of bpffs")
	}
}

func TestProgLoadWithoutAndWithLog(t *testing.T) {
	kerneltest.Require(t)
	noLeaks(t)
	fd, log, err := ProgLoad(&ProgAttr{Type: progSocketFilter, Insns: exit0, License: "GPL", Name: "quiet"})
	if err != nil || log != "" {
		t.Fatalf("log %q, %v", log, err)
	}
	defer Close(fd)
	info, err := GetProgInfo(fd)
	if err != nil || info.Name != "quiet" || info.Type != progSocketFilter || info.ID == 0 || info.XlatedLen != 16 {
		t.Errorf("%+v, %v", info, err)
	}
	fd2, log, err := ProgLoad(&ProgAttr{Type: progSocketFilter, Insns: exit0, License: "GPL", LogLevel: 2})
	if err != nil || !strings.Contains(log, "exit") {
		t.Fatalf("log %q, %v", log, err)
	}
	defer Close(fd2)
	_, log, err = ProgLoad(&ProgAttr{Type: progSocketFilter, Insns: exit0[8:], License: "GPL", LogLevel: 1})
	if !errors.Is(err, unix.EACCES) || !strings.Contains(log, "R0 !read_ok") {
		t.Errorf("log %q, %v", log, err)
	}
}

// longProgram is n moves and an exit, which the verifier prints at level 2.
func longProgram(n int) []byte {
	var insns []byte
	for i := range n {
		insns = append(insns, 0xb7, 0, 0, 0)
		insns = binary.NativeEndian.AppendUint32(insns, uint32(i))
	}
	return append(insns, exit0[8:]...)
}

func TestLogGrowsUntilItFits(t *testing.T) {
	kerneltest.Require(t)
	noLeaks(t)
	fd, log, err := ProgLoad(&ProgAttr{Type: progSocketFilter, Insns: longProgram(4000), License: "GPL", LogLevel: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer Close(fd)
	if len(log) < firstLogSize || !strings.Contains(log, "\n0: ") && !strings.HasPrefix(log, "0: ") || !strings.Contains(log, "processed 4001 insns") {
		t.Errorf("log of %d bytes is cut off: %.60q … %q", len(log), log, log[max(0, len(log)-100):])
	}
	_, log, err = ProgLoad(&ProgAttr{Type: progSocketFilter, Insns: longProgram(400)[:3200], License: "GPL", LogLevel: 2, LogSize: 128})
	if !errors.Is(err, unix.EINVAL) || log == "" {
		t.Errorf("a bad program with a small buffer: log %q, %v", log, err)
	}
}

func TestProgInfoListsMaps(t *testing.T) {
	kerneltest.Require(t)
	m := mustMap(t, &MapAttr{Type: mapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	extra := mustMap(t, &MapAttr{Type: mapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	insns := append([]byte{0x18, 0x11, 0, 0}, u32(uint32(m))...) // r1 = map m ll
	insns = append(insns, make([]byte, 8)...)
	prog := mustProg(t, &ProgAttr{Type: progSocketFilter, Insns: append(insns, exit0...), License: "GPL"})
	if err := ProgBindMap(prog, extra); err != nil {
		t.Fatal(err)
	}
	info, err := GetProgInfo(prog)
	if err != nil {
		t.Fatal(err)
	}
	var want []uint32
	for _, fd := range []int{m, extra} {
		mi, err := GetMapInfo(fd)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, mi.ID)
	}
	if fmt.Sprint(info.MapIDs) != fmt.Sprint(want) {
		t.Errorf("maps %v, want %v", info.MapIDs, want)
	}
}

// intBTF is raw BTF with one type, a 4 byte int.
func intBTF() []byte {
	types := binary.NativeEndian.AppendUint32(nil, 1)
	types = binary.NativeEndian.AppendUint32(types, 1<<24)
	types = binary.NativeEndian.AppendUint32(types, 4)
	types = binary.NativeEndian.AppendUint32(types, 32)
	strs := "\x00int\x00"
	b := binary.NativeEndian.AppendUint16(nil, 0xeb9f)
	b = append(b, 1, 0)
	for _, v := range []int{24, 0, len(types), len(types), len(strs)} {
		b = binary.NativeEndian.AppendUint32(b, uint32(v))
	}
	return append(append(b, types...), strs...)
}

func TestBTFLoad(t *testing.T) {
	kerneltest.Require(t)
	noLeaks(t)
	raw := intBTF()
	fd, log, err := BTFLoad(&BTFAttr{Raw: raw})
	if err != nil {
		t.Fatal(err, log)
	}
	defer Close(fd)
	info, err := GetBTFInfo(fd)
	if err != nil || info.Kernel || info.ID == 0 || int(info.Size) != len(raw) {
		t.Errorf("%+v, %v", info, err)
	}
	m := mustMap(t, &MapAttr{Type: mapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, BTFFD: fd, KeyTypeID: 1, ValueTypeID: 1})
	if mi, err := GetMapInfo(m); err != nil || mi.BTFID != info.ID || mi.KeyTypeID != 1 || mi.ValueTypeID != 1 {
		t.Errorf("%+v, %v", mi, err)
	}
	raw[len(raw)-1] = 'x' // the string section is no longer terminated
	_, log, err = BTFLoad(&BTFAttr{Raw: raw, LogLevel: 1})
	if !errors.Is(err, unix.EINVAL) || !strings.Contains(log, "string section") && !strings.Contains(log, "String section") {
		t.Errorf("log %q, %v", log, err)
	}
}

func TestVmlinuxBTFByDescriptorAndFile(t *testing.T) {
	kerneltest.Require(t)
	noLeaks(t)
	raw, err := VmlinuxBTF()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := ModuleBTFFD("vmlinux")
	if err != nil {
		t.Fatal(err)
	}
	defer Close(fd)
	info, err := GetBTFInfo(fd)
	if err != nil || info.Name != "vmlinux" || !info.Kernel || int(info.Size) != len(raw) {
		t.Errorf("%+v, file of %d bytes, %v", info, len(raw), err)
	}
	if _, err := ModuleBTFFD("no_such_module"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("absent module: %v", err)
	}
}

func TestDescriptorsNeverStandForStreams(t *testing.T) {
	kerneltest.Require(t)
	noLeaks(t)
	saved, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Close(0); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Dup3(saved, 0, 0); err != nil {
			t.Error(err)
		}
		_ = unix.Close(saved)
	}()
	fd, err := MapCreate(&MapAttr{Type: mapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer Close(fd)
	if fd < 3 {
		t.Errorf("descriptor %d", fd)
	}
	if _, err := unix.FcntlInt(0, unix.F_GETFD, 0); err != unix.EBADF {
		t.Errorf("descriptor 0 was left open: %v", err)
	}
	if flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 {
		t.Error("the moved descriptor is not close-on-exec")
	}
}

func TestSyscallErrorCarriesEveryAttribute(t *testing.T) {
	kerneltest.Require(t)
	_, err := MapCreate(&MapAttr{Type: mapHash, KeySize: 0, ValueSize: 8, MaxEntries: 10, Flags: 5, Name: "bad"})
	want := `BPF_MAP_CREATE(map_type=hash (1), key_size=0, value_size=8, max_entries=10, ` +
		`map_flags=0x5 (BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE), numa_node=0, map_name="bad"): invalid argument (EINVAL)`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if Errno(err) != unix.EINVAL || !errors.Is(err, unix.EINVAL) {
		t.Errorf("errno %v", Errno(err))
	}
	if err := Close(-1); !errors.Is(err, unix.EBADF) {
		t.Errorf("close(-1): %v", err)
	}
}

func readFile(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
