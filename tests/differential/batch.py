"""Record batches of format 2, sound or wrong in a single respect."""

import gzip
import struct
import time

# The same for both brokers, who are asked one after the other.
NOW = int(time.time() * 1000)


def _table():
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
        table.append(number)
    return table


TABLE = _table()


def crc32c(data):
    """CRC-32C (Castagnoli)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def varint(value):
    """Zigzag, as in records."""
    value = value << 1 ^ value >> 63
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _bytes(value):
    return varint(-1) if value is None else varint(len(value)) + value


def record(offset_delta, key=b"k", value=b"v", time_delta=0, headers=(), length=None, attributes=0):
    """One record; `length` says another than it has."""
    body = bytes([attributes]) + varint(time_delta) + varint(offset_delta) + _bytes(key) + _bytes(value) + varint(len(headers))
    for name, content in headers:
        body += _bytes(name) + _bytes(content)
    return varint(len(body) if length is None else length) + body


def _gzip(data):
    return gzip.compress(data, mtime=0)


def _snappy(data):
    """A frame as Java writes it around one block, which is all literals."""
    size = bytearray()
    left = len(data)
    while left >= 0x80:
        size.append(left & 0x7F | 0x80)
        left >>= 7
    size.append(left)
    block = bytes(size)
    for at in range(0, len(data), 60):
        part = data[at : at + 60]
        block += bytes([len(part) - 1 << 2]) + part
    return b"\x82SNAPPY\0" + struct.pack(">iii", 1, 1, len(block)) + block


def _zstd(data):
    """A frame of one raw block; for less than 256 bytes."""
    return bytes.fromhex("28b52ffd") + bytes([0x20, len(data)]) + struct.pack("<I", len(data) << 3 | 1)[:3] + data


CODECS = {"none": (0, bytes), "gzip": (1, _gzip), "snappy": (2, _snappy), "zstd": (4, _zstd)}


def batch(records=None, codec="none", base=0, epoch=-1, magic=2, crc=None, attributes=0, last_delta=None, first_time=NOW, max_time=None,
          producer=(-1, -1, -1), count=None, length=None, body=None):
    """A batch of `records` (encoded, or how many); each other argument overrides what belongs there."""
    if records is None or isinstance(records, int):
        records = [record(n) for n in range(1 if records is None else records)]
    bits, compress = CODECS[codec]
    body = compress(b"".join(records)) if body is None else body
    count = len(records) if count is None else count
    last_delta = count - 1 if last_delta is None else last_delta
    checked = struct.pack(">hiqqqhii", attributes | bits, last_delta, first_time, first_time if max_time is None else max_time, *producer, count) + body
    if crc is None:
        crc = crc32c(checked)
    behind = struct.pack(">ibI", epoch, magic, crc) + checked
    return struct.pack(">qi", base, len(behind) if length is None else length) + behind
