/* A CO-RE relocation that no kernel satisfies, unguarded: the load names the type
 * and the field. */
#include "bpf_min.h"

struct task_struct {
	int there_is_no_such_field;
} CORE;

int seen;

SEC("raw_tp/sys_enter") int reads_nothing(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	bpf_probe_read_kernel(&seen, sizeof(seen), &task->there_is_no_such_field);
	return 0;
}

LICENSE("GPL");
