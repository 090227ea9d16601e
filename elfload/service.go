//go:build unix

package elfload

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// Service is a connection to the service manager that has started this process,
// over which sd_notify(3) goes.
type Service struct{ conn *net.UnixConn }

// DialService connects to the service manager that $NOTIFY_SOCKET names; nil and
// no error when it names none. The caller closes the result.
func DialService() (*Service, error) { return dialService(os.Getenv("NOTIFY_SOCKET")) }

func dialService(socket string) (*Service, error) {
	switch {
	case socket == "":
		return nil, nil
	case socket[0] != '/' && socket[0] != '@':
		return nil, serviceError(fmt.Errorf("NOTIFY_SOCKET %q is neither a path nor an abstract name", socket))
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return nil, serviceError(err)
	}
	return &Service{conn}, nil
}

func serviceError(err error) *Error {
	return handoverError(nil, "service", "", fmt.Errorf("the service manager cannot be told: %w", err))
}

// Close ends the connection, which the service manager does not notice. Of a nil
// Service it does nothing.
func (s *Service) Close() error {
	if s == nil {
		return nil
	}
	return s.conn.Close()
}

// Notify tells the service manager assignments such as READY=1, STOPPING=1 or
// STATUS=text. Of a nil Service it does nothing.
func (s *Service) Notify(assignments ...string) error {
	if s == nil {
		return nil
	}
	return s.send(strings.Join(assignments, "\n"))
}

// send is one message, and descriptors with it.
func (s *Service) send(text string, fds ...int) error {
	var rights []byte
	if len(fds) > 0 {
		rights = syscall.UnixRights(fds...)
	}
	raw, err := s.conn.SyscallConn() // WriteMsgUnix refuses connected datagram sockets
	if err != nil {
		return serviceError(err)
	}
	var sendErr error
	err = raw.Write(func(fd uintptr) bool {
		sendErr = syscall.Sendmsg(int(fd), []byte(text), rights, nil, 0)
		return !errors.Is(sendErr, syscall.EAGAIN)
	})
	if err = errors.Join(err, sendErr); err != nil {
		return serviceError(err)
	}
	return nil
}

// Store puts the collection's maps into the service manager's descriptor store
// (FDSTORE=1), where they outlive the process; it gets them again at its next
// start (PassedMaps). Left out are maps that it was started with, which are
// there already, frozen maps, which belong to the object, and struct_ops maps.
// Store returns when the manager has taken them (BARRIER=1), or with an error
// after which it has been asked to forget those that this call has stored, and to keep
// again what they had replaced. A manager whose store is too small
// (FileDescriptorStoreMax=) does not tell.
func (s *Service) Store(c *Collection, wait time.Duration) (err error) {
	var stored []*MapData
	defer func() {
		for _, m := range stored {
			if m.kept = err == nil; err != nil {
				err = errors.Join(err, s.send("FDSTOREREMOVE=1\nFDNAME="+StoreName(m.Name)), s.storeOlder(c, m))
			}
		}
	}()
	for i := range c.MapData {
		m := &c.MapData[i]
		if m.FD < 0 || m.Passed || !storable(&c.Plan.Maps[i]) {
			continue
		}
		if m.Replaced != nil && m.Replaced.Passed { // two of one name would be one too many
			if err := s.send("FDSTOREREMOVE=1\nFDNAME=" + StoreName(m.Name)); err != nil {
				return err
			}
		}
		stored = append(stored, m)
		if err := s.send("FDSTORE=1\nFDNAME="+StoreName(m.Name), m.FD); err != nil {
			return err
		}
	}
	if len(stored) == 0 {
		return nil
	}
	return s.barrier(wait)
}

// storeOlder puts a map back into the store that this load has replaced.
func (s *Service) storeOlder(c *Collection, m *MapData) error {
	if m.Replaced == nil || !m.Replaced.Passed {
		return nil
	}
	for _, p := range c.Plan.opts.Passed {
		if p.Name == StoreName(m.Name) {
			return s.send("FDSTORE=1\nFDNAME="+p.Name, p.FD)
		}
	}
	return nil
}

// barrier waits until the service manager has read everything that was sent: it
// then closes its end of a pipe.
func (s *Service) barrier(wait time.Duration) error {
	r, w, err := os.Pipe()
	if err != nil {
		return serviceError(err)
	}
	defer r.Close()
	err = s.send("BARRIER=1", int(w.Fd()))
	if err = errors.Join(err, w.Close()); err != nil {
		return err
	}
	if err := r.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return serviceError(err)
	}
	// Nothing is ever written: the read ends with the end of the pipe.
	if _, err := r.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		return serviceError(fmt.Errorf("it has not read the messages within %v", wait))
	}
	return nil
}
