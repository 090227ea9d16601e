//go:build linux

package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
)

// elfHeader is the size in bytes of Elf64_Ehdr.
const elfHeader = 64

// extract writes the BPF object that is embedded in each program below from, as
// `bpftool gen skeleton` embeds it, to the directory to.
func extract(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for n := 0; ; n++ {
			at := nextObject(data)
			if at < 0 {
				return nil
			}
			size := objectSize(data[at:])
			if size == 0 {
				data = data[at+1:]
				continue
			}
			name := d.Name() + ".o"
			if n > 0 {
				name = fmt.Sprintf("%s-%d.o", d.Name(), n)
			}
			if err := os.WriteFile(filepath.Join(to, name), data[at:at+size], 0o644); err != nil {
				return err
			}
			data = data[at+size:]
		}
	})
}

// nextObject is where a little-endian relocatable ELF file for BPF begins, -1
// for nowhere.
func nextObject(data []byte) int {
	for base := 0; ; {
		at := bytes.Index(data[base:], []byte(elf.ELFMAG+"\x02\x01\x01"))
		if at < 0 || base+at+elfHeader > len(data) {
			return -1
		}
		h := data[base+at:]
		if elf.Type(binary.LittleEndian.Uint16(h[16:])) == elf.ET_REL && elf.Machine(binary.LittleEndian.Uint16(h[18:])) == elf.EM_BPF {
			return base + at
		}
		base += at + 1
	}
}

// objectSize is how far the file goes by its section headers, 0 if it is none.
func objectSize(data []byte) int {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return 0
	}
	end := binary.LittleEndian.Uint64(data[40:]) + uint64(binary.LittleEndian.Uint16(data[58:]))*uint64(binary.LittleEndian.Uint16(data[60:]))
	for _, s := range f.Sections {
		if s.Type != elf.SHT_NOBITS {
			end = max(end, s.Offset+s.FileSize)
		}
	}
	if end > uint64(len(data)) {
		return 0
	}
	return int(end)
}
