package elfload_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// runningConfig is the running kernel's configuration, line by line, read by
// other means than the loader's.
func runningConfig(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open("/proc/config.gz")
	if err != nil {
		t.Skipf("the kernel does not show its configuration: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			out[name] = value
		}
	}
	return out
}

// R111 to R114: what a program would read is what the kernel was built with.
func TestKconfigInKernel(t *testing.T) {
	kerneltest.Require(t)
	config := runningConfig(t)
	c := load(t, "kconfig_types.o", elfload.Options{})
	m := c.Data(".kconfig")
	if m == nil {
		t.Fatal("no map")
	}
	value, err := m.Map.LookupBytes(uint32(0))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Map.Put(uint32(0), value); err == nil {
		t.Error("R110 the map can be written: it is not frozen")
	}
	at := kconfigOffsets(t)
	number := func(name string, size int) uint64 {
		n := uint64(0)
		for i := size - 1; i >= 0; i-- {
			n = n<<8 | uint64(value[at[name]+i])
		}
		return n
	}
	for name, size := range map[string]int{"CONFIG_LOG_BUF_SHIFT": 2, "CONFIG_NR_CPUS": 4, "CONFIG_PGTABLE_LEVELS": 8, "CONFIG_PHYSICAL_START": 8} {
		want, err := strconv.ParseUint(config[name], 0, 64)
		if config[name] != "" && err != nil {
			t.Fatal(err)
		}
		if got := number(name, size); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	if number("CONFIG_BPF", 1) != 1 || value[at["CONFIG_BPF_JIT"]] != config["CONFIG_BPF_JIT"][0] || number("CONFIG_NET", 4) != 1 {
		t.Errorf("CONFIG_BPF, CONFIG_BPF_JIT, CONFIG_NET: %v", value)
	}
	text, _, _ := bytes.Cut(value[at["CONFIG_CC_VERSION_TEXT"]:][:6], []byte{0})
	if want := strings.Trim(config["CONFIG_CC_VERSION_TEXT"], `"`); string(text) != want[:min(5, len(want))] {
		t.Errorf("C88 the compiler is %q of %q", text, want)
	}
	if got := number("LINUX_KERNEL_VERSION", 8) >> 16; got < 4 || got > 99 {
		t.Errorf("R111 major version %d", got)
	}
	if got, err := features.LinuxVersionCode(); err == nil && number("LINUX_KERNEL_VERSION", 8) != uint64(got) {
		t.Errorf("R111 version %#x, want %#x", number("LINUX_KERNEL_VERSION", 8), got)
	}
	cookie := features.HaveProgramHelper(ebpf.TracePoint, 174) == nil
	if got := number("LINUX_HAS_BPF_COOKIE", 1) == 1; got != cookie {
		t.Errorf("R111 cookies: %t", got)
	}
	symbols, err := os.ReadFile("/proc/kallsyms")
	if err == nil {
		want := bytes.Contains(symbols, []byte(" T __x64_sys_bpf\n")) || bytes.Contains(symbols, []byte(" T __arm64_sys_bpf\n"))
		if got := number("LINUX_HAS_SYSCALL_WRAPPER", 4) == 1; got != want {
			t.Errorf("C93 wrapper: %t, want %t", got, want)
		}
	}
}

// kconfigOffsets are the places of the variables by the plan.
func kconfigOffsets(t *testing.T) map[string]int {
	t.Helper()
	text, _ := planText(filepath.Join(objects, "kconfig_types.o"))
	out := map[string]int{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) > 3 && fields[0] == "option" {
			n, err := strconv.Atoi(strings.TrimPrefix(fields[3], "offset="))
			if err != nil {
				t.Fatal(err)
			}
			out[fields[1]] = n
		}
	}
	if len(out) < 10 {
		t.Fatalf("only %d options in\n%s", len(out), text)
	}
	return out
}

// A given configuration comes before the kernel's.
func TestKconfigGiven(t *testing.T) {
	kerneltest.Require(t)
	c := load(t, "kconfig_strong.o", elfload.Options{Kconfig: []byte("CONFIG_HZ=77\nCONFIG_THERE_IS_NO_SUCH_NUMBER=78\n"), Autoload: []string{"needs_it_too"}})
	for name, want := range map[string]uint32{"does_not": 77, "needs_it": 78, "needs_it_too": 155} {
		if got, _, err := c.Program(name).Test(make([]byte, 64)); err != nil || got != want {
			t.Errorf("%s returns %d, %v, want %d", name, got, err, want)
		}
	}
}

// Kernel functions run, and weak ones that are missing are not reached.
func TestKsymsInKernel(t *testing.T) {
	kerneltest.Require(t)
	for file, program := range map[string]string{"ksyms.o": "refers", "ksyms_weak.o": "uses"} {
		c := load(t, file, elfload.Options{})
		if got, _, err := c.Program(program).Test(make([]byte, 64)); err != nil || got != 0 {
			t.Errorf("%s returns %d, %v", file, got, err)
		}
	}
	c := load(t, "ksyms.o", elfload.Options{})
	var got uint64
	if err := c.Data(".bss").Map.Lookup(uint32(0), &got); err != nil || got != 0 {
		t.Fatalf("address before the run: %#x, %v", got, err)
	}
	if _, _, err := c.Program("refers").Test(make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	if err := c.Data(".bss").Map.Lookup(uint32(0), &got); err != nil {
		t.Fatal(err)
	}
	symbols, err := os.ReadFile("/proc/kallsyms")
	if err != nil {
		t.Fatal(err)
	}
	if want := strconv.FormatUint(got, 16) + " T schedule\n"; got == 0 || !bytes.Contains(symbols, []byte(want)) {
		t.Errorf("the kernel has no %q", want)
	}
}

// What is missing is told before the kernel is asked to load the program, and a
// weak function that is called all the same is told by its name.
func TestKsymsMissingInKernel(t *testing.T) {
	kerneltest.Require(t)
	for _, row := range []struct{ file, code, want string }{
		{"ksyms_strong.o", "ksym_missing", `kernel function "there_is_no_such_function" is not in the types`},
		{"ksyms_unguarded.o", "ksym_missing", `kernel function "there_is_no_such_function" does not exist in this kernel, and instruction 0 calls it`},
		{"kconfig_strong.o", "kconfig_unset", `"CONFIG_THERE_IS_NO_SUCH_NUMBER" has no value`},
	} {
		before := openDescriptors(t)
		_, err := elfload.Load(context.Background(), filepath.Join(objects, row.file), elfload.Options{})
		var e *elfload.Error
		if !errors.As(err, &e) || e.Code != row.code || !strings.Contains(err.Error(), row.want) || e.Hint == "" {
			t.Errorf("%s: %v", row.file, err)
		}
		if after := openDescriptors(t); len(after) != len(before) {
			t.Errorf("%s: open before %v, after %v", row.file, before, after)
		}
	}
}

// A kernel without CONFIG_KALLSYMS_ALL cannot tell the address of a variable.
func TestTypedKsymInKernel(t *testing.T) {
	kerneltest.Require(t)
	config := runningConfig(t)
	c, err := elfload.Load(context.Background(), filepath.Join(objects, "ksyms_typed.o"), elfload.Options{})
	if config["CONFIG_KALLSYMS_ALL"] == "y" {
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		return
	}
	var e *elfload.Error
	if !errors.As(err, &e) || e.Code != "ksym_address" || !errors.Is(err, elfload.ErrNotSupported) || !strings.Contains(e.Hint, "CONFIG_KALLSYMS_ALL") {
		t.Errorf("error %v", err)
	}
}
