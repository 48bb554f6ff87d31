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
# No answer is one, too.
PATIENCE_S = 10
# Numbers that a broker makes up: the same where the other's are the same.
NUMBERED = {"SessionId", "ProducerId"}
# Moments of the broker's own clock.
MOMENTS = {"LogAppendTimeMs", "TransactionStartTimeMs"}
# Lists whose order means nothing.
UNORDERED = {
    "Entries", "Entity", "Values", "TransactionStates", "ConfigResources", "ReplicaElectionResults", "Configs", "Topics", "Responses", "Groups",
    "Members", "Assignments", "ActiveProducers", "Transactions", "ActivePartitions", "StandbyPartitions", "PartitionsByUserEndpoint",
    "Results", "ResultsByTopicV3AndBelow", "ResultsByPartition", "Partitions@OffsetDelete", "ResultsByTransaction", "TopicResults",
}


class Asker:
    """Asks one broker and keeps what it answered. Called like a function: see [`__call__`]."""

    def __init__(self, address):
        self.address = address
        self.connections = {}
        self.answers = []
        self.names = {}

    def connection(self, on):
        if on not in self.connections:
            self.connections[on] = wire.Connection(self.address, PATIENCE_S)
        return self.connections[on]

    def known_as(self, value, name):
        """A name that this broker made up is compared by this one."""
        if value:
            self.names[value] = name
        return value

    def _keep(self, api, version, fields, answer):
        self.answers.append((api, f"{api} v{version} {fields}", answer))
        return answer

    def __call__(self, api, version=None, until=None, on="", **fields):
        """Asks in this version, or in each that there is; again until an answer is as `until` says, if that is given. `on` names the
        connection. Answers the last answer."""
        name = api + "Request"
        versions = [version] if version is not None else range(wire.oldest(name), wire.newest(name) + 1)
        for one in versions:
            try:
                answer = self.connection(on).call(api, one, **fields)
                for _ in range(200):
                    if until is None or until(answer):
                        break
                    time.sleep(0.05)
                    answer = self.connection(on).call(api, one, **fields)
            except (wire.Closed, TimeoutError) as error:
                answer = "the connection was closed" if isinstance(error, wire.Closed) else "no answer"
                self.connections.pop(on).close()
            self._keep(api, one, fields, answer)
            if api in ("AlterClientQuotas", "IncrementalAlterConfigs"):
                # In Kafka the broker hears of it a little after the controller has answered.
                time.sleep(0.05)
        if api == "CreateTopics":
            for topic in fields["Topics"]:
                self._settle(topic["Name"])
        return answer

    def later(self, api, version, on, **fields):
        """Asks without waiting; what comes back waits, and answers."""
        connection = self.connection(on)
        connection.send(api, version, **fields)
        return lambda: self._keep(api, version, fields, connection.receive(api, version))

    def _settle(self, topic):
        """A topic that was made may take Kafka a moment to serve: waits until it is there, unless nothing was made."""
        asked = {"Name": topic, "Partitions": [{"PartitionIndex": 0, "CurrentLeaderEpoch": -1, "Timestamp": -1}]}
        for _ in range(100):
            known = self.connection("").call("Metadata", 9, Topics=[{"Name": topic}])["Topics"][0]["ErrorCode"]
            reply = self.connection("").call("ListOffsets", 7, ReplicaId=-1, Topics=[asked])
            if known == 17 or reply["Topics"][0]["Partitions"][0]["ErrorCode"] == 0 or known == 3 and topic not in self.made():
                return
            time.sleep(0.05)

    def made(self):
        """Names of topics whose making was answered without an error."""
        return {t["Name"] for api, label, answer in self.answers if api == "CreateTopics" and "'ValidateOnly': True" not in label
                for t in answer["Topics"] if t["ErrorCode"] == 0}


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
