"""Questions about logs: what produce refuses (behaviours 23 to 36), ListOffsets, fetch sessions."""

from batch import CODECS, NOW, batch, record

HOUR = 3_600_000
DAY = 24 * HOUR


def topic(ask, name, partitions=1, **configs):
    """Makes a topic and answers its id."""
    values = [{"Name": key.replace("_", "."), "Value": value} for key, value in configs.items()]
    made = ask("CreateTopics", 7, Topics=[{"Name": name, "NumPartitions": partitions, "ReplicationFactor": 1, "Configs": values}], TimeoutMs=60000)
    return made["Topics"][0]["TopicId"]


def produce(ask, records, name="p", version=12, partition=0, acks=-1, **more):
    """One batch, or whatever it is, for one partition."""
    data = [{"Name": name, "PartitionData": [{"Index": partition, "Records": records}]}]
    return ask("Produce", version, Acks=acks, TimeoutMs=60000, TopicData=data, **more)


def validation(ask):
    made = topic(ask, "p")
    topic(ask, "p-compact", cleanup_policy="compact")
    topic(ask, "p-append", message_timestamp_type="LogAppendTime")
    topic(ask, "p-loose")
    topic(ask, "p-small", max_message_bytes="200")
    topic(ask, "p-segment", segment_bytes="1048576", max_message_bytes="3000000")
    for version in range(3, 13):
        produce(ask, batch(2), version=version)
    ask("Produce", 13, Acks=-1, TimeoutMs=60000, TopicData=[{"TopicId": made, "PartitionData": [{"Index": 0, "Records": batch(1)}]}])
    unknown = "11111111-1111-1111-1111-111111111111"
    for topic_id, partition in ((unknown, 0), (made, 9), (None, 0)):
        ask("Produce", 13, Acks=-1, TimeoutMs=60000, TopicData=[{"TopicId": topic_id, "PartitionData": [{"Index": partition, "Records": batch(1)}]}])
    # Acknowledgements (26).
    for acks in (0, 1, 2, -2):
        if acks == 0:
            continue
        produce(ask, batch(1), acks=acks)
        produce(ask, batch(1), acks=acks, version=3)
    for name, partition in (("nope", 0), ("p", 7), ("p", -1), ("a/b", 0), ("", 0)):
        for version in (3, 9, 12):
            produce(ask, batch(1), name=name, partition=partition, version=version)
    # What is no batch, or one that contradicts itself (23 to 25).
    one = batch(1)
    wrong = {
        "null": None,
        "empty": b"",
        "a byte": b"\0",
        "cut": one[:-1],
        "cut in its header": one[:40],
        "two": one + batch(1),
        "a tail": one + b"\0\0",
        "checksum": batch(1, crc=1),
        "magic 0": batch(1, magic=0),
        "magic 1": batch(1, magic=1),
        "magic 3": batch(1, magic=3),
        "no records": batch(0, body=b""),
        "no records, last offset -1": batch(0, last_delta=-1),
        "count too great": batch(1, count=2),
        "count too small": batch(2, count=1, last_delta=1),
        "count negative": batch(1, count=-1, last_delta=0),
        "last offset too great": batch(1, last_delta=5),
        "last offset too small": batch(2, last_delta=0),
        "base offset": batch(1, base=77),
        "base offset negative": batch(1, base=-1),
        "leader epoch": batch(1, epoch=55),
        "a control batch": batch(1, attributes=0x20),
        "bit for a delete horizon": batch(1, attributes=0x40),
        "an unused bit": batch(1, attributes=0x80),
        "LogAppendTime said by the client": batch(1, attributes=0x08),
        "codec 5": batch(1, attributes=5),
        "codec 7": batch(1, attributes=7),
        "gzip that is none": batch(1, attributes=1),
        "length too great": batch(1, length=5000),
        "length too small": batch(1, length=20),
        "length negative": batch(1, length=-1),
        "offsets of records with a gap": batch([record(0), record(2)], last_delta=2, count=2),
        "offsets of records from 1 on": batch([record(1)], last_delta=0),
        "a record's length": batch([record(0, length=3)]),
        "a negative sequence": batch(1, producer=(5, 0, -1)),
        "a sequence without a producer": batch(1, producer=(-1, -1, 0)),
        "an epoch without a producer": batch(1, producer=(-1, 3, -1)),
        "a negative epoch": batch(1, producer=(5, -1, 0)),
        "transactional without a producer": batch(1, attributes=0x10),
        "transactional without an id": batch(1, attributes=0x10, producer=(5, 0, 0)),
        "no timestamp": batch(1, first_time=-1),
        "a most timestamp that is none of them": batch(1, max_time=NOW + 1000),
    }
    # What only one of the two takes goes where offsets are not counted on.
    loose = {"count too great", "a tail", "LogAppendTime said by the client", "gzip that is none", "a record's length", "a negative epoch"}
    for name, records in wrong.items():
        produce(ask, records, name="p-loose" if name in loose else "p", unanswered=None if records else 10)
    produce(ask, batch(1, producer=(5, 0, -1)), version=8)
    data = [{"Index": 0, "Records": batch(1)}, {"Index": 0, "Records": batch(1)}]
    ask("Produce", 12, Acks=-1, TimeoutMs=60000, TopicData=[{"Name": "p-loose", "PartitionData": data}])
    ask("Produce", 12, Acks=-1, TimeoutMs=60000, TopicData=[])
    ask("Produce", 12, Acks=-1, TimeoutMs=60000, TopicData=[{"Name": "p", "PartitionData": []}])
    # One good, one bad: each answers for itself.
    data = [{"Index": 0, "Records": batch(1)}, {"Index": 7, "Records": batch(1)}]
    ask("Produce", 12, Acks=-1, TimeoutMs=60000, TopicData=[{"Name": "p", "PartitionData": data}, {"Name": "nope", "PartitionData": data[:1]}])
    # Codecs (24, 32).
    for codec in CODECS:
        for version in (3, 6, 7, 12):
            produce(ask, batch(3, codec=codec), version=version)
    # Sizes (28).
    produce(ask, batch([record(0, value=b"x" * 300)]), name="p-small")
    produce(ask, batch([record(0, value=b"x" * 50)]), name="p-small")
    produce(ask, batch([record(0, value=b"x" * 1_100_000)], crc=None), name="p-segment")
    # Keys on a compacted topic (29).
    for version in (7, 8, 12):
        produce(ask, batch([record(0), record(1, key=None), record(2, key=None)]), name="p-compact", version=version)
    produce(ask, batch([record(0), record(1, value=None)]), name="p-compact")
    produce(ask, batch([record(0), record(1, key=None)], codec="gzip"), name="p-compact")
    # Timestamps (30, 31).
    for time in (NOW + HOUR - 60_000, NOW + HOUR + 120_000, NOW - 30 * DAY, 0, -1, -2):
        for version in (7, 12):
            produce(ask, batch(1, first_time=time), version=version)
    produce(ask, batch([record(0), record(1, time_delta=2 * HOUR)], max_time=NOW + 2 * HOUR))
    produce(ask, batch(1), name="p-append")
    produce(ask, batch(1, first_time=NOW + DAY), name="p-append")
    # Headers (33).
    headers = [(b"a", b"1"), (b"a", None), (b"", b""), ("\N{SNOWMAN}".encode(), b"2")]
    produce(ask, batch([record(0, headers=headers)]))
    produce(ask, batch([record(0, headers=[(None, b"x")])]), name="p-loose")
    fetch = {"Partition": 0, "FetchOffset": 0, "PartitionMaxBytes": 1 << 20}
    ask("Fetch", 12, SessionEpoch=-1, MaxBytes=1 << 20, Topics=[{"Topic": "p", "Partitions": [fetch]}])


def sequences(ask):
    topic(ask, "q")

    def init(**more):
        return ask("InitProducerId", 5, TransactionalId=None, TransactionTimeoutMs=600000, **more)

    mine = init()["ProducerId"]
    for version in range(0, 6):
        ask("InitProducerId", version, TransactionalId=None, TransactionTimeoutMs=600000)
    init(ProducerId=mine, ProducerEpoch=0)
    init(ProducerId=123456, ProducerEpoch=3)
    ask("InitProducerId", 5, TransactionalId="", TransactionTimeoutMs=600000)

    def send(epoch, sequence, records=1, producer=mine, **more):
        return produce(ask, batch(records, producer=(producer, epoch, sequence)), name="q", **more)

    # 34 to 36: doubled, out of order, stale, and a producer that nobody knows.
    send(0, 5)
    send(0, 0, 3)
    send(0, 0, 3)
    send(0, 3)
    send(0, 3, version=3)
    send(0, 9)
    send(0, 1)
    for sequence in range(4, 12):
        send(0, sequence)
    send(0, 3)
    send(0, 0, 3)
    send(1, 7)
    send(1, 0)
    send(0, 12)
    send(1, 1)
    send(9, 0)
    send(0, 7, producer=mine + 5000)
    send(0, 8, producer=mine + 5000)
    send(0, 2**31 - 2, 1, producer=mine + 6000)
    send(0, 2**31 - 1, 2, producer=mine + 6000)
    send(0, 1, producer=mine + 6000)
    ask("DescribeProducers", Topics=[{"Name": "q", "PartitionIndexes": [0]}])


def positions(ask):
    topic(ask, "o")
    # The greatest time lies in the middle.
    for first, deltas in ((NOW - 3000, (0, 10)), (NOW - 1000, (0, 500, 100)), (NOW - 2000, (0,))):
        produce(ask, batch([record(n, time_delta=delta) for n, delta in enumerate(deltas)], first_time=first, max_time=first + max(deltas)), name="o")
    times = [-1, -2, -3, -4, -5, -6, -7, 0, NOW - 3000, NOW - 2995, NOW - 2990, NOW - 1000, NOW - 999, NOW - 900, NOW - 500, NOW - 499, NOW + DAY]
    for version in range(1, 12):
        for timestamp in times:
            one = {"PartitionIndex": 0, "Timestamp": timestamp}
            ask("ListOffsets", version, ReplicaId=-1, Topics=[{"Name": "o", "Partitions": [one]}])
    for epoch in (0, 1, 7, -1):
        for isolation in (0, 1):
            one = {"PartitionIndex": 0, "Timestamp": -1, "CurrentLeaderEpoch": epoch}
            ask("ListOffsets", 7, ReplicaId=-1, IsolationLevel=isolation, Topics=[{"Name": "o", "Partitions": [one]}])
    for replica in (0, 1, 5, -2):
        ask("ListOffsets", 7, ReplicaId=replica, Topics=[{"Name": "o", "Partitions": [{"PartitionIndex": 0, "Timestamp": -1}]}])
    twice = [{"PartitionIndex": 0, "Timestamp": -1}, {"PartitionIndex": 0, "Timestamp": -2}]
    for version in (1, 7):
        ask("ListOffsets", version, ReplicaId=-1, Topics=[{"Name": "o", "Partitions": twice}, {"Name": "nope", "Partitions": twice[:1]}])
    ask("ListOffsets", 7, ReplicaId=-1, Topics=[])
    ask("DeleteRecords", Topics=[{"Name": "o", "Partitions": [{"PartitionIndex": 0, "Offset": 3}]}], TimeoutMs=60000)
    for timestamp in times:
        ask("ListOffsets", 9, ReplicaId=-1, Topics=[{"Name": "o", "Partitions": [{"PartitionIndex": 0, "Timestamp": timestamp}]}])


def fetches(ask):
    made = topic(ask, "f", 2)
    other = topic(ask, "f2")
    for _ in range(3):
        produce(ask, batch([record(0, value=b"x" * 100), record(1)]), name="f")
    produce(ask, batch(1), name="f", partition=1)

    def part(partition=0, offset=0, most=1 << 20, **more):
        return {"Partition": partition, "FetchOffset": offset, "PartitionMaxBytes": most, **more}

    def fetch(version, *parts, name="f", topic_id=made, session=(0, -1), forgotten=(), most=1 << 20, **more):
        forget = [{"Topic": name, "TopicId": topic_id, "Partitions": list(forgotten)}] if forgotten else []
        topics = [{"Topic": name, "TopicId": topic_id, "Partitions": list(parts)}] if parts else []
        return ask("Fetch", version, MaxWaitMs=more.pop("wait", 0), MinBytes=1, MaxBytes=most, SessionId=session[0], SessionEpoch=session[1],
                   Topics=topics, ForgottenTopicsData=forget, **more)

    for version in range(4, 19):
        fetch(version, part(), part(1))
        fetch(version, part(offset=3))
        fetch(version, part(offset=6), part(offset=99, partition=1))
        fetch(version, part(partition=9))
        fetch(version, part(), name="nope", topic_id="11111111-1111-1111-1111-111111111111")
    # Whose first batch is greater than what is asked for (40).
    fetch(12, part(most=1), part(1))
    fetch(12, part(), part(1), most=1)
    fetch(12, part(most=250), part(1), most=250)
    fetch(12, part(most=0), part(1, most=0))
    fetch(12, part(offset=-1))
    fetch(12, part(offset=-5))
    fetch(12, part(offset=7))
    for epoch in (0, 1, 9):
        fetch(12, part(CurrentLeaderEpoch=epoch))
        fetch(12, part(offset=2, LastFetchedEpoch=epoch, CurrentLeaderEpoch=0))
    fetch(12, part(), IsolationLevel=1)
    fetch(12, part(), part())
    fetch(13, part(), topic_id=None)
    ask("Fetch", 12, MaxWaitMs=0, MinBytes=1, MaxBytes=1000, SessionEpoch=-1, Topics=[])
    # Sessions (43).
    for version in (7, 12, 13, 17):
        opened = fetch(version, part(offset=5), part(1, offset=1), session=(0, 0))["SessionId"]
        fetch(version, session=(opened, 1))
        fetch(version, session=(opened, 1))
        fetch(version, session=(opened, 5))
        fetch(version, session=(opened, 2))
        fetch(version, part(offset=0, most=100), session=(opened, 2 + 1))
        fetch(version, session=(opened, 4))
        fetch(version, part(offset=6), forgotten=[1], session=(opened, 5))
        fetch(version, session=(opened, 6))
        fetch(version, part(1, offset=77), session=(opened, 7))
        fetch(version, part(1, offset=1), session=(opened, 8))
        produce(ask, batch(1), name="f", partition=1)
        fetch(version, part(1, offset=0, most=1), forgotten=[9], session=(opened, 9))
        fetch(version, session=(opened + 1, 1))
        fetch(version, session=(opened, 0))
        fetch(version, part(), session=(opened, -1))
        fetch(version, session=(opened, 10))
        fetch(version, session=(0, 1))
        fetch(version, session=(0, -1))
        fetch(version, session=(0, 0))
        fetch(version, part(), name="f2", topic_id=other, session=(0, 0))
    # What is not there.
    for version in (12, 17):
        fetch(version, part(0, offset=5), part(9), session=(0, 0))
        opened = fetch(version, part(offset=6), session=(0, 0))["SessionId"]
        fetch(version, part(9), session=(opened, 1))
    # Names and ids do not go together in one session.
    opened = fetch(12, part(offset=5), session=(0, 0))["SessionId"]
    fetch(13, part(offset=5), session=(opened, 1))
    opened = fetch(13, part(offset=5), session=(0, 0))["SessionId"]
    fetch(12, part(offset=5), session=(opened, 1))


ALL = [validation, sequences, positions, fetches]
