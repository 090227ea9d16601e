//go:build !linux

package bpfsys

func mappedBTF() []byte { return nil }
