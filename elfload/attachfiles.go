package elfload

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// matchingFunctions are the names of a list of functions, one a line with text
// behind a blank, that the pattern matches: * is any text and ? any character.
func matchingFunctions(list io.Reader, pattern string) ([]string, error) {
	if strings.ContainsAny(pattern, `[\`) {
		return nil, fmt.Errorf("pattern %q has more than * and ?", pattern)
	}
	var out []string
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		name, _, _ := strings.Cut(lines.Text(), " ")
		if ok, _ := path.Match(pattern, name); ok && name != "" {
			out = append(out, name)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no function of the kernel matches %q: %w", pattern, fs.ErrNotExist)
	}
	return out, nil
}

// libraryDirs are where shared libraries are looked for.
var libraryDirs = [...]string{"/lib64", "/usr/lib64", "/lib", "/usr/lib", "/lib/*-linux-gnu*", "/usr/lib/*-linux-gnu*"}

// findExecutable finds a program or library: by path, in PATH, or where libraries
// are, as libbpf does (resolve_full_path).
func findExecutable(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	if !strings.HasSuffix(name, ".so") && !strings.Contains(name, ".so.") {
		return exec.LookPath(name)
	}
	for _, dir := range libraryDirs {
		found, err := filepath.Glob(filepath.Join(dir, name))
		if err == nil && len(found) > 0 {
			return found[0], nil
		}
	}
	return "", &os.PathError{Op: "find", Path: name, Err: fs.ErrNotExist}
}
