"""kafka-python against a broker."""

import threading

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.structs import OffsetAndMetadata

from points import BOOTSTRAP, RESTART, WAIT_S, equal, finish, point, restart, unique, until


def topic(name, partitions=1):
    name = unique(name)
    admin = KafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    admin.create_topics([NewTopic(name, partitions, 1)])
    admin.close()
    return name


def produce(name, values, **settings):
    producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, **settings)
    sent = [producer.send(name, value, partition=0) for value in values]
    producer.flush(WAIT_S)
    offsets = [future.get(WAIT_S).offset for future in sent]
    producer.close()
    equal(list(range(len(values))), offsets, "offsets")


def consumer(group=None, **settings):
    return KafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=group, auto_offset_reset="earliest",
                         enable_auto_commit=False, session_timeout_ms=30000, heartbeat_interval_ms=300, **settings)


def take(reader, count):
    found = []

    def more():
        for records in reader.poll(timeout_ms=200, max_records=count - len(found)).values():
            found.extend(records)
        return len(found) >= count

    until(f"{count} records", more)
    return found


def round_trip(codec):
    name = topic(f"kafka-python-{codec}")
    values = [b"%05d some text that compresses" % i for i in range(1000)]
    produce(name, values, compression_type=None if codec == "none" else codec, linger_ms=20)
    reader = consumer()
    reader.assign([TopicPartition(name, 0)])
    equal(values, [r.value for r in take(reader, len(values))], "values")
    reader.close()


def group_of_two():
    name, group = topic("kafka-python-group", 4), unique("kafka-python-group")
    a, b = consumer(group), consumer(group)
    a.subscribe([name])

    def sees(wanted_a, wanted_b=None):
        def check():
            a.poll(timeout_ms=100)
            return len(a.assignment()) == wanted_a and (wanted_b is None or len(b.assignment()) == wanted_b)
        return check

    until("one member has all four", sees(4))
    b.subscribe([name])
    stop = threading.Event()

    # Joining blocks inside poll until the other member joins, too.
    def polls():
        while not stop.is_set():
            b.poll(timeout_ms=100)

    worker = threading.Thread(target=polls)
    worker.start()
    try:
        until("two members share", sees(2, 2))
    finally:
        stop.set()
        # The worker may wait for a rebalance that needs this member.
        while worker.is_alive():
            a.poll(timeout_ms=100)
            worker.join(0.1)
    b.close()
    until("the one left has all again", sees(4))
    a.close()


def resumed():
    name, group = topic("kafka-python-resume"), unique("kafka-python-resume")
    values = [b"%d" % i for i in range(100)]
    produce(name, values)
    partition = TopicPartition(name, 0)
    a = consumer(group)
    a.subscribe([name])
    taken = take(a, 40)
    a.commit({partition: OffsetAndMetadata(40, "note", -1)})
    a.close()
    b = consumer(group)
    equal(40, b.committed(partition), "committed")
    b.subscribe([name])
    rest = take(b, 60)
    b.close()
    equal(values, [r.value for r in taken + rest], "values")


def survives_restart():
    name = topic("kafka-python-restart")
    producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, enable_idempotence=True, delivery_timeout_ms=180000,
                             request_timeout_ms=5000)
    sent = []
    for i in range(2000):
        sent.append(producer.send(name, b"%d" % i, partition=0))
        if i == 1000:
            restart()
    producer.flush(180)
    for future in sent:
        future.get(180)
    producer.close()
    reader = consumer()
    reader.assign([TopicPartition(name, 0)])
    equal(list(range(2000)), [int(r.value) for r in take(reader, 2000)], "values")
    reader.close()


for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
    point(f"records round trip, {codec}", round_trip, codec)
point("group of two", group_of_two)
point("offsets committed and resumed", resumed)
if RESTART:
    point("broker killed and restarted: nothing lost, doubled or disordered", survives_restart)
finish()
