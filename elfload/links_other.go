//go:build !linux

package elfload

import "errors"

// LinkPlace fails: there is nothing to attach to here.
func (host) LinkPlace(placeKind, string) (uint64, error) { return 0, errors.ErrUnsupported }

// AttachLink fails: there is nothing to attach to here.
func (host) AttachLink(int, linkSpec) (int, error) { return noFD, errors.ErrUnsupported }
