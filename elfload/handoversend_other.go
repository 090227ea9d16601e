//go:build !unix

package elfload

import (
	"errors"
	"net"
)

// Send fails: descriptors cannot be sent here.
func (h *Handover) Send(*net.UnixConn) error {
	return handoverError(ErrNotSupported, "send", "", errors.ErrUnsupported)
}

// Receive fails: descriptors cannot be received here.
func Receive(*net.UnixConn) (*Table, error) {
	return nil, handoverError(ErrNotSupported, "receive", "", errors.ErrUnsupported)
}
