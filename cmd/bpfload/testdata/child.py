# Prints the same as child.c, with nothing but the standard library.
import json, os, sys

assert int(os.environ["LISTEN_PID"]) == os.getpid()
text = os.environ.get("BPFLOAD_MAP_DATA")
if text is None:
    with open(int(os.environ["BPFLOAD_MAP_DATA_FD"])) as f:
        text = f.read()
print(json.dumps(json.loads(text)))
count = int(os.environ["LISTEN_FDS"])
names = os.environ["LISTEN_FDNAMES"].split(":")
assert len(names) == count
for fd, name in enumerate(names, 3):
    with open(f"/proc/self/fdinfo/{fd}") as f:
        info = dict(line.split(":", 1) for line in f.read().splitlines() if ":" in line)
    print(name, fd, int(info.get("map_id") or info["prog_id"]))
for fd in os.listdir("/proc/self/fd"):
    if os.path.exists(f"/proc/self/fd/{fd}"):
        print("open", fd)
