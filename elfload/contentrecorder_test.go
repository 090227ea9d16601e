package elfload

import (
	"bytes"
	"slices"
	"syscall"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// element is one of a recorded map. Elements stand in the order of their keys.
type element struct{ key, value []byte }

// findElement is the place of a key, and whether it is there.
func (r *recorder) findElement(fd int, key []byte) (int, bool) {
	return slices.BinarySearchFunc(r.elems[r.fdObj[fd]], key, func(e element, k []byte) int { return bytes.Compare(e.key, k) })
}

func (r *recorder) store(fd int, key, value []byte) {
	obj := r.fdObj[fd]
	i, ok := r.findElement(fd, key)
	if !ok {
		r.elems[obj] = slices.Insert(r.elems[obj], i, element{key: slices.Clone(key)})
	}
	r.elems[obj][i].value = slices.Clone(value)
}

func notThere(call string) error { return &bpfsys.SyscallError{Command: call, Errno: syscall.ENOENT} }

func (r *recorder) NextKey(fd int, key []byte, _ uint32) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("next_key", nil, " %s", r.fds[fd]); err != nil {
		return nil, err
	}
	r.uses(fd)
	i, ok := r.findElement(fd, key)
	if ok && key != nil {
		i++
	}
	if all := r.elems[r.fdObj[fd]]; i < len(all) {
		return slices.Clone(all[i].key), nil
	}
	return nil, notThere("next_key")
}

func (r *recorder) LookupMap(fd int, key, value []byte, _ uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("map_lookup", nil, " %s %x", r.fds[fd], key); err != nil {
		return err
	}
	r.uses(fd)
	i, ok := r.findElement(fd, key)
	if !ok {
		return notThere("map_lookup")
	}
	copy(value, r.elems[r.fdObj[fd]][i].value)
	return nil
}

// LookupBatch keeps the number of elements that were read in out.
func (r *recorder) LookupBatch(fd int, in, out, keys, values []byte, count uint32, _ uint64) (uint32, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("lookup_batch", nil, " %s %d", r.fds[fd], count); err != nil {
		return 0, err
	}
	r.uses(fd)
	all, from := r.elems[r.fdObj[fd]], 0
	if in != nil {
		from = int(hostOrder.Uint32(in))
	}
	n := 0
	for ; n < int(count) && from+n < len(all); n++ {
		e := all[from+n]
		copy(keys[n*len(e.key):], e.key)
		copy(values[n*len(e.value):], e.value)
	}
	hostOrder.PutUint32(out, uint32(from+n))
	if from+n == len(all) {
		return uint32(n), notThere("lookup_batch")
	}
	return uint32(n), nil
}

func (r *recorder) UpdateBatch(fd int, keys, values []byte, count uint32) (uint32, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("update_batch", nil, " %s %d", r.fds[fd], count); err != nil {
		return 0, err
	}
	r.uses(fd)
	for i := range int(count) {
		k, v := len(keys)/int(count), len(values)/int(count)
		r.store(fd, keys[i*k:(i+1)*k], values[i*v:(i+1)*v])
	}
	return count, nil
}

func (r *recorder) Exchange(a, b string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("exchange", nil, " %s with %s", a, b); err != nil {
		return err
	}
	for _, path := range []string{a, b} {
		if _, ok := r.pins[path]; !ok {
			return syscall.ENOENT
		}
	}
	r.pins[a], r.pins[b] = r.pins[b], r.pins[a]
	return nil
}

func (r *recorder) WaitRCU() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.call("wait_rcu", nil, "")
}
