#!/usr/bin/env python3
"""Takes a workspace back to an earlier state of what the program wrote there.

    rewind.py remember WORKSPACE NOTE    which files there are; NOTE is the file to write
    rewind.py back WORKSPACE NOTE        takes the others away, and puts the file index back

Others are emptied and moved aside, not removed; see `Workspace.clearing`. Files are told by their names: objects, action records and history are written once and never changed, and outputs and
receipts of stages that are up to date stay as they are. The index is the one file of these that a later build replaces;
a copy of it is kept.
"""

import os
import pathlib
import shutil
import sys
import tempfile

OWN = ["data/evidence", "data/scored-runs", "exports", "receipts", "reports", ".distill"]
INDEX = ".distill/index"


def files(workspace):
    for top in OWN:
        for folder, _, names in os.walk(workspace / top):
            for name in names:
                yield str((pathlib.Path(folder) / name).relative_to(workspace))


def main():
    verb, workspace, note = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    copy = note.with_suffix(".index")
    if verb == "remember":
        note.write_text("\n".join(sorted(files(workspace))))
        shutil.copyfile(workspace / INDEX, copy)
    elif verb == "back":
        kept = set(note.read_text().split("\n"))
        aside = workspace.with_suffix(".aside")
        aside.mkdir(exist_ok=True)
        aside = pathlib.Path(tempfile.mkdtemp(dir=aside))
        for number, name in enumerate(list(files(workspace))):
            if name not in kept:
                os.truncate(workspace / name, 0)
                (workspace / name).rename(aside / str(number))
        shutil.copyfile(copy, workspace / INDEX)
        os.sync()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
