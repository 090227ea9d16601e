// Package progs turns the executable sections of an object into symbolic
// programs: which functions there are (functions.go), what each instruction
// refers to (relocs.go), what a program needs appended (link.go), its function
// and line records (extinfo.go), what its section name means (sectionnames.go)
// and its CO-RE relocations (core.go).
//
// Everything is pure and works on raw 8-byte instructions in the file's byte
// order. Type ids and string offsets stay those of the file, because the kernel
// is given the file's own BTF.
package progs
