package elfload

import (
	"io"
	"strings"
)

// recordedExterns are the files of a recorder that externs are looked up in.
type recordedExterns struct {
	config   string
	version  uint32
	kallsyms string
	opened   int // readers that are not closed
}

// someExterns are those of a kernel that knows what the fixtures ask for.
func someExterns() recordedExterns {
	return recordedExterns{
		config:   "# comment\nCONFIG_BPF_SYSCALL=y\nCONFIG_IPV6=m\nCONFIG_HZ=250\nCONFIG_DEFAULT_HOSTNAME=\"(none)\"\n",
		version:  6<<16 | 12<<8 | 3,
		kallsyms: "0000000000000000 A fixed_percpu_data\nffffffff81000040 T schedule\nffffffffc0000010 t helper\t[mod]\n",
	}
}

func (r *recorder) KernelConfig() ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return []byte(r.externs.config), r.call("kconfig", nil, "")
}

func (r *recorder) KernelVersion() uint32 { return r.externs.version }

func (r *recorder) Kallsyms() (io.ReadCloser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("kallsyms", nil, ""); err != nil {
		return nil, err
	}
	r.externs.opened++
	return &recordedReader{strings.NewReader(r.externs.kallsyms), r}, nil
}

type recordedReader struct {
	io.Reader
	r *recorder
}

func (c *recordedReader) Close() error {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	c.r.externs.opened--
	return nil
}
