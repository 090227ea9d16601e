// Package progs turns the executable sections of an object into symbolic
// programs: which functions there are (functions.go), what each instruction
// refers to (relocs.go), what a program needs appended (link.go, exceptions.go,
// jumptables.go), its function
// and line records (extinfo.go), what its section name means (sectionnames.go)
// and its CO-RE relocations (core.go).
//
// Everything is pure and works on raw 8-byte instructions in the file's byte
// order. Type ids and string offsets stay those of the file, because the kernel
// is given the file's own BTF.
//
// # Differences from libbpf
//
//   - Functions: static ones outside .text are subprograms instead of an error;
//     sections named .text.… hold subprograms like .text; functions that others
//     call, in a section whose name says nothing, are subprograms; objects of
//     clang up to 7, and sections without symbols, have programs (L37). Where .text
//     holds all there is, each of its global functions is a program, not only a single one.
//   - R132: a bad reference concerns the program that has it. What no function
//     can own (a relocation beyond the section, overlapping functions) is an error
//     of the object.
//   - R129: the addend of a reference to a .maps symbol is ignored as in libbpf,
//     with a warning, unless another map begins there (L20). In legacy sections it
//     counts, so that static maps work, and must lead to a definition.
//   - R130: a data reference outside its section is an error here; the kernel
//     would say EINVAL.
//   - R128: an entry of a jump table has to lead into the function that uses it.
//   - A ld_imm64 that has a pseudo source register but no relocation is refused: it
//     would name a file descriptor of this process.
//   - R28, D12: a broken .BTF.ext is a warning, never an error. A program of which
//     one function lacks function information loads without any, with a warning. An
//     empty line record stands in where the kernel wants one and the compiler wrote none.
//   - Section names that libbpf refuses since 1.0 ("socket1", "xdp_prog") have the
//     type that they had before, marked SectionType.Legacy.
//   - CO-RE is cilium/ebpf's, with three additions: the width of loads and stores
//     follows the field (coresize.go), and one relocation that cannot be computed
//     (an anonymous type) is poisoned alone. The size and the id of a type that
//     the target does not have are 0, as libbpf says. A relocation against a local type id
//     needs nothing.
package progs
