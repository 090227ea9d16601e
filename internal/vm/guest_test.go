package vm_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bpfload/bpfload/internal/vm"
	"github.com/bpfload/bpfload/internal/vm/vmtest"
)

const pkg = "github.com/bpfload/bpfload/internal/vm"

// program are options that run the probe of that name.
func program(kernel, bin, what string) vm.Options {
	return vm.Options{Kernel: kernel, Init: bin, Args: []string{vm.Self}, Env: []string{probeEnv + "=" + what}}
}

func TestVMGuestRunsTheCommand(t *testing.T) {
	modules := map[string][]string{"6.12": {"nft-compat"}} // unpacking costs more than the boot
	kernels := make([]string, len(vmtest.Versions))
	for i, v := range vmtest.Versions {
		kernels[i] = vmtest.Kernel(t, v)
	}
	bin := vmtest.BuildTest(t, pkg)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kept.txt"), []byte("as on the host"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, version := range vmtest.Versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			o := program(kernels[i], bin, "tell")
			o.Dir, o.Files, o.Modules = "/guest", []vm.File{{Host: dir, Guest: "/guest/fixtures"}}, modules[version]
			r := vmtest.Run(t, o)
			if r.ExitCode != 42 || string(r.Stderr) != "to the other stream\n" || !strings.HasPrefix(r.Release, version+".") {
				t.Errorf("status %d, release %q, stderr %q", r.ExitCode, r.Release, r.Stderr)
			}
			out := string(r.Stdout)
			if !strings.HasSuffix(out, much) || !strings.HasPrefix(out, "dir /guest file \"as on the host\" <nil>\n") || strings.Contains(out, "missing ") {
				t.Errorf("stdout of %d bytes begins with\n%.600s", len(out), out)
			}
			for _, name := range []string{"nft_compat", "nf_tables", "x_tables"} {
				if strings.Contains(out, "module "+name+"\n") != (modules[version] != nil) {
					t.Errorf("module %s: given modules are %q", name, modules[version])
				}
			}
		})
	}
}

func TestVMPanicIsToldWithTheConsole(t *testing.T) {
	kernel := vmtest.Kernel(t, "6.12")
	_, err := vm.Run(context.Background(), program(kernel, vmtest.BuildTest(t, pkg), "panic"))
	var e *vm.Error
	if !errors.As(err, &e) || !errors.Is(err, vm.ErrDied) || e.Phase != "command" {
		t.Fatalf("%v", err)
	}
	if !slices.ContainsFunc(e.Console, func(l string) bool { return strings.Contains(l, "Kernel panic - not syncing: sysrq") }) {
		t.Errorf("the console does not tell the panic:\n%s", strings.Join(e.Console, "\n"))
	}
}

func TestVMHangingCommandTimesOut(t *testing.T) {
	kernel := vmtest.Kernel(t, "6.1")
	o := program(kernel, vmtest.BuildTest(t, pkg), "hang")
	o.Timeout = 2 * time.Second // long before the boot ends without KVM; the outcome is the same
	began := time.Now()
	_, err := vm.Run(context.Background(), o)
	if !errors.Is(err, vm.ErrTimeout) {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > vm.DefaultTimeout {
		t.Errorf("took %v", took)
	}
}
