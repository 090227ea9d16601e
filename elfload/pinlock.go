package elfload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// pinKernel is what pinning needs of directories on bpffs.
type pinKernel interface {
	// LockDir locks a directory against other loaders until the descriptor is
	// closed; EAGAIN: another one has it.
	LockDir(dir string) (fd int, err error)
	ReadDir(dir string) ([]string, error)
	// BTFBytes reads types that are loaded.
	BTFBytes(id uint32) ([]byte, error)
	// Wait waits, or tells why ctx ended.
	Wait(ctx context.Context, d time.Duration) error
}

func (host) LockDir(dir string) (int, error) { return bpfsys.LockDir(dir) }

func (host) ReadDir(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

func (host) Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// How long a load waits for another that pins into the same directory, and how
// often it looks. Afterwards it goes on without a lock: whoever can read the
// directory can hold its lock.
const (
	pinLockWait = time.Minute
	pinLockPoll = 20 * time.Millisecond
)

// newPin begins the name of a pin that is to replace another by rename.
const newPin = "bpfload-new-"

// lockDirs are the directories that this load must have for itself, in order:
// loaders that would make the same pins wait for each other.
func (p *Plan) lockDirs() []string {
	var dirs []string
	paths := p.pinPaths()
	if len(paths) > 0 && p.opts.PinPath != "" {
		return []string{filepath.Clean(p.opts.PinPath)}
	}
	for _, path := range paths {
		dirs = append(dirs, filepath.Dir(path))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// lockPins makes and locks the pin directories, so that of several loaders one
// makes the pins and the others find them. It then takes away what a loader that
// was killed has left. Where a directory cannot be locked, the load goes on: a
// pin that appears meanwhile makes it start anew.
func (l *loader) lockPins() error {
	for _, dir := range l.plan.lockDirs() {
		if err := l.lockDir(dir); err != nil {
			return err
		}
	}
	if len(l.locks) == 0 {
		return nil
	}
	return l.removeLeftovers()
}

func (l *loader) lockDir(dir string) error {
	for waited := time.Duration(0); ; waited += pinLockPoll {
		if err := l.makeDirs(dir); err != nil {
			return pinError(dir, err)
		}
		fd, err := l.k.LockDir(dir)
		switch {
		case err == nil:
			l.locks = append(l.locks, fd)
			return nil
		case errors.Is(err, fs.ErrNotExist): // removed by a loader that did not succeed
		case !errors.Is(err, syscall.EAGAIN):
			l.warn(Warning{Code: "pin_lock", Message: fmt.Sprintf("pin directory %q is not locked against other loaders: %v", dir, err)})
			return nil
		case waited > pinLockWait:
			l.warn(Warning{Code: "pin_lock", Message: fmt.Sprintf("pin directory %q is not locked against other loaders: another process has kept its lock for %v", dir, pinLockWait)})
			return nil
		}
		if err := l.k.Wait(l.ctx, pinLockPoll); err != nil {
			l.dirs = nil // whoever has the lock uses them
			return &Error{Kind: err, Stage: StagePin, Code: "cancelled", Err: err}
		}
	}
}

// unlockPins lets other loaders go on.
func (l *loader) unlockPins() {
	for _, fd := range l.locks {
		if err := l.k.Close(fd); err != nil {
			l.trace("unlocking: %v", err)
		}
	}
	l.locks = nil
}

// removeLeftovers removes pins under temporary names. Whoever made them had the
// lock, and has it no more.
func (l *loader) removeLeftovers() error {
	done := make(map[string]bool)
	for _, path := range l.plan.pinPaths() {
		dir := filepath.Dir(path)
		if done[dir] {
			continue
		}
		done[dir] = true
		names, err := l.k.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return pinError(dir, err)
		}
		for _, name := range names {
			if !strings.HasPrefix(name, newPin) {
				continue
			}
			l.trace("removing %s, which a killed loader has left", filepath.Join(dir, name))
			if err := l.k.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return pinError(dir, err)
			}
		}
	}
	return nil
}
