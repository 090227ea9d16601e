/* Prints what `bpfload run` passed: the document, then a line per descriptor with
 * its name, number and kernel id, then all that is open. -DSYSTEMD asks
 * libsystemd for the names, which this file otherwise reads itself. */
#include <dirent.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SYSTEMD
int sd_listen_fds_with_names(int unset_environment, char ***names);
#else
static int sd_listen_fds_with_names(int unset, char ***names)
{
	char *pid = getenv("LISTEN_PID"), *all = getenv("LISTEN_FDNAMES");
	int n = 0;

	(void)unset;
	if (!pid || atoi(pid) != getpid() || !all)
		return -1;
	*names = calloc(atoi(getenv("LISTEN_FDS")) + 1, sizeof(char *));
	for (all = strdup(all); n < atoi(getenv("LISTEN_FDS")); n++)
		(*names)[n] = strsep(&all, ":");
	return n;
}
#endif

int main(void)
{
	char **names;
	int n = sd_listen_fds_with_names(0, &names);
	DIR *dir = opendir("/proc/self/fd");

	if (n < 0 || !dir)
		return 1;
	printf("%s\n", getenv("BPFLOAD_MAP_DATA"));
	for (int i = 0; i < n; i++) {
		struct bpf_map_info info = {0}; /* a program's begins with type and id, too */
		union bpf_attr attr = {.info = {.bpf_fd = 3 + i, .info_len = sizeof(info), .info = (unsigned long)&info}};

		if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)))
			return 1;
		printf("%s %d %u\n", names[i], 3 + i, info.id);
	}
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.' && atoi(e->d_name) != dirfd(dir))
			printf("open %s\n", e->d_name);
	return 0;
}
