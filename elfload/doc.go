// Package elfload loads BPF ELF objects: it reads the object as clang wrote it,
// finds every map definition in it, resolves the initialisers of maps of maps
// and program arrays, creates the maps in definition order, loads the programs,
// and hands out a table of file descriptors in that order, the map_data of the
// kernel's first loaders.
//
// Four stages, each a function whose result is a value:
//
//	obj, err := elfload.Open("filter.o")          // pure: bytes to definitions, any OS
//	plan, err := obj.Plan(elfload.Options{})      // pure: every step, with indices instead of names
//	coll, err := plan.Load(ctx)                   // bpf(2), all or nothing
//	fd := coll.MapData[0].FD                      // the object's first definition
//
// Load does all of them. The same file gives the same plan, the same kernel
// objects in the same order and the same error, every time.
//
// The index of a map is its place in Object.Maps: legacy definitions by section
// and offset, then .maps by the offset of the ELF symbol, then data sections.
//
// Nothing here prints, reads flags or environment variables, or keeps state
// between loads. Errors are of type *Error; errors.Is tells what a caller would
// branch on (ErrPrivilege, ErrVerifier, …).
package elfload
