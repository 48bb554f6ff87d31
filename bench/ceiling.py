"""What the machine allows in these seconds: figures mean something only beside it."""

import mmap
import os
import socket
import statistics
import threading
import time


def disk(folder, megabytes=512):
    """MB/s of direct 1 MiB writes, one at a time, into a new file; the median and p99 of 4 KiB with O_DSYNC over written blocks, in µs."""
    path = os.path.join(folder, f"ceiling-{os.getpid()}")
    block = mmap.mmap(-1, 1 << 20)
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_DIRECT)
    try:
        began = time.monotonic()
        for _ in range(megabytes):
            os.write(fd, block)
        os.fsync(fd)
        bandwidth = megabytes * 1.048576 / (time.monotonic() - began)
        os.close(fd)
        fd = os.open(path, os.O_WRONLY | os.O_DIRECT | os.O_DSYNC)
        times = []
        for number in range(1000):
            began = time.monotonic()
            os.pwrite(fd, memoryview(block)[:4096], 4096 * number)
            times.append(time.monotonic() - began)
    finally:
        os.close(fd)
        os.unlink(path)
    times.sort()
    return {"write_mb_s": round(bandwidth), "dsync_us": round(statistics.median(times) * 1e6),
            "dsync_p99_us": round(times[990] * 1e6)}


def loopback(seconds=1.0):
    """MB/s of one stream over the loopback, 256 KiB at a time."""
    listener = socket.create_server(("127.0.0.1", 0))
    received = 0

    def receive():
        nonlocal received
        taken, _ = listener.accept()
        buffer = bytearray(1 << 18)
        while got := taken.recv_into(buffer):
            received += got
        taken.close()

    reader = threading.Thread(target=receive)
    reader.start()
    sender = socket.create_connection(listener.getsockname())
    began, block = time.monotonic(), bytes(1 << 18)
    while time.monotonic() - began < seconds:
        sender.sendall(block)
    sender.close()
    reader.join()
    listener.close()
    return round(received / 1e6 / (time.monotonic() - began))


def said(raw):
    """In words."""
    return f"{raw['write_mb_s']:,} MB/s of direct 1 MiB writes, {raw['dsync_us']} µs (p99 {raw['dsync_p99_us']}) for 4 KiB with O_DSYNC"
