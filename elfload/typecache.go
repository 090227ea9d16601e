package elfload

import (
	"sync"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// TypeCache keeps the running kernel's types, decoded once, for any number of
// loads, also at the same time (Options.TypeCache). It holds about 40 MB. The zero
// value is an empty cache.
type TypeCache struct {
	core     *btf.Cache
	coreOnce sync.Once

	once  sync.Once
	table *rawbtf.Table
	err   error
}

// NewTypeCache is an empty cache.
func NewTypeCache() *TypeCache { return &TypeCache{core: btf.NewCache()} }

// vmlinux is the kernel's own types. Without a cache they are read anew.
func (c *TypeCache) vmlinux(k kernel) (*rawbtf.Table, error) {
	if c == nil {
		return readVmlinux(k)
	}
	c.once.Do(func() { c.table, c.err = readVmlinux(k) })
	return c.table, c.err
}

func readVmlinux(k kernel) (*rawbtf.Table, error) {
	raw, err := k.VmlinuxBTF()
	if err != nil {
		return nil, err
	}
	return rawbtf.Parse(raw, hostOrder)
}

func (c *TypeCache) coreCache() *btf.Cache {
	c.coreOnce.Do(func() {
		if c.core == nil {
			c.core = btf.NewCache()
		}
	})
	return c.core
}

// cache is what shares types for CO-RE.
func (o *Options) cache() *btf.Cache {
	switch {
	case o.Cache != nil:
		return o.Cache
	case o.TypeCache != nil:
		return o.TypeCache.coreCache()
	}
	return btf.NewCache()
}
