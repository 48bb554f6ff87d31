"""Questions about groups and transactions: classic members (behaviours 49 to 56), KIP-848 (57), transactions (59 to 63)."""

from batch import batch
from logs import produce, topic

RANGE = [{"Name": "range", "Metadata": b"\0\1\0\0\0\1\0\1c\0\0\0\0\0\0\0\0"}]


def classic(ask):
    topic(ask, "c", 2)

    def join(version=9, member="", group="g", protocols=RANGE, kind="consumer", session=600000, **more):
        return ask("JoinGroup", version, GroupId=group, SessionTimeoutMs=session, RebalanceTimeoutMs=600000, MemberId=member, ProtocolType=kind,
                   Protocols=protocols, **more)

    def sync(member, generation, group="g", version=5, assignments=(), kind="consumer", name="range", **more):
        given = [{"MemberId": one, "Assignment": b"\0\0\0\0\0\0\xff\xff\xff\xff"} for one in assignments]
        return ask("SyncGroup", version, GroupId=group, GenerationId=generation, MemberId=member, ProtocolType=kind, ProtocolName=name, Assignments=given, **more)

    def beat(member, generation, group="g", version=4, **more):
        return ask("Heartbeat", version, GroupId=group, GenerationId=generation, MemberId=member, **more)

    def commit(member, generation, group="g", version=9, offset=5, partition=0, metadata="m", name="c", **more):
        one = {"PartitionIndex": partition, "CommittedOffset": offset, "CommittedMetadata": metadata}
        return ask("OffsetCommit", version, GroupId=group, GenerationIdOrMemberEpoch=generation, MemberId=member, Topics=[{"Name": name, "Partitions": [one]}], **more)

    def describe(*groups):
        for version in range(0, 7):
            ask("DescribeGroups", version, Groups=list(groups))

    # What nobody knows.
    for version in range(0, 5):
        beat("nobody", 1, version=version)
    for version in range(0, 6):
        sync("nobody", 1, version=version)
    for version in range(0, 3):
        ask("LeaveGroup", version, GroupId="g", MemberId="nobody")
    for version in range(3, 6):
        ask("LeaveGroup", version, GroupId="g", Members=[{"MemberId": "nobody"}, {"MemberId": "", "GroupInstanceId": "i"}])
    describe("g", "")
    ask("DeleteGroups", GroupsNames=["g", ""])
    ask("OffsetDelete", 0, GroupId="g", Topics=[{"Name": "c", "Partitions": [{"PartitionIndex": 0}]}])
    for version in range(1, 8):
        ask("OffsetFetch", version, GroupId="g", Topics=[{"Name": "c", "PartitionIndexes": [0, 9]}, {"Name": "nope", "PartitionIndexes": [0]}])
        if version > 1:
            ask("OffsetFetch", version, GroupId="g", Topics=None)
    for version in (8, 9):
        ask("OffsetFetch", version, Groups=[{"GroupId": "g", "Topics": [{"Name": "c", "PartitionIndexes": [0, 9]}]}, {"GroupId": "", "Topics": None}])
    # Joining (49, 50).
    join(group="")
    join(session=5999)
    join(session=1800001)
    join(session=0)
    join(protocols=[])
    join(kind="")
    join(member="somebody")
    join(version=3, member="somebody")
    given = [join(version=version)["MemberId"] for version in (4, 5, 9)]
    for number, one in enumerate(given):
        ask.known_as(one, f"given {number}")
    ask.known_as(join(version=3, group="old")["MemberId"], "old member")
    ask.known_as(join(version=0, group="older")["MemberId"], "older member")
    me = given[2]
    first = join(member=me)
    describe("g")
    beat(me, 1)
    commit(me, 1)
    sync(me, 7)
    sync(me, 1, kind="connect")
    sync(me, 1, name="other")
    sync("other", 1)
    sync(me, 1, assignments=[me])
    sync(me, 1)
    for version in range(0, 5):
        beat(me, 1, version=version)
    beat(me, 0)
    beat(me, 2)
    beat("", 1)
    beat(me, 1, group="")
    beat(me, 1, group="another")
    describe("g")
    # Commits (53, 54).
    for version in range(2, 10):
        commit(me, 1, version=version)
    commit(me, 0)
    commit(me, 2)
    commit("", -1)
    commit("", 1)
    commit(me, -1)
    commit("other", 1)
    commit(me, 1, metadata="x" * 4096)
    commit(me, 1, metadata="x" * 4097)
    commit(me, 1, metadata=None)
    commit(me, 1, metadata="\N{SNOWMAN}" * 1365 + "xy")
    commit(me, 1, partition=9)
    commit(me, 1, partition=-1)
    commit(me, 1, name="nope")
    commit(me, 1, offset=-1)
    commit(me, 1, offset=-5)
    commit("", -1, group="")
    commit("", -1, group="simple")
    commit("somebody", 3, group="simple")
    commit("somebody", 3, group="never")
    commit("", 3, group="never")
    ask("OffsetCommit", 9, GroupId="g", GenerationIdOrMemberEpoch=1, MemberId=me, Topics=[])
    for version in (1, 5, 7):
        ask("OffsetFetch", version, GroupId="g", Topics=[{"Name": "c", "PartitionIndexes": [0, 1, 9]}])
    ask("OffsetFetch", 9, Groups=[{"GroupId": "g", "Topics": None}, {"GroupId": "simple", "Topics": None}])
    ask("OffsetFetch", 9, Groups=[{"GroupId": "g", "MemberId": me, "MemberEpoch": 1, "Topics": None}])
    # A second member: the group shares out (51, 52), and would wait for one that has an id but has not joined.
    ask("LeaveGroup", 5, GroupId="g", Members=[{"MemberId": given[0]}])
    waiting = ask.later("JoinGroup", 9, "second", GroupId="g", SessionTimeoutMs=600000, RebalanceTimeoutMs=600000, MemberId=given[1],
                        ProtocolType="consumer", Protocols=RANGE)
    beat(me, 1, until=lambda answer: answer["ErrorCode"] != 0)
    commit(me, 1)
    sync(me, 1)
    describe("g")
    ask("DeleteGroups", GroupsNames=["g"])
    join(member=me)
    waiting()
    beat(me, 2)
    commit(me, 2)
    beat(given[1], 1)
    waiting = ask.later("SyncGroup", 5, "second", GroupId="g", GenerationId=2, MemberId=given[1], ProtocolType="consumer", ProtocolName="range", Assignments=[])
    sync(me, 2, assignments=[me, given[1], "stranger"])
    waiting()
    describe("g")
    late = ask.known_as(join()["MemberId"], "late")
    for protocols, kind in ((RANGE, "connect"), ([{"Name": "other", "Metadata": b""}], "consumer")):
        join(member=late, protocols=protocols, kind=kind)
    ask("ListGroups", 4, StatesFilter=["Stable", "Bogus"])
    ask("ListGroups", 5, TypesFilter=["classic"])
    ask("ListGroups", 5, TypesFilter=["bogus"])
    ask("ListGroups", 3)
    ask("OffsetDelete", 0, GroupId="g", Topics=[{"Name": "c", "Partitions": [{"PartitionIndex": 0}, {"PartitionIndex": 9}]}, {"Name": "nope", "Partitions": [{"PartitionIndex": 0}]}])
    ask("DeleteGroups", 2, GroupsNames=["g", "none", "g"])
    ask("LeaveGroup", 5, GroupId="g", Members=[{"MemberId": given[1]}, {"MemberId": "nobody"}, {"MemberId": me, "GroupInstanceId": "i"}])
    beat(me, 2)
    ask("LeaveGroup", 5, GroupId="g", Members=[{"MemberId": me}])
    beat(me, 2)
    describe("g")
    commit(me, 2)
    commit("", -1)
    ask("DeleteGroups", 2, GroupsNames=["g"])
    describe("g")


def static(ask):
    topic(ask, "c3")

    def join(member="", instance="i", group="st", **more):
        return ask("JoinGroup", 9, GroupId=group, SessionTimeoutMs=600000, RebalanceTimeoutMs=600000, MemberId=member, GroupInstanceId=instance,
                   ProtocolType="consumer", Protocols=RANGE, **more)

    def sync(member, generation, instance="i", assignments=()):
        given = [{"MemberId": one, "Assignment": b"\0\0\0\0\0\0\xff\xff\xff\xff"} for one in assignments]
        return ask("SyncGroup", 5, GroupId="st", GenerationId=generation, MemberId=member, GroupInstanceId=instance, ProtocolType="consumer", ProtocolName="range", Assignments=given)

    one = ask.known_as(join()["MemberId"], "one")
    sync(one, 1, assignments=[one])
    two = ask.known_as(join()["MemberId"], "two")
    for member, instance in ((one, "i"), (two, "i"), (two, "j"), (two, None), ("x", "i"), ("", "i")):
        ask("Heartbeat", 4, GroupId="st", GenerationId=1, MemberId=member, GroupInstanceId=instance)
        ask("OffsetCommit", 9, GroupId="st", GenerationIdOrMemberEpoch=1, MemberId=member, GroupInstanceId=instance,
            Topics=[{"Name": "c3", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 1}]}])
        sync(member, 1, instance)
    join(member=one)
    join(member="x")
    ask("DescribeGroups", 5, Groups=["st"])
    ask("LeaveGroup", 5, GroupId="st", Members=[{"MemberId": one, "GroupInstanceId": "i"}, {"MemberId": "", "GroupInstanceId": "j"}])
    ask("LeaveGroup", 5, GroupId="st", Members=[{"MemberId": "", "GroupInstanceId": "i"}])
    ask("DescribeGroups", 5, Groups=["st"])


def consumers(ask):
    topic(ask, "k", 3)

    def beat(epoch, member="m1", group="kg", version=1, **more):
        return ask("ConsumerGroupHeartbeat", version, GroupId=group, MemberId=member, MemberEpoch=epoch, **more)

    def describe(*groups):
        for version in (0, 1):
            ask("ConsumerGroupDescribe", version, GroupIds=list(groups))

    new = {"RebalanceTimeoutMs": 600000, "SubscribedTopicNames": ["k"], "TopicPartitions": []}
    describe("kg", "")
    beat(5)
    beat(-1)
    beat(-2)
    beat(-3)
    beat(0)
    beat(0, group="", **new)
    beat(0, member="", **new)
    beat(0, **{**new, "RebalanceTimeoutMs": -1})
    beat(0, **{**new, "SubscribedTopicNames": None})
    beat(0, **{**new, "TopicPartitions": None})
    beat(0, InstanceId="", **new)
    beat(0, RackId="", **new)
    beat(0, ServerAssignor="nope", **new)
    beat(0, ServerAssignor="", **new)
    beat(0, SubscribedTopicRegex="[", **{**new, "SubscribedTopicNames": []})
    epoch = beat(0, **new)["MemberEpoch"]
    describe("kg")
    beat(epoch)
    beat(epoch + 1)
    beat(epoch - 1)
    beat(epoch, member="m2")
    beat(epoch, SubscribedTopicNames=[])
    epoch = beat(epoch, SubscribedTopicNames=["k"])["MemberEpoch"]
    beat(0, **new)

    def commit(member, at, version=9, group="kg"):
        ask("OffsetCommit", version, GroupId=group, GenerationIdOrMemberEpoch=at, MemberId=member, Topics=[{"Name": "k", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 1}]}])

    at = beat(epoch)
    epoch = at["MemberEpoch"] if at["ErrorCode"] == 0 else epoch
    for member, number in (("m1", epoch), ("m1", epoch - 1), ("m1", epoch + 1), ("m2", epoch), ("", -1), ("m1", -1)):
        commit(member, number)
        commit(member, number, version=8)
        ask("OffsetFetch", 9, Groups=[{"GroupId": "kg", "MemberId": member or None, "MemberEpoch": number, "Topics": None}])
    ask("JoinGroup", 9, GroupId="kg", SessionTimeoutMs=600000, RebalanceTimeoutMs=600000, MemberId="", ProtocolType="consumer", Protocols=[{"Name": "range", "Metadata": b""}])
    ask("Heartbeat", 4, GroupId="kg", GenerationId=1, MemberId="x")
    ask("SyncGroup", 5, GroupId="kg", GenerationId=1, MemberId="x")
    ask("LeaveGroup", 5, GroupId="kg", Members=[{"MemberId": "x"}])
    for version in (4, 5, 6):
        ask("DescribeGroups", version, Groups=["kg"])
    ask("DeleteGroups", 2, GroupsNames=["kg"])
    ask("ListGroups", 5, TypesFilter=["consumer"])
    # Static members.
    beat(0, member="s1", InstanceId="i", **new)
    beat(0, member="s2", InstanceId="i", **new)
    beat(-2, member="s2", InstanceId="i")
    beat(-2, member="s1", InstanceId="i")
    beat(0, member="s2", InstanceId="i", **new)
    beat(1, member="s1", InstanceId="i")
    beat(-1, member="s2", InstanceId="i")
    beat(-1)
    beat(-1)
    describe("kg")
    beat(epoch)
    # A classic group stays one.
    ask("OffsetCommit", 9, GroupId="kc", GenerationIdOrMemberEpoch=-1, MemberId="",
        Topics=[{"Name": "k", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 1}]}])
    describe("kc")
    beat(0, member="m1", group="kc", version=0, **new)
    describe("kc")


def transactions(ask):
    made = topic(ask, "x", 2)
    # Refused before anybody is asked who is responsible (59).
    for timeout in (0, -1, 900_001):
        ask("InitProducerId", 5, TransactionalId="tx", TransactionTimeoutMs=timeout)
    for name in ("tx", "nobody"):
        ask("EndTxn", 3, TransactionalId=name, ProducerId=1, ProducerEpoch=0, Committed=True)

    def init(version=5, name="tx", **more):
        return ask("InitProducerId", version, TransactionalId=name, TransactionTimeoutMs=600000, **more)

    def add(producer, epoch, name="tx", version=3, topics=(("x", [0]),)):
        asked = [{"Name": one, "Partitions": partitions} for one, partitions in topics]
        return ask("AddPartitionsToTxn", version, V3AndBelowTransactionalId=name, V3AndBelowProducerId=producer, V3AndBelowProducerEpoch=epoch, V3AndBelowTopics=asked)

    def many(producer, epoch, name="tx", verify=False, version=4, topics=(("x", [0]),)):
        asked = [{"Name": one, "Partitions": partitions} for one, partitions in topics]
        one = {"TransactionalId": name, "ProducerId": producer, "ProducerEpoch": epoch, "VerifyOnly": verify, "Topics": asked}
        return ask("AddPartitionsToTxn", version, Transactions=[one])

    def end(producer, epoch, committed=True, name="tx", version=4):
        return ask("EndTxn", version, TransactionalId=name, ProducerId=producer, ProducerEpoch=epoch, Committed=committed)

    def send(producer, epoch, sequence, name="tx", version=11, partition=0):
        return produce(ask, batch(1, producer=(producer, epoch, sequence), attributes=0x10), name="x", version=version, partition=partition, TransactionalId=name)

    def read():
        # Once the end of a transaction is written everywhere.
        ask("DescribeTransactions", TransactionalIds=["tx", "none", ""],
            until=lambda answer: not any(one["TransactionState"].startswith("Prepare") for one in answer["TransactionStates"]))
        one = {"Partition": 0, "FetchOffset": 0, "PartitionMaxBytes": 1 << 20}
        answer = ask("Fetch", 12, SessionEpoch=-1, MaxBytes=1 << 20, IsolationLevel=1, Topics=[{"Topic": "x", "Partitions": [one]}])
        for isolation in (0, 1):
            ask("ListOffsets", 7, ReplicaId=-1, IsolationLevel=isolation, Topics=[{"Name": "x", "Partitions": [{"PartitionIndex": 0, "Timestamp": -1}]}])
        return answer

    for version in range(0, 7):
        init(version, name=f"v{version}")
    init(ProducerId=77, ProducerEpoch=1)
    who = init()
    producer, epoch = who["ProducerId"], who["ProducerEpoch"]
    init(ProducerId=producer, ProducerEpoch=epoch + 5)
    init(ProducerId=producer + 1, ProducerEpoch=0)
    init(ProducerId=producer, ProducerEpoch=-1)
    init(ProducerId=-1, ProducerEpoch=3)
    # The older protocol: nothing goes in that was not added; wrong producers and epochs (37, 60).
    end(producer, epoch)
    end(producer, epoch, committed=False)
    send(producer, epoch, 0)
    for version in range(0, 4):
        add(producer, epoch + 1, version=version)
        add(producer, epoch - 1, version=version)
        add(producer + 1, epoch, version=version)
        add(producer, epoch, name="nobody", version=version)
        add(producer, epoch, name="", version=version)
        add(producer, epoch, version=version, topics=(("x", [0, 9]), ("nope", [0])))
    for verify in (False, True):
        many(producer, epoch, verify=verify)
        many(producer, epoch + 1, verify=verify)
        many(producer, epoch, verify=verify, name="nobody")
        many(producer, epoch, verify=verify, topics=(("nope", [0]),))
    add(producer, epoch)
    send(producer, epoch, 0)
    send(producer, epoch, 0, partition=1)
    send(producer, epoch + 1, 0, partition=1)
    send(producer, epoch, 1, name=None)
    send(producer, epoch, 1)
    read()
    many(producer, epoch, verify=True)
    many(producer, epoch, verify=True, topics=(("x", [1]),))
    for version in range(0, 5):
        end(producer, epoch + 1, version=version)
        end(producer, epoch - 1, version=version)
        end(producer + 1, epoch, version=version)
        end(producer, epoch, name="nobody", version=version)
        end(producer, epoch, name="", version=version)
    end(producer, epoch, committed=False)
    end(producer, epoch, committed=False)
    end(producer, epoch)
    read()
    # Offsets of a transaction (63).
    for version in range(0, 5):
        ask("AddOffsetsToTxn", version, TransactionalId="tx", ProducerId=producer, ProducerEpoch=epoch + 1, GroupId="txg")
        ask("AddOffsetsToTxn", version, TransactionalId="nobody", ProducerId=producer, ProducerEpoch=epoch, GroupId="txg")
    ask("AddOffsetsToTxn", 4, TransactionalId="tx", ProducerId=producer, ProducerEpoch=epoch, GroupId="")

    def offsets(producer_, epoch_, version=3, group="txg", generation=-1, member="", metadata="", partition=0, name="x", instance=None):
        one = {"PartitionIndex": partition, "CommittedOffset": 3, "CommittedMetadata": metadata}
        return ask("TxnOffsetCommit", version, TransactionalId="tx", GroupId=group, ProducerId=producer_, ProducerEpoch=epoch_, GenerationId=generation,
                   MemberId=member, GroupInstanceId=instance, Topics=[{"Name": name, "Partitions": [one]}])

    for version in range(0, 5):
        offsets(producer, epoch, version)
    ask("AddOffsetsToTxn", 4, TransactionalId="tx", ProducerId=producer, ProducerEpoch=epoch, GroupId="txg")
    for version in range(0, 5):
        offsets(producer, epoch, version)
    offsets(producer, epoch - 1)
    offsets(producer, epoch + 1)
    offsets(producer + 1, epoch)
    offsets(producer, epoch, generation=3, member="x")
    offsets(producer, epoch, generation=3)
    offsets(producer, epoch, member="x")
    offsets(producer, epoch, group="")
    offsets(producer, epoch, metadata="x" * 4097)
    offsets(producer, epoch, partition=9)
    offsets(producer, epoch, name="nope")
    for stable in (True, False):
        ask("OffsetFetch", 7, GroupId="txg", RequireStable=stable, Topics=[{"Name": "x", "PartitionIndexes": [0]}])
        ask("OffsetFetch", 9, RequireStable=stable, Groups=[{"GroupId": "txg", "Topics": None}])
    end(producer, epoch)
    read()
    ask("OffsetFetch", 7, GroupId="txg", RequireStable=False, Topics=[{"Name": "x", "PartitionIndexes": [0]}])
    # Fencing: who comes second is the one (60).
    add(producer, epoch)
    send(producer, epoch, 2)
    init()
    for version in range(0, 5):
        end(producer, epoch, version=version)
    for version in range(0, 4):
        add(producer, epoch, version=version)
    send(producer, epoch, 3)
    send(producer, epoch, 3, version=12)
    offsets(producer, epoch)
    init(ProducerId=producer, ProducerEpoch=epoch)
    init(3, ProducerId=producer, ProducerEpoch=epoch)
    # The newer protocol: added as it is used, and each end has another epoch (61).
    who = init()
    producer, epoch = who["ProducerId"], who["ProducerEpoch"]
    end(producer, epoch, version=5)
    who = init()
    producer, epoch = who["ProducerId"], who["ProducerEpoch"]
    send(producer, epoch, 0, version=12)
    send(producer, epoch + 1, 0, version=12, partition=1)
    offsets(producer, epoch, 5)
    offsets(producer, epoch + 1, 5)
    ask("AddOffsetsToTxn", 4, TransactionalId="tx", ProducerId=producer, ProducerEpoch=epoch, GroupId="txg")
    read()
    first = end(producer, epoch, version=5)
    end(producer, epoch, version=5)
    end(producer, epoch, version=5, committed=False)
    read()
    producer, epoch = first["ProducerId"], first["ProducerEpoch"]
    send(producer, epoch - 1, 1, version=12)
    send(producer, epoch, 5, version=12)
    send(producer, epoch, 0, version=12)
    second = end(producer, epoch, version=5, committed=False)
    read()
    end(producer, epoch, version=5, committed=False)
    end(second["ProducerId"], second["ProducerEpoch"], version=5, committed=False)
    end(second["ProducerId"], second["ProducerEpoch"], version=5, committed=True)
    for epoch in (0, 99):
        marker = {"ProducerId": producer, "ProducerEpoch": epoch, "TransactionResult": True, "CoordinatorEpoch": 0, "Topics": [{"Name": "nope", "PartitionIndexes": [0]}, {"Name": "x", "PartitionIndexes": [9]}]}
        ask("WriteTxnMarkers", 1, Markers=[marker])
    ask("ListTransactions", 2, DurationFilter=-1, ProducerIdFilters=[producer])
    ask("DescribeProducers", Topics=[{"Name": "x", "PartitionIndexes": [0, 1]}])
    assert made


def stale(ask):
    """Commits by members of the new protocol with an epoch that is not theirs any more."""
    made = topic(ask, "e", 6)
    other = topic(ask, "e2")
    unknown = "11111111-1111-1111-1111-111111111111"

    def beat(epoch, member, owns=None, group="eg", **more):
        if owns is not None:
            more["TopicPartitions"] = [{"TopicId": made, "Partitions": owns}] if owns else []
        return ask("ConsumerGroupHeartbeat", 1, GroupId=group, MemberId=member, MemberEpoch=epoch, **more)

    def join(member, **more):
        return beat(0, member, [], RebalanceTimeoutMs=600000, SubscribedTopicNames=["e"], **more)["MemberEpoch"]

    def given(answer):
        return sorted(one for topic_ in answer["Assignment"]["TopicPartitions"] for one in topic_["Partitions"])

    def offsets(*partitions, metadata=""):
        return [{"PartitionIndex": one, "CommittedOffset": 7, "CommittedMetadata": metadata} for one in partitions]

    def commit(member, epoch, *partitions, version=9, more=(), **kinds):
        topics = [{"Name": "e", "TopicId": made, "Partitions": offsets(*partitions, **kinds)}, *more]
        ask("OffsetCommit", version, GroupId="eg", GenerationIdOrMemberEpoch=epoch, MemberId=member, Topics=topics)

    one = join("m1")
    two = join("m2")
    kept = given(beat(one, "m1"))
    lost = [number for number in range(6) if number not in kept]
    # While it gives up partitions its epoch is the one it had.
    commit("m1", one, *range(6))
    commit("m1", one - 1, *lost)
    newer = beat(one, "m1", kept)["MemberEpoch"]
    beat(two, "m2")
    for version in (8, 9, 10):
        for epoch in (newer, one, one - 1, newer + 1, -1):
            commit("m1", epoch, *kept, version=version)
            commit("m1", epoch, *lost, version=version)
            commit("m1", epoch, *kept, *lost, version=version)
            commit("m2", epoch, *lost, version=version)
        commit("nobody", newer, *kept, version=version)
    # Beside it what is refused for another reason.
    elsewhere = [{"Name": "e2", "TopicId": other, "Partitions": offsets(0)}]
    absent = [{"Name": "nope", "TopicId": unknown, "Partitions": offsets(0)}]
    for version in (9, 10):
        commit("m1", one, *kept, version=version, more=absent)
        commit("m1", one, *lost, version=version, more=absent)
        commit("m1", one, *kept, version=version, more=elsewhere)
        commit("m1", newer, *kept, version=version, more=elsewhere)
        commit("m1", one, *kept, 9, version=version)
        commit("m1", one, *kept, version=version, metadata="x" * 4097)
        commit("m1", one, *lost, version=version, metadata="x" * 4097)
        commit("m1", one, *kept, version=version, more=[{"Name": "e", "TopicId": made, "Partitions": offsets(*lost, metadata="x" * 4097)}])
        commit("m1", one, *kept, version=version, more=[{"Name": "e", "TopicId": made, "Partitions": offsets(*lost)}])
        commit("m1", one, version=version)
        fetched = {"Name": "e", "TopicId": made, "PartitionIndexes": [*range(6), 9]}
        for member, epoch in (("m1", newer), ("m1", one), ("m2", two), (None, -1)):
            ask("OffsetFetch", version, Groups=[{"GroupId": "eg", "MemberId": member, "MemberEpoch": epoch, "Topics": [fetched]}])
    # In a transaction an epoch is a generation.
    who = ask("InitProducerId", 5, TransactionalId="te", TransactionTimeoutMs=600000)
    ask("AddOffsetsToTxn", 4, TransactionalId="te", ProducerId=who["ProducerId"], ProducerEpoch=who["ProducerEpoch"], GroupId="eg")
    for version in (3, 4, 5):
        for member, epoch, partitions in (
            ("m1", newer, kept), ("m1", newer, lost), ("m1", one, kept), ("m1", one, lost), ("m1", one, [*kept, *lost]), ("m1", newer + 1, kept),
            ("m1", -1, kept), ("", -1, kept), ("", newer, kept), ("nobody", newer, kept),
        ):
            ask("TxnOffsetCommit", version, TransactionalId="te", GroupId="eg", ProducerId=who["ProducerId"], ProducerEpoch=who["ProducerEpoch"],
                GenerationId=epoch, MemberId=member, Topics=[{"Name": "e", "Partitions": offsets(*partitions)}])
    ask("EndTxn", 4, TransactionalId="te", ProducerId=who["ProducerId"], ProducerEpoch=who["ProducerEpoch"], Committed=False)
    # A third member: the first gives up more, in a later epoch.
    join("m3")
    fewer = given(beat(newer, "m1"))
    for epoch in (newer, one):
        for numbers in (fewer, kept, lost):
            commit("m1", epoch, *numbers)
    beat(newer, "m1", fewer)
    for epoch in (newer, one):
        for numbers in (fewer, kept, lost):
            commit("m1", epoch, *numbers)
    beat(-1, "m1")
    commit("m1", newer, *fewer)


def twice(ask):
    """The same group several times in one request."""
    ids = {name: topic(ask, name, 2) for name in ("w", "w2")}

    def commit(offset, group, name="w", partition=0):
        ask("OffsetCommit", 9, GroupId=group, GenerationIdOrMemberEpoch=-1, MemberId="",
            Topics=[{"Name": name, "Partitions": [{"PartitionIndex": partition, "CommittedOffset": offset}]}])

    commit(1, "w1")
    commit(2, "w1", partition=1)
    commit(3, "w2")
    commit(4, "w1", name="w2")

    def of(group, *asked, **more):
        return {"GroupId": group, "Topics": [{"Name": name, "TopicId": ids[name], "PartitionIndexes": numbers} for name, numbers in asked] or None, **more}

    for version in (8, 9, 10):
        for groups in (
            [of("w1", ("w", [0])), of("w1", ("w", [1]))],
            [of("w1", ("w", [0])), of("w2", ("w", [0])), of("w1", ("w2", [0]))],
            [of("w1"), of("w1", ("w", [1]))],
            [of("w1", ("w", [1])), of("w1")],
            [of("w1", ("w", [1]), ("w", [0]))],
            [of("w1", ("w", [1, 1, 0]))],
            [of("none", ("w", [0])), of("none", ("w", [1]))],
            [of("w1", ("w", [0])), of("w1", ("w", [1]), MemberId="m", MemberEpoch=3)],
            [of("", ("w", [0])), of("", ("w", [1]))],
        ):
            ask("OffsetFetch", version, Groups=groups)
    ask("DescribeGroups", 6, Groups=["w1", "none", "w1"])
    ask("DeleteGroups", 2, GroupsNames=["w1", "none", "w1"])


ALL = [classic, static, consumers, stale, twice, transactions]
