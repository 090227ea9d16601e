package elfload

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/internal/stack"
)

func programError(p *PlannedProgram, code string, err error) *Error {
	return &Error{Stage: StageProgram, Kind: kindOf(err), Code: code, Section: p.Section, Symbol: p.Name, Offset: mapdef.At(p.Offset),
		Errno: errnoOf(err), Err: err}
}

// loadPrograms verifies the programs on several workers, the longest first. When
// one fails, those before it in the object are still tried, so that the error is
// always that of the first.
func (l *loader) loadPrograms(steps []Step) error {
	steps = l.withoutUnused(steps)
	steps, err := l.ready(steps)
	if err != nil {
		return err
	}
	v := &verification{loader: l, queue: l.longestFirst(steps), failed: len(l.progs), workers: min(l.jobs(), len(steps))}
	if l.manyWorkers(v.queue) {
		v.startOthers()
	}
	v.work(&l.room)
	v.wg.Wait()
	for _, s := range steps {
		if err := l.progs[s.Program].err; err != nil && !l.plan.opts.KeepGoing {
			return err
		}
	}
	if l.ctx.Err() != nil {
		return &Error{Kind: l.ctx.Err(), Stage: StageProgram, Code: "cancelled", Err: l.ctx.Err()}
	}
	return l.bindReadOnly(steps)
}

// verification is the loading of some programs by several workers.
type verification struct {
	*loader
	workers int // at most
	others  sync.Once
	wg      sync.WaitGroup

	mu     sync.Mutex
	queue  []int
	failed int // the first that did
}

// startOthers starts all workers besides the caller's goroutine.
func (v *verification) startOthers() {
	v.others.Do(func() {
		for range v.workers - 1 {
			v.wg.Go(func() { v.work(&workRoom{}) })
		}
	})
}

// take is the next program, false when none is left that matters.
func (v *verification) take() (int, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for len(v.queue) > 0 && v.ctx.Err() == nil {
		i := v.queue[0]
		v.queue = v.queue[1:]
		if i < v.failed {
			return i, true
		}
	}
	return 0, false
}

// workRoom is what a worker uses for one program after the other.
type workRoom struct {
	insns []byte
	first [512]byte // for insns
	attr  bpfsys.ProgAttr
}

// work loads programs until none is left.
func (v *verification) work(room *workRoom) {
	stack.Grow()
	for i, ok := v.take(); ok; i, ok = v.take() {
		p := &v.progs[i]
		began := time.Now()
		p.fd, p.log, p.err = v.loadProgram(i, room)
		if time.Since(began) > slowProgram {
			v.startOthers()
		}
		if p.err != nil {
			p.fd = noFD
			v.refused(i)
		}
	}
}

// refused notes a program that failed: those behind it in the object are not tried then.
func (v *verification) refused(i int) {
	if v.plan.opts.KeepGoing {
		return
	}
	v.mu.Lock()
	v.failed = min(v.failed, i)
	v.mu.Unlock()
}

// longestFirst is the programs of the steps, by falling number of instructions
// where there are several workers: a long one that begins last keeps all waiting.
func (l *loader) longestFirst(steps []Step) []int {
	queue := make([]int, len(steps))
	for i, s := range steps {
		queue[i] = s.Program
	}
	if l.jobs() > 1 {
		slices.SortStableFunc(queue, func(a, b int) int {
			return l.plan.Programs[b].code.Len() - l.plan.Programs[a].code.Len()
		})
	}
	return queue
}

// anotherWorker is how many instructions, besides the longest program's, make up for
// the start of one more thread. Programs do not count for themselves: what the kernel
// does around a small one (memory, JIT, patching of its text) two threads wait for each
// other to do, least where page tables are not shadowed (bench/NOTES.md).
const (
	anotherWorker = 100
	// slowProgram shows that the instructions do not tell.
	slowProgram = time.Millisecond
)

// manyWorkers tells whether the programs of the queue are verified by several
// goroutines from the start: not where little is left for another. How long a
// loop takes nobody knows.
func (l *loader) manyWorkers(queue []int) bool {
	left := 0
	for _, i := range queue[min(1, len(queue)):] {
		code := l.plan.Programs[i].code
		if left += code.Len(); left >= anotherWorker || code.Loops() {
			return true
		}
	}
	return false
}

// Bits of log_level (include/linux/bpf_verifier.h).
const (
	logBranches = 1 // the walk through the program
	logStats    = 4
)

// loadProgram makes one BPF_PROG_LOAD without a log, and when that fails
// another with it.
func (l *loader) loadProgram(i int, room *workRoom) (fd int, log string, err error) {
	p := &l.plan.Programs[i]
	attr, lost, err := l.progAttr(p, room)
	if err != nil {
		return noFD, "", err
	}
	if attr.AttachProgFD != 0 {
		defer l.closeTarget(attr.AttachProgFD)
	}
	tables, err := l.jumpTables(p, attr.Insns)
	defer l.closeTables(tables)
	if err != nil {
		return noFD, "", err
	}
	if l.plan.opts.VerifierLog {
		attr.LogLevel = logBranches
	}
	if l.plan.opts.VerifierStats {
		attr.LogLevel |= logStats
	}
	fd, log, err = l.k.LoadProgram(attr)
	if err != nil && attr.LogLevel&logBranches == 0 && !tooComplex(log) && l.ctx.Err() == nil {
		attr.LogLevel |= logBranches
		fd, log, err = l.k.LoadProgram(attr)
	}
	if err != nil {
		l.trace("program %d %q: %v", i, p.Name, err)
		return noFD, log, l.explainProgram(p, attr, log, lost, err)
	}
	l.trace("program %d %q: loaded, fd %d", i, p.Name, fd)
	return fd, log, nil
}

// progAttr fills in what only this load knows: descriptors, the kernel's type
// ids, CO-RE. lost are the CO-RE relocations that found nothing. The result is room's
// until its next program.
func (l *loader) progAttr(p *PlannedProgram, room *workRoom) (*bpfsys.ProgAttr, []progs.CoreFailure, error) {
	if room.insns == nil {
		room.insns = room.first[:0]
	}
	insns := p.code.Patch(room.insns, func(m int) int { return l.maps[m].fd })
	room.insns = insns
	lost, err := l.kernelTypes.relocate(p.code, insns)
	if err != nil {
		return nil, nil, programError(p, "core", err)
	}
	a := &room.attr
	*a = bpfsys.ProgAttr{Type: p.Type, AttachType: p.AttachType, Insns: insns, License: l.plan.Object.License,
		Name: p.KernelName, Flags: p.Flags, KernVersion: l.plan.kernVersion(p), TokenFD: l.token.fd}
	if a.Ifindex, err = l.ifindex(p.Device); err != nil {
		return nil, nil, deviceError(programError(p, "device", err), p.Device, err)
	}
	if l.btf != noFD {
		a.BTFFD = l.btf
		a.FuncInfo, a.FuncInfoRecSize = p.code.FuncInfo, progs.FuncInfoSize
		a.LineInfo, a.LineInfoRecSize = p.code.LineInfo, progs.LineInfoSize
	}
	if err := l.fillExterns(p, insns, a); err != nil {
		return nil, nil, err
	}
	if err := l.attach(p, a); err != nil {
		return nil, nil, err
	}
	return a, lost, nil
}

// explainProgram says why the kernel refused: the verifier by its log, anything
// else by elimination.
func (l *loader) explainProgram(p *PlannedProgram, a *bpfsys.ProgAttr, log string, lost []progs.CoreFailure, err error) error {
	e := programError(p, "program_load", err)
	e.Log = log
	v := readLog(log)
	if v.Insn < 0 && v.Reason == "" {
		why := l.withToken(l.k.ExplainProgram(a, log, err), err, progAllowances(a))
		if why.Kind != nil {
			e.Kind = why.Kind
		}
		if why.Reason != "" {
			e.Err = fmt.Errorf("%s: %w", why.Reason, err)
		}
		e.Hint = why.Hint
		return e
	}
	e.Kind, e.Code, e.Source = ErrVerifier, "verifier", p.sourceLine(v)
	if errors.Is(err, syscall.EPERM) {
		e.Kind = ErrPrivilege
	}
	if part, off, ok := p.code.Part(v.Insn); ok {
		e.Section, e.Offset = part.Section, mapdef.At(off)
	}
	if c := lostAt(lost, v); c != nil {
		e.Code = "core_missing"
		e.Err = fmt.Errorf("CO-RE relocation %s of %s: %s; instruction %d needs it%s", c.Kind, c.Access, c.Reason, v.Insn, p.source(v))
		e.Hint = "guard the access with bpf_core_field_exists or bpf_core_type_exists, or load with --btf of a kernel that has it"
		return e
	}
	if l.explainExtern(e, p, v, err) {
		return e
	}
	if strings.Contains(v.Reason, "device-bound") {
		e.Hint = "tie it to a network device with --device " + p.Name + "=IFACE"
	}
	e.Hint = p.unsetHint(e.Hint)
	e.Err = errors.New(v.reason() + p.source(v)) // the errno says less, and stands in e.Errno
	return e
}

// source is the C line of the last instruction, by the object's line records or
// else by the log; "" when neither tells.
func (p *PlannedProgram) source(v verdict) string {
	if l := p.sourceLine(v); l.File != "" {
		return fmt.Sprintf(" (%s:%d: %s)", l.File, l.Line, l.Text)
	}
	if v.Source != "" {
		return fmt.Sprintf(" (at %s)", v.Source)
	}
	return ""
}

func (v verdict) reason() string {
	what := v.Reason
	if what == "" {
		what = "the verifier gives no reason"
	}
	if v.Insn < 0 {
		return what
	}
	return fmt.Sprintf("%s; last instruction %d: %s", what, v.Insn, v.Text)
}

// lostAt is the failed CO-RE relocation that the verifier stumbled over: it
// then speaks of the helper number that marks poisoned instructions.
func lostAt(lost []progs.CoreFailure, v verdict) *progs.CoreFailure {
	if !strings.Contains(v.Reason, "195896080") && !strings.Contains(v.Text, "195896080") && !strings.Contains(v.Text, "0xbad2310") {
		return nil
	}
	for i := range lost {
		if lost[i].Insn == v.Insn {
			return &lost[i]
		}
	}
	return nil
}

// kernVersion is what kprobe programs need on kernels before 5.0: the version
// section's number, or the running kernel's (L26).
func (p *Plan) kernVersion(pr *PlannedProgram) uint32 {
	const kprobe, running = 2, 0xFFFFFFFE
	o := p.Object
	if o.HasVersion && o.Version != running && o.Version != 0 {
		return o.Version
	}
	if pr.Type == kprobe {
		return bpfsys.KernelVersionCode()
	}
	return 0
}

// bindReadOnly ties every frozen data map to every program, whether or not the
// program refers to it, so that tools find the object's constants (R165). A
// kernel that cannot (Linux before 5.10) is told of, once.
func (l *loader) bindReadOnly(steps []Step) error {
	for i := range l.plan.Maps {
		m := &l.plan.Maps[i]
		if m.Dialect != mapdef.DialectData || !m.Frozen {
			continue
		}
		for _, s := range steps {
			if refers(l.plan.Programs[s.Program].MapRefs, i) || l.progs[s.Program].fd == noFD || l.maps[i].fd == noFD {
				continue
			}
			if err := l.k.BindMap(l.progs[s.Program].fd, l.maps[i].fd); err != nil {
				l.trace("program %q: map %q is not bound: %v", l.plan.Programs[s.Program].Name, m.Name, err)
				l.warn(Warning{Code: "not_bound", Map: m.Name, Section: m.Section, Program: l.plan.Programs[s.Program].Name,
					Message: fmt.Sprintf("the program does not refer to the map, and tools will not find it there: %v", err)})
				return nil
			}
		}
	}
	return nil
}

func refers(maps []int, m int) bool {
	for _, r := range maps {
		if r == m {
			return true
		}
	}
	return false
}
