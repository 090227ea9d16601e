package elfload

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// loadBTF gives the kernel the object's types, once for all maps and programs
// (R134). A kernel that refuses them is asked what it knows, and gets the rest
// rewritten (R137). If nothing helps, the load goes on without types and says
// so, unless a map is useless without (R136, D6).
func (l *loader) loadBTF() error {
	raw, err := l.plan.hostBTF()
	if err != nil {
		return &Error{Stage: StageMap, Code: "btf", Section: ".BTF", Err: err}
	}
	fd, _, err := l.k.LoadBTF(&bpfsys.BTFAttr{Raw: raw, TokenFD: l.token.fd})
	if err == nil {
		l.btf = fd
		l.trace("BTF: loaded, fd %d", fd)
		return nil
	}
	l.trace("BTF: %v", err)
	if kindOf(err) == ErrPrivilege {
		// Maps need the same privilege, and their refusal explains it; a kernel
		// older than 4.18 knows no BTF at all. If they succeed, noteBTF tells.
		l.btfErr = l.btfRefused(err)
		return nil
	}
	if less, changed := rawbtf.Sanitize(raw, l.btfFeatures()); changed {
		if fd, _, again := l.k.LoadBTF(&bpfsys.BTFAttr{Raw: less, TokenFD: l.token.fd}); again == nil {
			l.btf = fd
			l.warn(Warning{Code: "btf_rewritten", Section: ".BTF", Message: "this kernel does not know all kinds of types in the object; those were rewritten into older ones"})
			return nil
		}
	}
	fd, log, err := l.k.LoadBTF(&bpfsys.BTFAttr{Raw: raw, LogLevel: 1, TokenFD: l.token.fd})
	if err == nil {
		l.btf = fd
		return nil
	}
	for i := range l.plan.Maps {
		if m := &l.plan.Maps[i]; m.NeedsBTF != "" {
			e := loadError(StageMap, "btf_load", &m.MapDef, err)
			e.Err = fmt.Errorf("the kernel refuses the object's types (%s), and the map's %s needs them: %w", lastLine(log), m.NeedsBTF, err)
			e.Log = log
			return e
		}
	}
	l.warn(Warning{Code: "btf_refused", Section: ".BTF",
		Message: fmt.Sprintf("the kernel refuses the object's types, maps and programs go without: %v: %s", errnoOf(err), lastLine(log))})
	return nil
}

// btfRefused is err with what the token does not allow.
func (l *loader) btfRefused(err error) error {
	if l.token.fd == 0 || !errors.Is(err, syscall.EPERM) {
		return err
	}
	if reason, _ := l.notDelegated([]allowance{needsCommand("btf_load", bpfsys.CmdBTFLoad)}); reason != "" {
		return fmt.Errorf("%s: %w", reason, err)
	}
	return err
}

// btfFeatures asks the kernel what it knows, one small BTF each.
func (l *loader) btfFeatures() rawbtf.Features {
	var have rawbtf.Features
	for _, p := range rawbtf.Probes(hostOrder) {
		fd, _, err := l.k.LoadBTF(&bpfsys.BTFAttr{Raw: p.Raw, TokenFD: l.token.fd})
		if err != nil {
			continue
		}
		p.Set(&have)
		if err := l.k.Close(fd); err != nil {
			l.warn(mapdef.Warning{Code: "close", Message: err.Error()})
		}
	}
	return have
}

// lastLine is the last line of a log that is not empty.
func lastLine(log string) string {
	log = strings.TrimRight(log, "\n \x00")
	return log[strings.LastIndexByte(log, '\n')+1:]
}

// noteBTF tells of types that the kernel refused for lack of privilege while it
// took everything else.
func (l *loader) noteBTF() {
	if l.btfErr != nil {
		l.warn(Warning{Code: "btf_refused", Section: ".BTF",
			Message: fmt.Sprintf("the kernel refuses the object's types, maps and programs go without: %v", l.btfErr)})
	}
}
