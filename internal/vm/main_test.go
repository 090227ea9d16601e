package vm_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/vm"
)

// probeEnv makes the test binary a program that runs in a guest.
const probeEnv = "BPFLOAD_VM_PROBE"

func TestMain(m *testing.M) {
	vm.Main()
	if what := os.Getenv(probeEnv); what != "" {
		os.Exit(probe(what))
	}
	os.Exit(m.Run())
}

// probe is what the guest runs.
func probe(what string) int {
	switch what {
	case "tell":
		return tell()
	case "panic":
		fmt.Println("before the end")
		if err := os.WriteFile("/proc/sysrq-trigger", []byte("c"), 0); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	case "hang":
		select {}
	}
	return 1
}

// much is more than any buffer on the way holds.
var much = strings.Repeat("0123456789abcdef\n", 1<<14)

// tell prints what a test wants to know of its guest.
func tell() int {
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	text, err := os.ReadFile("fixtures/kept.txt")
	fmt.Printf("dir %s file %q %v\n", dir, text, err)
	for _, at := range []string{"/sys/fs/bpf", "/sys/kernel/tracing/events", "/sys/kernel/debug/tracing", "/sys/fs/cgroup/cgroup.controllers", "/sys/kernel/btf/vmlinux", "/proc/self/limits", "/dev/null"} {
		if _, err := os.Stat(at); err != nil {
			fmt.Println("missing", err)
		}
	}
	if text, err := os.ReadFile("/proc/modules"); err == nil {
		for line := range strings.Lines(string(text)) {
			name, _, _ := strings.Cut(line, " ")
			fmt.Println("module", name)
		}
	}
	fmt.Fprintln(os.Stderr, "to the other stream")
	if _, err := io.WriteString(os.Stdout, much); err != nil {
		return 1
	}
	return 42
}
