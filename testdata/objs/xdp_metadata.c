/* An XDP program that asks the driver for a packet's time: it loads only when tied
 * to a network device, --device reads_time=eth0 (Linux 6.3). */
#include "bpf_min.h"

struct xdp_md;
extern int bpf_xdp_metadata_rx_timestamp(const struct xdp_md *ctx, u64 *timestamp) KSYM;

SEC("xdp") int reads_time(struct xdp_md *ctx)
{
	u64 time = 0;

	bpf_xdp_metadata_rx_timestamp(ctx, &time);
	return time ? 1 : 2;
}

LICENSE("GPL");
