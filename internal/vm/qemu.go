package vm

import (
	"fmt"
	"strconv"
	"strings"
)

// Descriptors that the emulator gets, behind standard error.
const (
	consoleFD = 3 // what the first serial port says
	wireFD    = 4 // what the second one says
)

// baseCmdline makes the kernel quick and quiet, lets it end when it panics, and
// leaves what BPF sees as it is.
const baseCmdline = "console=ttyS0 panic=-1 oops=panic rdinit=" + Self + " loglevel=5 random.trust_cpu=on tsc=reliable no_timer_check"

// machine is one start of the emulator.
type machine struct {
	kernel, initramfs string
	accel             string
	memoryMiB, cpus   int
	cmdline           string
}

// arguments are the emulator's. Nothing but processor, memory and two serial
// ports is there; nothing of the user's configuration is read.
func (m *machine) arguments() []string {
	cmdline := baseCmdline
	if m.cmdline != "" {
		cmdline += " " + m.cmdline
	}
	cpu := "max"
	if m.accel == "kvm" {
		cpu = "host"
	}
	return []string{
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-machine", "pc,accel=" + m.accel, "-cpu", cpu,
		"-m", strconv.Itoa(m.memoryMiB), "-smp", strconv.Itoa(m.cpus),
		"-chardev", fmt.Sprintf("file,id=console,path=/dev/fd/%d", consoleFD), "-serial", "chardev:console",
		"-chardev", fmt.Sprintf("file,id=wire,path=/dev/fd/%d", wireFD), "-serial", "chardev:wire",
		"-kernel", m.kernel, "-initrd", m.initramfs, "-append", cmdline,
	}
}

// tailLines is how much of the console an Error has.
const tailLines = 40

// tail is the last lines of what the kernel said, and from a panic on where
// there is one.
func tail(console string) (lines []string, panicked bool) {
	for line := range strings.Lines(console) {
		if line = printable(strings.TrimRight(line, "\r\n")); line != "" {
			lines = append(lines, line)
		}
	}
	for i, l := range lines {
		if strings.Contains(l, "Kernel panic - not syncing") {
			return lines[max(0, i-tailLines/2):min(len(lines), i+tailLines/2)], true
		}
	}
	return lines[max(0, len(lines)-tailLines):], false
}

// printable leaves out what moves a terminal's cursor: firmware writes escape
// sequences.
func printable(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == 0x1b:
			for i+1 < len(s) && !isLetter(s[i+1]) {
				i++
			}
			i++
		case c == '\t':
			b.WriteByte(' ')
		case c >= 0x20 && c < 0x7f:
			b.WriteByte(c)
		case c >= 0x80:
			b.WriteByte('?')
		}
	}
	return b.String()
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
