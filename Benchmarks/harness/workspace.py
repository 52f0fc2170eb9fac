"""Workspaces with made-up logs, and what the program built in them."""

import hashlib
import json
import pathlib
import shutil

import generate
import texts

from . import measure, rewind

STAGES = ["build-evidence", "score", "export-rag", "export-sft", "export-preference"]


class Workspace:
    """A folder with logs that are made once for the same arguments."""

    def __init__(self, folder, program, say, **arguments):
        self.folder, self.program, self.say = pathlib.Path(folder), program, say
        self.note = self.folder.with_suffix(".json")
        self.aside = self.folder.with_suffix(".aside")
        wanted = {"arguments": arguments, "generator": generator_digest()}
        made = json.loads(self.note.read_text()) if self.note.exists() else None
        if not made or made["wanted"] != wanted:
            self.say(f"  making {self.folder.name}")
            self.note.unlink(missing_ok=True)
            shutil.rmtree(self.folder, ignore_errors=True)
            made = {"wanted": wanted, "logs": generate.generate(self.folder, **arguments)}
            self.note.write_text(json.dumps(made))
        self.logs = made["logs"]

    def forget(self):
        """The logs are about to be changed: the next one to want them makes them anew."""
        self.note.unlink(missing_ok=True)

    def remove(self):
        self.forget()
        shutil.rmtree(self.folder)
        shutil.rmtree(self.aside, ignore_errors=True)

    def command(self, subcommand):
        return [self.program, subcommand, "--quiet"]

    def build(self, subcommand):
        measure.run(self.command(subcommand), cwd=self.folder)

    def clear(self):
        """Takes away all that the program wrote."""
        measure.run(self.clearing(), cwd=self.folder)

    def clearing(self):
        """A command that moves all that the program wrote aside, empties it, and waits for the disk.

        It is not removed before the workspace is: ext4 without a journal passes over the numbers of files that were removed in the
        last minutes, one by one, for each new file. With 10,000 partitions that was a tenth of the program's time.
        """
        return [
            "sh",
            "-c",
            f"mkdir -p {self.aside} && to=$(mktemp -d -p {self.aside}) && "
            f"for own in {' '.join(rewind.OWN)}; do if [ -e $own ]; then mv $own $to; fi; done && "
            "find $to -type f -exec truncate -s 0 {} +; sync",
        ]

    def receipt(self, stage):
        return json.loads((self.folder / "receipts" / stage / "receipt.json").read_text())

    def inputs(self, stage):
        return {row["path"]: row["bytes"] for row in self.receipt(stage)["core"]["inputs"]}

    def outputs(self, stage):
        return {row["path"]: row["bytes"] for row in self.receipt(stage)["core"]["outputs"]}

    def everything(self):
        """The bytes of each log and each output, by path: each once, however many stages read it."""
        found = self.inputs("build-evidence")
        for stage in STAGES:
            found |= self.outputs(stage)
        return {path: size for path, size in found.items() if (self.folder / path).is_file()}

    def digests(self):
        """SHA-256 by path of all outputs, from the receipts."""
        return {row["path"]: row["sha256"] for stage in STAGES for row in self.receipt(stage)["core"]["outputs"]}

    def stage_times(self):
        """Milliseconds of each stage in its newest run."""
        return {stage: self.receipt(stage)["run"]["duration_ms"] for stage in STAGES}


def generator_digest():
    """Changes when what the generator writes may have changed."""
    here = pathlib.Path(generate.__file__).parent
    parts = [pathlib.Path(generate.__file__), pathlib.Path(texts.__file__), *sorted((here / "workspaces").iterdir())]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()
