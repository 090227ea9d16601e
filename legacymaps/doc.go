// Package legacymaps reads map definitions that are plain C structs in sections
// named "maps" or "maps/…", in every dialect that loaders have had: the bytes
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
//     different size in one section are read (L7, L8, L9); no loader did all of it.
//   - References and indexes go by offset, never by symbol table order (L10).
//   - inner_map_idx must name an earlier map (L32); the samples loader took a
//     stale or zero descriptor.
//   - iproute2 inner maps: several maps of one id are each put in their slot
//     (L53), a slot outside the outer map is an error.
//   - A tail-call section whose number no program array has is reported, and an
//     error with Options.Strict (L62); tc is silent.
//   - gobpf pinning that gobpf itself refuses (object namespace, custom without
//     a path) is data without a path and a warning, an error with Options.Strict
//     (L72), because bpfload pins on request only.
//   - 28-byte definitions without BTF whose only further word is a 1 at byte 24
//     are ambiguous between iproute2 and aya, and refused until the caller names
//     one (A1 has a default, losing the pin's place is worse).
//   - DWARF is not used for detection (L113: optional).
package legacymaps
