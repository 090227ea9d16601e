// Package vm runs one static program in a virtual machine with a Linux kernel
// of the caller's choice, and brings back its output and exit status. It needs
// qemu on the host, and nothing else there: no root, no disk image, no network.
//
// The guest has no disk. The program is its own first process: the binary that
// calls Run is packed, with the files that the program wants, into an initramfs
// made on the fly; the kernel starts it as /init, where Main mounts /proc, /sys,
// /dev, /tmp, bpffs, tracefs, debugfs and cgroup2, takes the limit off locked
// memory, loads the modules that were given, runs Options.Args as a child,
// sends everything back and powers off. So main, or TestMain, of a binary that
// uses this package begins with
//
//	vm.Main() // returns at once outside of a guest
//
// and it has to be static (CGO_ENABLED=0), or Options.Init names one that is.
//
//	r, err := vm.Run(ctx, vm.Options{
//		Kernel: "vmlinuz-6.1.0-56-cloud-amd64", // or a .deb of Debian or Ubuntu
//		Files:  []vm.File{{Host: "filter.o", Guest: "/w/filter.o"}},
//		Args:   []string{vm.Self, "load", "/w/filter.o"},
//	})
//	// r.ExitCode, r.Stdout, r.Stderr
//
// A Go test binary runs the same way: build it with `CGO_ENABLED=0 go test -c`,
// give it in Files, with its testdata, and name it in Args. Package vmtest has
// helpers for that, and the command vmtest/vmrun does it from a shell:
//
//	go run ./internal/vm/vmtest/vmrun -kernel 6.1 -dir elfload ./elfload.test -test.run Kernel
//
// The console is the first serial port, ttyS0; what the program writes and how
// it ends comes back over the second one, so neither disturbs the other. When the
// guest dies, panics or takes too long, the error is a *Error that holds the end
// of the console.
//
// KVM is used where it works and tcg, qemu's emulation, otherwise; a boot takes
// about one second with the one and ten with the other.
//
// Reading kernel images and packages and making the initramfs is pure, and works
// on every system; Run wants a Linux, or another system with qemu and a static
// Linux binary in Options.Init.
package vm
