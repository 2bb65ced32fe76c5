#!/usr/bin/env python3
"""The show behind ./dev demo: a keyed job is killed again and again and still accounts for every row exactly once.

usage: tools/demo.py [--seed N] [--rows N] [--rate ROWS_PER_SECOND] [--kills N] [--ledger PROGRAM]

Makes transactions, runs examples/ledger on them with a checkpoint every 200 ms, kills it with SIGKILL at random
moments, starts it again each time, and has the result checked by tools/check_ledger.py.
Exit code: 0 everything is right, 1 it is not.
"""

import argparse
import json
import os
import pathlib
import queue
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "demo"
ACCOUNTS = 100_000
DATA_SEED = 1  # of the transactions; the kills have a seed of their own
CHECKPOINT_MS = 200
SUBTASKS = 2
SECONDS_MAX = 170  # for the run; something hangs if it takes longer
BLOCK_ROWS = 100_000

# The lines that the program writes with --progress json: the names of events, and their fields.
RESUMED, STARTED_EMPTY, CHECKPOINT, PROGRESS, FINISHED = (
    "resumed", "started-empty", "checkpoint-complete", "progress", "finished")
EVENT, ID, ROWS_IN, AT_MS, TOOK_MS, STEP_MS = (
    "event", "checkpoint", "rows_in", "at_unix_ms", "took_ms", "longest_step_ms")


class Failed(Exception):
    pass


def say(what, text):
    print(f"{what:<9} {text}", flush=True)


def on_terminal():
    return sys.stdout.isatty()


# --- Data ------------------------------------------------------------------------------------------------------


def make_transactions(rows):
    """The CSV file of so many transactions; made once."""
    path = FOLDER / ("transactions.csv" if rows == 5_000_000 else f"transactions-{rows}.csv")
    shown = os.path.relpath(path, ROOT)
    if path.exists():
        say("data", f"{rows:,} transactions over {ACCOUNTS:,} accounts: {shown}")
        return path
    if on_terminal():
        print(f"{'data':<9} making {rows:,} transactions …", end="\r", flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    chance = random.Random(DATA_SEED)
    unfinished = path.with_suffix(".tmp")
    with open(unfinished, "w", encoding="ascii") as file:
        file.write("account,amount\n")
        for begin in range(0, rows, BLOCK_ROWS):
            count = min(BLOCK_ROWS, rows - begin)
            accounts = chance.choices(range(ACCOUNTS), k=count)
            amounts = chance.choices(range(-100_000, 100_001), k=count)
            file.write("".join(map("%d,%d\n".__mod__, zip(accounts, amounts))))
    unfinished.rename(path)
    say("data", f"{rows:,} transactions over {ACCOUNTS:,} accounts → {shown}")
    return path


# --- One process -----------------------------------------------------------------------------------------------


class Run:
    """One process of the job, and what it says of itself."""

    def __init__(self, command, rows_before, rows_in_all):
        self.began = time.time()
        self._rows_in_all = rows_in_all
        self.rows_before = {0: 0, **rows_before}  # rows that were read up to a checkpoint, as far as is known
        self.resumed_from = None                  # a checkpoint's number; 0: from nothing; None: not yet
        self.resume_ms = None
        self.rows_at = [(self.began, 0)]          # (time, rows read by this process)
        self.checkpoints = {}                     # number: (when its barriers started, when it was complete)
        self.longest_step_ms = 0.0
        self.finished = False
        self.other_lines = []
        self._lines = queue.Queue()
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        self._reader.join()
        self.process.stderr.close()

    def _read(self):
        for line in self.process.stderr:
            self._lines.put(line.decode("utf-8", "replace").rstrip())

    def listen(self, seconds):
        """Takes in what was said within so many seconds."""
        until = time.time() + seconds
        while True:
            try:
                self._take(self._lines.get(timeout=max(0.0, until - time.time())))
            except queue.Empty:
                return

    def ended(self):
        """True once the process has ended and all that it said was taken in."""
        if self.process.poll() is None:
            return False
        self._reader.join()
        self.listen(0)
        return True

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.ended()

    def _take(self, line):
        try:
            event = json.loads(line)
            kind, at = event[EVENT], event.get(AT_MS, time.time() * 1000) / 1000
        except (ValueError, KeyError, TypeError):
            self.other_lines.append(line)
            return
        if kind in (RESUMED, STARTED_EMPTY):
            self.resumed_from = event.get(ID, 0)
            self.resume_ms = (at - self.began) * 1000
            self.rows_at = [(at, 0)]
        elif kind == CHECKPOINT:
            self.checkpoints[event[ID]] = (at - event.get(TOOK_MS, 0) / 1000, at)
            self.longest_step_ms = max(self.longest_step_ms, event.get(STEP_MS, 0))
        elif kind == PROGRESS:
            self.rows_at.append((at, event[ROWS_IN]))
        elif kind == FINISHED:
            self.finished = True
            self.rows_at.append((at, event[ROWS_IN]))

    def rows(self, at, rate):
        """About how many rows of the input were read at a time: the source keeps its rate."""
        if self.resumed_from is None:
            return 0
        since, rows = max((p for p in self.rows_at if p[0] <= at), default=self.rows_at[0])
        own = rows + max(0.0, at - since) * rate
        later = [p[1] for p in self.rows_at if p[0] > at]
        own = min([own, *later[:1]])
        return min(self._rows_in_all, self.rows_before.get(self.resumed_from, 0) + own)

    def rows_by_checkpoint(self, rate):
        return self.rows_before | {number: self.rows(begun, rate) for number, (begun, _) in self.checkpoints.items()}


# --- The picture -----------------------------------------------------------------------------------------------


def about(rows):
    return f"about {round(rows, -3):,.0f}" if rows >= 10_000 else f"about {round(rows, -2):,.0f}"


class Picture:
    """A line for each process: time from left to right, the newest complete checkpoint, how it ended."""

    COLUMNS = 44

    def __init__(self, seconds):
        self._per_column = seconds / self.COLUMNS
        self._began = time.time()
        self._colour = on_terminal()

    def _painted(self, text, code):
        return f"\033[{code}m{text}\033[0m" if self._colour else text

    def _column(self, at):
        return min(self.COLUMNS, int((at - self._began) / self._per_column))

    def _line(self, run, until, end):
        begin, length = self._column(run.began), self._column(until) - self._column(run.began) + 1
        marks = ["─"] * length
        if run.checkpoints:
            newest = max(complete for _, complete in run.checkpoints.values())
            marks[min(length - 1, max(0, self._column(newest) - begin))] = self._painted("●", "32")
        return f"{run.began - self._began:5.1f} s {' ' * begin}{''.join(marks)}{end}"

    def show(self, run):
        """The process as it is now; on a terminal only."""
        if self._colour:
            print(f"\r\033[K{self._line(run, time.time(), '')}", end="", flush=True)

    def end(self, run, at, rows):
        if run.finished:
            end, text = self._painted("■", "32"), "finished"
        elif run.resumed_from is None:
            end, text = self._painted("✖", "31"), "killed while it started"
        else:
            newest = max(run.checkpoints, default=run.resumed_from)
            end = self._painted("✖", "31")
            text = f"killed after {about(rows)} rows, " + (
                f"checkpoint {newest} complete" if newest else "no checkpoint complete")
        clear = "\r\033[K" if self._colour else ""
        print(f"{clear}{self._line(run, at, end)} {at - self._began:.1f} s   {text}", flush=True)

    def resumed(self, run, again):
        text = (f"resumed from checkpoint {run.resumed_from} in {run.resume_ms:.0f} ms, {about(again)} rows read again"
                if run.resumed_from else f"started again from nothing in {run.resume_ms:.0f} ms")
        clear = "\r\033[K" if self._colour else ""
        print(f"{clear}{' ' * (8 + self._column(run.began))}↻ {text}", flush=True)


# --- The show --------------------------------------------------------------------------------------------------


def command_line(program, transactions, rate):
    return [str(program), "run", "--transactions", str(transactions), "--out", str(FOLDER / "out"), "--rate",
            str(rate), "--parallelism", str(SUBTASKS), "--checkpoint-dir", str(FOLDER / "checkpoints"), "--progress",
            "json", "-D", f"execution.checkpointing.interval={CHECKPOINT_MS}ms"]


def moments(chance, kills, seconds):
    """Random moments to kill at, in the order of time, neither at the very begin nor at the very end."""
    return sorted(chance.uniform(0.04, 0.96) * seconds for _ in range(kills))


def watch(run, picture, began, kills, rows_until):
    """Shows a process until it ends, or until the next moment to kill at."""
    told = rows_until is None  # the first process resumes from nothing
    while not run.ended():
        run.listen(0.05)
        if not told and run.resumed_from is not None:
            picture.resumed(run, max(0.0, rows_until - run.rows_before.get(run.resumed_from, 0)))
            told = True
        picture.show(run)
        if time.time() - began > SECONDS_MAX:
            raise Failed(f"the job did not finish within {SECONDS_MAX} s")
        if kills and time.time() - began >= kills[0] and not run.finished:
            kills.pop(0)
            run.kill()


def play(program, transactions, options):
    """Runs the job to its end; returns all its processes."""
    seconds = options.rows / options.rate
    kills = moments(random.Random(options.seed), options.kills, seconds)
    picture, began = Picture(seconds * 1.1 + options.kills * 0.2), time.time()
    runs, rows_before, killed_at_rows = [], {}, 0.0
    while not (runs and runs[-1].finished):
        run = Run(command_line(program, transactions, options.rate), rows_before, options.rows)
        runs.append(run)
        with run:
            watch(run, picture, began, kills, killed_at_rows if len(runs) > 1 else None)
        if not run.finished and run.process.returncode != -signal.SIGKILL:
            raise Failed("\n".join(["the ledger ended by itself:", *run.other_lines[-20:]]))
        now = time.time()
        killed_at_rows = run.rows(now, options.rate) or killed_at_rows
        picture.end(run, now, killed_at_rows)
        rows_before = run.rows_by_checkpoint(options.rate)
    return runs


def check(transactions):
    if on_terminal():
        print(f"{'check':<9} …", end="\r", flush=True)
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "check_ledger.py"), str(transactions), str(FOLDER / "out")],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed((done.stdout + done.stderr).strip())
    say("check", f"{done.stdout.strip()}   (checked by tools/check_ledger.py, which does not use Weir)")


def totals(runs):
    resumes = [run.resume_ms for run in runs[1:] if run.resumed_from]
    steps = max(run.longest_step_ms for run in runs)
    completed = sum(len(run.checkpoints) for run in runs)
    parts = [f"{len(runs) - 1} kills", f"{len(resumes)} resumes", f"{completed} checkpoints"]
    if resumes:
        parts.append(f"longest resume {max(resumes):.0f} ms")
    parts.append(f"longest snapshot stall {steps:.1f} ms")
    return ", ".join(parts)


def parse(arguments):
    parser = argparse.ArgumentParser(description="A keyed job, killed again and again, accounts for every row exactly once.")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="of the moments to kill at")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rate", type=int, default=250_000, help="rows a second")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--ledger", type=pathlib.Path, default=ROOT / "build" / "release" / "examples" / "ledger")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    try:
        if not options.ledger.exists():
            raise Failed(f"{options.ledger} is not there; ./dev build makes it")
        transactions = make_transactions(options.rows)
        for leftover in ("out", "checkpoints"):
            shutil.rmtree(FOLDER / leftover, ignore_errors=True)
        say("run", f"ledger, {SUBTASKS} subtasks, checkpoint every {CHECKPOINT_MS} ms, {options.rate:,} rows/s, "
                   f"{options.kills} kills at random (--seed {options.seed})")
        print()
        runs = play(options.ledger.resolve(), transactions, options)
        print()
        check(transactions)
        say("", totals(runs))
        say("next", 'README.md, "A job of your own"')
        return 0
    except KeyboardInterrupt:
        return 130
    except Failed as failed:
        print(f"\nerror: {failed}\n       --seed {options.seed} plays the same kills again", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
