package elfload

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// undo releases what the load has made so far, last first: pins,
// directories, programs, maps, BTF. What cannot be undone joins the error.
func (l *loader) undo(cause error) error {
	l.kernelTypes.finish()
	errs := []error{cause}
	for i := len(l.pins) - 1; i >= 0; i-- {
		errs = append(errs, l.k.Remove(l.pins[i]))
	}
	for i := len(l.dirs) - 1; i >= 0; i-- {
		if err := l.k.Remove(l.dirs[i]); !errors.Is(err, syscall.ENOTEMPTY) && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err) // else another loader uses it, or has removed it
		}
	}
	closeFD := func(fd *int) {
		if *fd != noFD {
			errs = append(errs, l.k.Close(*fd))
			*fd = noFD
		}
	}
	for i := len(l.links) - 1; i >= 0; i-- {
		errs = append(errs, l.dropLink(&l.links[i]))
	}
	for i := len(l.progs) - 1; i >= 0; i-- {
		closeFD(&l.progs[i].fd)
	}
	for i := len(l.maps) - 1; i >= 0; i-- {
		if m := &l.maps[i]; m.memory != nil {
			errs = append(errs, l.k.UnmapMemory(m.memory))
			m.memory = nil
		}
		closeFD(&l.maps[i].fd)
	}
	closeFD(&l.btf)
	errs = append(errs, l.kernelTypes.closeModules())
	return joined(errs)
}

// joined keeps a lone error as it is, so that callers see *Error first.
func joined(errs []error) error {
	rest := errors.Join(errs[1:]...)
	if rest == nil {
		return errs[0]
	}
	return errors.Join(errs[0], rest)
}

// explainFilter says so where it was not the kernel that refused, but a seccomp
// filter.
func (l *loader) explainFilter(err error) {
	var e *Error
	if !errors.As(err, &e) || e.Errno == 0 {
		return
	}
	if why, ok := l.k.ExplainFilter(e.Err); ok {
		e.Kind, e.Err, e.Hint = why.Kind, fmt.Errorf("%s: %w", why.Reason, e.Err), why.Hint
	}
}
