"""One side of a comparison: a system that bench/peers starts on an empty folder, under one load."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
PEERS = TOP / "bench/peers"
LOADGEN = os.environ.get("HEADWATER", str(TOP / "target/release/headwater"))

SYSTEMS = {
    "Headwater durable": "headwater",
    "Headwater relaxed": "headwater-relaxed",
    "Kafka unsynced": "kafka",
    "Kafka synced": "kafka-synced",
}


def end_in_order():
    """A SIGTERM ends Python without a word to `finally`, and brokers and gigabytes would be left behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def prepare(systems):
    """Fetches what a system needs, before anything is measured."""
    end_in_order()
    if any(SYSTEMS[system].startswith("kafka") for system in systems):
        subprocess.run([TOP / "tests/kafka/install"], check=True, capture_output=True)


class Failed(Exception):
    """A run without a result: it lost a record, or it did not come to its end."""


def run(system, flags, folder, settings=()):
    """The report of one run of the load generator on a fresh broker with these settings besides, and how many bytes its
    segments had at the end (`data_bytes`)."""
    state = folder / "state"
    shutil.rmtree(state, ignore_errors=True)
    # What the system before left to be written or discarded is not this one's to pay.
    os.sync()
    time.sleep(3)
    peer = PEERS / SYSTEMS[system]
    started = subprocess.run([peer, "start", state, *settings], capture_output=True, text=True)
    if started.returncode != 0:
        raise Failed(f"{system} did not start: {started.stderr}")
    address = started.stdout.strip()
    try:
        report = folder / "report.json"
        command = [LOADGEN, "loadgen", "run", "--bootstrap", address, "--broker-pid", (state / "pid").read_text().strip(),
                   "--json", report, *flags]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode != 0:
            words = " ".join(str(flag) for flag in flags)
            raise Failed(f"{system}, {words}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        found = json.loads(report.read_text())
        found["data_bytes"] = sum(segment.stat().st_blocks * 512 for segment in (state / "data").rglob("0*.log"))
        return found
    finally:
        subprocess.run([peer, "stop", state], capture_output=True)
        shutil.rmtree(state, ignore_errors=True)


def cpu(report):
    """Broker CPU: seconds a gigabyte, microseconds a record."""
    records = report["achieved_per_s"] * report["measured_s"]
    return (report["broker_cpu_s"] * 1e9 / max(report["achieved_bytes_per_s"] * report["measured_s"], 1),
            report["broker_cpu_s"] * 1e6 / max(records, 1))


def plain(name):
    """A name that is a file's anywhere, and that `loadgen compare` does not split."""
    return "".join(c if c.isalnum() else "-" for c in name)


def keep(folder, name, report):
    """Keeps a report; answers where."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (plain(name) + ".json")
    path.write_text(json.dumps(report))
    return str(path)


def page(folder, name, files):
    """One HTML page that compares the reports of several systems."""
    sides = [f"{system}={','.join(paths)}" for system, paths in files.items()]
    path = folder / (plain(name) + ".html")
    subprocess.run([LOADGEN, "loadgen", "compare", *sides, "--html", path], check=True, capture_output=True)
    return path
