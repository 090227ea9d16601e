package elfload

import (
	"errors"
	"fmt"
	"strings"
)

// This file is Options.KeepGoing: where an error stays with the map or program
// that it is about. Errors about the whole object end a load all the same.

// keepMap leaves the map out of the plan.
func (p *Plan) keepMap(m *PlannedMap, err error) error {
	if err == nil || !p.opts.KeepGoing {
		return err
	}
	m.Err, m.Create = planStage(err), false
	return nil
}

// keepProgram leaves the program out of the plan.
func (p *Plan) keepProgram(pr *PlannedProgram, err error) error {
	if err == nil || !p.opts.KeepGoing {
		return err
	}
	pr.Err, pr.Load = planStage(err), false
	return nil
}

// pointless tells steps about a map that was not created.
func (l *loader) pointless(s Step) bool {
	switch s.Op {
	case OpFillMap, OpFreezeMap, OpMapArena, OpSetMapSlot, OpSetProgramSlot, OpMigrateMap, OpPinMap:
		return l.maps[s.Map].err != nil && l.maps[s.Map].fd == noFD
	}
	return false
}

// keepMap notes the error of a step about a map; the first of a map counts.
func (l *loader) keepMap(s Step, err error) error {
	if err == nil || !l.plan.opts.KeepGoing || l.ctx.Err() != nil {
		return err
	}
	switch s.Op {
	case OpUseMap, OpCreateMap, OpMapArena, OpFillMap, OpFreezeMap, OpSetMapSlot, OpSetProgramSlot:
		l.maps[s.Map].err = firstError(l.maps[s.Map].err, err)
		return nil
	}
	return err
}

// ready finds what programs need of the kernel before they can be loaded. With
// KeepGoing the programs that cannot get it are taken out.
func (l *loader) ready(steps []Step) ([]Step, error) {
	if !l.plan.opts.KeepGoing {
		if err := l.kernelTypes.prepare(l.plan, steps); err != nil {
			return nil, err
		}
		return steps, l.resolveExterns(steps)
	}
	var rest []Step
	for i, s := range steps {
		p := &l.progs[s.Program]
		p.err = firstError(l.missingMap(s.Program), l.kernelTypes.prepare(l.plan, steps[i:i+1]))
		if p.err == nil {
			rest = append(rest, s)
		}
	}
	if l.resolveExterns(rest) == nil {
		return rest, nil
	}
	var able []Step // those that need nothing of what could not be looked for
	for _, s := range rest {
		if err := l.unasked(&l.plan.Programs[s.Program]); err != nil {
			l.progs[s.Program].err = err
		} else {
			able = append(able, s)
		}
	}
	return able, nil
}

// missingMap is the error of a program that refers to a map which failed.
func (l *loader) missingMap(program int) error {
	p := &l.plan.Programs[program]
	for _, m := range p.MapRefs {
		cause := firstError(l.plan.Maps[m].Err, l.maps[m].err)
		if cause == nil || l.maps[m].fd != noFD {
			continue
		}
		e := programError(p, "map_missing", fmt.Errorf("map %q, which it uses, was not created: %w", l.plan.Maps[m].Name, cause))
		var of *Error
		if errors.As(cause, &of) {
			e.Kind, e.Errno, e.Hint = of.Kind, of.Errno, of.Hint
		}
		return e
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// SourceLine is the C line of an instruction of the linked program, counted in
// slots; false when the object does not tell.
func (p *PlannedProgram) SourceLine(insn int) (SourceLine, bool) {
	if p.code == nil {
		return SourceLine{}, false
	}
	l, ok := p.code.Line(insn)
	return SourceLine{File: l.File, Text: strings.TrimSpace(l.Text), Line: l.Line, Col: l.Col}, ok
}

// sourceLine is the C line of the last instruction of a log, by the object's
// records or else by the log.
func (p *PlannedProgram) sourceLine(v verdict) SourceLine {
	if l, ok := p.SourceLine(v.Insn); ok {
		return l
	}
	return v.At
}
