package vm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// configPath is where the guest finds what it is to do, which also tells Main
// that it is a guest.
const configPath = "/.bpfload-vm.json"

// config is what the host tells the guest.
type config struct {
	Args    []string `json:"args"`
	Env     []string `json:"env"`
	Dir     string   `json:"dir"`
	Modules []string `json:"modules"` // paths in the guest
}

// mountedOver are directories whose files nobody would see in the guest.
var mountedOver = []string{"proc", "sys", "dev"}

// initramfs packs init, the configuration, modules and files.
type initramfs struct {
	archive
	made map[string]bool // directories, by name in the archive
}

// writeInitramfs writes the archive that a guest with that kernel starts from.
func writeInitramfs(w io.Writer, init string, o *Options, k *kernelImage, modules []module) error {
	fsys := &initramfs{archive: archive{w: w}, made: map[string]bool{"": true}}
	if err := fsys.dir("dev"); err != nil {
		return err
	}
	// What the kernel gives the first process as standard input and output.
	if err := fsys.write(member{name: "dev/console", mode: modeDevice | 0o600, major: 5, minor: 1}, nil); err != nil {
		return err
	}
	c := config{Args: o.Args, Env: o.Env, Dir: o.Dir}
	files := []File{{Host: init, Guest: Self}}
	if k.config.Guest != "" {
		files = append(files, k.config)
	}
	for i, m := range modules {
		at := fmt.Sprintf("/lib/modules/%02d-%s.ko", i, m.name)
		files = append(files, File{Data: m.data, Guest: at})
		c.Modules = append(c.Modules, at)
	}
	if o.Dir != "" {
		if !path.IsAbs(o.Dir) {
			return input("directory %q is no absolute path", o.Dir)
		}
		if err := fsys.dir(path.Clean(o.Dir)[1:]); err != nil {
			return err
		}
	}
	text, err := json.Marshal(&c)
	if err != nil {
		return err
	}
	files = append(files, File{Data: text, Guest: configPath})
	for _, f := range append(files, o.Files...) {
		if err := fsys.add(f); err != nil {
			return err
		}
	}
	return fsys.close()
}

// add adds a file, or a directory with all in it.
func (a *initramfs) add(f File) error {
	if !path.IsAbs(f.Guest) || path.Clean(f.Guest) != f.Guest {
		return input("%q is no absolute path in plain form", f.Guest)
	}
	name := f.Guest[1:]
	if first, _, _ := strings.Cut(name, "/"); slices.Contains(mountedOver, first) {
		return input("%q: the guest has the kernel's own file system at /%s", f.Guest, first)
	}
	if f.Host == "" {
		mode := f.Mode
		if mode == 0 {
			mode = 0o644
		}
		return a.file(name, mode, int64(len(f.Data)), bytes.NewReader(f.Data))
	}
	info, err := os.Stat(f.Host)
	if err != nil {
		return input("%w", err)
	}
	if !info.IsDir() {
		return a.copy(name, f.Host, info)
	}
	return filepath.WalkDir(f.Host, func(host string, d fs.DirEntry, err error) error {
		if err != nil {
			return input("%w", err)
		}
		rel, err := filepath.Rel(f.Host, host)
		if err != nil {
			return err
		}
		at := path.Join(name, filepath.ToSlash(rel))
		if d.IsDir() {
			return a.dir(at)
		}
		info, err := os.Stat(host) // links are copied as what they lead to
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			return nil
		}
		if err != nil {
			return input("%w", err)
		}
		return a.copy(at, host, info)
	})
}

func (a *initramfs) copy(name, host string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return input("%q is neither a file nor a directory", host)
	}
	r, err := os.Open(host)
	if err != nil {
		return input("%w", err)
	}
	defer r.Close()
	mode := uint32(info.Mode().Perm()) | 0o444
	if "/"+name == Self {
		mode |= 0o111
	}
	return a.file(name, mode, info.Size(), r)
}

func (a *initramfs) file(name string, mode uint32, size int64, r io.Reader) error {
	if err := a.dir(path.Dir(name)); err != nil {
		return err
	}
	return a.write(member{name: name, mode: modeRegular | mode, size: size}, r)
}

// dir makes a directory and those above it, once each.
func (a *initramfs) dir(name string) error {
	if name == "." || name == "" {
		return nil
	}
	at := ""
	for part := range strings.SplitSeq(name, "/") {
		at = path.Join(at, part)
		if a.made[at] {
			continue
		}
		a.made[at] = true
		if err := a.write(member{name: at, mode: modeDir | 0o755}, nil); err != nil {
			return err
		}
	}
	return nil
}
