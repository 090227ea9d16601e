//go:build linux

// Command conformance runs objects through bpfload, through libbpf and through
// cilium/ebpf, and compares what is in the kernel while they are loaded.
//
// Each loader has a process of its own for each object, in a mount namespace of
// its own with a bpffs of its own. It answers one line per stage (read, maps, all)
// and keeps what it loaded until it is asked for the next; the comparison looks
// through /proc and bpf(2) at what the process holds. So what is compared is the
// kernel's word, except for names and expected attach types, which the kernel
// does not tell.
//
// With -kernel all of this happens in a virtual machine with another kernel
// (guest.go), where fentry, kprobe and lsm programs exist or newer things do not; its
// report becomes a section of the result, which also tells what bpfload says of objects that no
// loader takes there.
//
// A difference is explained by a row of the table in explain.go, or it fails.
package main
