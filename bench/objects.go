//go:build linux

package main

import (
	"bufio"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bpfload/bpfload/elfload"
)

// object is one file of the list.
type object struct {
	name, path string // name is SET/FILE
	size       int64
	programs   int  // that are loaded
	core       bool // has CO-RE relocations
	samples    map[string][]sample
	refused    string // why a loader did not load it
	notAgain   string // why a loader did not load it in a process with others
}

// manyPrograms is from where on an object counts as one with many programs.
const manyPrograms = 8

func (o *object) many() bool { return o.programs >= manyPrograms }

// findObjects is every object in the directories, given as SET=DIRECTORY, sorted.
func findObjects(sets []string) (map[string]*object, error) {
	all := make(map[string]*object)
	for _, arg := range sets {
		set, root, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not SET=DIRECTORY", arg)
		}
		root, err := filepath.Abs(root)
		if err != nil {
			return nil, err
		}
		err = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name, _ := filepath.Rel(root, path)
			if ext := filepath.Ext(path); d.Type().IsRegular() && (ext == ".o" || ext == ".elf") {
				name = set + "/" + name
				all[name] = &object{name: name, path: path, samples: make(map[string][]sample)}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// readList gives the objects of the list that were found, in the list's order,
// and the names of the others.
func readList(r io.Reader, all map[string]*object) (list []*object, missing []string, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name := strings.TrimSpace(lines.Text())
		if name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		o := all[name]
		if o == nil {
			missing = append(missing, name)
			continue
		}
		if err := o.classify(); err != nil {
			o.refused = err.Error()
		}
		list = append(list, o)
	}
	return list, missing, lines.Err()
}

func (o *object) classify() error {
	obj, err := elfload.Open(o.path)
	if err != nil {
		return err
	}
	plan, err := obj.Plan(elfload.Options{})
	if err != nil {
		return err
	}
	for i := range plan.Programs {
		if plan.Programs[i].Load {
			o.programs++
		}
	}
	info, err := os.Stat(o.path)
	if err != nil {
		return err
	}
	o.size = info.Size()
	o.core, err = hasCore(o.path)
	return err
}

// hasCore tells whether .BTF.ext has a core_relo part: the last pair of its header,
// which is in the byte order of the file and counts from the header's end.
func hasCore(path string) (bool, error) {
	f, err := elf.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	sec := f.Section(".BTF.ext")
	if sec == nil {
		return false, nil
	}
	data, err := sec.Data()
	if err != nil || len(data) < 32 || binary.LittleEndian.Uint32(data[4:]) < 32 {
		return false, err
	}
	return binary.LittleEndian.Uint32(data[28:]) > 4, nil
}

// writeList loads every object with every loader and lists those that all of
// them take.
func (o *options) writeList(all map[string]*object, stderr io.Writer) error {
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	var out strings.Builder
	out.WriteString("# Objects that bpfload, libbpf and cilium/ebpf all load; made by bench -make-list.\n")
	n := 0
	for _, name := range names {
		if obj := all[name]; o.allLoad(obj) {
			n++
			fmt.Fprintln(&out, name)
		}
	}
	_, _ = fmt.Fprintf(stderr, "bench: %d of %d objects\n", n, len(names))
	return os.WriteFile(o.list, []byte(out.String()), 0o644)
}

func (o *options) allLoad(obj *object) bool {
	for _, l := range loaders {
		for range 2 {
			if s := o.sample(l, "load", obj.path); s.failed == "" {
				break
			} else if strings.Contains(s.failed, "interrupted") {
				continue
			}
			return false
		}
	}
	return true
}
