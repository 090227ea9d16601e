//go:build !linux

package elfload

import (
	"errors"
	"fmt"
)

func become(ExecOptions, []string, []int, []byte) error {
	return handoverError(ErrNotSupported, "exec", "", fmt.Errorf("handing over needs Linux: %w", errors.ErrUnsupported))
}
