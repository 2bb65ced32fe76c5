"""What the system tests share: programs of the build, a scratch directory, and how a program is run."""

import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", ROOT / "build" / "dev"))
KEYED_SUM = BUILD / "examples" / "keyed_sum"
LEDGER = BUILD / "examples" / "ledger"
SUMS = BUILD / "tests" / "system" / "sums_job"
SOCKET_JOB = BUILD / "tests" / "system" / "socket_job"
CHECK_LEDGER = ROOT / "tools" / "check_ledger.py"

SECONDS_MAX = 60  # a process that takes longer hangs
DONE, FAILED, USAGE, REFUSED = 0, 1, 2, 3


class Ended:
    """A process that has ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.lines = err.splitlines()

    def errors(self):
        """The error lines with their cures."""
        found = []
        for line in self.lines:
            if line.startswith("error: "):
                found.append(line)
            elif line.startswith("       ") and found:
                found[-1] += "\n" + line
        return found

    def checkpoint_ids(self):
        return [int(n) for n in re.findall(r"^checkpoint (\d+) complete in", self.err, re.M)]

    def resumed_from(self):
        found = re.search(r"^resumed from checkpoint (\d+) in [\d.]+ ms \(.* old", self.err, re.M)
        return int(found.group(1)) if found else None


class SystemTest(unittest.TestCase):
    """A scratch directory that is the working directory of every program."""

    def setUp(self):
        self._scratch = tempfile.TemporaryDirectory(prefix="weir-system-")
        self.addCleanup(self._scratch.cleanup)
        self.dir = pathlib.Path(self._scratch.name)
        self.seed = int(os.environ.get("WEIR_SYSTEM_SEED", random.randrange(1 << 32)))
        self.chance = random.Random(self.seed)

    # --- running

    def start(self, program, *arguments, **options):
        return subprocess.Popen([str(program), *map(str, arguments)], cwd=self.dir, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def end(self, process):
        """Waits for a process; fails when it hangs."""
        try:
            out, err = process.communicate(timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"seed {self.seed}: it hangs: {process.args}\n{err[-3000:]}")
        return Ended(process.returncode, out, err)

    def run_program(self, program, *arguments, **options):
        return self.end(self.start(program, *arguments, **options))

    def run_ok(self, program, *arguments):
        ended = self.run_program(program, *arguments)
        self.assertEqual(ended.code, DONE, ended.err)
        return ended

    def stop_after(self, seconds, number, program, *arguments):
        """Runs a program and sends it a signal after a while."""
        process = self.start(program, *arguments)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        return self.end(process)

    def wait_for_line(self, process, beginning):
        """Reads standard error of a running process up to a line."""
        until = time.time() + SECONDS_MAX
        for line in process.stderr:
            if line.startswith(beginning):
                return line
            if time.time() > until:
                break
        self.fail(f"no line begins with {beginning!r}")

    # --- what is expected

    def assert_error(self, ended, code, *parts):
        """It ended with a code, and one error has all of these parts."""
        self.assertEqual(ended.code, code, ended.err)
        errors = ended.errors()
        self.assertEqual(len(errors), 1, ended.err)
        for part in parts:
            self.assertIn(part, errors[0])

    def assert_sentence_and_cure(self, ended):
        self.assertIn("\n       ", ended.errors()[0])

    def assert_ledger_right(self, transactions, out):
        checked = subprocess.run([sys.executable, str(CHECK_LEDGER), str(transactions), str(out)],
                                 capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, f"seed {self.seed}\n{checked.stdout}{checked.stderr}")

    # --- data

    def write(self, name, text):
        path = self.dir / name
        path.write_text(text)
        return path

    def transactions(self, rows, accounts=100, name="transactions.csv"):
        lines = [f"{self.chance.randrange(accounts)},{self.chance.randrange(-1000, 1000)}\n" for _ in range(rows)]
        return self.write(name, "account,amount\n" + "".join(lines))

    def readings(self, rows, keys=10, name="readings.csv"):
        return self.write(name, "key,value\n" + "".join(f"{i % keys},{i}\n" for i in range(rows)))

    def rows_of(self, folder):
        """All rows of the visible CSV files of a directory, without their header lines."""
        rows = []
        for path in sorted((self.dir / folder).glob("[!.]*.csv")):
            rows += path.read_text().splitlines()[1:]
        return rows

    def history_numbers(self, job, folder=".weir"):
        return sorted(int(p.stem) for p in (self.dir / folder / job / "history").glob("*.json"))


def main():
    unittest.main(verbosity=2)


__all__ = ["BUILD", "CHECK_LEDGER", "DONE", "Ended", "FAILED", "KEYED_SUM", "LEDGER", "REFUSED", "ROOT",
           "SECONDS_MAX", "SOCKET_JOB", "SUMS", "SystemTest", "USAGE", "json", "main", "os", "pathlib", "re",
           "signal", "subprocess", "sys", "time"]
