package progs

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// exceptionTag begins the declaration tag of a program that names its exception
// callback: the global function that the kernel runs when the program throws
// (Linux 6.7). No instruction refers to it, so that Link appends it by name.
const exceptionTag = "exception_callback:"

// exceptionCallbacks reads the tags of an object: by function name, the names of
// its callbacks in the order of the types. nil for none.
func exceptionCallbacks(f *mapdef.File) map[string][]string {
	t := f.BTF
	if t == nil || !bytes.Contains(t.Raw(), []byte(exceptionTag)) {
		return nil
	}
	out := make(map[string][]string)
	for id := rawbtf.ID(1); int(id) < t.Len(); id++ {
		tag := t.Type(id)
		if tag.Kind != rawbtf.DeclTag || tag.Component() != -1 {
			continue
		}
		callback, ok := strings.CutPrefix(tag.Name(), exceptionTag)
		if fn := t.Type(tag.Ref()); ok && fn.Kind == rawbtf.Func {
			out[fn.Name()] = append(out[fn.Name()], callback)
		}
	}
	return out
}

// addCallback appends the exception callback of the program, and what that
// calls, unless they are there. Of several callbacks none is appended: the
// verifier tells of them itself.
func (l *Linker) addCallback(program int) error {
	names := l.callbacks()[l.Programs[program].Name]
	if len(names) != 1 {
		return nil
	}
	for i := range l.funcs {
		if fn := &l.funcs[i]; fn.name != names[0] || fn.static {
			continue
		}
		if l.base[i].program == l.linked {
			return nil
		}
		if err := l.push(i); err != nil {
			return err
		}
		return l.run()
	}
	p := &l.Programs[program]
	return &mapdef.Error{Stage: mapdef.StagePlan, Code: "exception_callback", Section: p.Section, Symbol: p.Name, Offset: mapdef.At(p.Offset),
		Err:  fmt.Errorf("its exception callback %q is no global function of the object", names[0]),
		Hint: "define the function without static, in the same object"}
}
