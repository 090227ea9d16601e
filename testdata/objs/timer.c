/* A timer in a map value and its callback in .text (R134). */
#include "bpf_min.h"

struct alarm { struct bpf_timer timer; };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct alarm);
} alarms SEC(".maps");

static int rings(void *map, u32 *key, struct alarm *a)
{
	return 0;
}

SEC("tc") int sets_alarm(void *ctx)
{
	u32 key = 0;
	struct alarm *a = bpf_map_lookup_elem(&alarms, &key);

	if (!a)
		return 0;
	bpf_timer_init(&a->timer, &alarms, 1 /* CLOCK_MONOTONIC */);
	bpf_timer_set_callback(&a->timer, rings);
	bpf_timer_start(&a->timer, 1000000000, 0);
	return 0;
}

LICENSE("GPL");
