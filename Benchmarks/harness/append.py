#!/usr/bin/env python3
"""append.py LOG: appends one run to a log of `fixes`, with an id that no other run has."""

import json
import os
import sys


def main(log):
    size = os.path.getsize(log)
    line = json.dumps(
        {
            "run": f"appended-{size}",
            "bug": f"bug-0:appended-{size}",
            "started": "2026-09-30T23:59:59Z",
            "model": "pine-large",
            "issue": "One more.",
            "answer": f"One more line, at byte {size}.",
            "files": ["src/orders/cache.py"],
            "tests": "passed",
            "ms": 1000,
            "usd": 0.01,
            "attempt": 1,
            "host": "runner-1",
            "usage": {"in": 1, "out": 1},
        }
    )
    with open(log, "a") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
