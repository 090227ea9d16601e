package vm

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// module is a kernel module, unpacked.
type module struct {
	name string // as the kernel calls it: with underscores
	data []byte
}

// maxModule bounds what a module may unpack to.
const maxModule = 256 << 20

// moduleName is "virtio_net" of "/lib/modules/6.1/…/virtio-net.ko.xz", "" where
// the file is none.
func moduleName(file string) string {
	base, rest, ok := strings.Cut(filepath.Base(file), ".ko")
	if !ok || rest != "" && rest[0] != '.' {
		return ""
	}
	return strings.ReplaceAll(base, "-", "_")
}

// loadModules reads the modules of Options.Modules in order, each behind what it
// depends on. k is where names are looked up.
func loadModules(list []string, k *kernelImage) ([]module, error) {
	var out, files []module
	var names []string
	for _, m := range list {
		if strings.ContainsRune(m, '/') || moduleName(m) != "" {
			one, err := readModule(m)
			if err != nil {
				return nil, err
			}
			files = append(files, one)
			continue
		}
		names = append(names, strings.ReplaceAll(m, "-", "_"))
	}
	held, err := k.modules(names)
	if err != nil {
		return nil, err
	}
	var add func(m module, above []string) error
	add = func(m module, above []string) error {
		if slices.ContainsFunc(out, func(o module) bool { return o.name == m.name }) || slices.Contains(above, m.name) {
			return nil
		}
		for _, d := range m.depends() {
			if dep, ok := held[d]; ok {
				if err := add(dep, append(above, m.name)); err != nil {
					return err
				}
			}
		}
		out = append(out, m)
		return nil
	}
	for _, m := range list {
		name := strings.ReplaceAll(m, "-", "_")
		if n := moduleName(m); n != "" {
			name = n
		}
		one, ok := held[name]
		if i := slices.IndexFunc(files, func(f module) bool { return f.name == name }); i >= 0 {
			one, ok = files[i], true
		}
		if !ok {
			return nil, input("module %q is neither a .ko file nor in the kernel's package", m)
		}
		if err := add(one, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func readModule(file string) (module, error) {
	f, err := os.Open(file)
	if err != nil {
		return module{}, input("%w", err)
	}
	defer f.Close()
	return unpackModule(file, f)
}

func unpackModule(file string, r io.Reader) (module, error) {
	m := module{name: moduleName(file)}
	if m.name == "" {
		return m, input("%q is no kernel module (.ko, .ko.xz, .ko.zst, .ko.gz)", file)
	}
	plain, err := decompress(file, r)
	if err != nil {
		return m, input("module %q: %w", file, err)
	}
	defer plain.Close()
	m.data, err = io.ReadAll(io.LimitReader(plain, maxModule))
	if err != nil {
		return m, input("module %q: %w", file, err)
	}
	return m, nil
}

// depends lists the modules that .modinfo says have to be there before.
func (m module) depends() []string {
	f, err := elf.NewFile(bytes.NewReader(m.data))
	if err != nil {
		return nil // the guest's kernel says what is wrong with it
	}
	s := f.Section(".modinfo")
	if s == nil {
		return nil
	}
	info, err := s.Data()
	if err != nil {
		return nil
	}
	for line := range bytes.SplitSeq(info, []byte{0}) {
		if list, ok := strings.CutPrefix(string(line), "depends="); ok && list != "" {
			return strings.Split(strings.ReplaceAll(list, "-", "_"), ",")
		}
	}
	return nil
}

// modules takes the named modules out of the kernel's package, with all that
// they depend on and the package holds. The first pass learns what every module
// depends on and takes the named ones, the second takes the rest: unpacking is
// what costs.
func (k *kernelImage) modules(names []string) (map[string]module, error) {
	found := make(map[string]module)
	if len(names) == 0 {
		return found, nil
	}
	if k.deb == nil {
		return nil, input("module %q: only a Debian package has modules by name; give its file", names[0])
	}
	depends := make(map[string][]string)
	each := func(f func(m module)) error {
		return k.deb.walk(func(h *tar.Header, r io.Reader) (bool, error) {
			name := moduleName(h.Name)
			_, have := found[name]
			if h.Typeflag != tar.TypeReg || name == "" || have {
				return true, nil
			}
			m, err := unpackModule(path.Base(h.Name), r)
			if err == nil {
				f(m)
			}
			return true, err
		})
	}
	err := each(func(m module) {
		depends[m.name] = m.depends()
		if slices.Contains(names, m.name) {
			found[m.name] = m
		}
	})
	var missing []string
	seen := make(map[string]bool)
	for todo := names; len(todo) > 0; todo = todo[1:] {
		name := todo[0]
		if seen[name] {
			continue
		}
		seen[name] = true
		todo = append(todo, depends[name]...)
		_, have := found[name]
		if _, known := depends[name]; known && !have {
			missing = append(missing, name)
		}
	}
	if err != nil || len(missing) == 0 {
		return found, err
	}
	return found, each(func(m module) {
		if slices.Contains(missing, m.name) {
			found[m.name] = m
		}
	})
}
