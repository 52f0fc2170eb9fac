#!/usr/bin/env python3
"""Writes made-up logs of agents' runs. The same arguments give the same bytes.

    generate.py OUT --layout mixed --runs 200000          the logs of five sources
    generate.py OUT --layout one --bytes 1000000000       one log of one source
    generate.py OUT --layout small --runs 100000          a log a run, 1,000 to a folder

--days is over how many UTC days the runs are spread, in order; it changes only the digits of times, no length. Prints
what was written as JSON: files, bytes, records, longest record in bytes.
"""

import argparse
import datetime
import hashlib
import itertools
import json
import math
import pathlib
import random
import shutil

from texts import NAMES, Pool

END = datetime.datetime(2026, 10, 1)
MODELS = ["pine-large", "fern-mini", "moss-2", "oak-3-pro", "reed-coder"]
HERE = pathlib.Path(__file__).resolve().parent


class Writer:
    """Log files, and what they come to."""

    def __init__(self, folder):
        self.folder, self.open, self.closed = folder, {}, 0
        self.bytes, self.records, self.longest = 0, 0, 0

    def append(self, name, line):
        """One record more at the end of a log that stays open."""
        data = line.encode()
        file = self.open.get(name)
        if file is None:
            file = self.open[name] = self.create(name)
        file.write(data)
        self.count(data)
        self.bytes += len(data)

    def whole(self, name, head, records, tail):
        """A log that is written at once, with commas between its records."""
        parts = [record.encode() for record in records]
        data = head.encode() + b",\n".join(parts) + tail.encode()
        with self.create(name) as file:
            file.write(data)
        for part in parts:
            self.count(part)
        self.closed += 1
        self.bytes += len(data)

    def count(self, record):
        self.records += 1
        self.longest = max(self.longest, len(record))

    def create(self, name):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "wb", buffering=1 << 20)

    def close(self):
        for file in self.open.values():
            file.close()
        count = len(self.open) + self.closed
        return {"files": count, "bytes": self.bytes, "records": self.records, "longest_record": self.longest}


class Runs:
    """Records, one after the other. `progress` runs from 0 to 1 over the set and gives each its time."""

    def __init__(self, seed, days):
        self.rng, self.pool, self.seed = random.Random(seed), Pool(seed), seed
        self.begin = END - datetime.timedelta(days=days)
        self.seconds = days * 86400 - 1
        self.number = 0

    def time(self, progress):
        at = self.begin + datetime.timedelta(seconds=int(self.seconds * progress))
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")

    def text(self, median, escaped=False, spread=0.9):
        """A title with a number that makes it the only one of its kind, then pieces up to a log-normal length."""
        rng, pool = self.rng, self.pool.escaped if escaped else self.pool.plain
        titles = self.pool.titles_escaped if escaped else self.pool.titles
        want = median * math.exp(rng.gauss(0, spread))
        if self.number % 40_000 == 777:
            want = 1_000_000
        parts = [f"{titles[int(rng.random() * len(titles))]} ({self.number})"]
        have = len(parts[0])
        while have < want:
            part = pool[int(rng.random() * len(pool))]
            parts.append(part)
            have += len(part) + 4
        return "\\n\\n".join(parts)

    def task(self):
        """Five runs a task, more or less: a number, and a prompt that depends only on it."""
        number = self.number // 5 if self.rng.random() < 0.9 else self.number
        return number, self.pool.plain[number * 7919 % len(self.pool.plain)]

    def hex(self, length):
        return hashlib.sha256(f"{self.seed}/{self.number}".encode()).hexdigest()[:length]

    def fix(self, progress, median=560):
        self.number += 1
        rng, (task, prompt) = self.rng, self.task()
        tests = rng.choices(("passed", "passed with warnings", "failed", "not run"), (55, 15, 20, 10))[0]
        files = ", ".join(f'"src/{rng.choice(NAMES)}/{rng.choice(NAMES)}.py"' for _ in range(rng.randint(1, 3)))
        return (
            f'{{"run": "fix-{self.number:08d}", "bug": "bug-{task % 9}:{task}", "started": "{self.time(progress)}", '
            f'"model": "{MODELS[self.number % 5]}", "issue": "{prompt}", "answer": "{self.text(median)}", '
            f'"files": [{files}], "tests": "{tests}", "ms": {rng.randint(900, 400000)}, "usd": {rng.random():.4f}, '
            f'"attempt": {rng.randint(1, 4)}, "host": "runner-{rng.randint(1, 40)}", '
            f'"usage": {{"in": {rng.randint(100, 90000)}, "out": {rng.randint(10, 9000)}}}}}\n'
        )

    def review(self, progress):
        self.number += 1
        rng = self.rng
        grounded, made = rng.choice((1.0, 0.95, 0.8, 0.5, 0.25)), rng.randint(1, 20)
        return (
            f'{{"at":"{self.time(progress)}","file":"src/{rng.choice(NAMES)}.swift","commit":"{self.hex(40)}",'
            f'"review":"{self.text(480, escaped=True)}","claims":{{"fraction":{grounded},"made":{made}}},'
            f'"duration_s":{rng.random() * 90:.2f}}}\n'
        )

    def session(self, progress):
        self.number += 1
        rng, (task, prompt) = self.rng, self.task()
        messages = [f'{{"role": "system", "content": "Answer in SQL."}}, {{"role": "user", "content": "{prompt}"}}']
        for call in range(rng.randint(0, 2)):
            messages.append(
                f'{{"role": "assistant", "content": null, "tool_calls": [{{"id": "call_{call}", "type": "function", '
                f'"function": {{"name": "query", "arguments": "{{\\"table\\": \\"{rng.choice(NAMES)}\\"}}"}}}}]}}'
            )
            found = rng.choice(self.pool.plain)
            messages.append(f'{{"role": "tool", "tool_call_id": "call_{call}", "content": "{found}"}}')
        messages.append(f'{{"role": "assistant", "content": "{self.text(360)}"}}')
        return (
            f'{{"id": "s{self.number:08d}", "task": "sql-{task}", "at": "{self.time(progress)}", '
            f'"question": "{prompt}", "score": {rng.choice((1.0, 1.0, 0.97, 0.7, 0.2, 0))}, '
            f'"messages": [{", ".join(messages)}]}}'
        )

    def look(self, progress):
        """A judgement about a run of `fixes` that was written before; some say what its own verdict does not."""
        found = self.rng.choice(("good", "half", "bad"))
        about = self.rng.randint(1, max(1, self.number))
        return (
            f'{{"at":"{self.time(progress)}","run_id":"fix-{about:08d}","found":"{found}","by":"reader {about % 7}",'
            f'"note":"{self.rng.choice(self.pool.titles)}"}}\n'
        )


def mixed(runs, writer, done, progress):
    """200 runs to a round. 70 % of them are fixes, 20 % reviews, 10 % sessions; beside them judgements, a line cut
    off in the middle now and then, and a line that stands twice."""
    for part in itertools.count():
        sessions = []
        for _ in range(100):
            at = progress(runs, writer)
            for _ in range(140):
                line = runs.fix(at)
                log = f"logs/fixes/{runs.number % 4}.jsonl"
                writer.append(log, line)
                if runs.number % 4000 == 1:
                    writer.append(log, line)
                if runs.number % 9000 == 5:
                    writer.append(log, line[: len(line) // 2].rstrip("\\") + "\n")
            for _ in range(40):
                line = runs.review(at)
                writer.append(f"logs/reviews/{MODELS[runs.number % 5]}.jsonl", line)
            sessions += [runs.session(at) for _ in range(20)]
            for _ in range(6):
                writer.append("logs/looks.jsonl", runs.look(at))
            if done(runs, writer):
                break
        head = f'{{"model": "{MODELS[part % 5]}", "provider": "made up", "results": [\n'
        writer.whole(f"logs/sessions/{part:05d}.json", head, sessions, "\n]}\n")
        if done(runs, writer):
            return


def one(runs, writer, done, progress):
    while not done(runs, writer):
        writer.append("logs/fixes/0.jsonl", runs.fix(progress(runs, writer)))


def small(runs, writer, done, progress):
    while not done(runs, writer):
        line = runs.fix(progress(runs, writer), median=200)
        writer.whole(f"logs/fixes/{runs.number // 1000:04d}/run-{runs.number:07d}.jsonl", "", [line], "")


LAYOUTS = {"mixed": mixed, "one": one, "small": small}


def generate(out, layout, runs=None, size=None, days=60, seed=1):
    """Writes logs and `distill.yaml` to the folder `out`, which must be empty or not there. One of `runs` and `size`
    (bytes)."""
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    writer = Writer(out)
    source = Runs(seed, days)
    done = (lambda r, w: r.number >= runs) if runs else (lambda r, w: w.bytes >= size)
    progress = (lambda r, w: min(1, r.number / runs)) if runs else (lambda r, w: min(1, w.bytes / size))
    LAYOUTS[layout](source, writer, done, progress)
    configuration = "mixed" if layout == "mixed" else "fixes"
    shutil.copy(HERE / "workspaces" / f"{configuration}.yaml", out / "distill.yaml")
    return writer.close() | {"runs": source.number}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--layout", choices=LAYOUTS, default="mixed")
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--runs", type=int)
    size.add_argument("--bytes", type=int)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(
        json.dumps(
            generate(arguments.out, arguments.layout, arguments.runs, arguments.bytes, arguments.days, arguments.seed)
        )
    )


if __name__ == "__main__":
    main()
