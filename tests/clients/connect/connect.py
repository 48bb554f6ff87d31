"""Kafka Connect, one distributed worker, against a broker: lines of a file become records, and records lines of another.

The source writes in transactions (exactly.once.source.support), so even a killed worker may neither lose nor double a line
on its way into the topic. A sink writes its file at least once: there only a worker that ends in order doubles nothing.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from points import BOOTSTRAP, RESTART, equal, finish, point, restart, unique

WAIT_S = 180
work = tempfile.mkdtemp()
name = unique("connect")
source, sink = f"{work}/source.txt", f"{work}/sink.txt"
worker = None
written = 0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


port = free_port()


def until(what, holds):
    end = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"not within {WAIT_S} s: {what}")
        time.sleep(0.1)


def ask(method, path, body=None):
    """None while the worker is not ready to answer: it is starting, or its group rebalances."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method,
                                     data=None if body is None else json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        if error.code in (404, 409, 500, 503):
            print(f"{method} {path}: {error.code} {error.read()[:300]}", file=sys.stderr)
            return None
        raise
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def start_worker():
    global worker
    settings = {
        "bootstrap.servers": BOOTSTRAP, "group.id": name, "listeners": f"http://127.0.0.1:{port}",
        "plugin.discovery": "hybrid_warn",
        "config.storage.topic": f"{name}-configs", "config.storage.replication.factor": 1,
        "offset.storage.topic": f"{name}-offsets", "offset.storage.replication.factor": 1, "offset.storage.partitions": 3,
        "status.storage.topic": f"{name}-status", "status.storage.replication.factor": 1, "status.storage.partitions": 2,
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        "exactly.once.source.support": "enabled", "offset.flush.interval.ms": 500,
        # A killed worker's tasks are free after this long.
        "session.timeout.ms": 6000, "heartbeat.interval.ms": 500, "scheduled.rebalance.max.delay.ms": 0,
        "connector.client.config.override.policy": "All",
    }
    with open(f"{work}/worker.properties", "w", encoding="utf-8") as file:
        file.writelines(f"{key}={value}\n" for key, value in settings.items())
    worker = subprocess.Popen(
        ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", os.environ["LIB"] + "/*",
         "-Dlog4j2.configurationFile=" + os.environ["LOG4J"], "org.apache.kafka.connect.cli.ConnectDistributed",
         f"{work}/worker.properties"], stdout=sys.stderr)

    def ready():
        if worker.poll() is not None:
            raise AssertionError(f"the worker ended: {worker.returncode}")
        return ask("GET", "/connectors") is not None

    until("the worker answers", ready)


def connector(kind, config):
    until(f"{kind} is taken", lambda: ask("PUT", f"/connectors/{kind}/config", config) is not None)


def running(kind):
    def holds():
        state = ask("GET", f"/connectors/{kind}/status")
        states = [task["state"] for task in state["tasks"]] + [state["connector"]["state"]] if state else []
        if "FAILED" in states:
            raise AssertionError(str(state)[:2000])
        return len(states) == 2 and set(states) == {"RUNNING"}

    until(f"{kind} runs", holds)


def write(count):
    global written
    with open(source, "a", encoding="utf-8") as file:
        file.writelines(f"line {i}\n" for i in range(written, written + count))
    written += count


def lines():
    return [f"line {i}" for i in range(written)]


def sunk():
    if not os.path.exists(sink):
        return []
    with open(sink, encoding="utf-8") as file:
        return file.read().splitlines()


def all_sunk():
    until(f"{written} lines in the sink's file", lambda: len(set(sunk())) >= written)


def from_file_to_file():
    write(500)
    start_worker()
    connector("source", {"connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector", "tasks.max": 1,
                         "file": source, "topic": f"{name}-lines", "exactly.once.support": "required"})
    connector("sink", {"connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "tasks.max": 1,
                       "file": sink, "topics": f"{name}-lines", "consumer.override.isolation.level": "read_committed",
                       "consumer.override.metadata.max.age.ms": 1000,
                       # The sink's consumer is in a group of its own: a killed one's partition is free after this long.
                       "consumer.override.session.timeout.ms": 6000, "consumer.override.heartbeat.interval.ms": 500})
    running("source")
    running("sink")
    all_sunk()
    equal(lines(), sunk(), "lines")


def ended_and_started():
    """What was written while no worker ran comes, too; connectors and offsets are kept in topics."""
    worker.terminate()
    worker.wait(180)
    write(500)
    start_worker()
    running("source")
    running("sink")
    all_sunk()
    equal(lines(), sunk(), "lines")


def killed_and_started():
    for _ in range(5):
        write(200)
        time.sleep(0.1)
    worker.kill()
    worker.wait()
    write(500)
    start_worker()
    all_sunk()


def broker_killed():
    write(300)
    restart()
    write(300)
    all_sunk()


def exactly_once():
    command = ["java", "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", os.environ["KAFKA_LIB"] + "/*",
               "-Dlog4j2.configurationFile=" + os.environ["LOG4J"], "org.apache.kafka.tools.consumer.ConsoleConsumer",
               "--bootstrap-server", BOOTSTRAP, "--topic", f"{name}-lines", "--partition", "0", "--offset", "earliest",
               "--isolation-level", "read_committed", "--timeout-ms", "10000"]
    read = subprocess.run(command, capture_output=True, text=True, timeout=180)
    equal(lines(), read.stdout.splitlines(), "records of the topic")


def removed():
    for kind in ("sink", "source"):
        until(f"{kind} is removed", lambda kind=kind: ask("DELETE", f"/connectors/{kind}") is not None)
    until("no connector is left", lambda: ask("GET", "/connectors") == [])


try:
    point("a file becomes a topic and a file", from_file_to_file)
    point("worker ended and started: every line once", ended_and_started)
    point("worker killed and started: nothing lost", killed_and_started)
    if RESTART:
        point("broker killed and restarted: nothing lost", broker_killed)
    point("the source's records: exactly once", exactly_once)
    point("connectors removed", removed)
finally:
    if worker is not None and worker.poll() is None:
        worker.terminate()
        try:
            worker.wait(20)
        except subprocess.TimeoutExpired:
            worker.kill()
    shutil.rmtree(work, ignore_errors=True)
finish()
