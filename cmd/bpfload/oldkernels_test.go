package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/vm"
	"github.com/bpfload/bpfload/internal/vm/vmtest"
)

func init() { children["loadall"] = loadAllChild }

// guestObjects is where the guest has the fixtures.
const guestObjects = "/objs"

// outcome is how the load of one fixture ended.
type outcome struct {
	File     string
	Code     int
	Stderr   string
	Document *elfload.Document
}

// loadAllChild loads all fixtures, one after the other, and prints outcomes.
func loadAllChild() {
	paths, err := filepath.Glob(guestObjects + "/*.o")
	if err != nil || len(paths) == 0 {
		fmt.Fprintln(os.Stderr, "no fixtures:", err)
		os.Exit(99)
	}
	w := json.NewEncoder(os.Stdout)
	for _, path := range paths {
		var out, errs bytes.Buffer
		o := outcome{File: filepath.Base(path), Document: new(elfload.Document)}
		o.Code = run(context.Background(), []string{"load", "--json", "--jobs", "1", path}, &out, &errs)
		o.Stderr = errs.String()
		if err := json.Unmarshal(out.Bytes(), o.Document); err != nil {
			o.Stderr += "no document: " + err.Error()
		}
		if err := w.Encode(o); err != nil {
			os.Exit(98)
		}
	}
	os.Exit(0)
}

func loadAll(t *testing.T, version string) []outcome {
	t.Helper()
	kernel := vmtest.Kernel(t, version)
	r := vmtest.Run(t, vm.Options{Kernel: kernel, Init: vmtest.BuildTest(t, "github.com/bpfload/bpfload/cmd/bpfload"), Args: []string{vm.Self},
		Env: []string{otherChildEnv + "=loadall"}, Files: someFixtures(t, version)})
	if r.ExitCode != 0 {
		t.Fatalf("status %d: %s", r.ExitCode, r.Stderr)
	}
	var all []outcome
	for line := range strings.Lines(string(r.Stdout)) {
		var o outcome
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v: %.300q", err, line)
		}
		all = append(all, o)
	}
	return all
}

// someFixtures are those that the version's rows speak of and every fourth, or with
// BPFLOAD_FAULTS=all every one, that can be planned: a guest without KVM is slow.
func someFixtures(t *testing.T, version string) []vm.File {
	t.Helper()
	paths, err := filepath.Glob(objects + "*.o")
	if err != nil {
		t.Fatal(err)
	}
	var files []vm.File
	for i, path := range paths {
		name := filepath.Base(path)
		named := slices.ContainsFunc(needsNewer[version], func(r fixtureRow) bool { return r.file == name })
		if (named || i%4 == 0 || os.Getenv(faultsEnv) == "all") && !strings.HasSuffix(name, ".eb.o") && plannable(name) {
			files = append(files, vm.File{Host: path, Guest: guestObjects + "/" + name})
		}
	}
	return files
}

// fixtureRow is what an older kernel makes of a fixture, with words of the error; ""
// loads all the same, less what its warnings say.
type fixtureRow struct {
	file, words string
	warnings    []string
}

// needsNewer is about fixtures that not every kernel takes.
var needsNewer = map[string][]fixtureRow{
	"6.1": {
		{"arena.o", "no maps of type arena (33): it came with Linux 6.9", nil},
		{"map_types.o", "no maps of type cgrp_storage (32): it came with Linux 6.2", nil},
		{"struct_ops_link.o", "(BPF_F_LINK) for struct_ops maps: it came with Linux 6.4", nil},
		{"jump_table.o", "no maps of type insn_array (34): it came with Linux 6.19", nil},
		{"rbtree.o", `"bpf_obj_new_impl" is not in the types of this kernel`, nil},
		{"cpu_v4.o", "reserved fields", nil},
		{"struct_ops.o", "", []string{"btf_rewritten"}},
		{"data_sections.o", "", []string{"btf_rewritten"}},
		{"legacy_sections.o", "", []string{"btf_rewritten"}},
		{"legacy_datadog.o", "", []string{"btf_rewritten"}},
		{"legacy_redbpf.o", "", []string{"btf_rewritten"}},
	},
	"6.12": {
		{"jump_table.o", "no maps of type insn_array (34): it came with Linux 6.19", nil},
		{"arena_plain.o", "sign extending loads from arena are not supported yet", nil},
		{"map_types.o", "", nil},
		{"arena.o", "", nil},
		{"data_sections.o", "", nil},
		{"cpu_v4.o", "", nil},
	},
}

// degraded are the warnings of a load that did without something.
var degraded = []string{"btf_refused", "btf_rewritten", "not_mmapable", "map_without_btf", "map_without_name", "not_frozen", "not_bound"}

// On Debian's kernels of two long-term lines every fixture that can be planned
// loads, with a warning for what the kernel takes only otherwise, or says what the
// kernel lacks.
func TestVMOldKernels(t *testing.T) {
	for _, version := range vmtest.Versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			all, loaded := loadAll(t, version), 0
			byFile := map[string]*outcome{}
			for i := range all {
				o := &all[i]
				byFile[o.File] = o
				o.judge(t)
				if o.Code == 0 {
					loaded++
				}
			}
			t.Logf("%d of %d fixtures loaded", loaded, len(all))
			if loaded < 20 {
				t.Error("too few")
			}
			for _, row := range needsNewer[version] {
				o := byFile[row.file]
				if o == nil || (o.Code == 0) != (row.words == "") || !strings.Contains(o.Stderr, row.words) || row.words == "" && !slices.Equal(o.degraded(), row.warnings) {
					t.Errorf("%s: %+v", row.file, o)
				}
			}
		})
	}
}

// plannable tells fixtures that only the kernel may refuse.
func plannable(file string) bool {
	obj, err := elfload.Open(objects + file)
	if err == nil {
		_, err = obj.Plan(elfload.Options{PageSize: 4096})
	}
	return err == nil
}

func (o *outcome) degraded() []string {
	var codes []string
	for _, w := range o.Document.Warnings {
		if slices.Contains(degraded, w.Code) {
			codes = append(codes, w.Code)
		}
	}
	return codes
}

func (o *outcome) judge(t *testing.T) {
	t.Helper()
	e := o.Document.Error
	switch {
	case o.Code == 0 && e == nil, o.File == "freplace.o": // which wants --attach-prog
		return
	case strings.Contains(o.Stderr, "goroutine "), e == nil, strings.HasPrefix(o.File, "legacy_"):
		t.Errorf("%s: status %d: %s", o.File, o.Code, o.Stderr)
	case o.Code == exitVerifier && e.Code != "":
	case o.Code != exitKernel:
		t.Errorf("%s: status %d: %s", o.File, o.Code, o.Stderr)
	default:
		for _, why := range []string{"it came with Linux ", "is not in the types of this kernel", `"CONFIG_THERE_IS_NO_SUCH_NUMBER" has no value`} {
			if strings.Contains(o.Stderr, why) {
				return
			}
		}
		t.Errorf("%s: what the kernel lacks is not said: %s", o.File, o.Stderr)
	}
}
