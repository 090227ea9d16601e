package vm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// entry is a member of an archive, as read back.
type entry struct {
	name, data string
	mode       uint64
}

// readCPIO is the mirror image of archive.
func readCPIO(t *testing.T, b []byte) []entry {
	t.Helper()
	var out []entry
	for at := 0; ; {
		if string(b[at:at+6]) != "070701" {
			t.Fatalf("no magic at %d", at)
		}
		var n [13]uint64
		for i := range n {
			v, err := strconv.ParseUint(string(b[at+6+8*i:at+14+8*i]), 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			n[i] = v
		}
		name := string(b[at+110 : at+110+int(n[11])-1])
		at = (at + 110 + int(n[11]) + 3) &^ 3
		if name == "TRAILER!!!" {
			return out
		}
		out = append(out, entry{name, string(b[at : at+int(n[6])]), n[1]})
		at = (at + int(n[6]) + 3) &^ 3
	}
}

func TestInitramfs(t *testing.T) {
	_, init := fakes(t)
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sub", "a"), []byte("12345"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("sub/a", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling")); err != nil {
		t.Fatal(err)
	}
	o := &Options{Args: []string{"/x/run", "1"}, Env: []string{"A=b"}, Dir: "/x", Files: []File{{Host: dir, Guest: "/x"}, {Data: []byte("hi"), Guest: "/x/hi"}}}
	k := &kernelImage{config: File{Data: []byte("CONFIG_X=y"), Guest: "/boot/config-1"}}
	var b, again bytes.Buffer
	if err := writeInitramfs(&b, init, o, k, []module{{"m", []byte("ko")}}); err != nil {
		t.Fatal(err)
	}
	if err := writeInitramfs(&again, init, o, k, []module{{"m", []byte("ko")}}); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("a second archive differs: %v", err)
	}
	var names []string
	for _, e := range readCPIO(t, b.Bytes()) {
		names = append(names, fmt.Sprintf("%s %o", e.name, e.mode))
		switch e.name {
		case ".bpfload-vm.json":
			var c config
			if err := json.Unmarshal([]byte(e.data), &c); err != nil || !slices.Equal(c.Modules, []string{"/lib/modules/00-m.ko"}) || !slices.Equal(c.Args, o.Args) || c.Dir != "/x" {
				t.Errorf("configuration %+v, %v", c, err)
			}
		case "x/sub/a", "x/link":
			if e.data != "12345" {
				t.Errorf("%s holds %q", e.name, e.data)
			}
		}
	}
	want := []string{"dev 40755", "dev/console 20600", "x 40755", "init 100755", "boot 40755", "boot/config-1 100644", "lib 40755", "lib/modules 40755", "lib/modules/00-m.ko 100644",
		".bpfload-vm.json 100644", "x/link 100744", "x/sub 40755", "x/sub/a 100744", "x/hi 100644"}
	if !slices.Equal(names, want) {
		t.Errorf("members\n%q\nwant\n%q", names, want)
	}
}

// deb is a package with these files, packed in that way.
func deb(t *testing.T, pack string, files ...entry) string {
	t.Helper()
	var data bytes.Buffer
	var w io.WriteCloser
	var err error
	switch pack {
	case "xz":
		w, err = xz.NewWriter(&data)
	case "zst":
		w, err = zstd.NewWriter(&data)
	case "gz":
		w = gzip.NewWriter(&data)
	default:
		w = struct {
			io.Writer
			io.Closer
		}{&data, io.NopCloser(nil)}
	}
	if err != nil {
		t.Fatal(err)
	}
	tw := tar.NewWriter(w)
	for _, f := range files {
		if err := tw.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.data)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(tw, f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(tw.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString(arMagic)
	for _, m := range []struct {
		name string
		data []byte
	}{{"debian-binary", []byte("2.0\n")}, {"control.tar.xz", []byte("odd")}, {"data.tar." + pack, data.Bytes()}} {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", m.name, 0, 0, 0, "100644", len(m.data))
		b.Write(m.data)
		if len(m.data)%2 == 1 {
			b.WriteByte('\n')
		}
	}
	file := filepath.Join(t.TempDir(), "linux-image.deb")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestKernelsOfPackages(t *testing.T) {
	image := string(bzImage("the kernel"))
	for _, pack := range []string{"xz", "zst", "gz", "tar"} {
		file := deb(t, pack, entry{name: "./boot/config-6.1", data: "CONFIG"}, entry{name: "./boot/vmlinuz-6.1", data: image})
		k, err := openKernel(file, t.TempDir())
		if err != nil {
			t.Errorf("%s: %v", pack, err)
			continue
		}
		if got, err := os.ReadFile(k.path); err != nil || string(got) != image {
			t.Errorf("%s: %q, %v", pack, got, err)
		}
		if k.config.Guest != "/boot/config-6.1" || string(k.config.Data) != "CONFIG" {
			t.Errorf("%s: configuration %q %q", pack, k.config.Guest, k.config.Data)
		}
	}
}

func TestBrokenPackages(t *testing.T) {
	good := deb(t, "xz", entry{name: "boot/vmlinuz-6.1", data: string(bzImage(strings.Repeat("k", 5000)))})
	raw, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for n := len(arMagic); n < len(raw)-1; n += 7 { // whatever is cut off
		if err := os.WriteFile(good, raw[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openKernel(good, t.TempDir()); !errors.Is(err, ErrInput) && n < len(raw)-200 {
			t.Errorf("%d of %d bytes: %v", n, len(raw), err)
		}
	}
	for name, row := range map[string]struct{ file, text string }{
		"meta package":     {deb(t, "xz", entry{name: "./usr/share/doc/x", data: ""}), "depends on it"},
		"other machine":    {deb(t, "gz", entry{name: "./boot/vmlinuz-6.1", data: "MZ" + strings.Repeat("\x00", 1000)}), "no image for x86-64"},
		"unknown packing":  {deb(t, "rar", entry{name: "./boot/vmlinuz-6.1"}), "packed in a way"},
		"size no number":   {sized(t, "xyz"), "no number"},
		"size negative":    {sized(t, "-1"), "no number"},
		"size of a galaxy": {sized(t, "9999999999"), "unexpected EOF"},
	} {
		if _, err := openKernel(row.file, t.TempDir()); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), row.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// sized is a package whose first member claims that size.
func sized(t *testing.T, size string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.deb")
	if err := os.WriteFile(file, fmt.Appendf(nil, "%s%-48s%-10s`\n", arMagic, "debian-binary", size), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestModuleNames(t *testing.T) {
	for file, want := range map[string]string{"/lib/virtio-net.ko.xz": "virtio_net", "veth.ko": "veth", "veth": "", "a.kook": "", "x.ko.zst": "x"} {
		if got := moduleName(file); got != want {
			t.Errorf("%q: %q, want %q", file, got, want)
		}
	}
}

func TestWire(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("\n\x02bpf\n" + wireMagic)
	f := &frames{w: &b}
	long := bytes.Repeat([]byte{0, 1, 2}, maxFrame)
	must(f.send('a', nil))
	must(f.send('b', long))
	if err := seekMagic(&b); err != nil {
		t.Fatal(err)
	}
	var got []byte
	kind, data, err := readFrame(&b)
	if kind != 'a' || len(data) != 0 || err != nil {
		t.Errorf("%q %d %v", kind, len(data), err)
	}
	for range 3 {
		kind, data, err = readFrame(&b)
		if kind != 'b' || err != nil {
			t.Errorf("%q %v", kind, err)
		}
		got = append(got, data...)
	}
	if !bytes.Equal(got, long) {
		t.Error("a long frame came back otherwise")
	}
	if _, _, err := readFrame(strings.NewReader("o\xff\xff\xff\xff")); !errors.Is(err, errWire) {
		t.Errorf("a frame of 4 GiB: %v", err)
	}
}

func TestTail(t *testing.T) {
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, "line %d\r\n", i)
		if i == 100 {
			b.WriteString("\x1b[1mKernel panic - not syncing: x\r\n")
		}
	}
	lines, panicked := tail(b.String())
	if !panicked || len(lines) != tailLines || !slices.Contains(lines, "Kernel panic - not syncing: x") {
		t.Errorf("%v %q", panicked, lines)
	}
	lines, panicked = tail("a\n\n\x1b[2Jb\tc\xff")
	if panicked || !slices.Equal(lines, []string{"a", "b c?"}) {
		t.Errorf("%v %q", panicked, lines)
	}
}
