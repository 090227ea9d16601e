package vm

import (
	"debug/elf"
	"os"
)

// initBinary is the file of a binary that can be a guest's first process; ""
// means the running one.
func initBinary(file string) (string, error) {
	if file == "" {
		var err error
		if file, err = os.Executable(); err != nil {
			return "", err
		}
	}
	f, err := elf.Open(file)
	if err != nil {
		return "", input("%q is no Linux binary: %w", file, err)
	}
	defer f.Close()
	if f.Machine != elf.EM_X86_64 {
		return "", input("%q is a binary for %v, and guests are x86-64", file, f.Machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return "", input("%q is linked dynamically, and a guest has no libraries: build it with CGO_ENABLED=0", file)
		}
	}
	return file, nil
}
