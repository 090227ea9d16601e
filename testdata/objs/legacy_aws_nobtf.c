/* The same without BTF: a 2 at byte 20 beside section tc_cls (L114). */
// cflags: -g0
#include "legacy_aws.c"
