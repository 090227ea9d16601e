//go:build !linux

package elfload

import "errors"

type envFiles struct{}

func (envFiles) CloseOnExec(int) error          { return errors.ErrUnsupported }
func (envFiles) ReadSealed(int) ([]byte, error) { return nil, errors.ErrUnsupported }
