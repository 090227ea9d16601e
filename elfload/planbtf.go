package elfload

import (
	"errors"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// planBTF makes the copy of the object's BTF that the kernel is given: sections
// and variables where the ELF file has them (R30 to R37, L105), and what the
// kernel would refuse mended and told (D6).
func (p *Plan) planBTF() error {
	f := p.Object.file
	if f.BTFErr != nil {
		p.warn(Warning{Code: "btf_broken", Section: ".BTF", Message: "the types cannot be read and are left out: " + f.BTFErr.Error()})
	}
	if f.BTF == nil {
		return nil
	}
	raw, notes, err := f.BTF.ForKernel(p.Object.kconfigFixUps(f.Variables().FixUps()))
	if err != nil {
		var nv *rawbtf.NotVarError
		if errors.As(err, &nv) {
			return &Error{Stage: StageRead, Code: "btf_datasec", Section: ".BTF", Err: err}
		}
		return &Error{Stage: StageRead, Code: "btf", Section: ".BTF", Err: err}
	}
	p.btf = raw
	for _, n := range notes {
		p.warn(Warning{Code: n.Code, Section: n.Section, Message: n.Message})
	}
	return nil
}
