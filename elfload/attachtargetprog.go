package elfload

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// AttachProg says that a program attaches to a function of another BPF program
// that is in the kernel already: freplace replaces it, fentry, fexit and
// fmod_ret trace it. Target is a path on bpffs or the program's id, and may end
// in :FUNCTION; otherwise the section name says which function.
type AttachProg struct{ Program, Target string }

// planAttachProgs applies Options.AttachProgs, and asks for a target where there
// can be none but a program.
func (p *Plan) planAttachProgs() error {
	for _, at := range p.opts.AttachProgs {
		i, ok := p.Object.ProgramIndex(at.Program)
		if !ok {
			return p.noProgram(at.Program)
		}
		pr := &p.Programs[i]
		if pr.AttachBTF != progs.AttachExtension && pr.AttachBTF != progs.AttachFunc {
			return &Error{Stage: StagePlan, Kind: ErrUsage, Code: "attach_prog", Section: pr.Section, Symbol: pr.Name,
				Err:  fmt.Errorf("a program of type %s does not attach to another program", programTypeText(pr.Type)),
				Hint: "freplace, fentry, fexit and fmod_ret do"}
		}
		target, function := at.Target, ""
		if c := strings.LastIndexByte(target, ':'); c > strings.LastIndexByte(target, '/') {
			target, function = target[:c], target[c+1:]
		}
		if function != "" {
			pr.AttachTo = function
		}
		if pr.AttachProg = target; target == "" || pr.AttachTo == "" {
			return &Error{Stage: StagePlan, Kind: ErrUsage, Code: "attach_prog", Section: pr.Section, Symbol: pr.Name,
				Err: fmt.Errorf("%q names no program, or neither it nor the section names a function", at.Target)}
		}
	}
	return nil
}

// attachToProgram opens the target program and finds the function in its BTF.
func (k *kernelTypes) attachToProgram(p *PlannedProgram, a *bpfsys.ProgAttr) (err error) {
	fail := func(kind, err error) error {
		e := programError(p, "attach_target", err)
		e.Kind = kind
		return e
	}
	fd, err := k.openProgram(p.AttachProg)
	if err != nil {
		return fail(targetKind(err), fmt.Errorf("program %q to attach to: %w", p.AttachProg, err))
	}
	defer func() {
		if err != nil {
			err = joined([]error{err, k.kern.Close(fd)})
			return
		}
		a.AttachProgFD = fd
	}()
	raw, err := k.kern.ProgramBTF(fd)
	if err != nil {
		return fail(targetKind(err), fmt.Errorf("types of program %q: %w", p.AttachProg, err))
	}
	if raw == nil {
		return fail(ErrNotSupported, fmt.Errorf("program %q was loaded without BTF, so its functions are not known", p.AttachProg))
	}
	table, err := rawbtf.Parse(raw, hostOrder)
	if err != nil {
		return fail(ErrNotSupported, fmt.Errorf("types of program %q: %w", p.AttachProg, err))
	}
	ty, ok := table.Find(rawbtf.Func, p.AttachTo)
	if !ok {
		return fail(ErrUsage, fmt.Errorf("program %q has no function %q", p.AttachProg, p.AttachTo))
	}
	a.AttachBTFID = ty.ID
	return nil
}

// targetKind: a target that cannot be had is wrong usage, unless privilege forbids it.
func targetKind(err error) error { return pinKind(err) }

// openProgram opens a program by its pin or its id. A number is an id, also
// where there is a file of that name.
func (k *kernelTypes) openProgram(target string) (int, error) {
	id, err := strconv.ParseUint(target, 10, 32)
	if err != nil {
		return k.kern.Get(target)
	}
	fd, err := k.kern.ProgramByID(uint32(id))
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, fs.ErrNotExist) {
		return noFD, fmt.Errorf("no program has the id %d: %w", id, err)
	}
	return fd, err
}
