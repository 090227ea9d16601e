# Receives what `bpfload load --send` passes, with nothing but the standard library:
# prints that it listens, the document, and "NAME PLACE ID" of each descriptor.
import json, socket, sys

server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen()
print("listening", flush=True)
conn = server.accept()[0]
text, fds = b"", []
while True:
    data, more, flags, _ = socket.recv_fds(conn, 65536, 253)
    assert not flags & socket.MSG_CTRUNC
    text, fds = text + data, fds + more
    if not data:
        break
header, names, document = text.decode().splitlines()
schema, count, _, _ = header.split()
assert schema == "bpfload/1" and int(count) == len(fds)
print(json.dumps(json.loads(document)))
for place, (fd, name) in enumerate(zip(fds, names.split(":"), strict=True)):
    with open(f"/proc/self/fdinfo/{fd}") as f:
        info = dict(line.split(":", 1) for line in f.read().splitlines() if ":" in line)
    print(name, place, int(info.get("map_id") or info["prog_id"]))
