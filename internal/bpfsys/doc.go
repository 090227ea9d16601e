// Package bpfsys makes the bpf(2) system call: it creates BTF, maps and
// programs from plain values, reads and writes elements, pins, and asks for
// information. No other package of this module makes that call.
//
// What it guarantees:
//
//   - Descriptors that it returns are at least 3 and close-on-exec, so that 0
//     can mean "none" in every attribute, and none of them can be mistaken for a
//     standard stream. The caller owns them and ends them with [Close].
//   - EINTR and EAGAIN are retried a bounded number of times.
//   - Only as many bytes of an attribute are passed as are set, so that a kernel
//     older than this package accepts what it can.
//   - Every failure is a *[SyscallError] with the command, each attribute that
//     was passed, and the errno, which errors.Is finds.
//
// [ExplainMapCreate] and [ExplainProgLoad] tell by elimination why the kernel
// said no. They make further calls, so they run only after a failure.
//
// Layouts and constants are those of include/uapi/linux/bpf.h; a comment says
// so where a fact comes from elsewhere in the kernel.
//
// # Differences from libbpf
//
//   - RLIMIT_MEMLOCK is raised only after the kernel (older than 5.11) answered
//     EPERM, never at start; libbpf sets it before the first call.
//   - SIGPROF is blocked while a program is verified once more after EAGAIN, since
//     a Go program under a profiler would otherwise get that for ever.
//   - A verifier log that does not fit in 16 MiB does not turn a good program
//     into an error: it is loaded once more without a log.
package bpfsys
