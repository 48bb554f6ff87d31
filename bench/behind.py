#!/usr/bin/env python3
"""A consumer that is far behind: reads one partition from its beginning to its end, over and over, and throws it all away.

    bench/behind.py HOST:PORT TOPIC [--partition 0] [--mb-s RATE] [--seconds 10]

It takes as much as it gets, or RATE megabytes a second: then what the broker does to others is not mixed with what this client
takes of the machine. Says how much it read, and its own CPU time, as JSON.
"""

import argparse
import json
import resource
import socket
import struct
import time

FETCH, VERSION = 1, 4
FETCH_BYTES = 1 << 20
# Before the first batch: correlation id, throttle time, one topic with its name, one partition.
BATCH_HEADER = struct.Struct(">qiibIhi")


class Reader:
    def __init__(self, address, topic, partition):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.topic, self.partition = topic.encode(), partition
        self.buffer = memoryview(bytearray(FETCH_BYTES * 4))

    def take(self, count):
        got = 0
        while got < count:
            n = self.socket.recv_into(self.buffer[got:count])
            if n == 0:
                raise SystemExit("the broker closed the connection")
            got += n
        return self.buffer[:count]

    def fetch(self, offset):
        """How many bytes there were, and the offset behind them."""
        body = struct.pack(">hhih", FETCH, VERSION, 1, -1) + struct.pack(">iiiib", -1, 100, 1, FETCH_BYTES, 0)
        body += struct.pack(">ih", 1, len(self.topic)) + self.topic
        body += struct.pack(">iiqi", 1, self.partition, offset, FETCH_BYTES)
        self.socket.sendall(struct.pack(">i", len(body)) + body)
        (size,) = struct.unpack(">i", self.take(4))
        reply = self.take(size)
        at = 4 + 4 + 4 + 2 + len(self.topic) + 4
        _, error, _, _, aborted = struct.unpack_from(">ihqqi", reply, at)
        if error:
            raise SystemExit(f"error {error}")
        at += 26 + 16 * max(aborted, 0)
        (records,) = struct.unpack_from(">i", reply, at)
        at += 4
        end = at + records
        while at + BATCH_HEADER.size <= end:
            base, length, _, _, _, _, last = BATCH_HEADER.unpack_from(reply, at)
            offset, at = base + last + 1, at + 12 + length
        return records, offset


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("topic")
    parser.add_argument("--partition", type=int, default=0)
    parser.add_argument("--mb-s", type=float)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    reader = Reader(options.address, options.topic, options.partition)
    began, taken, offset, times = time.monotonic(), 0, 0, []
    while (now := time.monotonic()) < began + options.seconds:
        if options.mb_s and taken / 1e6 > options.mb_s * (now - began):
            time.sleep(taken / 1e6 / options.mb_s - (now - began))
        asked = time.monotonic()
        count, offset = reader.fetch(offset)
        times.append(time.monotonic() - asked)
        taken += count
        if count == 0:
            offset = 0
    used = resource.getrusage(resource.RUSAGE_SELF)
    times.sort()
    print(json.dumps({"mb_s": round(taken / 1e6 / (time.monotonic() - began), 1), "cpu": round((used.ru_utime + used.ru_stime) / options.seconds, 2),
                      "fetch_p50_ms": round(times[len(times) // 2] * 1e3, 2), "fetch_p99_ms": round(times[len(times) * 99 // 100] * 1e3, 1)}))


if __name__ == "__main__":
    main()
