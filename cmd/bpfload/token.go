package main

import (
	"os"

	"github.com/spf13/pflag"

	"github.com/bpfload/bpfload/elfload"
)

// tokenEnv is what libbpf reads, too.
const tokenEnv = "LIBBPF_BPF_TOKEN_PATH"

// tokenFlag is the bpffs of a BPF token, which may be given as "".
type tokenFlag struct {
	given bool
	dir   string
}

func (f *tokenFlag) add(fs *pflag.FlagSet) {
	fs.Var(f, "token", "use a BPF token of the bpffs mounted at `DIR`; in a user namespace, that of --bpffs is the default where it delegates something, and \"\" means none (also "+tokenEnv+")")
}

// String, Set and Type make it a pflag.Value.
func (f *tokenFlag) String() string { return f.dir }
func (f *tokenFlag) Type() string   { return "string" }
func (f *tokenFlag) Set(dir string) error {
	f.given, f.dir = true, dir
	return nil
}

// path is Options.TokenPath; the flag counts before the environment.
func (f *tokenFlag) path() string {
	dir, given := f.dir, f.given
	if !given {
		dir, given = os.LookupEnv(tokenEnv)
	}
	if given && (dir == "" || dir == elfload.NoToken) {
		return elfload.NoToken
	}
	return dir
}
