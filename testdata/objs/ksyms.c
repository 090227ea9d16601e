/* Kernel symbols: an untyped address, kernel functions, and weak ones that do not
 * exist. A run returns 0. */
#include "bpf_min.h"

extern const void schedule KSYM;
extern const void there_is_no_such_symbol KSYM WEAK;
extern void bpf_rcu_read_lock(void) KSYM;
extern void bpf_rcu_read_unlock(void) KSYM;
extern int there_is_no_such_function(void) KSYM WEAK;

u64 address;

SEC("tc") int refers(void *ctx)
{
	address = (u64)&schedule;
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	if (there_is_no_such_function)
		return there_is_no_such_function();
	return &there_is_no_such_symbol ? 1 : 0;
}

LICENSE("GPL");
