package check

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
)

// check loads one object in one variant.
func (r *runner) check(ctx context.Context, l *load) Object {
	began := time.Now()
	o := Object{Path: elfload.Text(l.file.path), Variant: append([]Setting{}, l.variant...), Maps: []Check{}, Programs: []Check{},
		Warnings: []elfload.DocumentWarning{}, Self: Check{Kind: "object", Name: elfload.Text(l.file.path), Verdict: Passed}}
	r.stages(ctx, l, &o)
	for c := range o.Checks() {
		c.Cause.resolve(l.file.path)
	}
	o.Time = l.file.took + time.Since(began)
	return o
}

// stages goes as far as it can.
func (r *runner) stages(ctx context.Context, l *load, o *Object) {
	if l.file.err != nil {
		o.Self.fail(l.file.err, elfload.SourceLine{})
		o.reached(elfload.StageRead)
		return
	}
	plan, err := l.file.obj.Plan(r.loadOptions(l))
	if err != nil {
		o.describe(l.file.obj.Document())
		o.Self.fail(err, elfload.SourceLine{})
		o.reached(elfload.StagePlan)
		return
	}
	o.describe(plan.Document())
	o.planned(plan)
	if r.opts.NoKernel {
		o.reached(elfload.StagePlan)
		return
	}
	if placesArena(plan) {
		arenas.Lock()
		defer arenas.Unlock()
	}
	coll, err := plan.Load(ctx)
	if err != nil {
		o.Self.fail(err, elfload.SourceLine{})
		r.unproven(&o.Self, subject{order: plan.Object.ByteOrder()})
		o.reached(elfload.StageMap)
		return
	}
	o.loaded(coll, r)
	o.Warnings = append(o.Warnings[:0], coll.Document().Warnings...)
	if err := coll.Close(); err != nil {
		o.Self.fail(err, elfload.SourceLine{})
	}
	o.reached(elfload.StageProgram)
}

// arenas is held while an object that says where its arena is mapped is loaded: most
// name the same address, which a process can give once (R118).
var arenas sync.Mutex

func placesArena(plan *elfload.Plan) bool {
	return slices.ContainsFunc(plan.Maps, func(m elfload.PlannedMap) bool {
		return m.Create && m.Type == uint32(ebpf.Arena) && m.Extra != 0
	})
}

// loadOptions is what this load is told.
func (r *runner) loadOptions(l *load) elfload.Options {
	opts := l.file.settings.load
	opts.Vars = append([]elfload.Var(nil), opts.Vars...)
	for _, s := range l.variant {
		opts.Vars = append(opts.Vars, elfload.Var{Name: string(s.Name), Value: string(s.Value)})
	}
	opts.PinPath, opts.DialectPins = "", false
	opts.Maps = slices.DeleteFunc(slices.Clone(opts.Maps), func(m elfload.MapOverride) bool { return m.Field == "pin" })
	opts.KeepGoing, opts.VerifierStats, opts.TypeCache = true, true, r.types
	opts.Jobs = max(1, r.jobs()/max(1, len(r.loads)))
	// Maps that ask for a pin by name are created without one.
	inner := opts.Fixup
	opts.Fixup = func(d *elfload.MapDef) error {
		d.Pinning, d.PinPath = 0, ""
		if inner != nil {
			return inner(d)
		}
		return nil
	}
	return opts
}

// describe lists maps and programs that nothing is known of yet.
func (o *Object) describe(d *elfload.Document) {
	for i := range d.Maps {
		m := &d.Maps[i]
		o.Maps = append(o.Maps, Check{Kind: "map", Name: m.Name, Section: m.Section, Type: m.Type, Verdict: NotRun})
	}
	for i := range d.Programs {
		p := &d.Programs[i]
		o.Programs = append(o.Programs, Check{Kind: "program", Name: p.Name, Section: p.Section, Type: p.Type, Verdict: NotRun})
	}
	o.Warnings = append(o.Warnings, d.Warnings...)
}

// planned puts down what the plan says of each part.
func (o *Object) planned(plan *elfload.Plan) {
	for i := range plan.Maps {
		m, c := &plan.Maps[i], &o.Maps[i]
		switch {
		case m.Err != nil:
			c.fail(m.Err, elfload.SourceLine{})
		case !m.Create:
			c.Verdict = LeftOut
		default:
			c.Verdict = Passed
		}
	}
	for i := range plan.Programs {
		p, c := &plan.Programs[i], &o.Programs[i]
		switch {
		case p.Err != nil:
			line, _ := p.SourceLine(0)
			c.fail(p.Err, line)
		case !p.Load:
			c.Verdict = LeftOut
		default:
			c.Verdict = Passed
		}
	}
}

// loaded puts down how each part fared in the kernel.
func (o *Object) loaded(coll *elfload.Collection, r *runner) {
	for i := range coll.MapData {
		m, c := &coll.MapData[i], &o.Maps[i]
		if m.Err != nil && c.Cause == nil {
			c.fail(m.Err, elfload.SourceLine{})
			r.unproven(c, subject{mapType: m.Def.Type})
		}
		if m.Map != nil {
			if info, err := m.Map.Info(); err == nil {
				c.Memory, _ = info.Memlock()
			}
		}
	}
	for i := range coll.Programs {
		p, c := &coll.Programs[i], &o.Programs[i]
		c.Stats = p.Stats
		if p.Err != nil && c.Cause == nil {
			line, _ := p.Def.SourceLine(0)
			c.fail(p.Err, line)
			if !o.missingMap(c, p.Def) {
				r.unproven(c, subject{progType: p.Def.Type})
			}
		} else if c.Verdict == Passed && p.Program == nil {
			c.Verdict = LeftOut // the kernel has no use for it, which a warning tells
		}
		if p.Program != nil {
			if info, err := p.Program.Info(); err == nil {
				c.Memory, _ = info.Memlock()
			}
		}
	}
}

// missingMap gives a program that lacks a map the proof of that map.
func (o *Object) missingMap(c *Check, p *elfload.PlannedProgram) bool {
	if c.Cause.Code != "map_missing" {
		return false
	}
	for _, m := range p.MapRefs {
		if proof := o.Maps[m].Proof; proof != nil {
			c.Verdict, c.Proof = Unproven, proof
		} else if o.Maps[m].Verdict == Failed {
			c.Verdict, c.Proof = Failed, nil
			break
		}
	}
	return true
}

// unproven turns a failure into an unproven check if a probe shows that the
// host is to blame.
func (r *runner) unproven(c *Check, s subject) {
	if proof := r.proof.prove(s, c.err); proof != nil {
		c.Verdict, c.Proof = Unproven, proof
	}
}

// reached fills in the stages: up to last they were tried.
func (o *Object) reached(last elfload.Stage) {
	tried := true
	o.Stages = nil
	for _, s := range stages {
		if s == elfload.StagePin {
			break
		}
		v := NotRun
		if tried {
			v = Passed
			for c := range o.Checks() {
				if c.Cause != nil && c.Cause.Stage == string(s) {
					v = worst(v, c.Verdict)
				}
			}
		}
		o.Stages = append(o.Stages, StageResult{s, v})
		if s == last || o.Self.Cause != nil && o.Self.Cause.Stage == string(s) {
			tried = false
		}
	}
}
