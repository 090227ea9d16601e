package elfload

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// envFiles are the process's own descriptors.
type envFiles struct{}

func (envFiles) CloseOnExec(fd int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC)
	return err
}

func (envFiles) ReadSealed(fd int) ([]byte, error) {
	defer unix.Close(fd)
	const sealed = unix.F_SEAL_WRITE | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW
	seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	if err != nil || seals&sealed != sealed {
		return nil, errors.Join(errors.New("it is not a sealed file"), err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	if st.Size > maxDocument {
		return nil, fmt.Errorf("it has %d bytes, more than %d", st.Size, maxDocument)
	}
	b := make([]byte, st.Size)
	for at := 0; at < len(b); {
		n, err := unix.Pread(fd, b[at:], int64(at))
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, io.ErrUnexpectedEOF
		}
		at += n
	}
	return b, nil
}
