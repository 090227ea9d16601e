package elfload

import (
	"io"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// externKernel is the part of a kernel that says what externs are worth.
type externKernel interface {
	// KernelConfig is the text of its configuration; an error wrapping
	// fs.ErrNotExist means that it does not show one.
	KernelConfig() ([]byte, error)
	// KernelVersion is LINUX_VERSION_CODE, 0 when unknown.
	KernelVersion() uint32
	// Kallsyms is the list of its symbols, as /proc/kallsyms has it. The caller closes it.
	Kallsyms() (io.ReadCloser, error)
}

func (host) KernelConfig() ([]byte, error)    { return bpfsys.KernelConfig() }
func (host) KernelVersion() uint32            { return bpfsys.KernelVersionCode() }
func (host) Kallsyms() (io.ReadCloser, error) { return bpfsys.Kallsyms() }
