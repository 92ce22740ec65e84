"""Hostile and unlucky inputs, tried: results/hostile.json, and the table in docs/safety.md.

    python benchmarks/hostile.py                    every kind, for seeds 0 and 1, and the whole table
    python benchmarks/hostile.py --seed 7           other inputs of the same kinds
    python benchmarks/hostile.py --kinds pipes      the kinds whose names have this in them; the others' rows stay
    python benchmarks/hostile.py --tries 100        more of each kind and seed

Every try is a command of ours in a process with a limit on processor time, on time, and on memory. It has failed where
it ends in anything but success or one or two lines with exit code 2: a traceback, a signal, a limit that was reached;
where it sends a terminal a control character; and where it changed a file that it was not asked to change. A try may
ask for more, or for less, of its own.

A kind is a function with `@kind("what it tries")`, in one of the files hostile_*.py: it takes a `Setting` and
random numbers, and yields tries without end. Everything that it makes goes into `setting.fresh()`, a folder of its own
for each try.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import hostile_files  # noqa: F401  the kinds
import hostile_folders  # noqa: F401
import hostile_living  # noqa: F401
import hostile_networks  # noqa: F401
import hostile_processes  # noqa: F401
import hostile_runs  # noqa: F401
from hostile_tries import KINDS, Setting, trouble
from record import RESULTS, origin

SAFETY = Path(__file__).parents[1] / "docs" / "safety.md"
BEGIN, END = "<!-- hostile: written by benchmarks/hostile.py -->", "<!-- /hostile -->"


def table(kinds: dict[str, Any]) -> str:
    rows = [f"| {name} | {counts['tried']:,} | {counts['failed']:,} |" for name, counts in sorted(kinds.items())]
    tried, failed = (sum(counts[key] for counts in kinds.values()) for key in ("tried", "failed"))
    head = ["| what was tried | tries | failed |", "|---|---:|---:|"]
    return "\n".join([*head, *rows, f"| all | {tried:,} | {failed:,} |"])


def write(kinds: dict[str, Any], **about: Any) -> None:
    """Keep the figures, and put the table into the page."""
    path = RESULTS / "hostile.json"
    there = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"kinds": {}}
    rows = {name: counts for name, counts in (there["kinds"] | kinds).items() if name in KINDS}
    text = json.dumps({**there, **about, "kinds": rows}, indent=1, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")
    before, rest = SAFETY.read_text(encoding="utf-8").split(BEGIN)
    SAFETY.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def try_kind(name: str, setting: Setting, seeds: list[int], number: int) -> dict[str, Any]:
    """One row: `number` tries of a kind for each seed, or fewer where each takes long."""
    function, share = KINDS[name]
    each = max(1, number // share)
    failures, slowest, largest, began = [], 0.0, 0.0, minutes()
    for seed in seeds:
        for case in islice(function(setting, Random(f"{seed} {name}")), each):
            wrong, done = trouble(case)
            slowest, largest = max(slowest, done.seconds), max(largest, done.megabytes)
            if wrong:
                failures.append({"what": case.what, "why": wrong[:500], "seed": seed})
                print(f"  failed: {case.what}: {wrong}", flush=True)
            for path in setting.folder.glob("try*"):
                shutil.rmtree(path, ignore_errors=True)
    return {
        "tried": each * len(seeds), "failed": len(failures), "seeds": seeds, "failures": failures,
        "minutes": round(minutes() - began, 1), "slowest_seconds": round(slowest, 1),
        "largest_megabytes": round(largest), "origin": origin(),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=[0, 1], help="one or several; 0 and 1 if left out")
    parser.add_argument("--tries", type=int, default=20, help="of each kind and seed; fewer of kinds that take long")
    parser.add_argument("--kinds", nargs="+", default=[""], metavar="WORD", help="kinds whose names have one of these")
    parser.add_argument("--list", action="store_true", help="only list the kinds")
    parser.add_argument("--no-write", action="store_true", help="print only")
    arguments = parser.parse_args()
    chosen = [name for name in KINDS if any(word in name for word in arguments.kinds)]
    if arguments.list or not chosen:
        print("\n".join(KINDS))
        sys.exit(0 if chosen else f"no kind has {' or '.join(arguments.kinds)} in its name")
    failed, began = 0, minutes()
    with tempfile.TemporaryDirectory(prefix="hostile") as work:
        setting = Setting.make(Path(work))
        os.chdir(work)  # what a command writes where it stands
        rows = {}
        for name in chosen:
            rows[name] = row = try_kind(name, setting, arguments.seed, arguments.tries)
            failed += row["failed"]
            print(f"{name}: {row['tried']} tried, {row['failed']} failed, {row['minutes']} min", flush=True)
            if not arguments.no_write:
                write({name: row})
    spent = round(minutes() - began, 1)
    if chosen == list(KINDS) and not arguments.no_write:
        write(rows, processor_minutes=spent, origin=origin())
    print(f"\n{table(rows)}\n\n{spent} minutes of processor time")
    if failed:
        sys.exit(1)


def minutes() -> float:
    """Of processor time, of this process and of those that it started and that have ended."""
    return sum(os.times()[:4]) / 60


if __name__ == "__main__":
    main()
