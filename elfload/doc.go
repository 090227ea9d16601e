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
// Load does all of them. The same file gives the same plan, the same maps
// in the same order, the same programs (verified side by side, so their ids are in
// no order) and the same error, every time.
//
// The index of a map is its place in Object.Maps: legacy definitions by section
// and offset, then .maps by the offset of the ELF symbol, then data sections,
// the kernel configuration, and struct_ops variables.
//
// Nothing here prints, reads flags or environment variables, or keeps state
// between loads. Errors are of type *Error; errors.Is tells what a caller would
// branch on (ErrPrivilege, ErrVerifier, …).
//
// # Differences from libbpf
//
// Those of reading definitions stand in packages btfmaps and legacymaps, those
// of programs in internal/progs. Of planning and loading:
//
//   - All maps are created before slots are filled, so an outer map may stand
//     before its inner map (R146, D4); pins come last of all (R156, C78).
//   - A map of maps without inner definition, a zero size and a slot outside
//     its map are errors of the plan, before any system call (D7, D17).
//   - Characters that the kernel refuses in names become '_', with a warning
//     (R141, D13); .bss.* keeps its whole name (R99, D14), and a map keeps its
//     name when it is taken from a pin (R155, D10).
//   - Compiler string pools become maps only where something refers to them
//     (R22, C15); .dataX, .rodataX and NOBITS .data.x do where a program refers
//     to them (R15, R20; as cilium/ebpf, C17, C18).
//   - MMAPABLE is left out where a variable is the kernel's own kind of field
//     (R104, D15). Contents are not mapped into the process (R102): a
//     Collection gives descriptors.
//   - Types that the kernel refuses are mended one by one instead of giving up
//     all BTF (R136, D6); a map goes without its types only on EINVAL, E2BIG or
//     ENOTSUPP, with a warning, and never if its value needs them (R143, D11).
//   - A slot whose program or map is not loaded stays empty, with a warning,
//     instead of failing the load (R149, D9).
//   - Pointers in initialised data are told in a warning (R24, D20).
//   - Pin directories are looked at before anything is created, and those that
//     a failing load has made are removed (R156, R158, D16).
//   - All maps of a `?` struct_ops section are optional, not only the first
//     (R124, D1); pointers in struct_ops variables are followed by symbol and
//     addend. Programs that are set only to members which this kernel lacks are
//     left out with a warning.
//   - Two arenas are an error only where there are variables that could live in
//     either (R115), and variables without an arena one of the programs that use
//     them (R116); both as in cilium/ebpf (C98). Variables stand at the start of
//     the arena, whatever the kernel could take (R119). Nothing is mapped over
//     what is at map_extra already (R118): that is an error.
//   - BPF_F_MMAPABLE is not added to arenas (R80): as in libbpf.
//   - Annotations of legacy maps fill the definition's types, also in
//     CollectionSpec (L44, L106), whatever the length of the name (L107). Perf
//     ring buffers are not opened (L74).
package elfload
