package elfload_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// otherObjects are those of cilium/ebpf's own tests, where the module is unpacked.
func otherObjects(t *testing.T) []string {
	t.Helper()
	cache := os.Getenv("GOMODCACHE")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil
		}
		cache = filepath.Join(home, "go", "pkg", "mod")
	}
	paths, err := filepath.Glob(filepath.Join(cache, "github.com/cilium/ebpf@*/testdata/*-el.elf"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// below lists what is under a directory.
func below(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if path != dir {
			all = append(all, strings.TrimPrefix(path, dir))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func openFDs(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// hostileLoads loads broken objects with the running kernel, and pins all they
// ask for below one directory.
type hostileLoads struct {
	root, dir      string
	opts           elfload.Options
	tried, loaded  int
	converted      int
	fds, goroutine int
}

// Objects that are broken on purpose are loaded or refused, and leave nothing:
// no descriptor, no goroutine, no pin after an error, none outside ever.
func TestMutatedObjectsLoad(t *testing.T) {
	root := kerneltest.BPFFS(t)
	want, dir := 300, filepath.Join(root, "in")
	if hostileAll() {
		want = 5000
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var cache elfload.TypeCache
	h := &hostileLoads{root: root, dir: dir, opts: elfload.Options{PinPath: filepath.Join(dir, "pins"), BPFFS: dir, DialectPins: true,
		MaxMemory: 32 << 20, Cache: btf.NewCache(), TypeCache: &cache}}
	paths := append(realObjects(t), otherObjects(t)...)
	paths = slices.DeleteFunc(paths, func(p string) bool { return strings.HasSuffix(p, ".eb.o") })
	h.one(t, filepath.Join(objects, "core.o"), nil) // caches and the runtime open what they keep
	h.settle(t)
	h.tried, h.loaded, h.converted = 0, 0, 0
	for seed := uint64(1000); h.tried < want; seed++ {
		for i, path := range paths {
			if h.tried < want && (hostileAll() || i%5 == int(seed)%5) {
				h.one(t, path, &seed)
			}
		}
	}
	t.Logf("%d mutated objects, %d of them converted, %d loaded", h.tried, h.converted, h.loaded)
}

// settle counts what is open once the garbage of earlier tests has closed its files.
func (h *hostileLoads) settle(t *testing.T) {
	t.Helper()
	h.fds = -1
	if !kerneltest.Wait(func() bool {
		runtime.GC()
		before := h.fds
		h.fds, h.goroutine = openFDs(t), runtime.NumGoroutine()
		return h.fds == before
	}) {
		t.Fatal("the number of open descriptors changes all the time")
	}
}

// one loads one object, mutated if there is a seed.
func (h *hostileLoads) one(t *testing.T, path string, seed *uint64) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	what := filepath.Base(path)
	if seed != nil {
		raw = elftest.Mutate(raw, *seed)
		what = fmt.Sprintf("%s, seed %d", what, *seed)
	}
	h.tried++
	if err := h.load(raw); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	if out := slices.DeleteFunc(below(t, h.root), func(p string) bool { return p == "/in" || strings.HasPrefix(p, "/in/") }); len(out) > 0 {
		t.Fatalf("%s: pinned outside: %q", what, out)
	}
	// A goroutine that has done its work may still be ending.
	if seed != nil && !kerneltest.Wait(func() bool { return openFDs(t) == h.fds && runtime.NumGoroutine() <= h.goroutine }) {
		t.Fatalf("%s: %d descriptors, %d before; %d goroutines, %d before", what, openFDs(t), h.fds, runtime.NumGoroutine(), h.goroutine)
	}
	for _, p := range below(t, h.dir) {
		if err := os.RemoveAll(h.dir + p); err != nil {
			t.Fatal(err)
		}
	}
}

func (h *hostileLoads) load(raw []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	obj, err := elfload.Read(raw, elfload.ReadOptions{Name: "hostile.o"})
	if err != nil {
		return nil
	}
	obj.Document()
	if _, err := obj.Convert(io.Discard, elfload.ConvertOptions{}); err == nil {
		h.converted++
	}
	plan, err := obj.Plan(h.opts)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // some real programs keep the verifier busy
	defer cancel()
	coll, err := plan.Load(ctx)
	if ctx.Err() != nil {
		return errors.New("it hangs")
	}
	if err == nil {
		h.loaded++
		coll.Document()
		return coll.Close()
	}
	var e *elfload.Error
	if !errors.As(err, &e) || e.Stage == "" || e.Kind == nil {
		return fmt.Errorf("error without a stage or kind: %w", err)
	}
	left, lerr := os.ReadDir(h.dir)
	if lerr != nil || len(left) > 0 {
		return fmt.Errorf("after the error %w, this is left: %v, %v", err, left, lerr)
	}
	return nil
}
