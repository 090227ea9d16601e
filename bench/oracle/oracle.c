// How long libbpf takes: oracle read|load OBJECT, in a process that does nothing
// else. Prints "ok OPEN-NS TOTAL-NS CPU-NS PEAK-KB", times from before the open
// to after the load, or "fail STAGE ERRNO". `read` ends after the open.
//
// oracle reads|loads OBJECT... opens (and loads) all objects in one process, three
// times around, and prints a line for each: "ok OPEN-NS TOTAL-NS" of the round with
// the shortest total, or "fail ERRNO".
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
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

static int removed(const char *path, const struct stat *st, int type, struct FTW *at)
{
	const char *name = path + at->base;

	(void)st, (void)type;
	if (at->level && strcmp(name, "maps.debug") && strcmp(name, "progs.debug"))
		remove(path);
	return 0;
}

// around measures n objects in this process. What a load has pinned is removed.
static int around(int n, char **paths, int load)
{
	struct result { long long opened, total; int failed; } *results = calloc(n, sizeof(*results));

	if (!results)
		return 1;
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < n; i++) {
			struct result *r = &results[i];
			long long begin = now(CLOCK_MONOTONIC), opened, total;
			struct bpf_object *obj = bpf_object__open_file(paths[i], NULL);

			opened = total = now(CLOCK_MONOTONIC) - begin;
			if (!obj) {
				r->failed = errno;
				continue;
			}
			if (load) {
				int err = bpf_object__load(obj);

				total = now(CLOCK_MONOTONIC) - begin;
				if (err)
					r->failed = -err;
			}
			bpf_object__close(obj);
			if (load)
				nftw("/sys/fs/bpf", removed, 16, FTW_DEPTH | FTW_PHYS);
			if (!round || total < r->total) {
				r->opened = opened;
				r->total = total;
			}
		}
	for (int i = 0; i < n; i++)
		if (results[i].failed)
			printf("fail %d\n", results[i].failed);
		else
			printf("ok %lld %lld\n", results[i].opened, results[i].total);
	free(results);
	return 0;
}

int main(int argc, char **argv)
{
	long long begin, opened, end, cpu;
	struct bpf_object *obj;
	int err = 0;

	libbpf_set_print(silent);
	if (argc > 2 && !strcmp(argv[1], "reads"))
		return around(argc - 2, argv + 2, 0);
	if (argc > 2 && !strcmp(argv[1], "loads"))
		return around(argc - 2, argv + 2, 1);
	if (argc != 3) {
		fprintf(stderr, "usage: oracle read|load OBJECT, oracle reads|loads OBJECT...\n");
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
