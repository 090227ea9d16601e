/* Two switches that clang 22 makes jump tables of, one of them in a subprogram that
 * two programs share: each program has tables of its own, whose entries are places
 * in its own code (R128). They need Linux 6.19. */
// compiler: clang22
// cflags: -mcpu=v4
#include "bpf_min.h"

struct packet {
	u32 len, type, mark;
};

NOINLINE static int by_type(struct packet *ctx)
{
	int r = 0;

	switch (ctx->type) {
	case 0: ctx->mark = 5; r = ctx->len * 3; break;
	case 1: ctx->mark = 6; r = ctx->mark ^ 10; break;
	case 2: ctx->mark = 7; r = ctx->type + 17; break;
	case 3: ctx->mark = 8; r = ctx->len * 24; break;
	case 4: ctx->mark = 9; r = ctx->mark ^ 31; break;
	case 5: ctx->mark = 10; r = ctx->type + 38; break;
	case 6: ctx->mark = 11; r = ctx->len * 45; break;
	case 7: ctx->mark = 12; r = ctx->mark ^ 52; break;
	case 8: ctx->mark = 13; r = ctx->type + 59; break;
	case 9: ctx->mark = 14; r = ctx->len * 66; break;
	case 10: ctx->mark = 15; r = ctx->mark ^ 73; break;
	case 11: ctx->mark = 16; r = ctx->type + 80; break;
	case 12: ctx->mark = 17; r = ctx->len * 87; break;
	case 13: ctx->mark = 18; r = ctx->mark ^ 94; break;
	}
	return r;
}

SEC("socket") int two_tables(struct packet *ctx)
{
	int r = 0;

	switch (ctx->mark) {
	case 0: ctx->mark = 1; r = ctx->len * 3; break;
	case 1: ctx->mark = 2; r = (ctx->len << 3) | 10; break;
	case 2: ctx->mark = 3; r = ctx->type + 17; break;
	case 3: ctx->mark = 4; r = ctx->mark * ctx->len + 24; break;
	case 4: ctx->mark = 5; r = ctx->len * 31; break;
	case 5: ctx->mark = 6; r = (ctx->len << 3) | 38; break;
	case 6: ctx->mark = 7; r = ctx->type + 45; break;
	case 7: ctx->mark = 8; r = ctx->mark * ctx->len + 52; break;
	case 8: ctx->mark = 9; r = ctx->len * 59; break;
	case 9: ctx->mark = 10; r = (ctx->len << 3) | 66; break;
	case 10: ctx->mark = 11; r = ctx->type + 73; break;
	case 11: ctx->mark = 12; r = ctx->mark * ctx->len + 80; break;
	case 12: ctx->mark = 13; r = ctx->len * 87; break;
	case 13: ctx->mark = 14; r = (ctx->len << 3) | 94; break;
	case 14: ctx->mark = 15; r = ctx->type + 101; break;
	case 15: ctx->mark = 16; r = ctx->mark * ctx->len + 108; break;
	}
	return r + by_type(ctx);
}

SEC("socket") int one_table(struct packet *ctx)
{
	return by_type(ctx);
}

LICENSE("GPL");
