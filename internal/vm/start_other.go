//go:build !linux

package vm

import "os/exec"

func dieWithParent(*exec.Cmd) {}

func start(cmd *exec.Cmd) (wait func() error, err error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return cmd.Wait, nil
}

func kvmWorks() bool { return false }
