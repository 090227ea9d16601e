// The floor: replay FILE makes the bpf(2) calls of a recorded load (own/record.go)
// with nothing around them, neighbouring program loads on as many threads as
// there are CPUs, in the recorded order. Prints "ok 0 TOTAL-NS 0 0", or "fail
// COMMAND ERRNO".
//
// A record is: command, attribute length, result, number of blobs (32 bits each);
// the attribute; and each blob as offset of its pointer in the attribute, length,
// bytes. Everything is padded to 8 bytes. A descriptor that a call returned in the
// recording is moved to the same number, because later attributes and
// instructions name it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { PROG_LOAD = 5, MAX_ATTR = 512 };

struct call {
	uint32_t cmd, size;
	int32_t result;
	unsigned char *attr;
	int failed;
};

static struct call *calls;
static int count;
static atomic_int next;
static int group_end;

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void make(struct call *c)
{
	int r = syscall(SYS_bpf, c->cmd, c->attr, c->size);

	for (int tries = 0; r < 0 && errno == EAGAIN && tries < 20; tries++)
		r = syscall(SYS_bpf, c->cmd, c->attr, c->size);
	if (r < 0) {
		c->failed = c->result < 0 ? 0 : errno;
		return;
	}
	if (r > 2 && c->result > 2 && r != c->result) {
		dup3(r, c->result, O_CLOEXEC);
		close(r);
	}
}

static void *work(void *unused)
{
	int i;

	while ((i = atomic_fetch_add(&next, 1)) < group_end)
		make(&calls[i]);
	return unused;
}

static uint32_t word(unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static size_t padded(size_t n) { return (n + 7) & ~(size_t)7; }

static int parse(unsigned char *p, unsigned char *end)
{
	while (end - p >= 16) {
		uint32_t size = word(p + 4), blobs = word(p + 12);
		struct call *c;

		if (size > MAX_ATTR || padded(size) > (size_t)(end - p - 16))
			return -1;
		calls = realloc(calls, (count + 1) * sizeof(*calls));
		c = &calls[count++];
		*c = (struct call){ .cmd = word(p), .size = size, .result = (int32_t)word(p + 8), .attr = p + 16 };
		p += 16 + padded(size);
		while (blobs--) {
			uint32_t at, len;
			uint64_t address;

			if (end - p < 8)
				return -1;
			at = word(p), len = word(p + 4);
			address = (uint64_t)(uintptr_t)(p + 8);
			if (at + 8 > padded(size) || padded(len) > (size_t)(end - p - 8))
				return -1;
			if (c->size < at + 8) /* the address had fewer bytes that are not zero */
				c->size = at + 8;
			memcpy(c->attr + at, &address, 8);
			p += 8 + padded(len);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned char *file;
	long long begin, end;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !(file = malloc(st.st_size)) || read(fd, file, st.st_size) != st.st_size ||
	    parse(file, file + st.st_size)) {
		fprintf(stderr, "usage: replay RECORDING\n");
		return 2;
	}
	close(fd);
	begin = now();
	for (int i = 0; i < count;) {
		pthread_t threads[64];
		int n = 1, helpers = 0;

		while (calls[i].cmd == PROG_LOAD && i + n < count && calls[i + n].cmd == PROG_LOAD)
			n++;
		group_end = i + n;
		atomic_store(&next, i);
		while (helpers < 63 && helpers + 1 < cpus && helpers + 1 < n)
			pthread_create(&threads[helpers++], NULL, work, NULL);
		work(NULL);
		while (helpers)
			pthread_join(threads[--helpers], NULL);
		i += n;
	}
	end = now();
	for (int i = 0; i < count; i++)
		if (calls[i].failed) {
			printf("fail %u %d\n", calls[i].cmd, calls[i].failed);
			return 1;
		}
	printf("ok 0 %lld 0 0\n", end - begin);
	return 0;
}
