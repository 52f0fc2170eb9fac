"""On what, and with which versions, the jobs ran."""

import hashlib
import os
import pathlib
import platform

from .measure import run


def machine(program, python, scale, runs):
    return {
        "program": f"{run([program, '--version']).strip()} ({sha256(program)[:12]})",
        "cpu": field("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory": f"{int(field('/proc/meminfo', 'MemTotal').split()[0]) / 2**20:.0f} GiB",
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release().split('-')[0]}",
        "peers": ", ".join(peers(python)),
        "scale": scale,
        "runs": runs,
    }


def peers(python):
    installed = dict(
        line.split("==") for line in run([python, "-m", "pip", "list", "--format", "freeze"]).split() if "==" in line
    )
    yield f"DuckDB {installed['duckdb']}"
    yield f"Polars {installed['polars']} with polars-hash {installed['polars-hash']}"
    yield f"DVC {installed['dvc']}"
    yield f"Python {run([python, '--version']).split()[1]}"
    yield f"Node {run(['node', '--version']).strip()}"
    yield f"git {run(['git', '--version']).split()[2]}"
    yield f"OpenSSL {run(['openssl', 'version']).split()[1]}"
    yield f"hyperfine {run(['hyperfine', '--version']).split()[1]}"


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def field(path, name):
    for line in pathlib.Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"
