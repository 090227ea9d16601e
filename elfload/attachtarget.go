package elfload

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// targetTypes is the BTF of the kernel, or of one of its modules.
type targetTypes struct {
	module string // "" for the kernel's own
	table  *rawbtf.Table
	fd     int // of a module's BTF, 0 until it is asked for
}

// targetModules are the modules' types, read when a name is not in the kernel's
// own. Descriptors live until the load is over.
type targetModules struct {
	mu   sync.Mutex
	read bool
	err  error
	all  []*targetTypes // sorted by name
}

const kernelModule = "vmlinux" // what target names call the kernel itself

var errNoTarget = errors.New("neither the kernel nor a module has it")

// find looks for a type in the kernel and then in its modules, or only in the
// one that module names. k.err has been looked at.
func (k *kernelTypes) find(kind rawbtf.Kind, name, module string) (*targetTypes, rawbtf.Type, error) {
	if module == "" || module == kernelModule {
		if ty, ok := k.vmlinux.Find(kind, name); ok {
			return &targetTypes{table: k.vmlinux}, ty, nil
		}
		if module != "" {
			return nil, rawbtf.Type{}, errors.New("the kernel has it not")
		}
	}
	all, err := k.modules()
	for _, m := range all {
		if module != "" && m.module != module {
			continue
		}
		if ty, ok := m.table.Find(kind, name); ok {
			return m, ty, nil
		}
	}
	switch {
	case err != nil:
		return nil, rawbtf.Type{}, fmt.Errorf("the kernel has it not, and modules' types cannot be read: %w", err)
	case module != "":
		return nil, rawbtf.Type{}, fmt.Errorf("no loaded module %q has it", module)
	}
	return nil, rawbtf.Type{}, errNoTarget
}

// modules reads the types of all modules, once. One that cannot be read is told
// only if nothing is found in the others.
func (k *kernelTypes) modules() ([]*targetTypes, error) {
	m := &k.mods
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.read {
		return m.all, m.err
	}
	m.read = true
	names, err := k.kern.Modules()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // no modules, or a kernel that does not show their types
	}
	if err != nil {
		m.err = err
		return nil, err
	}
	for _, name := range names {
		raw, err := k.kern.ModuleBTF(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // unloaded meanwhile
		}
		var table *rawbtf.Table
		if err == nil {
			table, err = rawbtf.ParseSplit(raw, hostOrder, k.vmlinux)
		}
		if err != nil {
			m.err = fmt.Errorf("module %q: %w", name, err)
			continue
		}
		m.all = append(m.all, &targetTypes{module: name, table: table})
	}
	return m.all, m.err
}

// descriptor is what the kernel is told of where a type is: 0 for its own BTF.
func (k *kernelTypes) descriptor(t *targetTypes) (int, error) {
	if t.module == "" {
		return 0, nil
	}
	k.mods.mu.Lock()
	defer k.mods.mu.Unlock()
	if t.fd != 0 {
		return t.fd, nil
	}
	fd, err := k.kern.ModuleBTFFD(t.module)
	if err == nil {
		t.fd = fd
	}
	return max(fd, 0), err
}

// closeModules ends the descriptors of modules' BTF: programs hold what they need.
func (k *kernelTypes) closeModules() error {
	if k == nil {
		return nil
	}
	var errs []error
	for _, t := range k.mods.all {
		if t.fd != 0 {
			errs = append(errs, k.kern.Close(t.fd))
			t.fd = 0
		}
	}
	return errors.Join(errs...)
}

// wantsTarget tells whether the program is attached to a type of the kernel's.
func (p *PlannedProgram) wantsTarget() bool {
	switch p.AttachBTF {
	case progs.NoAttachBTF, progs.AttachExtension:
		return false
	case progs.AttachMulti:
		return p.targetModule() != ""
	}
	return p.AttachProg == ""
}

// targetModule is what stands before the ':' of a target such as "module:function".
func (p *PlannedProgram) targetModule() string {
	module, _, ok := strings.Cut(p.AttachTo, ":")
	if !ok || module == kernelModule {
		return ""
	}
	return module
}

// attach fills in the type, in the kernel, a module or another program, that the
// program attaches to. The caller closes a.AttachProgFD.
func (k *kernelTypes) attach(p *PlannedProgram, a *bpfsys.ProgAttr) error {
	if p.AttachBTF == progs.NoAttachBTF || p.AttachBTF == progs.AttachMulti && p.targetModule() == "" {
		return nil
	}
	fail := func(kind error, err error, hint string) error {
		e := programError(p, "attach_target", err)
		e.Kind, e.Hint = kind, hint
		return e
	}
	if p.AttachProg != "" {
		return k.attachToProgram(p, a)
	}
	if p.AttachBTF == progs.AttachExtension {
		return fail(ErrUsage, errors.New("it replaces a function of another program, which is not known"),
			"name the program with --attach-prog "+p.Name+"=PINNED, or its id")
	}
	if p.AttachTo == "" {
		return fail(ErrUsage, errors.New("the section name gives no target to attach to"),
			"name it with --type "+p.Name+"="+strings.TrimPrefix(p.Section, "?")+"/TARGET")
	}
	if k.err != nil {
		return fail(kindOf(k.err), fmt.Errorf("attaching to %q needs the kernel's types: %w", p.AttachTo, k.err), "")
	}
	if p.AttachBTF == progs.AttachMulti {
		return k.attachMulti(p, a)
	}
	module, name := "", p.AttachTo
	if p.AttachBTF == progs.AttachFunc {
		if before, after, ok := strings.Cut(name, ":"); ok {
			module, name = before, after
		}
	}
	kind := rawbtf.Func
	if p.AttachBTF == progs.AttachRawTP {
		kind = rawbtf.Typedef
	}
	name = p.AttachBTF.Prefix() + name
	types, ty, err := k.find(kind, name, module)
	if err != nil {
		return fail(ErrNotSupported, fmt.Errorf("there is no %s %q to attach to: %w", kind, name, err), "")
	}
	fd, err := k.descriptor(types)
	if err != nil {
		return fail(kindOf(err), fmt.Errorf("types of module %q: %w", types.module, err), "")
	}
	a.AttachBTFID, a.AttachBTFObjFD = ty.ID, fd
	return nil
}

// attachMulti tells the kernel the module whose functions a program of several
// functions is for; which ones is for whoever attaches it.
func (k *kernelTypes) attachMulti(p *PlannedProgram, a *bpfsys.ProgAttr) error {
	module := p.targetModule()
	all, err := k.modules()
	i := slices.IndexFunc(all, func(t *targetTypes) bool { return t.module == module })
	if i < 0 {
		e := programError(p, "attach_target", cmp.Or(err, fmt.Errorf("no module %q is loaded that has types", module)))
		e.Kind = kindOf(err)
		return e
	}
	a.AttachBTFObjFD, err = k.descriptor(all[i])
	if err != nil {
		e := programError(p, "attach_target", fmt.Errorf("types of module %q: %w", module, err))
		e.Kind = kindOf(err)
		return e
	}
	return nil
}

// attach fills in what the program attaches to.
func (l *loader) attach(p *PlannedProgram, a *bpfsys.ProgAttr) error {
	if p.Type == progTypeStructOps {
		return l.attachStructOps(p, a)
	}
	return l.kernelTypes.attach(p, a)
}

// closeTarget ends the descriptor of the program that another one attaches to,
// once the kernel holds it.
func (l *loader) closeTarget(fd int) {
	if err := l.k.Close(fd); err != nil {
		l.trace("target program: %v", err)
	}
}
