"""Asks two brokers the same and compares the answers field by field: compare.py KAFKA-ADDRESS HEADWATER-ADDRESS.

Prints each difference that is not in differences.tsv, and each line there that stands for none; exits 1 if there is one.
"""

import os
import re
import sys
import time

import questions
import wire

# What is another each time, or each broker's own.
OWN = {
    "ClusterId", "Host", "Port", "TopicId", "LogDir", "LastFetchTimestamp", "LastCaughtUpTimestamp", "HighWatermark@DescribeQuorum",
    "LogEndOffset", "ReplicaDirectoryId", "ThrottleTimeMs", "LeaderEpoch@DescribeQuorum",
}
# Lists whose order means nothing.
UNORDERED = {"Entries", "Entity", "Values", "TransactionStates", "ConfigResources", "ReplicaElectionResults", "Configs", "Topics", "Responses", "Groups"}


def settle(connection):
    """A topic that was made may take Kafka a moment to serve; both wait until theirs is there."""
    for _ in range(100):
        reply = connection.call("ListOffsets", 7, ReplicaId=-1, Topics=[{"Name": "t", "Partitions": [{"PartitionIndex": 0, "CurrentLeaderEpoch": -1, "Timestamp": -1}]}])
        if reply["Topics"][0]["Partitions"][0]["ErrorCode"] == 0:
            return
        time.sleep(0.1)


def answers(address):
    """Label and answer of each question."""
    out = []
    state = {"connection": wire.Connection(address)}

    def ask(api, version=None, until=None, **fields):
        """Asks, again until an answer is as `until` says if that is given; the last answer."""
        name = api + "Request"
        versions = [version] if version is not None else range(wire.oldest(name), wire.newest(name) + 1)
        for one in versions:
            try:
                answer = state["connection"].call(api, one, **fields)
                for _ in range(100):
                    if until is None or until(answer):
                        break
                    time.sleep(0.1)
                    answer = state["connection"].call(api, one, **fields)
            except wire.Closed:
                answer = "the connection was closed"
                state["connection"] = wire.Connection(address)
            out.append((api, f"{api} v{one} {fields}", answer))
            if api in ("CreateTopics", "AlterClientQuotas", "IncrementalAlterConfigs"):
                # In Kafka the broker hears of it a little after the controller has answered.
                time.sleep(0.05)
        if api == "CreateTopics":
            settle(state["connection"])
        return answer

    for topic in questions.ALL:
        topic(ask)
    return out


def canonical(value, field=""):
    """A value with the lists whose order means nothing in one order."""
    if isinstance(value, dict):
        return {key: canonical(value[key], key) for key in sorted(value)}
    if isinstance(value, list):
        items = [canonical(item) for item in value]
        return sorted(items, key=repr) if field in UNORDERED else items
    return value


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
    elif left != right:
        yield path, left, right


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "differences.tsv"), encoding="utf-8") as file:
        meant = [line.rstrip("\n").split("\t") for line in file if line.strip() and not line.startswith("#")]
    used, found = set(), 0
    asked = list(zip(answers(sys.argv[1]), answers(sys.argv[2])))
    for (api, label, left), (_, _, right) in asked:
        for path, one, other in differences(api, api, canonical(left), canonical(right)):
            known = [n for n, (where, what, _) in enumerate(meant) if re.fullmatch(where, path) and re.search(what, f"{one!r} / {other!r}")]
            if known:
                used.update(known)
                continue
            found += 1
            print(f"{label[:300]}\n  {path}: Kafka {str(one)[:200]!r}, Headwater {str(other)[:200]!r}")
    for n, line in enumerate(meant):
        if n not in used:
            found += 1
            print(f"no longer a difference: {line}")
    print(f"{len(asked)} answers compared, {found} differences that are not meant, {len(used)} kinds that are")
    sys.exit(1 if found else 0)


main()
