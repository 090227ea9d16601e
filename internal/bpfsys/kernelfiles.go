package bpfsys

import (
	"bufio"
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
	size := 0 // about; of files in /proc often none is told
	if info, err := f.Stat(); err == nil {
		size = int(min(info.Size(), maxKernelConfig))
	}
	r := bufio.NewReader(f)
	var text []byte
	if start, _ := r.Peek(2); bytes.Equal(start, []byte{0x1f, 0x8b}) {
		var z *gzip.Reader
		if z, err = gzip.NewReader(r); err == nil {
			text, err = readBounded(z, size*5) // real ones shrink to a quarter
		}
	} else {
		text, err = readBounded(r, size+1)
	}
	if err == nil && len(text) > maxKernelConfig {
		err = fmt.Errorf("more than %d bytes", maxKernelConfig)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return text, nil
}

// readBounded reads up to a byte more than a configuration may have; size is what
// room is made for first, of a file of up to maxKernelConfig.
func readBounded(r io.Reader, size int) ([]byte, error) {
	text := bytes.NewBuffer(make([]byte, 0, min(size, maxKernelConfig)+bytes.MinRead))
	_, err := text.ReadFrom(io.LimitReader(r, maxKernelConfig+1))
	return text.Bytes(), err
}

// Kallsyms opens the list of the running kernel's symbols and of its modules',
// one per line: address in hexadecimal, letter, name, and a module's name in
// brackets. Addresses are 0 for callers that may not know them
// (kernel.kptr_restrict). The caller closes it.
func Kallsyms() (io.ReadCloser, error) { return os.Open("/proc/kallsyms") }
