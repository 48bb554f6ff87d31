"""A Kafka connection made of core/schema/messages.json alone: requests are dicts with the schema's field names, replies too.

Knows nothing of what a request means, so the same words go to any broker in any version. Deliberately absent: retries,
metadata, compression.
"""

import json
import os
import socket
import struct
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))


def _load():
    with open(os.path.join(HERE, "../../core/schema/messages.json"), encoding="utf-8") as file:
        messages = json.load(file)

    # Kafka's schemas write a few names with a small letter first.
    def capitals(fields):
        for field in fields:
            field["name"] = field["name"][0].upper() + field["name"][1:]
            capitals(field.get("fields", []))

    for message in messages:
        capitals(message.get("fields", []))
        for struct_ in message.get("commonStructs", []):
            capitals(struct_["fields"])
    return {m["name"]: m for m in messages if m["type"] in ("request", "response")}


SCHEMA = _load()


def within(versions, version):
    """Whether a range as schemas write it ("0-3", "2+", "1", "none") has this version."""
    if versions in (None, "none"):
        return False
    low, plus, _ = versions.partition("+")
    if plus:
        return version >= int(low)
    low, _, high = versions.partition("-")
    return int(low) <= version <= int(high or low)


def newest(name):
    """The newest version of a message."""
    return int(SCHEMA[name]["validVersions"].split("-")[-1])


def oldest(name):
    """The oldest version of a message."""
    return int(SCHEMA[name]["validVersions"].split("-")[0])


FIXED = {
    "int8": ">b",
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "int64": ">q",
    "float64": ">d",
}


def shared(schema):
    """Structs of a message that are used in several places."""
    return {part["name"]: part["fields"] for part in schema.get("commonStructs", [])}


class Writer:
    """Bytes of one message."""

    def __init__(self, version, flexible):
        self.out = bytearray()
        self.version = version
        self.flexible = flexible
        self.structs = {}

    def uvarint(self, value):
        while value >= 0x80:
            self.out.append(value & 0x7F | 0x80)
            value >>= 7
        self.out.append(value)

    def length(self, kind, value):
        if self.flexible:
            self.uvarint(0 if value is None else value + 1)
        else:
            self.out += struct.pack(">h" if kind == "string" else ">i", -1 if value is None else value)

    def value(self, field, kind, value):
        if kind.startswith("[]"):
            self.length("array", None if value is None else len(value))
            for item in value or []:
                self.value(field, kind[2:], item)
        elif kind == "string":
            raw = None if value is None else value.encode()
            self.length("string", None if raw is None else len(raw))
            self.out += raw or b""
        elif kind in ("bytes", "records"):
            self.length("bytes", None if value is None else len(value))
            self.out += value or b""
        elif kind == "uuid":
            self.out += uuid.UUID(value).bytes if value else bytes(16)
        elif kind == "bool":
            self.out.append(1 if value else 0)
        elif kind in FIXED:
            self.out += struct.pack(FIXED[kind], value)
        else:
            if within(field.get("nullableVersions"), self.version) and not field["type"].startswith("[]"):
                self.out += struct.pack(">b", -1 if value is None else 1)
                if value is None:
                    return
            self.struct(self.structs[kind], value)

    def struct(self, fields, values):
        tagged = []
        unknown = values.keys() - {field["name"] for field in fields}
        if unknown:
            raise KeyError(f"no such fields: {', '.join(sorted(unknown))}")
        for field in fields:
            kind = field["type"]
            if "fields" in field:
                self.structs[kind.removeprefix("[]")] = field["fields"]
            if not within(field["versions"], self.version):
                continue
            value = values.get(field["name"], default(field, self.version))
            if self.flexible and "tag" in field and within(field.get("taggedVersions", field["versions"]), self.version):
                if value != default(field, self.version):
                    tagged.append((field, value))
                continue
            self.value(field, kind, value)
        if self.flexible:
            self.uvarint(len(tagged))
            for field, value in tagged:
                inner = Writer(self.version, True)
                inner.structs = self.structs
                inner.value(field, field["type"], value)
                self.uvarint(field["tag"])
                self.uvarint(len(inner.out))
                self.out += inner.out


def default(field, version):
    """What a field holds if nothing is said."""
    kind, said = field["type"], field.get("default")
    if said == "null":
        return None
    if kind.startswith("[]"):
        return []
    if kind == "string":
        return said if said is not None else ""
    if kind in ("bytes", "records"):
        return b""
    if kind == "uuid":
        return str(uuid.UUID(int=0))
    if kind == "bool":
        return str(said).lower() == "true"
    if kind in FIXED:
        return float(said or 0) if kind == "float64" else int(str(said or 0), 0)
    return {f["name"]: default(f, version) for f in field.get("fields", []) if within(f["versions"], version)}


class Reader:
    """One message out of bytes."""

    def __init__(self, data, version, flexible):
        self.data = data
        self.at = 0
        self.version = version
        self.flexible = flexible
        self.structs = {}

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError("the reply ends too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def uvarint(self):
        shift = value = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def length(self, kind):
        if self.flexible:
            return self.uvarint() - 1
        form = ">h" if kind == "string" else ">i"
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def value(self, kind, nullable=False):
        if kind.startswith("[]"):
            count = self.length("array")
            return None if count < 0 else [self.value(kind[2:]) for _ in range(count)]
        if kind == "string":
            count = self.length("string")
            return None if count < 0 else self.take(count).decode()
        if kind in ("bytes", "records"):
            count = self.length("bytes")
            return None if count < 0 else bytes(self.take(count))
        if kind == "uuid":
            return str(uuid.UUID(bytes=bytes(self.take(16))))
        if kind == "bool":
            return self.take(1)[0] != 0
        if kind in FIXED:
            form = FIXED[kind]
            return struct.unpack(form, self.take(struct.calcsize(form)))[0]
        if nullable and self.take(1)[0] == 0xFF:
            return None
        return self.struct(self.structs[kind])

    def struct(self, fields):
        out, tags = {}, {}
        for field in fields:
            kind = field["type"]
            if "fields" in field:
                self.structs[kind.removeprefix("[]")] = field["fields"]
            if not within(field["versions"], self.version):
                continue
            if self.flexible and "tag" in field and within(field.get("taggedVersions", field["versions"]), self.version):
                tags[field["tag"]] = field
                out[field["name"]] = default(field, self.version)
                continue
            out[field["name"]] = self.value(kind, within(field.get("nullableVersions"), self.version))
        if self.flexible:
            for _ in range(self.uvarint()):
                tag, size = self.uvarint(), self.uvarint()
                raw = self.take(size)
                if tag in tags:
                    inner = Reader(raw, self.version, True)
                    inner.structs = self.structs
                    out[tags[tag]["name"]] = inner.value(tags[tag]["type"])
                else:
                    out[f"unknown tag {tag}"] = bytes(raw)
        return out


class Closed(Exception):
    """The broker ended the connection instead of answering."""


class Connection:
    """One connection; one request at a time."""

    def __init__(self, address, timeout=30, client_id="differential"):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = 0
        self.client_id = client_id

    def close(self):
        self.socket.close()

    def patience(self, seconds):
        """How long an answer is waited for."""
        self.socket.settimeout(seconds)

    def call(self, api, version=None, **fields):
        """Sends `api`Request and answers its reply."""
        self.send(api, version, **fields)
        return self.receive(api, version)

    def send(self, api, version=None, **fields):
        schema = SCHEMA[api + "Request"]
        version = newest(api + "Request") if version is None else version
        flexible = within(schema["flexibleVersions"], version)
        body = Writer(version, flexible)
        body.structs = shared(schema)
        body.struct(schema["fields"], fields)
        self.number += 1
        client = self.client_id.encode()
        header = struct.pack(">hhih", schema["apiKey"], version, self.number, len(client)) + client
        frame = header + (b"\0" if flexible else b"") + bytes(body.out)
        self.socket.sendall(struct.pack(">i", len(frame)) + frame)

    def receive(self, api, version=None):
        schema = SCHEMA[api + "Response"]
        version = newest(api + "Request") if version is None else version
        flexible = within(schema["flexibleVersions"], version)
        frame = self._exactly(struct.unpack(">i", self._exactly(4))[0])
        reader = Reader(frame, version, flexible)
        reader.structs = shared(schema)
        number = struct.unpack(">i", reader.take(4))[0]
        if number != self.number:
            raise ValueError(f"reply to {number}, not to {self.number}")
        # The header of ApiVersions is the same in all versions, so that any client can read it.
        if flexible and schema["apiKey"] != 18:
            if reader.uvarint():
                raise ValueError("a reply's header has tags")
        reply = reader.struct(schema["fields"])
        if reader.at != len(frame):
            raise ValueError(f"{len(frame) - reader.at} bytes behind the reply")
        return reply

    def _exactly(self, count):
        out = bytearray()
        while len(out) < count:
            try:
                more = self.socket.recv(count - len(out))
            except ConnectionResetError:
                more = b""
            if not more:
                raise Closed()
            out += more
        return bytes(out)
