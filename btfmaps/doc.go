// Package btfmaps reads BTF-defined maps: variables in `.maps` whose type, not
// whose contents, says what map they are. It computes and calls nobody.
//
// The rules are R38 to R75 of the specification of libbpf's behaviour; tests name them.
//
// # Differences from libbpf
//
//   - Static and hidden maps load (R41, R44); Def.Static tells.
//   - Offsets and extents come from the ELF symbols, not from the DATASEC (D5,
//     R31, R40); a DATASEC that disagrees after linking is a warning. Symbols of
//     type NOTYPE, as clang up to 7 writes them, count (R32), a static variable
//     without a symbol stays where the DATASEC has it, an extern variable whose
//     symbol is defined is that definition.
//   - Several sections named `.maps` are all read, by section index (R16).
//   - Two definitions of one name, overlapping ones, and symbols in `.maps` that no
//     variable explains are errors (R48); further symbols at the place of a
//     definition are its aliases (R49), also when they are variables of the same type.
//   - `__ulong` heeds the signedness of its enum (D2, R54), and a 64-bit value that an
//     old compiler cut to 32 bits is an error (D3).
//   - Perf event arrays have keys and values of 4 bytes and ring buffers neither, in
//     inner definitions too, whatever is written; a warning tells when that overrules
//     what was written. libbpf lets the kernel refuse them (R79, C44 to C46).
//   - A definition has at most 64 members; there is no relaxed mode for unknown ones (R57).
//   - A map of maps without an inner definition is not an error here, as in
//     libbpf (R75): the caller may still give one.
//
// R50 (an internal map of the same name) and references by programs (R49, R129)
// are the caller's. What R67 leaves to the kernel is left to the caller of Parse: zero sizes, flags,
// the numbers of map types, rounding of ring buffers (R76) and CPU counts (R78).
package btfmaps
