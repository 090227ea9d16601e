package elfload

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// Kernels that lack something: each is asked for less, one thing at a time, and
// each thing left out is told.
func TestDegrade(t *testing.T) {
	for _, c := range []struct {
		name   string
		refuse func(*bpfsys.MapAttr) bool
		noBTF  bool
		want   []string // warnings
		btf    bool
	}{
		{"nothing is missing", func(*bpfsys.MapAttr) bool { return false }, false, nil, true},
		{"R103 no mmapable arrays (before 5.5)", func(a *bpfsys.MapAttr) bool { return a.Flags&flagMmapable != 0 },
			false, []string{"not_mmapable"}, true},
		{"R143 types refused", func(a *bpfsys.MapAttr) bool { return a.BTFFD != 0 }, false, []string{"map_without_btf"}, false},
		{"types refused and not mmapable", func(a *bpfsys.MapAttr) bool { return a.BTFFD != 0 || a.Flags&flagMmapable != 0 },
			false, []string{"not_mmapable", "map_without_btf"}, false},
		{"R137 no BTF (before 4.18)", func(a *bpfsys.MapAttr) bool { return a.Flags&flagMmapable != 0 },
			true, []string{"btf_refused", "not_mmapable"}, false},
		{"L12 no names (before 4.15)", func(a *bpfsys.MapAttr) bool { return a.Name != "" || a.Flags&flagMmapable != 0 },
			true, []string{"btf_refused", "not_mmapable", "map_without_name"}, false},
	} {
		for _, errno := range []syscall.Errno{syscall.EINVAL, syscall.E2BIG} {
			t.Run(c.name+" "+errno.Error(), func(t *testing.T) {
				plan, err := readObject(t, dataObject(rawbtf.LinkGlobal, elftest.Data(".data", []byte{1, 0, 0, 0}))).Plan(Options{})
				if err != nil {
					t.Fatal(err)
				}
				r := newRecorder()
				r.refuse = func(call string, attr any) syscall.Errno {
					if call == "btf_load" && c.noBTF {
						return syscall.EINVAL
					}
					if a, ok := attr.(*bpfsys.MapAttr); ok && c.refuse(a) {
						return errno
					}
					return 0
				}
				coll, err := plan.load(context.Background(), r)
				if err != nil {
					t.Fatal(err)
				}
				defer coll.Close()
				var got []string
				for _, w := range coll.Warnings {
					got = append(got, w.Code)
				}
				if !slices.Equal(got, c.want) || coll.MapData[0].BTF != c.btf {
					t.Errorf("warnings %v, BTF %t; want %v, %t", got, coll.MapData[0].BTF, c.want, c.btf)
				}
			})
		}
	}
}

// What only privilege or memory can mend is not tried with less.
func TestNoDegradeForPrivilege(t *testing.T) {
	plan, err := readObject(t, dataObject(rawbtf.LinkGlobal, elftest.Data(".data", []byte{1, 0, 0, 0}))).Plan(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.ENOMEM} {
		r, tries := newRecorder(), 0
		r.refuse = func(call string, _ any) syscall.Errno {
			if call != "map_create" {
				return 0
			}
			tries++
			return errno
		}
		if _, err := plan.load(context.Background(), r); err == nil || tries != 1 {
			t.Errorf("%v: %d tries, %v", errno, tries, err)
		}
	}
}

// R143: where the kernel takes no types for a map and has no memory for it, the
// memory is what is told.
func TestDegradeToAnotherError(t *testing.T) {
	plan, err := readObject(t, dataObject(rawbtf.LinkGlobal, elftest.Data(".data", []byte{1, 0, 0, 0}))).Plan(Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, tries := newRecorder(), 0
	r.refuse = func(_ string, attr any) syscall.Errno {
		a, ok := attr.(*bpfsys.MapAttr)
		switch {
		case !ok:
			return 0
		case a.BTFFD != 0:
			tries++
			return syscall.EINVAL
		}
		tries++
		return syscall.ENOMEM
	}
	_, err = plan.load(context.Background(), r)
	if !errors.Is(err, syscall.ENOMEM) || errors.Is(err, syscall.EINVAL) || tries != 3 {
		t.Errorf("%d tries, %v", tries, err)
	}
	finished(t, r, nil)
}
