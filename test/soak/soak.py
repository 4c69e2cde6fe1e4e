"""Spoils runs, constants and catalogues, one number or one byte at a time, and judges what detcal makes of them.

    npm run soak                                  all trials: some 20 minutes on two cores
    npm run soak -- --sample 90                   some of them, as CI has it
    npm run soak -- --only image/pulseId          trials whose name contains this
    npm run soak -- --seed 7 --json > table.json

Exit 1 if any trial is a FAULT. Needs h5py, numpy and the HDF5 tools (`bash .ci/install`). The verdicts: see judge.py.
"""
import argparse
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random

from judge import fault
from runs import Bases
from trials import trials_of


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", default="1", help="which places and bytes are drawn")
    options.add_argument("--only", action="append", default=[], help="trials whose name contains this")
    options.add_argument("--sample", type=int, help="so many of the trials, drawn by the seed")
    options.add_argument("--json", action="store_true", help="print every trial as JSON")
    options.add_argument("--jobs", type=int, default=os.cpu_count(), help="trials at a time")
    args = options.parse_args()
    root = tempfile.mkdtemp(prefix="detcal-soak-runs-")
    try:
        trials = list(trials_of(Bases(root), args.only))
        if args.sample is not None:
            trials = Random(args.seed).sample(trials, min(args.sample, len(trials)))
        results = run(trials, args)
    finally:
        shutil.rmtree(root)
    if args.json:
        json.dump([{"trial": name, **vars(verdict)} for name, verdict in results], sys.stdout, indent=1)
    else:
        print_table(results)
    return 1 if any(verdict.name == "FAULT" for _, verdict in results) else 0


def run(trials, args):
    def attempt(trial):
        try:
            return trial.verdict(args.seed)
        except Exception as error:  # of the trial itself: never taken for a right answer
            return fault(f"the trial failed: {type(error).__name__}: {error}")

    results = []
    with ThreadPoolExecutor(args.jobs) as pool:
        for trial, verdict in zip(trials, pool.map(attempt, trials)):
            if verdict is not None:
                results.append((trial.name, verdict))
            print(f"\r{len(results)} of {len(trials)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return results


def print_table(results):
    """Dataset by kind of spoiling for numbers, counts for bytes, and every fault by name."""
    rows = {}
    for name, verdict in results:
        *row, kind = name.split("/")
        text = verdict.name + (f" -{verdict.lost}" if verdict.lost else "")
        rows.setdefault("/".join(row), []).append((kind, text))
    for row, cells in rows.items():
        if row.startswith("rot/"):
            counts = Counter(text.split()[0] for _, text in cells)
            print(f"{row:52}", ", ".join(f"{count} {text}" for text, count in sorted(counts.items())))
        else:
            print(f"{row:52}", "; ".join(f"{kind}: {text}" for kind, text in cells))
    print()
    for name, verdict in results:
        if verdict.name == "FAULT":
            print(f"FAULT {name}: {verdict.why}")
    print(", ".join(f"{count} {name}" for name, count in sorted(Counter(v.name for _, v in results).items())))


if __name__ == "__main__":
    sys.exit(main())
