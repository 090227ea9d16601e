package check

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bpfload/bpfload/elfload"
)

// objectSuffixes are what directories are searched for.
var objectSuffixes = [...]string{".o", ".elf"}

// Find turns files, directories and globs into a list of objects: in the order
// of paths, sorted within a directory or glob, each once. A directory is
// searched to the bottom for *.o and *.elf that are BPF objects; the others are
// told in skipped. A path that matches nothing is an error.
func Find(paths []string) (found []string, skipped []Skipped, err error) {
	seen := make(map[string]bool)
	add := func(path string) {
		if key := filepath.Clean(path); !seen[key] {
			seen[key] = true
			found = append(found, path)
		}
	}
	for _, p := range paths {
		list, err := expand(p)
		if err != nil {
			return nil, nil, usage(err)
		}
		before, skips := len(found), len(skipped)
		for _, path := range list {
			info, err := os.Stat(path)
			if err != nil || !info.IsDir() {
				add(path) // what cannot be read is told by the check
				continue
			}
			inside, not, err := search(path)
			if err != nil {
				return nil, nil, err
			}
			for _, path := range inside {
				add(path)
			}
			skipped = append(skipped, not...)
		}
		if len(found) == before && len(skipped) == skips && len(list) > 0 && isDir(p) {
			return nil, nil, usage(fmt.Errorf("directory %q holds no objects", p))
		}
	}
	return found, skipped, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func usage(err error) error {
	return &elfload.Error{Kind: elfload.ErrUsage, Code: "paths", Err: err}
}

// expand is the files of a glob, or the path itself.
func expand(path string) ([]string, error) {
	if _, err := os.Lstat(path); err == nil || !strings.ContainsAny(path, "*?[") {
		return []string{path}, nil
	}
	list, err := filepath.Glob(path)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", path, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("nothing matches %q", path)
	}
	return list, nil
}

// search walks a directory in lexical order.
func search(dir string) (found []string, skipped []Skipped, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if name := d.Name(); path != dir && strings.HasPrefix(name, ".") {
				return filepath.SkipDir
			}
			return nil
		case !slices.ContainsFunc(objectSuffixes[:], func(s string) bool { return strings.HasSuffix(path, s) }):
			return nil
		}
		if why := notBPF(path); why != "" {
			skipped = append(skipped, Skipped{Path: elfload.Text(path), Reason: why})
		} else {
			found = append(found, path)
		}
		return nil
	})
	return found, skipped, err
}

// machineOffset is where e_machine stands in an ELF file.
const machineOffset = 18

// notBPF says why the file is no BPF object, "" if it may be one. What is not
// even readable is left to the check.
func notBPF(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, machineOffset+2)
	if n, err := io.ReadFull(f, head); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Sprintf("holds only %d bytes", n)
		}
		return ""
	}
	if string(head[:4]) != elf.ELFMAG {
		return "is no ELF file"
	}
	machine := elf.Machine(uint16(head[machineOffset]) | uint16(head[machineOffset+1])<<8)
	if elf.Data(head[elf.EI_DATA]) == elf.ELFDATA2MSB {
		machine = machine>>8 | machine<<8
	}
	if machine != elf.EM_BPF && machine != elf.EM_NONE { // old compilers write none
		return "is for another machine: " + machine.String()
	}
	return ""
}
