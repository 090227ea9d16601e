package elfload

import (
	"fmt"
	"sync"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/internal/rawbtf"
	"github.com/bpfload/bpfload/internal/stack"
)

// kernelTypes finds what programs need of the kernel's own BTF: ids of attach
// targets, and CO-RE. Nothing is read unless a program asks; when one does, it
// is read while the maps are being created.
type kernelTypes struct {
	core    bool // some program has CO-RE relocations
	targets bool // some program attaches to a kernel type, or refers to one
	opts    *Options
	kern    kernel
	object  *Object
	reloc   *progs.Relocator
	done    chan struct{} // closed when the fields below are set, nil if not needed

	vmlinux *rawbtf.Table
	err     error // of vmlinux
	// fast relocates what is plain upon the bytes of the kernel's types; nil where the
	// caller has given types.
	fast    *progs.FastRelocator
	coreErr error // why there are no types to relocate against

	relocMu sync.Mutex // of the fields below
	specs   []*btf.Spec
	specErr error // of specs and reloc
	mods    targetModules
}

// begin starts to read in the background what the plan will ask for. finish waits
// for it.
func (k *kernelTypes) begin(p *Plan, kern kernel) {
	k.opts, k.kern, k.object = &p.opts, kern, p.Object
	for i := range p.Programs {
		pr := &p.Programs[i]
		if !pr.Load {
			continue
		}
		k.core = k.core || len(pr.code.Core) > 0
		k.targets = k.targets || needsKernelTypes(p.Object.file.BTF, pr.code)
		k.targets = k.targets || pr.wantsTarget()
	}
	for i := range p.Maps {
		k.targets = k.targets || (p.Maps[i].Create && p.Maps[i].StructOps != nil)
	}
	if !k.core && !k.targets {
		return
	}
	k.done = make(chan struct{})
	go func() {
		defer close(k.done)
		stack.Grow()
		k.read(p)
	}()
}

// finish waits for the reading, so that no goroutine outlives the load.
func (k *kernelTypes) finish() {
	if k != nil && k.done != nil {
		<-k.done
	}
}

func (k *kernelTypes) read(p *Plan) {
	if k.targets {
		k.vmlinux, k.err = k.opts.TypeCache.vmlinux(k.kern)
	}
	if !k.core {
		return
	}
	if k.opts.KernelTypes != nil || k.opts.Cache != nil {
		_, k.coreErr = k.decoded()
		return
	}
	table, err := k.vmlinux, k.err
	if _, real := k.kern.(host); !real || !k.targets {
		table, err = k.ownTypes()
	}
	if k.coreErr = err; err == nil {
		k.fast = p.Object.progs.NewFastRelocator(table, p.coreCodes())
	}
}

// ownTypes are the running kernel's, whatever kernel a test loads into.
func (k *kernelTypes) ownTypes() (*rawbtf.Table, error) {
	if _, real := k.kern.(host); real {
		return k.opts.TypeCache.vmlinux(k.kern)
	}
	return readVmlinux(host{})
}

// coreCodes are the programs that have CO-RE relocations.
func (p *Plan) coreCodes() []*progs.Code {
	var codes []*progs.Code
	for i := range p.Programs {
		if pr := &p.Programs[i]; pr.Load && len(pr.code.Core) > 0 {
			codes = append(codes, pr.code)
		}
	}
	return codes
}

// decoded is the relocator for all relocations, with cilium/ebpf's types: the
// caller's, else the running kernel's.
func (k *kernelTypes) decoded() (*progs.Relocator, error) {
	k.relocMu.Lock()
	defer k.relocMu.Unlock()
	if k.reloc != nil || k.specErr != nil {
		return k.reloc, k.specErr
	}
	if k.specs, k.specErr = k.coreTargets(); k.specErr != nil {
		return nil, k.specErr
	}
	k.reloc, k.specErr = k.object.progs.NewRelocator()
	return k.reloc, k.specErr
}

// coreTargets is what CO-RE relocates against: the caller's types, else the
// running kernel's.
func (k *kernelTypes) coreTargets() ([]*btf.Spec, error) {
	if k.opts.KernelTypes != nil {
		return []*btf.Spec{k.opts.KernelTypes}, nil
	}
	spec, err := k.opts.cache().Kernel()
	if err != nil {
		return nil, err
	}
	return []*btf.Spec{spec}, nil
}

// prepare waits until the kernel's types are there.
func (k *kernelTypes) prepare(p *Plan, steps []Step) error {
	k.finish()
	if k.coreErr == nil {
		return nil
	}
	for _, s := range steps {
		if pr := &p.Programs[s.Program]; len(pr.code.Core) > 0 {
			e := programError(pr, "core", fmt.Errorf("CO-RE relocations need the kernel's types: %w", k.coreErr))
			e.Kind = ErrNotSupported
			e.Hint = "the kernel must be built with CONFIG_DEBUG_INFO_BTF, or give its types with --btf FILE"
			return e
		}
	}
	return nil
}

// relocate applies the program's CO-RE relocations to insns.
func (k *kernelTypes) relocate(code *progs.Code, insns []byte) ([]progs.CoreFailure, error) {
	if len(code.Core) == 0 {
		return nil, nil
	}
	if k.fast != nil {
		if failures, ok := k.fast.Relocate(code, insns); ok {
			return failures, nil
		}
	}
	reloc, err := k.decoded()
	if err != nil {
		return nil, err
	}
	k.relocMu.Lock() // btf.Spec decodes lazily
	defer k.relocMu.Unlock()
	return reloc.Relocate(code, insns, k.specs)
}
