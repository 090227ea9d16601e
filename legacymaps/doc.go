// Package legacymaps reads map definitions that are plain C structs in sections
// named "maps" or "maps/…" (ir-keytable's: "lirc_mode2/maps"), in every dialect that loaders have had: the bytes
// after the first sixteen mean something else to each of them.
//
// Reading goes in steps, one file each: symbols become elements (sections.go),
// the dialect is found (detect.go) from the caller's word, the sections' shape
// (shape.go), BTF member names (names.go) or sizes and content (sizes.go), each
// element is decoded by one row of a table (layouts.go, decode.go) or by its BTF
// members (btf.go), and the dialect's row (dialects.go) says what its further
// fields mean. The result is plain mapdef.Def values: no later stage needs to
// know a dialect.
//
// Nothing here reads the host, and nothing is pinned, gated or renamed: pin
// places, owners and version gates come out as data.
//
// # Differences from the loaders of old
//
//   - Static, weak and aliased definitions, symbols without size, elements of
//     different size in one section are read (L7, L8, L9, L30, L50); no loader did
//     all of it. There are no limits on numbers of maps (L35).
//   - References and indexes go by offset, never by symbol table order (L10, L42, L92).
//   - inner_map_idx must name an earlier map (L32); the samples loader took a
//     stale or zero descriptor.
//   - A section like "sk_skb/stream_parser" in a sample is a program without a
//     slot, not an error (L36).
//   - iproute2 inner maps: several maps of one id are each put in their slot
//     (L53), a slot outside the outer map is an error. Two maps for one slot are a
//     warning.
//   - A tail-call section whose number no program array has is reported, and an
//     error with Options.Strict (L62); tc is silent.
//   - gobpf pinning that gobpf itself refuses (object namespace, custom without
//     a path) is data without a path and a warning, an error with Options.Strict
//     (L72), because bpfload pins on request only.
//   - Bytes after aya's, redbpf's and iproute2's last field must be zero (L14, L51,
//     L80, L84), though these loaders ignored or never saw them.
//   - 28-byte definitions without BTF whose only further word is a 1 at byte 24
//     are ambiguous between iproute2 and aya, and refused until the caller names
//     one, unless the object's symbols tell C from Rust, or the section is maps/NAME,
//     which iproute2 never read (A1 has a default; losing
//     the pin's place is worse). Flags that do not exist in 20-byte definitions are
//     ambiguous too (L115), instead of the kernel's business (L99).
//   - Detection is by section, then by object: a section that every dialect reads
//     the same has the dialect of the others. DeepFlow is found by its sections'
//     names too (L99).
//   - Programs of iproute2's family whose section tells no type have the one that tc
//     or ip would give them (L63, L64), with a warning.
//   - Perf event arrays have keys and values of 4 bytes, the only size that a
//     kernel takes, whatever the definition says (C45, C46).
//   - Android's own words (size of definitions, versions) have the file's byte
//     order (L2), though Android says little endian.
//   - DWARF is not used for detection (L113: optional).
//
// # Rules held elsewhere
//
// ELF headers and byte order at loading (L1, L2), kernel names (L12), the kernel's
// own rules for keys and flags (L15), CPU counts and page sizes (L17, L95),
// references in programs (L19 to L21), order of creation, lifetime, license and
// undoing (L24 to L27), the fixup hook (L34), attributes and compatibility of
// pins (L38, L55, L59, L60, L73), inner maps from the caller (L43), which map
// types take BTF ids, and how the object's BTF is made fit (L103 to L105) are
// elfload's and bpfsys'.
package legacymaps
