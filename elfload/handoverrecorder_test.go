package elfload

import "path/filepath"

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
