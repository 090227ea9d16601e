package elfload

import (
	"os"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

func processID() int { return os.Getpid() }

// mapTypeName is the UAPI's name of a map type in lower case, as bpftool prints it.
func mapTypeName(t uint32) string { return bpfsys.MapTypeName(t) }
