// How long libbpf takes: oracle read|load OBJECT, in a process that does nothing
// else. Prints "ok OPEN-NS TOTAL-NS CPU-NS PEAK-KB", times from before the open
// to after the load, or "fail STAGE ERRNO". `read` ends after the open.
//
// oracle reads OBJECT... opens all objects in one process, three times around, and
// prints a line for each: "ok NS" with the shortest time, or "fail ERRNO".
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
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

enum { ROUNDS = 3 };

static int reads(int n, char **paths)
{
	long long *best = calloc(n, sizeof(*best));
	int *failed = calloc(n, sizeof(*failed));

	if (!best || !failed)
		return 1;
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < n; i++) {
			long long begin = now(CLOCK_MONOTONIC), took;
			struct bpf_object *obj = bpf_object__open_file(paths[i], NULL);

			took = now(CLOCK_MONOTONIC) - begin;
			if (!obj)
				failed[i] = errno;
			else
				bpf_object__close(obj);
			if (!round || took < best[i])
				best[i] = took;
		}
	for (int i = 0; i < n; i++)
		if (failed[i])
			printf("fail %d\n", failed[i]);
		else
			printf("ok %lld\n", best[i]);
	free(best);
	free(failed);
	return 0;
}

int main(int argc, char **argv)
{
	long long begin, opened, end, cpu;
	struct bpf_object *obj;
	int err = 0;

	libbpf_set_print(silent);
	if (argc > 2 && !strcmp(argv[1], "reads"))
		return reads(argc - 2, argv + 2);
	if (argc != 3) {
		fprintf(stderr, "usage: oracle read|load OBJECT, oracle reads OBJECT...\n");
		return 2;
	}
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
