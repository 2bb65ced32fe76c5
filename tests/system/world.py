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
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", ROOT / "build" / "dev")).resolve()
KEYED_SUM = BUILD / "examples" / "keyed_sum"
LEDGER = BUILD / "examples" / "ledger"
WORDCOUNT = BUILD / "examples" / "wordcount"
CHECKPOINT_EXAMPLE = BUILD / "examples" / "checkpoint_example"
ENRICH = BUILD / "examples" / "enrich"
TOP_PRODUCTS = BUILD / "examples" / "top_products"
SESSIONS = BUILD / "examples" / "sessions_by_timer"
SUMS = BUILD / "tests" / "system" / "sums_job"
SOCKET_JOB = BUILD / "tests" / "system" / "socket_job"
CHECK_LEDGER = ROOT / "tools" / "check_ledger.py"

SECONDS_MAX = 60  # a process that takes longer hangs
DONE, FAILED, USAGE, REFUSED = 0, 1, 2, 3
TWO = ["--parallelism", 2]  # where sizes matter: of packs, of files
FAST = ["-D", "execution.checkpointing.interval=50ms"]
NO_RESTART = ["-D", "restart-strategy.type=none"]


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


class Running:
    """A process, with what it has said so far."""

    def __init__(self, test, command, **options):
        self._test = test
        self._said = threading.Condition()
        self._lines = []
        self._out = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(command, text=True, stderr=subprocess.PIPE, **{"stdout": self._out, **options})
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        test.addCleanup(self._clean_up)

    def _read(self):
        for line in self._process.stderr:
            with self._said:
                self._lines.append(line)
                self._said.notify_all()
        with self._said:
            self._lines.append(None)  # it says no more
            self._said.notify_all()

    def _clean_up(self):
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stderr.close()
        self._out.close()

    def wait_for(self, condition):
        """Waits until the lines on standard error are as they should be, or the process has ended."""
        with self._said:
            came = self._said.wait_for(
                lambda: self._lines[-1:] == [None] or condition([line for line in self._lines if line]), SECONDS_MAX)
        if not came:
            self._hangs()

    def wait_for_line(self, beginning):
        """Returns the line, or nothing when the process has ended without it."""
        found = []

        def condition(lines):
            found[:] = [line for line in lines if line.startswith(beginning)]
            return bool(found)
        self.wait_for(condition)
        return found[0] if found else None

    def wait_for_more(self, checkpoints):
        """Waits until so many more checkpoints are complete, or the process has ended."""
        def complete(lines):
            return sum(" complete in " in line for line in lines)
        with self._said:
            before = complete([line for line in self._lines if line])
        self.wait_for(lambda lines: complete(lines) >= before + checkpoints)

    def wait_for_output(self, condition):
        """Waits until the whole lines on standard output are as they should be, or the process has ended."""
        deadline = time.monotonic() + SECONDS_MAX
        while self._process.poll() is None and time.monotonic() < deadline:
            said = os.pread(self._out.fileno(), 1 << 20, 0).decode()
            if condition(said[:said.rfind("\n") + 1].splitlines()):
                return
            time.sleep(0.01)
        if self._process.poll() is None:
            self._hangs()

    def send(self, number):
        if self._process.poll() is None:
            self._process.send_signal(number)

    def end(self):
        """Waits for its end; it fails the test when it hangs."""
        try:
            self._process.wait(timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._hangs()
        self._reader.join()
        self._out.seek(0)
        return Ended(self._process.returncode, self._out.read(), "".join(line for line in self._lines if line))

    def _hangs(self):
        self._process.kill()
        self._test.fail(f"seed {self._test.seed}: it hangs: {self._process.args}\n" +
                        "".join(line for line in self._lines[-40:] if line))


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
        return Running(self, [str(program), *map(str, arguments)], cwd=self.dir, **options)

    def run_program(self, program, *arguments, **options):
        return self.start(program, *arguments, **options).end()

    def run_ok(self, program, *arguments):
        ended = self.run_program(program, *arguments)
        self.assertEqual(ended.code, DONE, ended.err)
        return ended

    def stop_behind(self, checkpoints, number, program, *arguments):
        """Sends a program a signal shortly after it has completed so many checkpoints, if it runs that long."""
        running = self.start(program, *arguments)
        running.wait_for(lambda lines: sum(" complete in " in line for line in lines) >= checkpoints)
        time.sleep(self.chance.uniform(0, 0.1))
        running.send(number)
        return running.end()

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

    def assert_sums_right(self, rows, keys=10, folder="sums"):
        """What sums_job writes of `readings`: per key each count once, and the last sum is that of all its values."""
        counts, sums = {}, {}
        for key, count, total in (map(int, row.split(",")) for row in self.rows_of(folder)):
            counts.setdefault(key, []).append(count)
            sums[key, count] = total
        for key in range(min(keys, rows)):
            values = range(key, rows, keys)
            self.assertEqual(sorted(counts[key]), list(range(1, len(values) + 1)), f"seed {self.seed}: key {key}")
            self.assertEqual(sums[key, len(values)], sum(values), f"seed {self.seed}: key {key}")

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


__all__ = ["BUILD", "CHECKPOINT_EXAMPLE", "CHECK_LEDGER", "DONE", "ENRICH", "Ended", "FAILED", "FAST", "KEYED_SUM", "LEDGER", "NO_RESTART",
           "REFUSED", "ROOT", "SECONDS_MAX", "SESSIONS", "SOCKET_JOB", "SUMS", "SystemTest", "TOP_PRODUCTS", "TWO", "USAGE", "WORDCOUNT",
           "json", "main", "os", "pathlib", "re", "signal", "subprocess", "sys", "time"]
