package elfload

import (
	"os"
	"strconv"
	"strings"
)

// FromEnvironment takes over the table that `bpfload run` (Handover.Exec) gave
// this process: the descriptors become close-on-exec and the Table's, each
// checked against the document, and the variables are unset, so that a second
// call and child processes find nothing. ErrNothingPassed tells that the process
// was started by something else. The caller closes the Table.
func FromEnvironment() (*Table, error) {
	t, err := fromEnvironment(os.Getenv, processID(), host{}, envFiles{})
	if err != nil {
		return nil, err
	}
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); isHandoverVariable(name) {
			if err := os.Unsetenv(name); err != nil {
				return nil, joined([]error{err, t.Close()})
			}
		}
	}
	return t, nil
}

// passedFiles is what FromEnvironment needs of descriptors beyond bpf(2).
type passedFiles interface {
	CloseOnExec(fd int) error
	// ReadSealed reads all of a sealed file, and closes it.
	ReadSealed(fd int) ([]byte, error)
}

const (
	maxPassed   = 1 << 20  // descriptors; the kernel's own limit per process (fs.nr_open)
	maxDocument = 64 << 20 // bytes of a document
)

func fromEnvironment(getenv func(string) string, pid int, k kernel, files passedFiles) (*Table, error) {
	if getenv(envListenPID) != strconv.Itoa(pid) || getenv(envMapData)+getenv(envMapDataFD) == "" {
		return nil, handoverError(ErrNothingPassed, "nothing_passed", "", nil)
	}
	count, err := strconv.ParseUint(getenv(envListenFDs), 10, 32)
	if err != nil || count > maxPassed {
		return nil, receiveError("%s is %q", envListenFDs, getenv(envListenFDs))
	}
	names, err := splitFDNames(getenv(envListenFDNames), int(count))
	if err != nil {
		return nil, receiveError("%s: %w", envListenFDNames, err)
	}
	r := &receiver{k: k, first: firstPassedFD, names: names}
	for i := range names {
		fd := firstPassedFD + i
		if err := files.CloseOnExec(fd); err != nil {
			return nil, receiveError("descriptor %d, %q: %w", fd, names[i], err)
		}
		r.fds = append(r.fds, fd)
	}
	document := []byte(getenv(envMapData))
	if len(document) == 0 {
		if getenv(envMapDataFD) != strconv.Itoa(firstPassedFD+len(names)) {
			return nil, receiveError("%s is %q and not the descriptor after the %d passed", envMapDataFD, getenv(envMapDataFD), count)
		}
		if document, err = files.ReadSealed(firstPassedFD + len(names)); err != nil {
			return nil, receiveError("%s: %w", envMapDataFD, err)
		}
	}
	return r.receive(document)
}
