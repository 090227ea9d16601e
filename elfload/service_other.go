//go:build !unix

package elfload

import (
	"errors"
	"time"
)

// Service is a connection to a service manager, of which there are none here.
type Service struct{}

// DialService finds no service manager.
func DialService() (*Service, error) { return nil, nil }

// Close does nothing.
func (*Service) Close() error { return nil }

// Notify does nothing.
func (*Service) Notify(...string) error { return nil }

// Store fails: there is no service manager here.
func (*Service) Store(*Collection, time.Duration) error { return errors.ErrUnsupported }
