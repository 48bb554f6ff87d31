"""Runs points of a client's check: `ok NAME` or `not ok NAME: reason`, exit code 1 if any failed."""

import os
import subprocess
import sys
import time
import traceback
import uuid

BOOTSTRAP = os.environ["BOOTSTRAP"]
RESTART = os.environ.get("RESTART")
# Only a hang takes this long, on a slow machine too.
WAIT_S = 90
failed = False


def point(name, body, *args):
    global failed
    began = time.monotonic()
    try:
        body(*args)
        print(f"ok {name} ({time.monotonic() - began:.1f} s)", flush=True)
    except Exception as error:  # noqa: BLE001 a point may fail in any way
        failed = True
        print(f"not ok {name}: {type(error).__name__} {error}".replace("\n", " "), flush=True)
        traceback.print_exc()


def unique(name):
    return f"{name}-{uuid.uuid4().hex[:8]}"


def equal(expected, actual, what):
    if expected != actual:
        raise AssertionError(f"{what}: expected {str(expected)[:200]}, got {str(actual)[:200]}")


def until(what, holds):
    end = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"not within {WAIT_S} s: {what}")


def restart():
    """Kills the broker (kill -9) and starts it again on the same data and port."""
    subprocess.run(RESTART, shell=True, check=True, timeout=240, stdout=subprocess.DEVNULL)


def finish():
    sys.exit(1 if failed else 0)
