// Command oldclang rewrites the symbols of an object to what clang 7 and older
// wrote: type NOTYPE and size 0 for every variable and function, whatever its
// true size.
//
//	go run ./internal/elftest/oldclang IN OUT
package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: oldclang IN OUT")
		os.Exit(2)
	}
	if err := convert(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "oldclang:", err)
		os.Exit(1)
	}
}

func convert(in, out string) error {
	raw, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	if err := forget(raw); err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	return os.WriteFile(out, raw, 0o644)
}

// Offsets in bytes inside an ELF64 symbol table entry.
const (
	entrySize = 24
	infoAt    = 4
	sizeAt    = 16
)

// forget changes the symbol table in place.
func forget(raw []byte) error {
	f, err := elf.NewFile(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	table := f.SectionByType(elf.SHT_SYMTAB)
	if table == nil || table.Offset+table.FileSize > uint64(len(raw)) {
		return errors.New("no symbol table")
	}
	data := raw[table.Offset : table.Offset+table.FileSize]
	for ; len(data) >= entrySize; data = data[entrySize:] {
		switch elf.ST_TYPE(data[infoAt]) {
		case elf.STT_OBJECT, elf.STT_FUNC:
			data[infoAt] = elf.ST_INFO(elf.ST_BIND(data[infoAt]), elf.STT_NOTYPE)
			clear(data[sizeAt : sizeAt+8])
		}
	}
	return nil
}
