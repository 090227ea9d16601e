package elfload_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// hostileAll makes the tests of mutated objects take many more of them.
func hostileAll() bool { return os.Getenv("BPFLOAD_FAULTS") == "all" }

// realObjects are the fixtures and, where they are on this machine, objects of
// other people: those of Debian's packages.
func realObjects(tb testing.TB) []string {
	tb.Helper()
	paths := fixtures(tb)
	globs := []string{"/usr/lib/*/bpf/*.o"}
	for _, dir := range filepath.SplitList(os.Getenv("BPFLOAD_HOSTILE_OBJECTS")) {
		globs = append(globs, filepath.Join(dir, "*.o"))
	}
	for _, glob := range globs {
		more, err := filepath.Glob(glob)
		if err != nil {
			tb.Fatal(err)
		}
		paths = append(paths, more...)
	}
	return paths
}

// studied is all that can be told of an object without a kernel: the document
// and the plan, or the error.
func studied(raw []byte) (string, error) {
	obj, err := elfload.Read(raw, elfload.ReadOptions{Name: "hostile.o"})
	if (obj == nil) == (err == nil) {
		return "", fmt.Errorf("object %v and error %v", obj != nil, err)
	}
	var b bytes.Buffer
	if err == nil {
		if err := obj.Document().WriteJSON(&b); err != nil {
			return "", fmt.Errorf("the document: %w", err)
		}
		var plan *elfload.Plan
		plan, err = obj.Plan(elfload.Options{PageSize: 4096, PinPath: "/sys/fs/bpf/x", DialectPins: true})
		if (plan == nil) == (err == nil) {
			return "", fmt.Errorf("plan %v and error %v", plan != nil, err)
		}
		if err == nil {
			if err := plan.WriteText(&b); err != nil {
				return "", fmt.Errorf("the plan's text: %w", err)
			}
			if err := plan.Document().WriteJSON(&b); err != nil {
				return "", fmt.Errorf("the plan's document: %w", err)
			}
		}
	}
	if err != nil {
		var e *elfload.Error
		if !errors.As(err, &e) || e.Stage == "" || e.Code == "" {
			return "", fmt.Errorf("error without a stage or code: %w", err)
		}
		fmt.Fprintf(&b, "%s %s %v", e.Stage, e.Code, err)
	}
	return b.String(), nil
}

// Bounds of a reading: 64 MiB and 8 times the file, and a second per MiB, of the
// CPU: a busy machine makes nobody slower by that clock.
func memoryBound(raw []byte) uint64 { return 64<<20 + 8*uint64(len(raw)) }

func timeBound(raw []byte) time.Duration {
	return time.Second * time.Duration(1+len(raw)>>20)
}

// planned reads and plans: what a load does before the first system call.
func planned(raw []byte) {
	obj, err := elfload.Read(raw, elfload.ReadOptions{Name: "hostile.o"})
	if err != nil {
		return
	}
	plan, err := obj.Plan(elfload.Options{PageSize: 4096, PinPath: "/sys/fs/bpf/x", DialectPins: true})
	if err == nil {
		runtime.KeepAlive(plan)
	}
}

// hostile judges one file: no panic, no hang, bounded memory, the same twice.
func hostile(raw []byte) error {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	took := cpuTime(func() { planned(raw) })
	runtime.ReadMemStats(&after)
	first, err := studied(raw)
	if err != nil {
		return err
	}
	// What was allocated in all bounds the peak; only if that is too much, the
	// peak itself is measured.
	if after.TotalAlloc-before.TotalAlloc > memoryBound(raw) {
		if peak := peakMemory(memoryBound(raw), func() { planned(raw) }); !peak.within(memoryBound(raw)) {
			return fmt.Errorf("memory %+v for a file of %d", peak, len(raw))
		}
	}
	for try := 0; took > timeBound(raw); try++ { // unless it is garbage of before that is collected
		if try == 3 {
			return fmt.Errorf("%v for a file of %d bytes", took, len(raw))
		}
		took = cpuTime(func() { planned(raw) })
	}
	again, err := studied(raw)
	if err != nil {
		return err
	}
	if again != first {
		return fmt.Errorf("two readings differ:\n%s\n%s", first, again)
	}
	return sameInOtherOrder(raw)
}

// sameInOtherOrder tells whether an object means the same with its bytes the
// other way round.
func sameInOtherOrder(raw []byte) error {
	swapped, ok := elftest.Swap(raw)
	if !ok {
		return nil
	}
	a, b := planOrError(raw), planOrError(swapped)
	if a != b {
		return fmt.Errorf("with the bytes swapped it means something else:\n%s\n%s", a, b)
	}
	return nil
}

// planOrError is the plan's text less what depends on the byte order, or the error.
func planOrError(raw []byte) string {
	obj, err := elfload.Read(raw, elfload.ReadOptions{Name: "hostile.o"})
	if err == nil {
		var plan *elfload.Plan
		if plan, err = obj.Plan(elfload.Options{PageSize: 4096}); err == nil {
			var b bytes.Buffer
			if err = plan.WriteText(&b); err == nil {
				steps, warnings, _ := strings.Cut(shape(b.String()), "\nwarning ")
				return steps + numbers.ReplaceAllString(warnings, "N")
			}
		}
	}
	return numbers.ReplaceAllString(err.Error(), "N")
}

// numbers in warnings and errors may be those of bytes that nobody knows the meaning of.
var numbers = regexp.MustCompile(`(0x)?[0-9a-f]*[0-9][0-9a-f]*`)

// Swapping the bytes of a fixture gives what the compiler gives for the other
// order, and twice gives the fixture.
func TestSwap(t *testing.T) {
	swapped := 0
	for _, path := range fixtures(t) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		other, ok := elftest.Swap(raw)
		if !ok {
			continue
		}
		swapped++
		if back, ok := elftest.Swap(other); !ok || !bytes.Equal(back, raw) {
			t.Errorf("%s: swapped twice it is not the same", path)
		}
		if err := sameInOtherOrder(raw); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if swapped < 100 {
		t.Errorf("only %d fixtures can be swapped", swapped)
	}
}

// cpuTime is how much of the CPUs f takes.
func cpuTime(f func()) time.Duration {
	start := kerneltest.CPUTime()
	f()
	return kerneltest.CPUTime() - start
}

// heapUse is how far the heap grows: by what is in use, and by that and the garbage
// that is not collected yet, of which a busy machine has more.
type heapUse struct{ live, all uint64 }

func (h heapUse) within(most uint64) bool { return h.live <= most && h.all <= most+most/4 }

// peakMemory is the most that f uses of the heap, in the first of three runs that
// keeps within most, or the last.
func peakMemory(most uint64, f func()) heapUse {
	use := heapGrowth(f)
	for range 2 {
		if use.within(most) {
			break
		}
		use = heapGrowth(f)
	}
	return use
}

// heapGrowth is that of one run, with garbage collected all the time.
func heapGrowth(f func()) heapUse {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}} // as the latest collection found
	base, peak := s.HeapAlloc, heapUse{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	for {
		runtime.ReadMemStats(&s)
		metrics.Read(live)
		peak.all = max(peak.all, s.HeapAlloc-min(base, s.HeapAlloc))
		peak.live = max(peak.live, live[0].Value.Uint64()-min(base, live[0].Value.Uint64()))
		select {
		case <-done:
			return peak
		case <-time.After(200 * time.Microsecond):
		}
	}
}

// Objects that are broken on purpose, in their structure, are read and planned
// or refused.
func TestMutatedObjects(t *testing.T) {
	seeds := uint64(8)
	if hostileAll() {
		seeds = 100
	}
	n := 0
	for _, path := range realObjects(t) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for seed := range seeds {
			n++
			if err := survives(elftest.Mutate(raw, seed)); err != nil {
				t.Errorf("%s, seed %d: %v", filepath.Base(path), seed, err)
			}
		}
	}
	t.Logf("%d mutated objects", n)
}

// survives is hostile with a panic as error.
func survives(raw []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return hostile(raw)
}

// FuzzMutated lets the fuzzer choose which object is broken how.
func FuzzMutated(f *testing.F) {
	var objects [][]byte
	for _, path := range realObjects(f) {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(raw) < 32<<10 {
			objects = append(objects, raw)
		}
	}
	for i := range 16 {
		f.Add(uint16(i*7), uint64(i), uint64(0))
	}
	f.Fuzz(func(t *testing.T, which uint16, first, second uint64) {
		raw := elftest.Mutate(objects[int(which)%len(objects)], first)
		if second != 0 {
			raw = elftest.Mutate(raw, second)
		}
		if err := hostile(raw); err != nil {
			t.Fatal(err)
		}
	})
}
