package bpfsys

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"testing"
)

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestKernelConfig(t *testing.T) {
	for _, row := range []struct {
		name  string
		files map[string]string
		want  string // "" for an error
		err   error
	}{
		{"R112 the release's file first", map[string]string{"boot/config-6.1": "CONFIG_A=y\n", "proc/config.gz": gzipped(t, "CONFIG_A=n\n")}, "CONFIG_A=y\n", nil},
		{"R112 the kernel's own", map[string]string{"boot/config-6.2": "no\n", "proc/config.gz": gzipped(t, "CONFIG_A=n\n")}, "CONFIG_A=n\n", nil},
		{"compressed in /boot", map[string]string{"boot/config-6.1": gzipped(t, "CONFIG_A=m\n")}, "CONFIG_A=m\n", nil},
		{"neither", nil, "", fs.ErrNotExist},
		{"damaged", map[string]string{"proc/config.gz": gzipped(t, "CONFIG_A=n\n")[:14]}, "", errors.ErrUnsupported},
		{"no gzip after all", map[string]string{"proc/config.gz": "\x1f\x8b"}, "", errors.ErrUnsupported},
		{"a bomb", map[string]string{"proc/config.gz": gzipped(t, string(make([]byte, maxKernelConfig+1)))}, "", errors.ErrUnsupported},
	} {
		t.Run(row.name, func(t *testing.T) {
			text, err := kernelConfig(rootWith(t, row.files), "6.1")
			if string(text) != row.want || (err == nil) != (row.err == nil) {
				t.Errorf("%.40q, %v", text, err)
			}
			if row.err == fs.ErrNotExist && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("error %v does not tell that there is no file", err)
			}
		})
	}
	if text, err := kernelConfig(rootWith(t, map[string]string{"boot/config-": "x"}), ""); err == nil {
		t.Errorf("a release that is not known gives %q", text)
	}
}
