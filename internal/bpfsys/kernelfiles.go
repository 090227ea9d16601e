package bpfsys

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxKernelConfig bounds the size in bytes of a kernel's configuration; real
// ones have some 300 KiB.
const maxKernelConfig = 16 << 20

// KernelConfig is the text of the running kernel's configuration:
// /boot/config-RELEASE, else /proc/config.gz (CONFIG_IKCONFIG_PROC). Where there
// is neither, the error wraps fs.ErrNotExist.
func KernelConfig() ([]byte, error) { return kernelConfig("/", readHost("/").Release) }

func kernelConfig(root, release string) ([]byte, error) {
	paths := []string{"proc/config.gz"}
	if release != "" {
		paths = []string{"boot/config-" + release, "proc/config.gz"}
	}
	var all []error
	for _, path := range paths {
		text, err := readConfig(filepath.Join(root, path))
		if err == nil {
			return text, nil
		}
		all = append(all, err)
	}
	return nil, errors.Join(all...)
}

// readConfig reads a file that may be compressed by gzip, whatever its name.
func readConfig(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKernelConfig+1))
	if err == nil && bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(text)); err == nil {
			text, err = io.ReadAll(io.LimitReader(z, maxKernelConfig+1))
		}
	}
	if err == nil && len(text) > maxKernelConfig {
		err = fmt.Errorf("more than %d bytes", maxKernelConfig)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return text, nil
}

// Kallsyms opens the list of the running kernel's symbols and of its modules',
// one per line: address in hexadecimal, letter, name, and a module's name in
// brackets. Addresses are 0 for callers that may not know them
// (kernel.kptr_restrict). The caller closes it.
func Kallsyms() (io.ReadCloser, error) { return os.Open("/proc/kallsyms") }
