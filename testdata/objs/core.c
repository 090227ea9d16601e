/* CO-RE relocations of each family: offset, size and existence of a field, size
 * and existence of a type, value of an enumerator, a flavour's suffix. */
#include "bpf_min.h"

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *group_leader;
} CORE;

struct task_struct___other {
	int no_such_field;
} CORE;

struct no_such_type { int x; } CORE;

enum bpf_map_type { BPF_MAP_TYPE_UNSPEC, BPF_MAP_TYPE_RINGBUF_ = 27 };
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID = 77 };

int pid, tgid, size, exists, no_field, no_type, value;

SEC("raw_tp/sys_enter") int reads_task(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct task_struct___other *other = (void *)task;

	bpf_probe_read_kernel(&pid, sizeof(pid), &task->pid);
	bpf_probe_read_kernel(&tgid, sizeof(tgid), &task->tgid);
	size = __builtin_preserve_type_info(*(struct task_struct *)0, 1 /* size */);
	exists = __builtin_preserve_field_info(task->group_leader, 2 /* exists */);
	no_field = __builtin_preserve_field_info(other->no_such_field, 2 /* exists */);
	no_type = __builtin_preserve_type_info(*(struct no_such_type *)0, 0 /* exists */);
	value = __builtin_preserve_enum_value(*(enum pid_type *)PIDTYPE_TGID, 1 /* value */);
	return 0;
}

LICENSE("GPL");
