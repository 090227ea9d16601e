package elfload

import (
	"slices"
	"strings"
)

// kfuncsSince tells which Linux release brought kernel functions that programs
// often call (__bpf_kfunc in the kernel's sources, by the names they have now): one
// row, one release.
var kfuncsSince = [...]struct{ release, names string }{
	{"6.2", "bpf_obj_new_impl bpf_obj_drop_impl bpf_list_pop_front bpf_list_pop_back bpf_rcu_read_lock bpf_rcu_read_unlock " +
		"bpf_task_acquire bpf_task_release bpf_task_from_pid bpf_cgroup_acquire bpf_cgroup_release bpf_cast_to_kern_ctx bpf_rdonly_cast"},
	{"6.3", "bpf_rbtree_remove bpf_rbtree_first bpf_cpumask_create bpf_cpumask_release bpf_xdp_metadata_rx_timestamp bpf_xdp_metadata_rx_hash"},
	{"6.4", "bpf_list_push_front_impl bpf_list_push_back_impl bpf_rbtree_add_impl bpf_refcount_acquire_impl bpf_dynptr_from_skb bpf_dynptr_from_xdp " +
		"bpf_dynptr_slice bpf_dynptr_slice_rdwr bpf_iter_num_new bpf_iter_num_next bpf_iter_num_destroy"},
	{"6.7", "bpf_throw bpf_iter_task_new bpf_iter_css_new bpf_iter_task_vma_new"},
	{"6.9", "bpf_arena_alloc_pages bpf_arena_free_pages"},
	{"6.10", "bpf_wq_init bpf_wq_start bpf_wq_set_callback_impl bpf_preempt_disable bpf_preempt_enable"},
}

// KernelFunctionSince is the Linux release that brought a kernel function (kfunc), such
// as "6.2", of those that programs often call; "" where that is not known.
func KernelFunctionSince(name string) string {
	for _, row := range kfuncsSince {
		if slices.Contains(strings.Fields(row.names), name) {
			return row.release
		}
	}
	return ""
}

// kfuncSince is " (it came with Linux 6.2)", "" where that is not known.
func kfuncSince(name string) string {
	if release := KernelFunctionSince(name); release != "" {
		return " (it came with Linux " + release + ")"
	}
	return ""
}
