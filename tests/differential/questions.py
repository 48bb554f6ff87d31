"""What both brokers are asked: functions that ask in an order, on a broker with nothing in it but what they made."""

import logs
import members

NODE = 1
ZERO = "00000000-0000-0000-0000-000000000000"


def topics(ask):
    topic = {"Name": "t", "NumPartitions": 2, "ReplicationFactor": 1}
    ask("CreateTopics", 5, Topics=[topic], TimeoutMs=60000)
    ask("CreateTopics", Topics=[topic, {**topic, "Name": "a/b"}, {**topic, "Name": "r", "ReplicationFactor": 3}], TimeoutMs=60000)
    ask("CreateTopics", 7, Topics=[{**topic, "Name": "n", "NumPartitions": -5}], TimeoutMs=60000, ValidateOnly=True)
    ask("CreatePartitions", Topics=[{"Name": "t", "Count": 1}, {"Name": "nope", "Count": 3}], TimeoutMs=60000)
    ask("DeleteTopics", 5, TopicNames=["nope"], TimeoutMs=60000)
    ask("DeleteRecords", Topics=[{"Name": "t", "Partitions": [{"PartitionIndex": p, "Offset": o} for p, o in [(0, 0), (0, 5), (9, 0)]]}])
    positions = [(0, -1), (0, -2), (0, -3), (0, -4), (0, 1000), (9, -1)]
    for partition, timestamp in positions:
        asked = {"PartitionIndex": partition, "CurrentLeaderEpoch": -1, "Timestamp": timestamp}
        ask("ListOffsets", 7, ReplicaId=-1, Topics=[{"Name": "t", "Partitions": [asked]}])
    ask("DescribeTopicPartitions", Topics=[{"Name": "t"}, {"Name": "nope"}])


def epochs(ask):
    for partition, known, asked in [(0, -1, 0), (0, -1, -1), (0, -1, -3), (0, 0, 0), (0, 1, 0), (0, -1, 5), (7, -1, 0)]:
        one = {"Partition": partition, "CurrentLeaderEpoch": known, "LeaderEpoch": asked}
        ask("OffsetForLeaderEpoch", Topics=[{"Topic": "t", "Partitions": [one]}, {"Topic": "nope", "Partitions": [one]}])
    for last, offset in [(0, 0), (-1, 0), (5, 0), (0, 1), (0, 5), (-1, 5), (-1, -1)]:
        one = {"Partition": 0, "FetchOffset": offset, "LastFetchedEpoch": last, "CurrentLeaderEpoch": -1, "PartitionMaxBytes": 1000}
        ask("Fetch", 12, SessionEpoch=-1, MaxBytes=1 << 20, Topics=[{"Topic": "t", "Partitions": [one]}])


def replicas(ask):
    some = [{"Topic": "t", "Partitions": [0, 0, 7]}, {"Topic": "nope", "Partitions": [0]}]
    for asked in (some, [], None):
        ask("ElectLeaders", TopicPartitions=asked)
        ask("ElectLeaders", 2, ElectionType=2, TopicPartitions=asked)
    for replicas_ in ([NODE], None, [], [77], [NODE, NODE], [NODE, 77], [-1]):
        for name, partition in (("t", 0), ("t", 9), ("nope", 0)):
            one = {"PartitionIndex": partition, "Replicas": replicas_}
            ask("AlterPartitionReassignments", Topics=[{"Name": name, "Partitions": [one]}])
    ask("ListPartitionReassignments", Topics=None)
    ask("ListPartitionReassignments", Topics=[{"Name": "t", "PartitionIndexes": [0, 9]}])
    ask("AlterReplicaLogDirs", Dirs=[{"Path": "/nowhere", "Topics": [{"Name": "t", "Partitions": [0, 9]}]}])


def cluster(ask):
    for name, partitions in (("__cluster_metadata", [0]), ("t", [0]), ("__cluster_metadata", [0, 1]), ("__cluster_metadata", [])):
        ask("DescribeQuorum", Topics=[{"TopicName": name, "Partitions": [{"PartitionIndex": p} for p in partitions]}])
    ask("DescribeQuorum", Topics=[])
    updates = [("nope", 1, 1), ("transaction.version", 2, 1), ("transaction.version", 9, 1), ("transaction.version", -1, 1), ("transaction.version", 1, 9)]
    for name, level, kind in updates:
        ask("UpdateFeatures", 1, ValidateOnly=True, FeatureUpdates=[{"Feature": name, "MaxVersionLevel": level, "UpgradeType": kind}])
        ask("UpdateFeatures", 2, ValidateOnly=True, FeatureUpdates=[{"Feature": name, "MaxVersionLevel": level, "UpgradeType": kind}])
    for broker in (77, -1):
        ask("UnregisterBroker", BrokerId=broker)
    ask("DescribeCluster", EndpointType=1)


def quotas(ask):
    def alter(entity, *limits, **more):
        parts = [{"EntityType": kind, "EntityName": name} for kind, name in entity]
        ops = [{"Key": key, "Value": value or 0.0, "Remove": value is None} for key, value in limits]
        ask("AlterClientQuotas", Entries=[{"Entity": parts, "Ops": ops}], **more)

    rate = "producer_byte_rate"
    alter([("user", "u")], (rate, 1e9), ValidateOnly=True)
    ask("DescribeClientQuotas")
    alter([("user", "u")], (rate, 1e9), ("request_percentage", 5000.5))
    alter([("user", "u"), ("client-id", None)], (rate, 2e9))
    alter([("client-id", "c")], ("controller_mutation_rate", 1000.5))
    alter([("ip", "10.1.1.1")], ("connection_creation_rate", 500))
    alter([("ip", None)], ("connection_creation_rate", 600))
    for bad in (0, -1, 1.5, 1e30):
        alter([("user", "u")], (rate, bad))
    alter([("user", "u")], ("connection_creation_rate", 5))
    alter([("user", "u")], ("nope", 5))
    alter([("user", "u")], ("nope", None))
    alter([("user", "u")], ("request_percentage", None))
    for entity in ([], [("bogus", "x")], [("client-id", "")], [("ip", "x y")], [("ip", None), ("user", None)]):
        alter(entity, (rate, 5))
    filters = [
        [], [("user", 0, "u")], [("user", 1, None)], [("user", 2, None)], [("client-id", 2, None)], [("ip", 2, None)],
        [("user", 2, None), ("client-id", 2, None)], [("bogus", 2, None)], [("user", 3, None)], [("user", 0, None)],
        [("user", 1, "x")], [("user", 2, "x")], [("user", 0, "u"), ("user", 0, "u")], [("", 0, "u")], [("ip", 2, None), ("user", 2, None)],
    ]
    for asked in filters:
        for strict in (False, True):
            components = [{"EntityType": kind, "MatchType": match, "Match": name} for kind, match, name in asked]
            ask("DescribeClientQuotas", Components=components, Strict=strict)


def security(ask):
    for mechanism in ("PLAIN", "none", ""):
        ask("SaslHandshake", Mechanism=mechanism)
    ask("SaslAuthenticate", AuthBytes=b"\0u\0p")
    ask("DescribeAcls", ResourceTypeFilter=1, ResourceNameFilter=None, PatternTypeFilter=1, PrincipalFilter=None, HostFilter=None, Operation=1, PermissionType=1)
    acl = {"ResourceType": 2, "ResourceName": "t", "ResourcePatternType": 3, "Principal": "User:a", "Host": "*", "Operation": 3, "PermissionType": 3}
    ask("CreateAcls", Creations=[acl, acl])
    ask("DeleteAcls", Filters=[{"ResourceTypeFilter": 2, "ResourceNameFilter": "t", "PatternTypeFilter": 3, "Operation": 3, "PermissionType": 3}])
    for users in (None, [], ["x"], ["x", "y", "x"]):
        ask("DescribeUserScramCredentials", Users=users and [{"Name": user} for user in users])
    ask("AlterUserScramCredentials", Deletions=[{"Name": "x", "Mechanism": 1}, {"Name": "y", "Mechanism": 7}])


def settings(ask):
    def alter(kind, name, *configs):
        values = [{"Name": key, "ConfigOperation": operation, "Value": value} for key, operation, value in configs]
        ask("IncrementalAlterConfigs", Resources=[{"ResourceType": kind, "ResourceName": name, "Configs": values}])

    alter(16, "m", ("metrics", 0, "org.a."), ("interval.ms", 0, "1000"))
    for key, value in (("interval.ms", "99"), ("interval.ms", "3600001"), ("nope", "1"), ("match", "x"), ("match", "client_id=[")):
        alter(16, "m", (key, 0, value))
    alter(16, "", ("interval.ms", 0, "1000"))
    alter(2, "nope", ("retention.ms", 0, "1"))
    alter(2, "t", ("retention.ms", 0, "5000"))
    alter(2, "t", ("cleanup.policy", 2, "compact"))
    alter(2, "t", ("retention.ms", 1, None))
    ask("ListConfigResources", 0)
    ask("ListConfigResources", 1, ResourceTypes=[16])
    ask("ListConfigResources", 1, ResourceTypes=[99])
    for kind, name in ((16, "m"), (16, "none"), (16, ""), (2, "nope"), (4, "99"), (32, "")):
        ask("DescribeConfigs", Resources=[{"ResourceType": kind, "ResourceName": name, "ConfigurationKeys": None}], IncludeSynonyms=True)
    keys = ["retention.ms", "cleanup.policy", "min.insync.replicas", "segment.bytes", "max.message.bytes"]
    ask("DescribeConfigs", Resources=[{"ResourceType": 2, "ResourceName": "t", "ConfigurationKeys": keys}], IncludeSynonyms=True)


def groups(ask):
    for key, kind in (("g", 0), ("", 0), ("g", 9)):
        ask("FindCoordinator", 2, Key=key, KeyType=kind)
    ask("DescribeProducers", Topics=[{"Name": "t", "PartitionIndexes": [0, 5]}, {"Name": "nope", "PartitionIndexes": [0]}])
    for pattern in (None, "", "a.*", "[", "(?=x)"):
        ask("ListTransactions", 2, DurationFilter=-1, TransactionalIdPattern=pattern)
    ask("ListTransactions", StateFilters=["Bogus", "Ongoing"], DurationFilter=-1)


def shares(ask):
    found = ask("Metadata", 12, Topics=[{"TopicId": ZERO, "Name": "t"}])
    topic = found["Topics"][0]["TopicId"]
    for key in ("s", "s:t:0", "s:AAAAAAAAAAAAAAAAAAAAAQ", "s:AAAAAAAAAAAAAAAAAAAAAQ:x", ":AAAAAAAAAAAAAAAAAAAAAQ:0"):
        ask("FindCoordinator", 6, KeyType=2, CoordinatorKeys=[key])

    def beat(epoch, group="s", member="m", **more):
        return ask("ShareGroupHeartbeat", 1, GroupId=group, MemberId=member, MemberEpoch=epoch, **more)

    def describe(*groups):
        ask("ShareGroupDescribe", 1, GroupIds=list(groups), IncludeAuthorizedOperations=False)

    def offsets(group, topics=None, **more):
        ask("DescribeShareGroupOffsets", 0, Groups=[{"GroupId": group, "Topics": topics}], **more)

    describe("s", "")
    offsets("s")
    offsets("s", [{"TopicName": "t", "Partitions": [0]}])
    beat(3)
    beat(-1)
    beat(0)
    beat(-2, SubscribedTopicNames=["t"])
    beat(0, SubscribedTopicNames=[])
    beat(0, group="", SubscribedTopicNames=["t"])
    beat(0, member="", SubscribedTopicNames=["t"])
    beat(0, RackId="", SubscribedTopicNames=["t"])
    epoch = beat(0, SubscribedTopicNames=["t"])["MemberEpoch"]
    # Partitions are dealt out once their state has been written.
    epoch = beat(epoch, until=lambda answer: (answer["Assignment"] or {}).get("TopicPartitions"),
                 again=lambda answer: {"MemberEpoch": answer["MemberEpoch"]})["MemberEpoch"]
    describe("s")
    beat(epoch)
    beat(epoch - 1)
    beat(epoch + 7)
    beat(epoch, member="other")
    beat(epoch, SubscribedTopicNames=["t", "nope"])
    # Not of a partition that is not there: Kafka answers that once its own patience is over.
    offsets("s", [{"TopicName": "nope", "Partitions": [0]}])

    def fetch(epoch, member="m", group="s", said=(), topic_id=topic, partition=0, **more):
        batches = [{"FirstOffset": first, "LastOffset": last, "AcknowledgeTypes": types} for first, last, types in said]
        one = {"PartitionIndex": partition, "AcknowledgementBatches": batches}
        ask("ShareFetch", 2, GroupId=group, MemberId=member, ShareSessionEpoch=epoch, MaxWaitMs=100, MinBytes=1, MaxBytes=1000,
            MaxRecords=10, BatchSize=10, Topics=[{"TopicId": topic_id, "Partitions": [one]}], **more)

    def acknowledge(epoch, said, member="m", **more):
        batches = [{"FirstOffset": first, "LastOffset": last, "AcknowledgeTypes": types} for first, last, types in said]
        one = {"PartitionIndex": 0, "AcknowledgementBatches": batches}
        ask("ShareAcknowledge", 2, GroupId="s", MemberId=member, ShareSessionEpoch=epoch,
            Topics=[{"TopicId": topic, "Partitions": [one]}], **more)

    fetch(4)
    fetch(-1)
    acknowledge(1, [(0, 0, [1])])
    acknowledge(-1, [(0, 0, [1])])
    fetch(0, said=[(0, 0, [1])])
    fetch(0, group=None)
    fetch(0, group="")
    fetch(0, member=None)
    fetch(0, member="")
    fetch(0)
    fetch(1)
    fetch(1)
    fetch(2, partition=9)
    fetch(3, topic_id="11111111-1111-1111-1111-111111111111")
    acknowledge(0, [(0, 0, [1])])
    for number, said in enumerate([(0, 0, [1]), (1, 0, [1]), (0, 0, [7]), (0, 0, [4]), (0, 0, []), (0, 2, [1, 1])]):
        acknowledge(4 + number, [said])
    acknowledge(10, [(0, 0, [1]), (0, 0, [1])])
    acknowledge(77, [(0, 0, [1])])
    acknowledge(-1, [(0, 0, [1])])
    fetch(1)

    state = {"TopicId": topic, "Partitions": [{"Partition": 0}]}
    ask("DeleteShareGroupOffsets", 0, GroupId="s", Topics=[{"TopicName": "t"}])
    ask("AlterShareGroupOffsets", 0, GroupId="s", Topics=[{"TopicName": "t", "Partitions": [{"PartitionIndex": 0, "StartOffset": 0}]}])
    ask("DeleteGroups", 2, GroupsNames=["s"])
    beat(-1)
    beat(-1)
    describe("s")
    ask("AlterShareGroupOffsets", 0, GroupId="s", Topics=[
        {"TopicName": "t", "Partitions": [{"PartitionIndex": p, "StartOffset": 0} for p in (0, 9)]},
        {"TopicName": "nope", "Partitions": [{"PartitionIndex": 0, "StartOffset": 0}]},
    ])
    ask("AlterShareGroupOffsets", 0, GroupId="none", Topics=[{"TopicName": "t", "Partitions": [{"PartitionIndex": 0, "StartOffset": 0}]}])
    ask("AlterShareGroupOffsets", 0, GroupId="", Topics=[])
    describe("s")
    offsets("s", [{"TopicName": "t", "Partitions": [0]}],
            until=lambda answer: answer["Groups"][0]["Topics"][0]["Partitions"][0]["StartOffset"] == 0)
    ask("DeleteShareGroupOffsets", 0, GroupId="s", Topics=[{"TopicName": "t"}, {"TopicName": "nope"}])
    ask("DeleteShareGroupOffsets", 0, GroupId="s", Topics=[{"TopicName": "t"}])
    ask("DeleteShareGroupOffsets", 0, GroupId="none", Topics=[{"TopicName": "t"}])
    ask("DeleteShareGroupOffsets", 0, GroupId="s", Topics=[])
    ask("JoinGroup", 9, GroupId="s", SessionTimeoutMs=60000, RebalanceTimeoutMs=60000, MemberId="", ProtocolType="consumer", Protocols=[{"Name": "range", "Metadata": b""}])
    ask("ConsumerGroupHeartbeat", 1, GroupId="s", MemberId="x", MemberEpoch=0, RebalanceTimeoutMs=1000, SubscribedTopicNames=["t"], TopicPartitions=[])
    ask("OffsetCommit", 9, GroupId="s", GenerationIdOrMemberEpoch=-1, MemberId="", Topics=[{"Name": "t", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 1}]}])
    ask("OffsetFetch", 9, Groups=[{"GroupId": "s", "MemberId": None, "MemberEpoch": -1, "Topics": None}])
    ask("DescribeGroups", 6, Groups=["s"])
    ask("ListGroups", 5, TypesFilter=["share"])
    ask("DeleteGroups", 2, GroupsNames=["s"])
    describe("s")
    # A group of offsets alone does not become a share group.
    ask("OffsetCommit", 9, GroupId="o", GenerationIdOrMemberEpoch=-1, MemberId="", Topics=[{"Name": "t", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 1}]}])
    beat(0, group="o", SubscribedTopicNames=["t"])
    ask("ReadShareGroupState", 0, GroupId="", Topics=[{"TopicId": topic, "Partitions": [{"Partition": 0, "LeaderEpoch": 0}]}])
    ask("ReadShareGroupState", 0, GroupId="none", Topics=[{"TopicId": topic, "Partitions": [{"Partition": 0, "LeaderEpoch": 0}]}])
    ask("ReadShareGroupStateSummary", 1, GroupId="none", Topics=[{"TopicId": topic, "Partitions": [{"Partition": 0, "LeaderEpoch": 0}]}])
    one = {"Partition": 0, "StateEpoch": 1, "LeaderEpoch": 0, "StartOffset": 0, "StateBatches": []}
    ask("WriteShareGroupState", 1, GroupId="none", Topics=[{"TopicId": topic, "Partitions": [one]}])
    ask("InitializeShareGroupState", 0, GroupId="new", Topics=[{"TopicId": topic, "Partitions": [{"Partition": 0, "StateEpoch": 3, "StartOffset": 5}]}])
    ask("InitializeShareGroupState", 0, GroupId="new", Topics=[{"TopicId": topic, "Partitions": [{"Partition": 0, "StateEpoch": 2, "StartOffset": 5}]}])
    batches = [{"FirstOffset": 5, "LastOffset": 6, "DeliveryState": 2, "DeliveryCount": 1}, {"FirstOffset": 8, "LastOffset": 9, "DeliveryState": 0, "DeliveryCount": 2}]
    for state_epoch, leader_epoch in ((3, 1), (2, 1), (3, 0), (4, 1)):
        one = {"Partition": 0, "StateEpoch": state_epoch, "LeaderEpoch": leader_epoch, "StartOffset": 5, "StateBatches": batches}
        ask("WriteShareGroupState", 1, GroupId="new", Topics=[{"TopicId": topic, "Partitions": [one]}])
        ask("ReadShareGroupState", 0, GroupId="new", Topics=[{"TopicId": topic, "Partitions": [{"Partition": 0, "LeaderEpoch": leader_epoch}]}])
    ask("ReadShareGroupStateSummary", 1, GroupId="new", Topics=[{"TopicId": topic, "Partitions": [{"Partition": 0, "LeaderEpoch": 1}]}])
    ask("DeleteShareGroupState", 0, GroupId="new", Topics=[state])
    ask("DeleteShareGroupState", 0, GroupId="new", Topics=[state])
    ask("ReadShareGroupState", 0, GroupId="new", Topics=[{"TopicId": topic, "Partitions": [{"Partition": 0, "LeaderEpoch": 1}]}])


def streams(ask):
    settings = {"streams.initial.rebalance.delay.ms": "0", "streams.assignment.interval.ms": "0"}
    for group in ("st", "sr"):
        configs = [{"Name": key, "ConfigOperation": 0, "Value": value} for key, value in settings.items()]
        ask("IncrementalAlterConfigs", Resources=[{"ResourceType": 32, "ResourceName": group, "Configs": configs}])
    ask("IncrementalAlterConfigs", Resources=[{"ResourceType": 32, "ResourceName": "st", "Configs": [
        {"Name": "streams.num.standby.replicas", "ConfigOperation": 0, "Value": "3"}]}])
    ask("CreateTopics", 7, Topics=[{"Name": name, "NumPartitions": count, "ReplicationFactor": 1} for name, count in (("si", 2), ("sj", 3))])

    def own(name, count=0, **configs):
        return {"Name": name, "Partitions": count, "ReplicationFactor": 0,
                "TopicConfigs": [{"Key": key, "Value": value} for key, value in configs.items()]}

    def part(name, sources=(), repartition=(), sinks=(), changelogs=(), together=(), regexes=()):
        return {"SubtopologyId": name, "SourceTopics": list(sources), "SourceTopicRegex": list(regexes), "StateChangelogTopics": list(changelogs),
                "RepartitionSinkTopics": list(sinks), "RepartitionSourceTopics": list(repartition),
                "CopartitionGroups": [{"SourceTopics": list(s), "SourceTopicRegex": [], "RepartitionSourceTopics": list(r)} for s, r in together]}

    counting = [part("0", ["si"], sinks=["st-r"]), part("1", repartition=[own("st-r")], changelogs=[own("st-log")])]

    def tasks(**ids):
        return [{"SubtopologyId": key[1:], "Partitions": numbers} for key, numbers in ids.items()]

    def beat(epoch, group="st", member="m", parts=counting, topology_epoch=1, owns=None, told=-1, **more):
        joins = epoch == 0
        fields = {"RebalanceTimeoutMs": 60000, "Topology": {"Epoch": topology_epoch, "Subtopologies": parts}, "ActiveTasks": [],
                  "StandbyTasks": [], "WarmupTasks": [], "ProcessId": member} if joins else {"RebalanceTimeoutMs": -1}
        if owns is not None:
            fields |= {"ActiveTasks": owns, "StandbyTasks": [], "WarmupTasks": []}
        return ask("StreamsGroupHeartbeat", 0, GroupId=group, MemberId=member, MemberEpoch=epoch, EndpointInformationEpoch=told,
                   **(fields | more))

    def describe(*groups):
        ask("StreamsGroupDescribe", 0, GroupIds=list(groups), IncludeAuthorizedOperations=True)

    describe("st", "")
    # What cannot be.
    beat(3)
    beat(-1)
    beat(-2)
    beat(-2, InstanceId="i")
    beat(-3)
    beat(0, group="")
    beat(0, member="")
    beat(0, RackId="")
    beat(0, InstanceId="i")
    beat(0, TaskOffsets=[])
    beat(0, RebalanceTimeoutMs=-1)
    beat(0, Topology=None)
    beat(0, ActiveTasks=tasks(_0=[0]))
    beat(0, WarmupTasks=tasks(_0=[0]))
    beat(0, parts=[part("0", ["si"], regexes=["s.*"])])
    beat(0, parts=[part("0", ["si"], changelogs=[own("st-log", 3)])])
    beat(0, parts=[part("0", ["__consumer_offsets"])])
    beat(0, parts=[part("0", ["si"], repartition=[own("st-r")])])
    beat(0, parts=[part("0", repartition=[own("st-r")], sinks=["st-q"]), part("1", repartition=[own("st-q")], sinks=["st-r"])])
    ask("ListGroups", 5, TypesFilter=["streams"])
    # Topics are missing, then there.
    epoch = beat(0, group="sr", parts=[part("0", ["nope"])])["MemberEpoch"]
    describe("sr")
    beat(epoch, group="sr")
    epoch = beat(0, group="sr", member="n", parts=[part("0", ["nope"])])["MemberEpoch"]
    beat(-1, group="sr")
    beat(-1, group="sr", member="n")
    epoch = beat(0)["MemberEpoch"]
    made = {"st-r", "st-log"}
    ask("Metadata", 12, Topics=[{"TopicId": ZERO, "Name": name} for name in sorted(made)],
        until=lambda answer: all(topic["ErrorCode"] == 0 for topic in answer["Topics"]))
    # In Kafka the coordinator hears of it a little later.
    ask.published()
    ask("DescribeConfigs", 4, Resources=[{"ResourceType": 2, "ResourceName": "st-log", "ConfigurationKeys": ["cleanup.policy"]}])
    epoch = beat(epoch)["MemberEpoch"]
    describe("st")
    beat(epoch)
    beat(epoch - 1)
    beat(epoch - 1, owns=tasks(_0=[0]))
    beat(epoch + 7)
    beat(epoch, member="other")
    beat(epoch, owns=tasks(_0=[7]))
    beat(epoch, owns=tasks(_7=[0]))
    beat(epoch, ActiveTasks=[])
    beat(epoch, Topology={"Epoch": 1, "Subtopologies": counting})
    # Others come: another topology, an older one, a part of the tasks.
    beat(0, member="o", parts=[part("0", ["si"])])
    beat(0, member="o", parts=[part("0", ["si"])], topology_epoch=2)
    beat(0, member="o", parts=[part("0", ["si"])], topology_epoch=0)
    beat(-1, member="o")
    epoch = beat(epoch)["MemberEpoch"]
    other = beat(0, member="o", UserEndpoint={"Host": "h", "Port": 60000}, ClientTags=[{"Key": "k", "Value": "v"}])["MemberEpoch"]
    epoch = beat(epoch)["MemberEpoch"]
    epoch = beat(epoch, owns=tasks(_0=[0], _1=[0]))["MemberEpoch"]
    other = beat(other, member="o")["MemberEpoch"]
    epoch = beat(epoch)["MemberEpoch"]
    describe("st")
    # Offsets, by epochs.
    for generation, member in ((epoch, "m"), (epoch - 1, "m"), (epoch + 1, "m"), (epoch, "nobody"), (-1, "")):
        partitions = [{"PartitionIndex": index, "CommittedOffset": 5, "CommittedLeaderEpoch": -1, "CommittedMetadata": ""} for index in (0, 1)]
        for version in (8, 9):
            ask("OffsetCommit", version, GroupId="st", GenerationIdOrMemberEpoch=generation, MemberId=member,
                Topics=[{"Name": "si", "Partitions": partitions}])
        ask("OffsetFetch", 9, Groups=[{"GroupId": "st", "MemberId": member or None, "MemberEpoch": generation,
                                       "Topics": [{"Name": "si", "PartitionIndexes": [0, 1]}]}])
    ask("OffsetDelete", 0, GroupId="st", Topics=[{"Name": "si", "Partitions": [{"PartitionIndex": 0}]}])
    # Other kinds keep away, and it from them.
    ask("ConsumerGroupHeartbeat", 1, GroupId="st", MemberId="x", MemberEpoch=0, RebalanceTimeoutMs=1000, SubscribedTopicNames=["si"],
        TopicPartitions=[])
    ask("ShareGroupHeartbeat", 1, GroupId="st", MemberId="x", MemberEpoch=0, SubscribedTopicNames=["si"])
    ask("JoinGroup", 5, GroupId="st", SessionTimeoutMs=60000, RebalanceTimeoutMs=60000, ProtocolType="consumer",
        Protocols=[{"Name": "range", "Metadata": b""}])
    ask("DescribeGroups", 6, Groups=["st"])
    ask("ConsumerGroupDescribe", 1, GroupIds=["st"])
    ask("ListGroups", 5, StatesFilter=["stable"], TypesFilter=["streams"])
    ask("DeleteGroups", 2, GroupsNames=["st"])
    # One asks all to shut down; they go.
    beat(other, member="o", ShutdownApplication=True)
    beat(epoch)
    beat(-1)
    beat(-1, member="o")
    describe("st")
    ask("OffsetDelete", 0, GroupId="st", Topics=[{"Name": "si", "Partitions": [{"PartitionIndex": 0}]}])
    # The topics do not fit together.
    beat(0, group="sr", member="p", parts=[part("0", ["si", "sj"], together=[([0, 1], [])])])
    ask("DeleteGroups", 2, GroupsNames=["sr"])
    beat(0, group="sr", member="p", parts=[part("0", ["si", "sj"], together=[([0, 1], [])])])
    beat(-1, group="sr", member="p")
    ask("DeleteGroups", 2, GroupsNames=["sr"])
    beat(0, group="sr", member="p", parts=[part("0", ["si"], sinks=["st-r"]), part("1", ["sj"], repartition=[own("st-r", 2)], together=[([0], [0])])])
    beat(-1, group="sr", member="p")
    ask("DeleteGroups", 2, GroupsNames=["sr", "st"])
    ask("ListGroups", 5, TypesFilter=["streams"])


ALL = [topics, epochs, replicas, cluster, quotas, security, settings, groups, shares, streams, *logs.ALL, *members.ALL]
