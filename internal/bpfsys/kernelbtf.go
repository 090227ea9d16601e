package bpfsys

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

	"github.com/bpfload/bpfload/internal/mapdef"
)

// btfDir is where the running kernel shows its BTF and its modules' (Linux 5.4
// and 5.11, CONFIG_DEBUG_INFO_BTF).
const btfDir = "sys/kernel/btf"

// vmlinuxFiles are kernel images that may hold a .BTF section, in the order in
// which libbpf looks; %s is the release.
var vmlinuxFiles = [...]string{
	"boot/vmlinux-%s",
	"lib/modules/%s/vmlinux-%[1]s",
	"lib/modules/%s/build/vmlinux",
	"usr/lib/modules/%s/kernel/vmlinux",
	"usr/lib/debug/boot/vmlinux-%s",
	"usr/lib/debug/boot/vmlinux-%s.debug",
	"usr/lib/debug/lib/modules/%s/vmlinux",
}

// VmlinuxBTF reads the running kernel's BTF, raw, in host byte order: from
// /sys/kernel/btf/vmlinux, else from the .BTF section of a kernel image. When
// there is none, the error wraps fs.ErrNotExist and mapdef.ErrNotSupported. The
// bytes must not be written to.
func VmlinuxBTF() ([]byte, error) {
	if b := mappedBTF(); b != nil {
		return b, nil
	}
	return vmlinuxBTF("/", readHost("/").Release)
}

func vmlinuxBTF(root, release string) ([]byte, error) {
	first := filepath.Join(root, btfDir, "vmlinux")
	b, err := os.ReadFile(first)
	if err == nil {
		return b, nil
	}
	all := []error{err}
	if release != "" {
		for _, pattern := range vmlinuxFiles {
			b, err := sectionBTF(filepath.Join(root, fmt.Sprintf(pattern, release)))
			if err == nil {
				return b, nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				all = append(all, err)
			}
		}
	}
	return nil, fmt.Errorf("no BTF of kernel %q (CONFIG_DEBUG_INFO_BTF): %w: %w",
		release, mapdef.ErrNotSupported, errors.Join(all...))
}

// sectionBTF is the .BTF section of an ELF file, or the whole of a file that is
// raw BTF itself.
func sectionBTF(path string) (b []byte, err error) {
	defer func() {
		if r := recover(); r != nil { // debug/elf on a hostile file
			b, err = nil, fmt.Errorf("%s: not a readable kernel image: %v", path, r)
		}
	}()
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var magic [2]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil && err != io.EOF {
		return nil, err
	}
	if magic == [2]byte{0x9f, 0xeb} || magic == [2]byte{0xeb, 0x9f} {
		return io.ReadAll(f)
	}
	image, err := elf.NewFile(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	section := image.Section(".BTF")
	if section == nil {
		return nil, fmt.Errorf("%s: no .BTF section", path)
	}
	return section.Data()
}

// ModuleBTF reads the BTF of a loaded kernel module, raw: it is split BTF upon
// the kernel's own. The error wraps fs.ErrNotExist when there is none.
func ModuleBTF(name string) ([]byte, error) { return moduleBTF("/", name) }

func moduleBTF(root, name string) ([]byte, error) {
	if name == "" || strings.ContainsAny(name, "/\x00") || name[0] == '.' {
		return nil, fmt.Errorf("module name %q: %w", name, fs.ErrInvalid)
	}
	return os.ReadFile(filepath.Join(root, btfDir, name))
}

// ModulesWithBTF lists the loaded modules that have BTF, sorted by name.
func ModulesWithBTF() ([]string, error) { return modulesWithBTF("/") }

func modulesWithBTF(root string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(root, btfDir))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Name() != "vmlinux" {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}
