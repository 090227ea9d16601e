package elfload

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// kallsym is one line of /proc/kallsyms. name is valid until the next line.
type kallsym struct {
	addr   uint64
	letter byte
	name   []byte
}

// scanKallsyms calls visit for each symbol until it wants no more. Lines that
// are none are skipped: the list is the kernel's, and each holds one symbol.
func scanKallsyms(r io.Reader, visit func(kallsym) (more bool)) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if s, ok := parseKallsym(line); ok && !visit(s) {
			return nil
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull): // no symbol is so long
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// parseKallsym reads "ffffffff81000000 T _stext" and "… t name\t[module]".
func parseKallsym(line []byte) (s kallsym, ok bool) {
	n := 0
	for ; n < len(line) && line[n] != ' '; n++ {
		d := bytes.IndexByte([]byte(hexDigits), line[n])
		if d < 0 || n >= 16 {
			return s, false
		}
		s.addr = s.addr<<4 | uint64(d)
	}
	rest := line[n:]
	if n == 0 || len(rest) < 4 || rest[2] != ' ' {
		return s, false
	}
	s.letter, s.name = rest[1], rest[3:]
	if end := bytes.IndexAny(s.name, "\t\n"); end >= 0 {
		s.name = s.name[:end]
	}
	return s, len(s.name) > 0
}

// kallsyms goes through the running kernel's symbols.
func (l *loader) kallsyms(visit func(kallsym) (more bool)) error {
	r, err := l.k.Kallsyms()
	if err != nil {
		return fmt.Errorf("the kernel's symbols cannot be read: %w", err)
	}
	defer r.Close()
	if err := scanKallsyms(r, visit); err != nil {
		return fmt.Errorf("the kernel's symbols cannot be read: %w", err)
	}
	return nil
}

// errHidden: every address is 0.
var errHidden = errors.New("the kernel hides the addresses of its symbols (kernel.kptr_restrict)")

// findAddresses looks up untyped kernel symbols in one pass. One that has
// several addresses is an error unless they are the same.
func (l *loader) findAddresses(want map[string]*ksym) error {
	seen, shown := false, false
	err := l.kallsyms(func(s kallsym) bool {
		seen, shown = true, shown || s.addr != 0
		name := s.name
		k := want[string(name)]
		if k == nil && s.letter == 'd' { // a static variable that link time optimisation renamed
			if i := bytes.Index(name, []byte(".llvm.")); i > 0 {
				k = want[string(name[:i])]
			}
		}
		switch {
		case k == nil:
		case !k.found:
			k.found, k.addr = true, s.addr
		case k.addr != s.addr && k.err == nil:
			k.err = fmt.Errorf("kernel symbol %q is ambiguous: it is at %#x and at %#x", k.name, k.addr, s.addr)
		}
		return true
	})
	if err == nil && seen && !shown {
		return errHidden
	}
	return err
}
