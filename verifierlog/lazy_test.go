package verifierlog

import "testing"

// Every expression compiles, which otherwise shows at its first use.
func TestExpressionsCompile(t *testing.T) {
	for i := range causes {
		causes[i].pattern.compiled()
	}
	for _, l := range []*lazy{insnLine, fromLine, stateLine, regName, noteSource, noteInsn, noteMarked, noteSaid, noteMore, noteContext} {
		l.compiled()
	}
}
