#!/usr/bin/env python3
"""Weir against its yardsticks: the same work done by bare loops, in the same run, in turn.

usage: tools/bench.py [--runs N] [--build DIR] [NAME ...]      names: keyed_sum, chain (default: all)

Each figure ends as one line on stdout, medians of all runs:
  keyed_sum keys=1000000 ratio=0.31 weir=24.1 yardstick=77.8     (M records/s)
The runs themselves go to stderr. Exit code 1 when the two sides computed different things.
"""
import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

KEYED_SUM = [(10_000, 40_000_000), (1_000_000, 40_000_000), (10_000_000, 40_000_000)]
CHAIN_RECORDS = 204_800_000


def run(command):
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        sys.exit(f"error: {command[0]} is not there; ./dev bench builds it")
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def figure(pattern, text):
    found = re.search(pattern, text)
    if not found:
        sys.exit(f"no figure like {pattern!r} in: {text}")
    return found.group(1)


def weir(program, options):
    """Runs one of our benchmarks with checkpoints in a directory of its own."""
    store = tempfile.mkdtemp(prefix="weir-bench-")
    try:
        return run([program, "run", "--fresh", "--quiet", "--checkpoint-dir", store, *options])
    finally:
        shutil.rmtree(store)


def compare(label, runs, yardstick, ours, speed, check):
    """Both sides in turn, so that a machine that gets slower slows both."""
    ratios, mine, theirs = [], [], []
    for number in range(runs):
        theirs_text, mine_text = yardstick(), ours()
        if check and figure(check, theirs_text) != figure(check, mine_text):
            print(f"{label}: the results differ\n  {theirs_text}  {mine_text}", file=sys.stderr)
            sys.exit(1)
        theirs.append(float(figure(speed[0], theirs_text)))
        mine.append(float(figure(speed[1], mine_text)))
        ratios.append(mine[-1] / theirs[-1])
        print(f"  {label} run {number + 1}: yardstick {theirs[-1]:.1f}  weir {mine[-1]:.1f} M/s", file=sys.stderr)
    median = statistics.median
    print(f"{label} ratio={median(ratios):.2f} weir={median(mine):.1f} yardstick={median(theirs):.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--build", default="build/bench")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("--runs must be at least 1")
    unknown = set(arguments.names) - {"keyed_sum", "chain"}
    if unknown:
        parser.error(f"unknown benchmark {sorted(unknown)[0]!r}; there are keyed_sum and chain")
    names = arguments.names or ["keyed_sum", "chain"]
    bench = os.path.join(arguments.build, "bench")
    yardsticks = os.path.join(bench, "yardsticks")

    rate = r"([0-9.]+) M records/s"
    if "keyed_sum" in names:
        for keys, records in KEYED_SUM:
            compare(f"keyed_sum keys={keys}", arguments.runs,
                    lambda: run([f"{yardsticks}/keyed_sum", str(keys), str(records)]),
                    lambda: weir(f"{bench}/keyed_sum_weir", ["--keys", str(keys), "--records", str(records)]),
                    (rate, rate), r"digest ([0-9a-f]+)")
    if "chain" in names:
        compare("chain", arguments.runs,
                lambda: run([f"{yardsticks}/chain", str(CHAIN_RECORDS)]),
                lambda: weir(f"{bench}/chain_weir", ["--records", str(CHAIN_RECORDS)]),
                (r"separate loops ([0-9.]+) M/s", rate), r"sum (-?[0-9]+)")


if __name__ == "__main__":
    main()
