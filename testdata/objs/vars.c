/* Constants of many types, for values given from outside before loading. */
#include "bpf_min.h"

enum level { LOW = -1, MIDDLE, HIGH = 9 };
enum wide { SMALL = 1, HUGE = 0x123456789aull };
struct point { s16 x, y; u64 z; };
typedef u32 address_t;

const volatile s8 tiny = -1;
const volatile u8 byte = 1;
const volatile s16 medium = -2;
const volatile u32 word = 3;
const volatile s64 wide_number = -4;
const volatile address_t address = 0x7f000001;
const volatile bool enabled = 1;
const volatile char letter = 'x';
const volatile enum level how = MIDDLE;
const volatile enum wide how_much = SMALL;
const volatile char name[16] = "bpfload";
const volatile u32 list[4] = { 1, 2, 3, 4 };
const volatile struct point place = { 1, -2, 3 };
volatile u64 changing = 5;
volatile u32 zeroed;

SEC("socket") int reads_all(void *ctx)
{
	return tiny + byte + medium + word + wide_number + address + enabled + letter + how + how_much + name[3] +
	       list[2] + place.z + changing + zeroed;
}

LICENSE("GPL");
