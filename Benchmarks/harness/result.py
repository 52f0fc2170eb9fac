"""What a job found out: measured rows, and the requirements that they meet or miss."""

import dataclasses
import json

from .measure import Row


@dataclasses.dataclass
class Check:
    """A requirement. `limit` and `found` are in `unit`; holds when found is at least, or at most, the limit."""

    text: str
    found: float
    limit: float
    unit: str = "x"
    at_least: bool = False

    @property
    def holds(self):
        return self.found >= self.limit if self.at_least else self.found <= self.limit


@dataclasses.dataclass
class Table:
    """Rows that are compared with the first of them, which is distill-make unless the notes say otherwise."""

    title: str
    rows: list[Row]
    notes: list[str] = dataclasses.field(default_factory=list)
    ratios: bool = True


@dataclasses.dataclass
class Result:
    job: str
    tables: list[Table] = dataclasses.field(default_factory=list)
    checks: list[Check] = dataclasses.field(default_factory=list)
    machine: dict = dataclasses.field(default_factory=dict)

    def save(self, path):
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1))

    @staticmethod
    def load(path):
        kept = json.loads(path.read_text())
        return Result(
            kept["job"],
            [
                Table(table["title"], [Row(**row) for row in table["rows"]], table["notes"], table["ratios"])
                for table in kept["tables"]
            ],
            [Check(**check) for check in kept["checks"]],
            kept["machine"],
        )


def memory_check(name, row, workspace, cores):
    """256 MB plus two chunks (16 MiB) a core plus 16 times the longest record."""
    limit = 256 + 2 * 16 * cores + 16 * workspace.logs["longest_record"] / 2**20
    return Check(f"peak memory, {name}", row.memory / 1024, limit, "MiB")
