/* Weak kernel symbols and functions: those that are missing are 0, those of
 * another prototype count as missing, and a flavour is the function without its
 * suffix. A run returns 0. */
#include "bpf_min.h"

extern void bpf_rcu_read_lock(void) KSYM WEAK;
extern void bpf_rcu_read_unlock___other(void) KSYM WEAK;
extern int bpf_rcu_read_unlock___longer(u64 a, u64 b) KSYM WEAK;
extern int there_is_no_such_function(void *arg) KSYM WEAK;
extern const void there_is_no_such_symbol KSYM WEAK;
extern const int there_is_no_such_variable KSYM WEAK;
extern const void schedule KSYM WEAK;

static NOINLINE int guarded(void *ctx)
{
	if (there_is_no_such_function)
		return there_is_no_such_function(ctx);
	if (bpf_rcu_read_unlock___longer)
		return bpf_rcu_read_unlock___longer(1, 2);
	return 0;
}

SEC("tc") int uses(void *ctx)
{
	if (!bpf_rcu_read_lock || !bpf_rcu_read_unlock___other)
		return 1;
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock___other();
	if (&there_is_no_such_symbol || &there_is_no_such_variable)
		return 2;
	if (!&schedule)
		return 3;
	return guarded(ctx);
}

LICENSE("GPL");
