package elfload

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// refuseMigration is the error of a map whose entries cannot be moved.
func refuseMigration(m *PlannedMap, which string, why error) *Error {
	return &Error{Kind: ErrIncompatiblePin, Stage: StagePin, Code: "migrate_refused", Section: m.Section, Symbol: m.Name,
		Err:  fmt.Errorf("the entries of %s cannot be taken over: %w", which, why),
		Hint: "do without them with --on-mismatch " + m.Name + "=replace, or load with another pin directory"}
}

func (c *copier) refuse(format string, args ...any) *Error {
	return refuseMigration(c.m, c.old.text(c.m), fmt.Errorf(format, args...))
}

// migrate copies the entries of the map that map i replaces. Frozen maps are not
// among those: constants are the object's own.
func (l *loader) migrate(i int) error {
	m, lm := &l.plan.Maps[i], &l.maps[i]
	if lm.old == nil || lm.migration == nil {
		return nil
	}
	c := &copier{loader: l, m: m, migration: lm.migration, old: lm.old, from: lm.old.fd, to: lm.fd}
	if m.Internal {
		c.base = append(make([]byte, 0, m.ValueSize), m.Contents...)
	}
	if err := c.run(i); err != nil {
		return err
	}
	if len(c.dropped) > 0 {
		l.warn(Warning{Code: "migrate_dropped", Map: m.Name, Section: m.Section,
			Message: "these variables of the older map have none of that name to go to: " + strings.Join(quoteAll(c.dropped, 20), ", ")})
	}
	lm.copied = c.done
	l.trace("map %d %q: %d entries copied from map %d", i, m.Name, c.done, c.old.info.ID)
	return nil
}

// quoteAll quotes the first n names and counts the rest.
func quoteAll(names []string, n int) []string {
	out := make([]string, 0, min(len(names), n+1))
	for i, name := range names {
		if i == n {
			return append(out, fmt.Sprintf("and %d more", len(names)-n))
		}
		out = append(out, Quote(name))
	}
	return out
}

// copier copies the entries of one map into another.
type copier struct {
	*loader
	*migration
	m        *PlannedMap
	old      *pinned
	from, to int
	base     []byte // what a value has that the old one says nothing about

	cpus               int
	oldBytes, newBytes int // of an element's value
	flags              uint64
	done               uint64
	told               time.Time
}

const flagLock = 4 // BPF_F_LOCK

func (c *copier) fail(code string, err error) *Error {
	e := loadError(StageValue, code, &c.m.MapDef, err)
	e.Err = fmt.Errorf("copying the entries of %s: %w", c.old.text(c.m), err)
	return e
}

func (c *copier) run(i int) error {
	if c.contents.byID() {
		return c.objects(i)
	}
	c.cpus = 1
	if c.contents.perCPU() {
		n, err := c.k.PossibleCPUs()
		if err != nil {
			return c.fail("cpus", err)
		}
		c.cpus = n
	}
	c.oldBytes, c.newBytes = bytesOf(c.old.shape, c.cpus), bytesOf(c.old.want, c.cpus)
	if t := c.old.shape.types; t != nil && specialField(t, c.old.shape.valueType) == "bpf_spin_lock" {
		c.flags = flagLock // each value is read as it is between two critical sections
	}
	err := c.batches()
	if err == nil {
		err = c.evicted()
	}
	c.report(1, err == nil)
	return err
}

// batchBytes is about how much is read at once.
const batchBytes = 1 << 20

// batches reads and writes many elements per system call, and goes on one by one
// where the kernel cannot (Linux 5.6; 5.13 for arrays per CPU and tries).
func (c *copier) batches() error {
	key := int(c.old.info.KeySize)
	count := uint32(min(max(batchBytes/(c.oldBytes+c.newBytes+key), 32), 1<<14))
	at := make([]byte, max(key, 4))
	var in []byte
	keys, values := make([]byte, int(count)*key), make([]byte, int(count)*c.oldBytes)
	for {
		if err := c.cancelled(); err != nil {
			return err
		}
		n, err := c.k.LookupBatch(c.from, in, at, keys, values, count, c.flags)
		last := errors.Is(err, syscall.ENOENT)
		switch {
		case err == nil || last:
		case in == nil && noBatch(err):
			return c.oneByOne()
		case errors.Is(err, syscall.ENOSPC) && count < 1<<20: // a bucket holds more
			count *= 2
			keys, values = make([]byte, int(count)*key), make([]byte, int(count)*c.oldBytes)
			continue
		default:
			return c.fail("migrate_read", err)
		}
		if n > count {
			n = count
		}
		if err := c.write(keys[:int(n)*key], values[:int(n)*c.oldBytes], int(n)); err != nil {
			return err
		}
		if last {
			return nil
		}
		in = at
		c.report(c.part(at), false)
	}
}

// noBatch tells that the kernel does not know batches, or not of that map.
func noBatch(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, bpfsys.ENOTSUPP) || errors.Is(err, syscall.EOPNOTSUPP)
}

func (c *copier) cancelled() error {
	if err := c.ctx.Err(); err != nil {
		return &Error{Kind: err, Stage: StageValue, Code: "cancelled", Err: err}
	}
	return nil
}

// oneByOne copies element after element.
func (c *copier) oneByOne() error {
	value := make([]byte, c.oldBytes)
	return c.walk(func(key []byte) error {
		err := c.k.LookupMap(c.from, key, value, c.flags)
		if errors.Is(err, syscall.ENOENT) {
			return nil // deleted meanwhile
		}
		if err != nil {
			return c.fail("migrate_read", err)
		}
		if err := c.write(key, value, 1); err != nil {
			return err
		}
		c.report(float64(c.done)/float64(c.old.info.MaxEntries+1), false)
		return nil
	})
}

// walk goes from key to key of the old map. When an element goes away while the
// walk is there, the kernel starts anew, which is harmless but must end.
func (c *copier) walk(each func(key []byte) error) error {
	var key []byte
	for steps := 4*uint64(c.old.info.MaxEntries) + 1<<10; steps > 0; steps-- {
		if err := c.cancelled(); err != nil {
			return err
		}
		next, err := c.k.NextKey(c.from, key, c.old.info.KeySize)
		if errors.Is(err, syscall.ENOENT) {
			return nil
		}
		if err != nil {
			return c.fail("migrate_read", err)
		}
		if err := each(next); err != nil {
			return err
		}
		key = next
	}
	return c.fail("migrate_read", fmt.Errorf("it changes faster than it can be read: %w", syscall.EBUSY))
}

// write turns n old values into new ones and writes them.
func (c *copier) write(keys, old []byte, n int) error {
	if c.contents.array() {
		fits, err := c.inArray(keys, old, n)
		if err != nil {
			return err
		}
		n = fits
		keys, old = keys[:4*n], old[:c.oldBytes*n]
	}
	if n == 0 {
		return nil
	}
	values := make([]byte, n*c.newBytes)
	oldValue, newValue := c.oldBytes/c.cpus, c.newBytes/c.cpus
	for i := range n * c.cpus {
		to := values[i*newValue : (i+1)*newValue]
		copy(to, c.base)
		c.value.apply(old[i*oldValue:(i+1)*oldValue], to)
	}
	return c.put(keys, values, n)
}

// inArray is how many of the elements the new array has room for. Those behind
// must be zero, as in an array that nobody has written.
func (c *copier) inArray(keys, old []byte, n int) (int, error) {
	for i := range n {
		index := hostOrder.Uint32(keys[4*i:])
		if index < c.old.want.maxEntries {
			continue
		}
		for j := i; j < n; j++ {
			if !allZero(old[j*c.oldBytes : (j+1)*c.oldBytes]) {
				return 0, c.refuse("the new array has %d elements, and element %d is in use",
					c.old.want.maxEntries, hostOrder.Uint32(keys[4*j:]))
			}
		}
		return i, nil
	}
	return n, nil
}

// put writes n elements, one by one where the kernel has no batches.
func (c *copier) put(keys, values []byte, n int) error {
	done, err := c.k.UpdateBatch(c.to, keys, values, uint32(n))
	if err == nil {
		c.done += uint64(n)
		return nil
	}
	if !noBatch(err) {
		return c.full(c.done+uint64(done), err)
	}
	key := len(keys) / n
	for i := range n {
		if err := c.k.UpdateMap(c.to, keys[i*key:(i+1)*key], values[i*c.newBytes:(i+1)*c.newBytes], 0); err != nil {
			return c.full(c.done, err)
		}
		c.done++
	}
	return nil
}

// full tells a map that has no room for all entries from other failures.
func (c *copier) full(done uint64, err error) error {
	room := c.old.want.maxEntries
	if done >= uint64(room) && (errors.Is(err, syscall.E2BIG) || errors.Is(err, syscall.ENOSPC)) {
		return c.refuse("the new map has room for %d entries, and the old one has more", room)
	}
	return c.fail("migrate_write", err)
}

// evicted counts what an LRU map has kept of what was written, and tells if it is
// less: such maps make room before they are full.
func (c *copier) evicted() error {
	if t := ebpf.MapType(c.old.want.typ); (t != ebpf.LRUHash && t != ebpf.LRUCPUHash) || c.done == 0 {
		return nil
	}
	kept, key := uint64(0), []byte(nil)
	for kept <= c.done {
		next, err := c.k.NextKey(c.to, key, c.old.info.KeySize)
		if errors.Is(err, syscall.ENOENT) {
			break
		}
		if err != nil {
			return c.fail("migrate_read", err)
		}
		key = next
		kept++
	}
	if kept < c.done {
		c.warn(Warning{Code: "migrate_evicted", Map: c.m.Name, Section: c.m.Section,
			Message: fmt.Sprintf("the new LRU map has kept %d of %d entries", kept, c.done)})
	}
	return nil
}

// progressEvery is how often Options.Progress is told.
const progressEvery = 100 * time.Millisecond

func (c *copier) report(part float64, end bool) {
	f := c.plan.opts.Progress
	if f == nil || !end && time.Since(c.told) < progressEvery {
		return
	}
	c.told = time.Now()
	f(Progress{Map: c.m.Name, Entries: c.done, Part: min(part, 1)})
}

// part guesses from where a batch ended how much has been read: a hash says the
// number of the next bucket (kernel/bpf/hashtab.c), an array the last index.
func (c *copier) part(at []byte) float64 {
	n := uint64(c.old.info.MaxEntries)
	switch c.contents {
	case hashValues, perCPUHashValues:
		buckets := uint64(1)
		for buckets < n {
			buckets *= 2
		}
		return float64(hostOrder.Uint32(at)) / float64(buckets)
	case arrayValues, perCPUArrayValues:
		return float64(hostOrder.Uint32(at)) / float64(n)
	}
	return float64(c.done) / float64(n+1)
}
