//go:build linux

// Command bench compares how fast bpfload, libbpf and cilium/ebpf are, over a fixed
// list of real objects (objects.txt), as root on Linux; `make bench` builds what
// it needs and runs it.
//
// Each measurement is a fresh process (own, oracle, cilium: one loader and
// nothing else), which times itself from before it opens the file to after the
// load. The loaders take turns at each object, in an order that changes from round
// to round. A loader's time for an object is its best of all rounds; a row's
// spread is the lowest and the highest ratio of any single round. Reading and
// loading are measured twice: so, and in one process that goes through all objects
// three times, closing each before the next.
//
// replay makes the bpf(2) calls of bpfload's own load again with nothing around
// them: the floor that no loader can go below.
package main
