package bpfsys

import (
	"fmt"
	"os"
	"strings"
)

// objectKinds are the names of the kernel's anonymous inodes; newer kernels write - for _.
var objectKinds = map[string]string{"bpf_map": "map", "bpf_prog": "program", "bpf_link": "link", "btf": "BTF"}

// ObjectKind is what a descriptor of the bpf system call is: "map", "program", "link"
// or "BTF"; "" where /proc does not tell. Information about one (BPF_OBJ_GET_INFO_BY_FD)
// passes for another's.
func ObjectKind(fd int) string {
	what, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return ""
	}
	name := strings.Trim(strings.TrimPrefix(what, "anon_inode:"), "[]")
	return objectKinds[strings.ReplaceAll(name, "-", "_")]
}
