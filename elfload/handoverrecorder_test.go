package elfload

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

func (r *recorder) MapByID(id, flags uint32) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("map_by_id", nil, " %d %#x", id, flags); err != nil {
		return noFD, err
	}
	fd := r.open("by id")
	r.fdObj[fd] = int(id)
	return fd, nil
}

func (r *recorder) GetReadOnly(path string) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("obj_get_rdonly", nil, " %s", path); err != nil {
		return noFD, err
	}
	fd := r.open("pinned " + filepath.Base(path))
	r.fdObj[fd] = r.pins[path]
	return fd, nil
}

// LockDir is always granted; the descriptor counts like any other.
func (r *recorder) LockDir(dir string) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("lock", nil, " %s", dir); err != nil {
		return noFD, err
	}
	return r.open("lock"), nil
}

// ReadDir lists pins only.
func (r *recorder) ReadDir(dir string) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("readdir", nil, " %s", dir); err != nil {
		return nil, err
	}
	if !r.dirs[dir] {
		return nil, fs.ErrNotExist
	}
	var names []string
	for path := range r.pins {
		if filepath.Dir(path) == dir {
			names = append(names, filepath.Base(path))
		}
	}
	slices.Sort(names)
	return names, nil
}

// Wait takes no time.
func (r *recorder) Wait(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }

func (r *recorder) BTFBytes(id uint32) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.btfs[id], r.call("btf_bytes", nil, " %d", id)
}
