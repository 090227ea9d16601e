// Package verifierlog reads the logs of the kernel's BPF verifier: the
// statistics at their end, the way to the refusal by lines of C, and the cause
// in words. It is pure: text in, values out.
//
// The texts are those of kernel/bpf/verifier.c and log.c, Linux 4.14 to 6.18.
// Text that it does not know is kept, never an error.
package verifierlog
