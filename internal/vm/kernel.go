package vm

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Offsets of the boot protocol of x86 (Documentation/arch/x86/boot.rst).
const (
	bootFlagAt    = 0x1fe // u16 0xaa55
	headerMagicAt = 0x202 // "HdrS"
	bootHeader    = 0x206
)

// kernelImage is a kernel on the host.
type kernelImage struct {
	path string   // of the bzImage
	deb  *debFile // the package that it came from, nil for none
	// config is its configuration, as /boot/config-RELEASE for the guest, empty
	// where there is none beside the image.
	config File
}

// maxConfig bounds what is read of a configuration, in bytes.
const maxConfig = 16 << 20

// beside finds the configuration of boot/vmlinuz-RELEASE in the same directory.
func (k *kernelImage) beside() {
	dir, base := filepath.Split(k.path)
	if release, ok := strings.CutPrefix(base, "vmlinuz-"); ok {
		if info, err := os.Stat(filepath.Join(dir, "config-"+release)); err == nil && info.Mode().IsRegular() && info.Size() < maxConfig {
			k.config = File{Host: filepath.Join(dir, "config-"+release), Guest: "/boot/config-" + release}
		}
	}
}

// isBzImage tells whether b begins an x86 kernel that a boot loader starts.
func isBzImage(b []byte) bool {
	return len(b) >= bootHeader && binary.LittleEndian.Uint16(b[bootFlagAt:]) == 0xaa55 && string(b[headerMagicAt:bootHeader]) == "HdrS"
}

// openKernel finds the image in file, which stays as it is when it is one, and
// is taken out of a package into dir otherwise.
func openKernel(file, dir string) (*kernelImage, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, input("%w", err)
	}
	defer f.Close()
	head := make([]byte, bootHeader)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, input("%w", err)
	}
	switch head = head[:n]; {
	case isBzImage(head):
		k := &kernelImage{path: file}
		k.beside()
		return k, nil
	case bytes.HasPrefix(head, []byte(arMagic)):
		return debKernel(file, dir)
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		return nil, input("%q is an ELF file (vmlinux); the bootable image, vmlinuz or bzImage, is wanted", file)
	case bytes.HasPrefix(head, []byte("MZ")):
		return nil, input("%q is a kernel image for another machine than x86-64", file)
	}
	return nil, input("%q is neither an x86-64 kernel image (vmlinuz) nor a Debian package", file)
}

// debKernel takes boot/vmlinuz-* out of a package.
func debKernel(file, dir string) (*kernelImage, error) {
	deb := &debFile{path: file}
	k := &kernelImage{path: path.Join(dir, "vmlinuz"), deb: deb}
	found := false
	err := deb.walk(func(h *tar.Header, r io.Reader) (bool, error) {
		name := strings.TrimPrefix(h.Name, "./")
		if release, ok := strings.CutPrefix(name, "boot/config-"); ok && h.Typeflag == tar.TypeReg && !strings.Contains(release, "/") {
			text, err := io.ReadAll(io.LimitReader(r, maxConfig))
			k.config = File{Data: text, Guest: "/boot/config-" + release}
			return true, err
		}
		if h.Typeflag != tar.TypeReg || !strings.HasPrefix(name, "boot/vmlinuz") && !strings.HasSuffix(name, "/vmlinuz") {
			return true, nil
		}
		found = true
		return false, writeImage(k.path, r)
	})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, input("package %q holds no boot/vmlinuz-*; the package of the image itself is wanted, such as linux-image-6.1.0-9-amd64, not one that depends on it", file)
	}
	return k, nil
}

func writeImage(file string, r io.Reader) error {
	head := make([]byte, bootHeader)
	if _, err := io.ReadFull(r, head); err != nil || !isBzImage(head) {
		return input("the package's kernel is no image for x86-64")
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.MultiReader(bytes.NewReader(head), r))
	return errors.Join(err, f.Close())
}
