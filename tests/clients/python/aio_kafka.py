"""aiokafka against a broker."""

import asyncio
import contextlib
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import ProducerFenced

from points import BOOTSTRAP, RESTART, WAIT_S, equal, finish, point, restart, unique


@contextlib.asynccontextmanager
async def started(client):
    await client.start()
    try:
        yield client
    finally:
        # aiokafka's own stop waits for what may never come.
        await asyncio.wait_for(client.stop(), WAIT_S)


def producer(**settings):
    return started(AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, **settings))


def consumer(*topics, group=None, **settings):
    return started(AIOKafkaConsumer(*topics, bootstrap_servers=BOOTSTRAP, group_id=group, auto_offset_reset="earliest",
                                    enable_auto_commit=False, session_timeout_ms=30000, heartbeat_interval_ms=300,
                                    **settings))


async def topic(name, partitions=1):
    name = unique(name)
    admin = AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, partitions, 1)])
    finally:
        await admin.close()
    return name


async def produce(name, values, **settings):
    async with producer(**settings) as p:
        sent = [await p.send(name, value, partition=0) for value in values]
        offsets = [(await asyncio.wait_for(future, WAIT_S)).offset for future in sent]
    equal(list(range(len(values))), offsets, "offsets")


async def take(reader, count):
    found = []
    while len(found) < count:
        try:
            found.append(await asyncio.wait_for(reader.getone(), WAIT_S))
        except asyncio.TimeoutError:
            raise AssertionError(f"no record in {WAIT_S} s after {len(found)} of {count}") from None
    return found


async def read_all(name, count, **settings):
    """The values of partition 0; fails if there are more than `count`."""
    async with consumer(**settings) as reader:
        reader.assign([TopicPartition(name, 0)])
        values = [r.value for r in await take(reader, count)]
        more = await reader.getmany(timeout_ms=300)
        equal([], [r.value for records in more.values() for r in records], "records too many")
    return values


async def until(what, holds):
    end = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"not within {WAIT_S} s: {what}")
        await asyncio.sleep(0.02)


async def round_trip(codec):
    name = await topic(f"aiokafka-{codec}")
    values = [b"%05d some text that compresses" % i for i in range(1000)]
    await produce(name, values, compression_type=None if codec == "none" else codec, linger_ms=20)
    equal(values, await read_all(name, len(values)), "values")


async def records_keep_all():
    name = await topic("aiokafka-whole")
    headers = [("twice", b"1"), ("twice", b"2"), ("empty", b"")]
    async with producer(enable_idempotence=True) as p:
        await p.send_and_wait(name, b"v", key=b"k", partition=0, timestamp_ms=1234567890123, headers=headers)
        await p.send_and_wait(name, None, key=b"k", partition=0)
    async with consumer() as reader:
        reader.assign([TopicPartition(name, 0)])
        first, tombstone = await take(reader, 2)
        equal((b"k", b"v", 1234567890123, tuple(headers)), (first.key, first.value, first.timestamp, first.headers),
              "record")
        equal(None, tombstone.value, "tombstone")
        found = await reader.offsets_for_times({TopicPartition(name, 0): 1234567890124})
        equal(1, found[TopicPartition(name, 0)].offset, "offset by time")


async def group_of_two(assignor):
    name, group = await topic("aiokafka-group", 4), unique("aiokafka-group")
    settings = {"group": group, "partition_assignment_strategy": [assignor], "metadata_max_age_ms": 1000}
    total, seen = 400, []

    async def collect(reader):
        while True:
            for records in (await reader.getmany(timeout_ms=100)).values():
                seen.extend(int(r.value) for r in records)

    async with consumer(name, **settings) as a:
        await until("one member has all four", lambda: len(a.assignment()) == 4)
        async with consumer(name, **settings) as b:
            await until("two members share", lambda: len(a.assignment()) == len(b.assignment()) == 2
                        and a.assignment() | b.assignment() == {TopicPartition(name, p) for p in range(4)})
            async with producer() as p:
                for i in range(total):
                    await p.send(name, b"%d" % i, partition=i % 4)
                await p.flush()
            readers = [asyncio.create_task(collect(reader)) for reader in (a, b)]
            try:
                await until("all records, by both", lambda: len(seen) >= total)
            finally:
                for task in readers:
                    task.cancel()
            equal(list(range(total)), sorted(seen), "each record once")
        await until("the one left has all again", lambda: len(a.assignment()) == 4)


async def resumed():
    name, group = await topic("aiokafka-resume"), unique("aiokafka-resume")
    values = [b"%d" % i for i in range(100)]
    await produce(name, values)
    partition = TopicPartition(name, 0)
    async with consumer(name, group=group) as a:
        taken = await take(a, 40)
        await a.commit({partition: (40, "note")})
    async with consumer(name, group=group) as b:
        equal(40, await b.committed(partition), "committed")
        rest = await take(b, 60)
    equal(values, [r.value for r in taken + rest], "values")


async def transactions():
    name = await topic("aiokafka-tx")
    async with producer(transactional_id=unique("aiokafka-tx"), compression_type="lz4") as p:
        for round_number in range(6):
            await p.begin_transaction()
            word = b"kept" if round_number % 2 == 0 else b"dropped"
            for _ in range(10):
                await p.send(name, word, partition=0)
            await (p.commit_transaction() if word == b"kept" else p.abort_transaction())
        equal([b"kept"] * 30, await read_all(name, 30, isolation_level="read_committed"), "committed")
        equal(60, len(await read_all(name, 60)), "all")


async def transactional_offsets():
    """Reads from one topic, writes to another, and commits both in one transaction; every second one is aborted."""
    source, sink, group = await topic("aiokafka-from"), await topic("aiokafka-to"), unique("aiokafka-copy")
    values = [b"%d" % i for i in range(60)]
    await produce(source, values)
    partition = TopicPartition(source, 0)
    async with producer(transactional_id=unique("aiokafka-copy")) as p, consumer(source, group=group) as reader:
        copied, attempts = 0, 0
        while copied < len(values):
            batch = await take(reader, 10)
            await p.begin_transaction()
            for record in batch:
                await p.send(sink, record.value, partition=0)
            await p.send_offsets_to_transaction({partition: batch[-1].offset + 1}, group)
            attempts += 1
            if attempts % 2:
                await p.abort_transaction()
                reader.seek(partition, batch[0].offset)
            else:
                await p.commit_transaction()
                copied += len(batch)
    equal(values, await read_all(sink, len(values), isolation_level="read_committed"), "copies")
    # Kafka answers the end of a transaction before its markers are written: the last commit may come a moment later.
    async with consumer(source, group=group, isolation_level="read_committed") as reader:
        equal(60, await reader.committed(partition), "committed")


async def fenced():
    name, id_ = await topic("aiokafka-fenced"), unique("aiokafka-fenced")
    async with producer(transactional_id=id_) as older:
        await older.begin_transaction()
        await older.send_and_wait(name, b"older", partition=0)
        async with producer(transactional_id=id_) as younger:
            await younger.begin_transaction()
            await younger.send_and_wait(name, b"younger", partition=0)
            await younger.commit_transaction()
        try:
            await older.commit_transaction()
        except ProducerFenced:
            pass
        else:
            raise AssertionError("the older producer committed")
    equal([b"younger"], await read_all(name, 1, isolation_level="read_committed"), "committed")


async def survives_restart():
    name = await topic("aiokafka-restart")
    # `request_timeout_ms` is also how long a record may wait to be sent.
    async with producer(enable_idempotence=True, request_timeout_ms=180000) as p:
        sent, restarted = [], None
        for i in range(4000):
            sent.append(await p.send(name, b"%d" % i, partition=0))
            if i == 1000:
                restarted = asyncio.create_task(asyncio.to_thread(restart))
            if i % 100 == 0:
                await asyncio.sleep(0.02)
        await restarted
        for future in sent:
            await asyncio.wait_for(future, 180)
    equal([b"%d" % i for i in range(4000)], await read_all(name, 4000), "values")


def run(body, *args):
    asyncio.run(asyncio.wait_for(body(*args), 3 * WAIT_S))


for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
    point(f"records round trip, {codec}", run, round_trip, codec)
point("keys, headers, times and tombstones", run, records_keep_all)
point("group of two, range", run, group_of_two, RangePartitionAssignor)
point("group of two, sticky", run, group_of_two, StickyPartitionAssignor)
point("offsets committed and resumed", run, resumed)
point("transactions committed and aborted", run, transactions)
point("transactions with offsets", run, transactional_offsets)
point("transactions: the older producer is fenced", run, fenced)
if RESTART:
    point("broker killed and restarted: nothing lost, doubled or disordered", run, survives_restart)
finish()
