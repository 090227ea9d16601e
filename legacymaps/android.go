package legacymaps

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// ignoreOnNames are the bits of byte 113, from the lowest (section 8).
var ignoreOnNames = [...]string{"eng", "user", "userdebug", "arm32", "aarch64", "x86_32", "x86_64", "riscv64"}

// strideSection tells the size of one definition in its first four bytes.
const strideSection = "size_of_bpf_map_def"

// Defaults of fields that older layouts lack (L91).
const (
	androidMaxVer  = 0x10000
	androidMaxKver = 0xffffffff
)

// checkStride holds L90: where an Android object tells the size of its
// definitions, its symbols must agree. The word has the file's byte order (L2),
// which on Android is little endian.
func (p *parser) checkStride(g *group) error {
	sec := p.f.SectionNamed(strideSection)
	if sec == nil {
		return nil
	}
	b, ok := mapdef.Span(sec.Data, 0, 4)
	if !ok {
		return sectionError(sec, "android_stride", "section needs 4 bytes")
	}
	stride := uint64(p.f.Order.Uint32(b))
	if stride == 0 || g.sec.Size%stride != 0 {
		return sectionError(g.sec, "android_stride", fmt.Sprintf("section of 0x%x bytes is no multiple of the %d bytes that section %q tells", g.sec.Size, stride, strideSection))
	}
	for i := range g.elems {
		if e := &g.elems[i]; e.size != stride {
			return e.fail("android_stride", e.off, fmt.Sprintf("definition has %d bytes, section %q tells %d", e.size, strideSection, stride))
		}
	}
	return nil
}

// defineAndroid is L94: every map has its place below the bpffs root. Without
// the object's name only that of a shared map is known.
func (p *parser) defineAndroid(r *record, d *mapdef.Def) error {
	d.Pinning = mapdef.PinCustom
	object := androidObjectName(p.opts.ObjectName)
	if r.val(fShared) != 0 {
		object = ""
	} else if object == "" {
		return nil
	}
	dir := r.text(fPinSubdir)
	if dir == "" && r.present(fMinVer) {
		dir = p.opts.AndroidPrefix
	}
	name, err := r.pinName("map_" + object + "_" + d.Name)
	if err != nil {
		return err
	}
	d.PinPath, err = r.pinPath(dir + name)
	return err
}

// androidObjectName is the file's name without directory, "@…" and extension.
func androidObjectName(file string) string {
	if file == "" {
		return ""
	}
	name := path.Base(file)
	name, _, _ = strings.Cut(name, "@")
	return strings.TrimSuffix(name, path.Ext(name))
}

// AndroidHost is what Android's version gates are held against; a field's zero
// value leaves that gate open.
type AndroidHost struct {
	// LoaderVersion is that of the bpfloader whose rules apply.
	LoaderVersion uint32
	// KernelVersion is major<<24 | minor<<16 | sub.
	KernelVersion uint32
	// BuildType is "eng", "user" or "userdebug"; Arch is "arm32", "aarch64",
	// "x86_32", "x86_64" or "riscv64".
	BuildType, Arch string
}

// AndroidGate tells whether a definition's gates keep it from being created
// (L93), and why. A program that needs such a map must not be loaded either.
// Definitions of other dialects have no gates.
func AndroidGate(d *mapdef.Def, host AndroidHost) (why string, gated bool) {
	if d.Dialect != dAndroid {
		return "", false
	}
	value := func(id fieldID, missing uint64) uint64 {
		if f, ok := d.ExtValue(fieldInfos[id].name); ok {
			return f.Value
		}
		return missing
	}
	ranges := []struct {
		what     string
		have     uint32
		from, to uint64
	}{
		{"bpfloader version", host.LoaderVersion, value(fMinVer, 0), value(fMaxVer, androidMaxVer)},
		{"kernel version", host.KernelVersion, value(fMinKver, 0), value(fMaxKver, androidMaxKver)},
	}
	for _, r := range ranges {
		if r.have != 0 && (uint64(r.have) < r.from || uint64(r.have) >= r.to) {
			return fmt.Sprintf("%s 0x%x is not in 0x%x to 0x%x", r.what, r.have, r.from, r.to), true
		}
	}
	bits := value(fIgnoreOn, 0)
	for _, name := range [...]string{host.BuildType, host.Arch} {
		if at := slices.Index(ignoreOnNames[:], name); at >= 0 && bits>>at&1 != 0 {
			return "the map is not for " + name, true
		}
	}
	return "", false
}

// AndroidObject is what an Android object says of itself as a whole (L93).
type AndroidObject struct {
	MinVer, MaxVer, MinRequiredVer uint32
	Critical                       bool // a device does not boot without it
}

// ReadAndroidObject reads the sections that gate a whole object; false where it
// has none of them.
func ReadAndroidObject(f *mapdef.File) (AndroidObject, bool) {
	o := AndroidObject{MaxVer: androidMaxVer}
	found := false
	for _, s := range []struct {
		name string
		to   *uint32
	}{{"bpfloader_min_ver", &o.MinVer}, {"bpfloader_max_ver", &o.MaxVer}, {"bpfloader_min_required_ver", &o.MinRequiredVer}} {
		sec := f.SectionNamed(s.name)
		if sec == nil {
			continue
		}
		if b, ok := mapdef.Span(sec.Data, 0, 4); ok {
			*s.to, found = f.Order.Uint32(b), true
		}
	}
	if sec := f.SectionNamed("critical"); sec != nil && !sec.Exec() {
		o.Critical, found = true, true
	}
	return o, found
}
