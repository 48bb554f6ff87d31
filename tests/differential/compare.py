"""Asks two brokers the same and compares the answers field by field: compare.py KAFKA-ADDRESS HEADWATER-ADDRESS [FAMILY]...

Prints each difference that is not in differences.tsv, and each line there that stands for none; exits 1 if there is one.
"""

import concurrent.futures
import os
import re
import sys
import time

import questions
import wire

# What is another each time, or each broker's own.
OWN = {
    "ClusterId", "Host", "Port", "TopicId", "LogDir", "LastFetchTimestamp", "LastCaughtUpTimestamp", "HighWatermark@DescribeQuorum",
    "LogEndOffset", "ReplicaDirectoryId", "ThrottleTimeMs", "ProducerId@DescribeProducers", "LeaderEpoch@DescribeQuorum",
}
# Numbers that a broker makes up: the same where the other's are the same.
NUMBERED = {"SessionId", "ProducerId"}
# Moments of the broker's own clock.
MOMENTS = {"LogAppendTimeMs", "TransactionStartTimeMs"}
# Lists whose order means nothing.
UNORDERED = {
    "Entries", "Entity", "Values", "TransactionStates", "ConfigResources", "ReplicaElectionResults", "Configs", "Topics", "Responses", "Groups",
    "Members", "Assignments", "ActiveProducers", "Transactions", "ActivePartitions", "StandbyPartitions", "PartitionsByUserEndpoint",
    "Results", "ResultsByTopicV3AndBelow", "ResultsByPartition", "Partitions@OffsetDelete", "Partitions@OffsetCommit",
    "ResultsByTransaction", "TopicResults",
}


# An answer with one of these says that the broker has done nothing yet, and to ask again: LEADER_NOT_AVAILABLE, NOT_LEADER_OR_FOLLOWER,
# COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR, NOT_ENOUGH_REPLICAS (what Kafka says in Produce of the four
# before), CONCURRENT_TRANSACTIONS, OFFSET_NOT_AVAILABLE. Not REQUEST_TIMED_OUT or NOT_ENOUGH_REPLICAS_AFTER_APPEND: those may have done it.
NOT_YET = {5, 6, 14, 15, 16, 19, 51, 78}
# A machine on which anything that is waited for takes longer is not slow but stuck.
STUCK_S = 120
# What a controller decides, and the broker hears of a little later.
DECIDED = {
    "CreateTopics", "CreatePartitions", "DeleteTopics", "AlterClientQuotas", "IncrementalAlterConfigs", "AlterConfigs", "UpdateFeatures",
    "AlterUserScramCredentials",
}
# Its settings are changed to see how far the broker has come.
MARK = "mark"


def codes(answer):
    """Every error code in an answer."""
    if isinstance(answer, dict):
        for field, value in answer.items():
            if field.endswith("ErrorCode"):
                yield value
            else:
                yield from codes(value)
    elif isinstance(answer, list):
        for item in answer:
            yield from codes(item)


def key_in(partition, count, pattern):
    """A key made of `pattern` that falls into this one of `count` partitions of a coordinator's topic, by Java's hash of strings."""
    for number in range(1 << 20):
        key, found = pattern.format(f"w{number}"), 0
        for letter in key:
            found = 31 * found + ord(letter) & 0xFFFFFFFF
        if (found & 0x7FFFFFFF) % count == partition:
            return f"w{number}"
    raise ValueError(f"no key for partition {partition}")


class Asker:
    """Asks one broker and keeps what it answered. Called like a function: see [`__call__`].

    What passes by itself is never an answer: every coordinator has loaded before the first question (`_load`), an answer that says
    "not yet" is not taken (`_final`), and after a change the next question waits until the broker knows of it (`published`).
    """

    def __init__(self, address):
        self.address = address
        self.connections = {}
        self.answers = []
        self.names = {}
        self.changes = 0
        self._load()

    def connection(self, on):
        if on not in self.connections:
            self.connections[on] = wire.Connection(self.address, STUCK_S)
        return self.connections[on]

    def known_as(self, value, name):
        """A name that this broker made up is compared by this one."""
        if value:
            self.names[value] = name
        return value

    def _keep(self, api, version, fields, answer):
        self.answers.append((api, f"{api} v{version} {fields}", answer))
        return answer

    def _final(self, api, version, on="", until=None, again=None, **fields):
        """Asks until the answer is not one that passes by itself, and is as `until` says, with what `again` makes of the last answer."""
        end = time.monotonic() + STUCK_S
        while True:
            answer = self.connection(on).call(api, version, **fields)
            passing = NOT_YET.intersection(codes(answer))
            if not passing and (until is None or until(answer)):
                return answer
            if time.monotonic() > end:
                raise AssertionError(f"{self.address}: still not the answer that is waited for: {api} v{version} {fields}: {answer}")
            if again and not passing:
                fields |= again(answer)
            time.sleep(0.02)

    def __call__(self, api, version=None, on="", unanswered=None, **fields):
        """Asks in this version, or in each that there is. `on` names the connection. With `until`, asks again until the answer is as that
        says; `again` makes fields of the next question from the last answer. No answer within `unanswered` seconds is one, too.
        Answers the last answer."""
        name = api + "Request"
        versions = [version] if version is not None else range(wire.oldest(name), wire.newest(name) + 1)
        for one in versions:
            try:
                if unanswered is not None:
                    self.connection(on).patience(unanswered)
                answer = self._final(api, one, on, **fields)
            except wire.Closed:
                answer = "the connection was closed"
            except TimeoutError:
                if unanswered is None:
                    raise
                answer = "no answer"
            if isinstance(answer, str) or unanswered is not None:
                self.connections.pop(on).close()
            self._keep(api, one, {key: value for key, value in fields.items() if key not in ("until", "again")}, answer)
            if api in DECIDED:
                self.published()
        return answer

    def later(self, api, version, on, **fields):
        """Asks without waiting; what comes back waits, and answers."""
        connection = self.connection(on)
        connection.send(api, version, **fields)
        return lambda: self._keep(api, version, fields, connection.receive(api, version))

    def published(self):
        """Waits until the broker has heard of all that its controller has decided so far. A change that it shows may still be on its way
        to its parts (logs, coordinators), but one begins only when the one before has reached them all: hence two."""
        for _ in range(2):
            self.changes += 1
            value = str(1_000_000 + self.changes)
            change = {"Name": "retention.ms", "ConfigOperation": 0, "Value": value}
            self._final("IncrementalAlterConfigs", 1, Resources=[{"ResourceType": 2, "ResourceName": MARK, "Configs": [change]}])
            shown = {"ResourceType": 2, "ResourceName": MARK, "ConfigurationKeys": ["retention.ms"]}
            self._final("DescribeConfigs", 4, Resources=[shown], until=lambda answer: [config["Value"] for config in answer["Results"][0]["Configs"]] == [value])

    def _load(self):
        """Has the coordinators' topics made, and waits until each partition of them is loaded."""
        self._final("CreateTopics", 7, Topics=[{"Name": MARK, "NumPartitions": 1, "ReplicationFactor": 1}])
        self.published()
        group_of, topic_id = "{}", "00000000-0000-0000-0000-000000000001"
        kinds = [("__consumer_offsets", group_of), ("__transaction_state", group_of), ("__share_group_state", "{}:AAAAAAAAAAAAAAAAAAAAAQ:0")]
        for kind, (topic, pattern) in enumerate(kinds):
            self._final("FindCoordinator", 6, KeyType=kind, CoordinatorKeys=[pattern.format("w")])
            asked = {"TopicId": "00000000-0000-0000-0000-000000000000", "Name": topic}
            known = self._final("Metadata", 12, Topics=[asked], AllowAutoTopicCreation=False, until=lambda answer: answer["Topics"][0]["ErrorCode"] == 0)
            count = len(known["Topics"][0]["Partitions"])
            keys = [key_in(partition, count, pattern) for partition in range(count)]
            if kind == 0:
                self._final("DescribeGroups", 5, Groups=keys)
            elif kind == 1:
                self._final("DescribeTransactions", 0, TransactionalIds=keys)
            else:
                for key in keys:
                    one = {"TopicId": topic_id, "Partitions": [{"Partition": 0, "LeaderEpoch": 0}]}
                    self._final("ReadShareGroupStateSummary", 1, GroupId=key, Topics=[one])


def ask_all(address):
    """What the broker answered to every question."""
    asker = Asker(address)
    for family in questions.ALL:
        if len(sys.argv) < 4 or family.__name__ in sys.argv[3:]:
            family(asker)
    return asker


class Canonical:
    """Answers of one broker with what is its own made comparable."""

    def __init__(self, names):
        self.names = names
        self.numbers = {}
        self.api = ""

    def of(self, value, field=""):
        """A value with the names of this broker replaced, and lists whose order means nothing in one order."""
        if isinstance(value, dict):
            return {key: self.of(value[key], key) for key in sorted(value)}
        if isinstance(value, list):
            items = [self.of(item, field) for item in value]
            return sorted(items, key=repr) if field in UNORDERED or f"{field}@{self.api}" in UNORDERED else items
        if field in NUMBERED and isinstance(value, int) and value > 0:
            numbers = self.numbers.setdefault(field, {})
            return f"{field} {numbers.setdefault(value, len(numbers))}"
        if field in MOMENTS and isinstance(value, int) and value > 0:
            return "a moment"
        return self.names.get(value, value) if isinstance(value, str) else value


def differences(path, api, left, right):
    """Paths at which two answers differ."""
    field = path.rsplit(".", 1)[-1]
    if field in OWN or f"{field}@{api}" in OWN:
        return
    if isinstance(left, dict) and isinstance(right, dict):
        for key in left.keys() | right.keys():
            yield from differences(f"{path}.{key}", api, left.get(key), right.get(key))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for one, other in zip(left, right):
            yield from differences(path, api, one, other)
    elif isinstance(left, list) and isinstance(right, list):
        yield path, [item for item in left if item not in right], [item for item in right if item not in left]
    elif left != right:
        yield path, left, right


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "differences.tsv"), encoding="utf-8") as file:
        meant = [line.rstrip("\n").split("\t") for line in file if line.strip() and not line.startswith("#")]
    used, found = set(), 0
    with concurrent.futures.ThreadPoolExecutor() as both:
        kafka, headwater = both.map(ask_all, sys.argv[1:3])
    left_of, right_of = Canonical(kafka.names), Canonical(headwater.names)
    assert len(kafka.answers) == len(headwater.answers), "both were asked the same"
    for (api, label, left), (_, _, right) in zip(kafka.answers, headwater.answers):
        left_of.api = right_of.api = api
        for path, one, other in differences(api, api, left_of.of(left), right_of.of(right)):
            known = [n for n, (where, what, _) in enumerate(meant) if re.fullmatch(where, path) and re.search(what, f"{one!r} / {other!r}")]
            if known:
                used.update(known)
                continue
            found += 1
            print(f"{label[:300]}\n  {path}: Kafka {str(one)[:200]!r}, Headwater {str(other)[:200]!r}")
    for n, line in enumerate(meant):
        if n not in used and len(sys.argv) < 4:
            found += 1
            print(f"no longer a difference: {line}")
    print(f"{len(kafka.answers)} answers compared, {found} differences that are not meant, {len(used)} kinds that are")
    sys.exit(1 if found else 0)


main()
