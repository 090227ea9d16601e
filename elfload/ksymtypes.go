package elfload

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// ksymKey is what a typed extern is looked up by.
type ksymKey struct {
	kind rawbtf.Kind // Var or Func
	name string
}

// findTyped looks the typed externs up, in the kernel first and then in the
// modules by name, and compares types. What is not found stays so.
func (l *loader) findTyped(want []*ksym) error {
	vmlinux := l.kernelTypes.vmlinux
	if vmlinux == nil {
		for _, k := range want {
			k.absent = fmt.Errorf("the kernel's types are not known: %w", l.kernelTypes.err)
		}
		if errors.Is(l.kernelTypes.err, fs.ErrNotExist) {
			return nil // a kernel without BTF has no typed externs: weak ones are 0
		}
		return l.kernelTypes.err
	}
	names := make(map[ksymKey][]*ksym, len(want)) // several flavours may share a name
	for _, k := range want {
		name := ksymKey{k.decl.Kind, k.typeName()}
		names[name] = append(names[name], k)
	}
	l.match(names, vmlinux, nil)
	if len(names) == 0 {
		return nil
	}
	modules, err := l.kernelTypes.modules()
	for _, m := range modules {
		l.match(names, m.table, m)
	}
	if err != nil && len(names) > 0 {
		for _, k := range want {
			if k.absent == nil {
				k.absent = fmt.Errorf("the types of kernel modules cannot be read: %w", err) // asked only where it is not found
			}
			if k.weak && !k.found {
				l.warn(Warning{Code: "ksym_unread", Section: ksymsSection,
					Message: fmt.Sprintf("%s is taken for missing: %v", k.what(), err)})
			}
		}
	}
	return l.openModules(want)
}

// match takes out of names those that a type of t, not of its base, has: the first
// of the kind.
func (l *loader) match(names map[ksymKey][]*ksym, t *rawbtf.Table, m *targetTypes) {
	keys := slices.SortedFunc(maps.Keys(names), func(a, b ksymKey) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name))
	})
	wanted := make([]string, len(keys))
	for i, key := range keys {
		wanted[i] = key.name
	}
	found := t.FindNamed(1<<rawbtf.Func|1<<rawbtf.Var, wanted)
	for _, key := range keys {
		for _, id := range found[key.name] {
			ty := t.Type(id)
			if ty.Kind != key.kind {
				continue
			}
			for _, k := range names[key] {
				l.compare(k, t, ty)
				k.id, k.module = ty.ID, m
			}
			delete(names, key)
			break
		}
	}
}

// compare settles whether the kernel's type is what the object declares. A weak
// function of another type counts as missing.
func (l *loader) compare(k *ksym, t *rawbtf.Table, ty rawbtf.Type) {
	own := l.plan.Object.file.BTF
	id, other := k.decl.Ref(), ty.Ref()
	if ty.Kind == rawbtf.Var {
		if a, err := own.Strip(id); err == nil {
			id = a.ID
		}
		if b, err := t.Strip(other); err == nil {
			other = b.ID
		}
	}
	if own.Compatible(id, t, other) {
		k.found = true
		return
	}
	err := fmt.Errorf("%s is declared as %q, but the kernel's is %q", k.what(), own.Prototype(id), t.Prototype(other))
	if k.weak && ty.Kind == rawbtf.Func {
		k.absent = err
		return
	}
	k.err = err
}

// openModules opens the BTF of the modules that something was found in, in the
// order of the externs.
func (l *loader) openModules(want []*ksym) error {
	for _, k := range want {
		if !k.found || k.module == nil {
			continue
		}
		if k.place = slices.Index(l.modules, k.module) + 1; k.place > 0 {
			continue
		}
		if len(l.modules) == math.MaxInt16 {
			return fmt.Errorf("more than %d kernel modules are needed", math.MaxInt16)
		}
		fd, err := l.kernelTypes.descriptor(k.module)
		if err != nil {
			return fmt.Errorf("types of kernel module %q: %w", k.module.module, err)
		}
		l.modules = append(l.modules, k.module)
		k.place = len(l.modules)
		l.trace("types of module %q: fd %d", k.module.module, fd)
	}
	return nil
}

// fdArray is what instructions refer to by index; place 0 means the kernel itself.
func (l *loader) fdArray() []int32 {
	all := make([]int32, 1, 1+len(l.modules))
	for _, m := range l.modules {
		all = append(all, int32(m.fd))
	}
	return all
}

// essentialName is a name without its flavour: "f" of "f___v2" (CO-RE's rule:
// three underscores between other characters; the last ones count).
func essentialName(name string) string {
	for i := strings.LastIndex(name, "___"); i > 0; i = strings.LastIndex(name[:i+2], "___") {
		if i+3 < len(name) && name[i-1] != '_' && name[i+3] != '_' {
			return name[:i]
		}
	}
	return name
}
