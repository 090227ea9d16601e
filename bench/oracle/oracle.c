// How long libbpf takes: oracle read|load OBJECT, in a process that does nothing
// else. Prints "ok OPEN-NS TOTAL-NS CPU-NS PEAK-KB", times from before the open
// to after the load, or "fail STAGE ERRNO". `read` ends after the open.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static long long now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

// peak is the most memory that the process has had resident, in KiB.
static long peak(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kb = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

int main(int argc, char **argv)
{
	long long begin, opened, end, cpu;
	struct bpf_object *obj;
	int err = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: oracle read|load OBJECT\n");
		return 2;
	}
	libbpf_set_print(silent);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	begin = now(CLOCK_MONOTONIC);
	obj = bpf_object__open_file(argv[2], NULL);
	opened = end = now(CLOCK_MONOTONIC);
	if (!obj) {
		printf("fail open %d\n", errno);
		return 1;
	}
	if (!strcmp(argv[1], "load")) {
		err = bpf_object__load(obj);
		end = now(CLOCK_MONOTONIC);
	}
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	if (err)
		printf("fail load %d\n", -err);
	else
		printf("ok %lld %lld %lld %ld\n", opened - begin, end - begin, cpu, peak());
	return err != 0;
}
