#!/usr/bin/env python3
"""A program of ten lines is a small file: the stripped release binary of examples/keyed_sum has at most 10 MB.

usage: tools/check_size.py [BUILD]      a release build (default: build/release)

Exit code: 0 small enough, 1 too large, 2 it is not there or cannot be stripped.
"""

import pathlib
import subprocess
import sys
import tempfile

MEGABYTE = 1_000_000
BUDGETS = {"examples/keyed_sum": 10 * MEGABYTE}  # as the program is linked: Weir statically, the rest as Debian has it


class Missing(Exception):
    pass


def stripped_bytes(program):
    with tempfile.TemporaryDirectory() as folder:
        stripped = pathlib.Path(folder, "stripped")
        done = subprocess.run(["strip", "-o", str(stripped), str(program)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Missing(done.stderr.strip())
        return stripped.stat().st_size


def check(build, budgets):
    """(lines to show, how many programs are too large). Raises Missing."""
    lines, too_large = [], 0
    for name, limit in budgets.items():
        if not (build / name).exists():
            raise Missing(f"{build / name} is not there; ./dev build makes it")
        size = stripped_bytes(build / name)
        too_large += size > limit
        lines.append(f"{name}: {size / MEGABYTE:.1f} MB stripped, at most {limit / MEGABYTE:.0f} MB"
                     f"{': TOO LARGE' if size > limit else ''}")
    return lines, too_large


def main(arguments):
    build = pathlib.Path(arguments[0] if arguments else "build/release")
    try:
        lines, too_large = check(build, BUDGETS)
    except Missing as missing:
        print(f"error: {missing}", file=sys.stderr)
        return 2
    print("\n".join(lines))
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
