"""Times with hyperfine, peak memory with GNU time."""

import dataclasses
import json
import os
import pathlib
import shlex
import subprocess
import tempfile


@dataclasses.dataclass
class Row:
    """One measured command. Times in seconds, memory in KiB (of the largest process); `bytes` is what has to be read
    and written, 0 where there is no saying."""

    name: str
    median: float
    least: float
    most: float
    memory: int
    bytes: int = 0


def environment():
    """The caller's, without what would change what the programs do."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DISTILL_", "DVC_", "GIT_"))}
    return kept | {
        "GIT_AUTHOR_NAME": "bench",
        "GIT_AUTHOR_EMAIL": "bench@localhost",
        "GIT_COMMITTER_NAME": "bench",
        "GIT_COMMITTER_EMAIL": "bench@localhost",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "DVC_NO_ANALYTICS": "1",
    }


def text(command):
    return shlex.join(str(word) for word in command)


def run(command, cwd=None, **options):
    """Runs to the end; a failure says what was run and what it said."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment(), capture_output=True, text=True, **options
    )
    if done.returncode != 0:
        raise SystemExit(f"{text(command)} ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


class Meter:
    """Measures commands: one run to warm up, `runs` that count, one more for the peak of memory."""

    def __init__(self, runs, say):
        self.runs, self.say = runs, say

    def row(self, name, command, cwd, prepare=None, size=0, runs=None):
        """`prepare` runs before each run and is not timed. `size`: bytes that the command has to read and write. `runs`:
        where they are fewer than of other commands."""
        times = self.times(command, cwd, prepare, runs or self.runs)
        row = Row(name, times["median"], times["min"], times["max"], self.peak(command, cwd, prepare), size)
        self.say(f"  {name}: {row.median:.3f} s ({row.least:.3f} to {row.most:.3f}), {row.memory // 1024} MiB")
        return row

    def once(self, name, command, cwd, prepare=None, size=0):
        """One run for time and memory, of what takes too long for more."""
        if prepare:
            run(prepare, cwd=cwd)
        elapsed, memory = self.measured(["-f", "%e %M"], command, cwd)
        self.say(f"  {name}: {float(elapsed):.3f} s, once, {int(memory) // 1024} MiB")
        return Row(name, float(elapsed), float(elapsed), float(elapsed), int(memory), size)

    def times(self, command, cwd, prepare, runs):
        with tempfile.TemporaryDirectory() as folder:
            found = pathlib.Path(folder) / "times.json"
            arguments = [
                "hyperfine",
                "-N",
                "--style",
                "none",
                "--warmup",
                1,
                "--runs",
                runs,
                "--export-json",
                found,
            ]
            if prepare:
                arguments += ["--prepare", text(prepare)]
            run(arguments + [text(command)], cwd=cwd)
            return json.loads(found.read_text())["results"][0]

    def peak(self, command, cwd, prepare):
        if prepare:
            run(prepare, cwd=cwd)
        return int(self.measured(["-f", "%M"], command, cwd)[-1])

    def measured(self, format_of_time, command, cwd):
        """What GNU time says, word by word."""
        with tempfile.TemporaryDirectory() as folder:
            found = pathlib.Path(folder) / "measured"
            run(["/usr/bin/time", *format_of_time, "-o", found, *command], cwd=cwd)
            return found.read_text().split()
