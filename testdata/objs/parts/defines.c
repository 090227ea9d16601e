/* Second half of linked.o. */
#include "../bpf_min.h"

struct leaf {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
};

struct leaf alpha SEC(".maps"), zulu SEC(".maps");
int shared = 4;

int adds(int a) { return *(volatile int *)&a + 3; }

LICENSE("GPL");
