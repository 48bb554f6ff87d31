"""confluent-kafka (librdkafka) against a broker."""

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from points import BOOTSTRAP, RESTART, WAIT_S, equal, finish, point, restart, unique, until

admin = AdminClient({"bootstrap.servers": BOOTSTRAP})


def topic(name, partitions=1, config=None):
    name = unique(name)
    admin.create_topics([NewTopic(name, partitions, 1, config=config or {})])[name].result(WAIT_S)
    return name


def produce(name, values, partition=0, **settings):
    errors = []
    producer = Producer({"bootstrap.servers": BOOTSTRAP, **settings})
    for value in values:
        producer.produce(name, value, partition=partition, on_delivery=lambda e, _: e and errors.append(e))
    equal(0, producer.flush(WAIT_S), "records unsent")
    equal([], errors, "errors")


def consumer(group, **settings):
    # In the new protocol the broker says how often.
    timing = {} if settings.get("group.protocol") == "consumer" else {
        "session.timeout.ms": 30000, "heartbeat.interval.ms": 300}
    return Consumer({
        "bootstrap.servers": BOOTSTRAP, "group.id": group, "auto.offset.reset": "earliest",
        "enable.auto.commit": False, **timing, **settings,
    })


def take(reader, count):
    found = []

    def more():
        message = reader.poll(0.2)
        if message is not None:
            if message.error() and message.error().code() != KafkaError._PARTITION_EOF:
                raise AssertionError(str(message.error()))
            if not message.error():
                found.append(message)
        return len(found) >= count

    until(f"{count} records", more)
    return found


def round_trip(codec):
    name = topic(f"confluent-{codec}")
    values = [b"%05d some text that compresses" % i for i in range(2000)]
    produce(name, values, **{"compression.type": codec, "linger.ms": 20, "enable.idempotence": True})
    reader = consumer(unique("g"))
    reader.assign([TopicPartition(name, 0, 0)])
    equal(values, [m.value() for m in take(reader, len(values))], "values")
    reader.close()


def topics():
    name = topic("confluent-topics", 2, {"retention.ms": "86400000"})
    equal(2, len(admin.list_topics(name, WAIT_S).topics[name].partitions), "partitions")
    admin.create_partitions([NewPartitions(name, 5)])[name].result(WAIT_S)
    until("five partitions", lambda: len(admin.list_topics(name, WAIT_S).topics[name].partitions) == 5)
    admin.delete_topics([name])[name].result(WAIT_S)
    until("deletion", lambda: name not in admin.list_topics(timeout=WAIT_S).topics)


def group_of_two(settings, by_pattern=False):
    name, group = topic("confluent-group", 4), unique("confluent-group")
    a, b = consumer(group, **settings), consumer(group, **settings)
    wanted = [f"^{name[:-1]}.$"] if by_pattern else [name]
    a.subscribe(wanted)

    def sees(wanted_a, wanted_b=None):
        def check():
            a.poll(0.1)
            if wanted_b is not None:
                b.poll(0.1)
            return len(a.assignment()) == wanted_a and (wanted_b is None or len(b.assignment()) == wanted_b)
        return check

    until("one member has all four", sees(4))
    b.subscribe(wanted)
    until("two members share", sees(2, 2))
    b.close()
    until("the one left has all again", sees(4))
    a.close()


def resumed():
    name, group = topic("confluent-resume"), unique("confluent-resume")
    produce(name, [b"%d" % i for i in range(100)])
    a = consumer(group)
    a.subscribe([name])
    taken = take(a, 40)[:40]
    a.commit(offsets=[TopicPartition(name, 0, 40)], asynchronous=False)
    a.close()
    b = consumer(group)
    equal(40, b.committed([TopicPartition(name, 0)], WAIT_S)[0].offset, "committed")
    b.subscribe([name])
    rest = take(b, 60)
    b.close()
    equal([b"%d" % i for i in range(100)], [m.value() for m in taken + rest], "values")


def survives_restart():
    name = topic("confluent-restart", 3)
    acked, errors = [], []
    producer = Producer({"bootstrap.servers": BOOTSTRAP, "enable.idempotence": True, "linger.ms": 0,
                         "message.timeout.ms": 180000})

    def delivered(error, message):
        (errors if error else acked).append(error or int(message.value()))

    for i in range(6000):
        producer.produce(name, b"%d" % i, partition=i % 3, on_delivery=delivered)
        producer.poll(0)
        if i == 2000:
            restart()
    equal(0, producer.flush(180), "records unsent")
    equal([], errors, "errors")
    reader = consumer(unique("g"))
    reader.assign([TopicPartition(name, p, 0) for p in range(3)])
    found = [(m.partition(), int(m.value())) for m in take(reader, 6000)]
    reader.close()
    for p in range(3):
        equal(list(range(p, 6000, 3)), [v for q, v in found if q == p], f"values of partition {p}")
    equal(6000, len(acked), "acknowledged")


for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
    point(f"records round trip, {codec}", round_trip, codec)
point("topics created, extended, deleted", topics)
for strategy in ["range", "cooperative-sticky"]:
    point(f"group of two, {strategy}", group_of_two, {"partition.assignment.strategy": strategy})
for assignor in ["uniform", "range"]:
    settings = {"group.protocol": "consumer", "group.remote.assignor": assignor}
    point(f"group of two, the new protocol, {assignor}", group_of_two, settings)
point("group of two, the new protocol, by pattern", group_of_two, {"group.protocol": "consumer"}, True)
point("offsets committed and resumed", resumed)
if RESTART:
    point("broker killed and restarted: nothing lost, doubled or disordered", survives_restart)
finish()
