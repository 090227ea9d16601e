/* Strong kernel symbols and functions that no kernel has: each is told with the
 * programs that need it. */
#include "bpf_min.h"

extern int there_is_no_such_function(void) KSYM;
extern const void there_is_no_such_symbol KSYM;
extern const int there_is_no_such_variable KSYM;
extern int bpf_rcu_read_lock(u64 a, u64 b) KSYM;

SEC("tc") int calls(void *ctx) { return there_is_no_such_function(); }

SEC("?tc") int calls_too(void *ctx) { return there_is_no_such_function() + 1; }

SEC("?tc") int takes_address(void *ctx) { return (u64)&there_is_no_such_symbol >> 8; }

SEC("?tc") int reads(void *ctx) { return there_is_no_such_variable; }

SEC("?tc") int other_prototype(void *ctx) { return bpf_rcu_read_lock(1, 2); }

LICENSE("GPL");
