// What libbpf makes of an object: oracle OBJECT.
//
// For each line on stdin ("read", "maps", "all") it opens the object anew, loads
// as much of it as the line says, prints one line of JSON that names descriptors
// of its own, and keeps everything until the next line. "maps" loads the maps
// and no program.
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

// The first warning of a stage is mostly the cause, the last one its consequence.
static char warned[512];

static int keep_first(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN && !warned[0])
		vsnprintf(warned, sizeof(warned), format, args);
	return 0;
}

static void print_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_failure(const char *stage, int err)
{
	printf("{\"stage\":\"%s\",\"errno\":%d,\"message\":", stage, -err);
	print_string(warned);
	printf("}\n");
}

// internal_name is the name of the section that a data map was made of.
static const char *internal_name(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);
	const char *dot = bpf_map__is_internal(map) ? strchr(name, '.') : NULL;

	return dot ? dot : name;
}

static void print_object(struct bpf_object *obj)
{
	const char *comma = "";
	struct bpf_program *prog;
	struct bpf_map *map;

	printf("{\"ok\":true,\"maps\":[");
	bpf_object__for_each_map(map, obj) {
		printf("%s{\"name\":", comma);
		print_string(internal_name(map));
		printf(",\"fd\":%d}", bpf_map__fd(map));
		comma = ",";
	}
	printf("],\"programs\":[");
	comma = "";
	bpf_object__for_each_program(prog, obj) {
		printf("%s{\"name\":", comma);
		print_string(bpf_program__name(prog));
		printf(",\"fd\":%d,\"attach_type\":%d}", bpf_program__fd(prog), bpf_program__expected_attach_type(prog));
		comma = ",";
	}
	printf("]}\n");
}

static struct bpf_object *answer(const char *path, const char *mode)
{
	struct bpf_program *prog;
	struct bpf_object *obj;
	int err;

	warned[0] = 0;
	obj = bpf_object__open_file(path, NULL);
	if (!obj) {
		print_failure("read", -errno);
		return NULL;
	}
	if (!strcmp(mode, "read")) {
		printf("{\"ok\":true}\n");
		return obj;
	}
	if (!strcmp(mode, "maps"))
		bpf_object__for_each_program(prog, obj)
			bpf_program__set_autoload(prog, false);
	err = bpf_object__load(obj);
	if (err) {
		print_failure("load", err);
		bpf_object__close(obj);
		return NULL;
	}
	print_object(obj);
	return obj;
}

int main(int argc, char **argv)
{
	struct bpf_object *obj = NULL;
	char mode[16];

	if (argc != 2) {
		fprintf(stderr, "usage: oracle OBJECT\n");
		return 2;
	}
	// The caller made a mount namespace for this process: pins die with it.
	if (mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL)) {
		perror("mounting bpffs");
		return 1;
	}
	libbpf_set_print(keep_first);
	while (fgets(mode, sizeof(mode), stdin)) {
		mode[strcspn(mode, "\n")] = 0;
		bpf_object__close(obj);
		obj = answer(argv[1], mode);
		fflush(stdout);
	}
	bpf_object__close(obj);
	return 0;
}
