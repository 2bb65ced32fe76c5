#!/usr/bin/env python3
"""tools/demo.py: understands what a program says of itself, kills it when its time has come, notices when it fails."""

import contextlib
import io
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import demo  # noqa: E402

SAYS = """
import json, sys, time
def say(event, **fields):
    print(json.dumps({"event": event, "at_unix_ms": time.time() * 1000, **fields}), file=sys.stderr, flush=True)
"""


def program(text):
    return [sys.executable, "-c", SAYS + text]


def ran(text, rows_before=None):
    run = demo.Run(program(text), rows_before or {}, 1_000)
    with run:
        while not run.ended():
            run.listen(0.01)
    return run


class Run(unittest.TestCase):
    def test_takes_in_events(self):
        run = ran("""
say("resumed", checkpoint=15)
say("checkpoint-complete", checkpoint=16, took_ms=2.5, longest_step_ms=0.3)
say("checkpoint-complete", checkpoint=17, took_ms=2.5, longest_step_ms=0.2)
print("not JSON", file=sys.stderr)
say("finished", rows_in=700)
""", {15: 300})
        self.assertEqual(run.resumed_from, 15)
        self.assertEqual(sorted(run.checkpoints), [16, 17])
        self.assertEqual(run.longest_step_ms, 0.3)
        self.assertEqual(run.other_lines, ["not JSON"])
        self.assertTrue(run.finished)
        self.assertEqual(run.rows(demo.time.time() + 100, 250_000), 1_000)  # never more than there are

    def test_rows_are_those_before_and_its_own(self):
        run = ran('say("resumed", checkpoint=2)\nsay("progress", rows_in=100)', {2: 300})
        at = run.rows_at[-1][0]
        self.assertAlmostEqual(run.rows(at, 1_000), 400)
        self.assertAlmostEqual(run.rows(at + 0.1, 1_000), 500, places=1)

    def test_started_empty_is_from_nothing(self):
        self.assertEqual(ran('say("started-empty")').resumed_from, 0)

    def test_killed_before_it_said_anything(self):
        run = demo.Run(program("time.sleep(60)"), {}, 1_000)
        with run:
            run.kill()
        self.assertEqual(run.rows(demo.time.time(), 1_000), 0)
        self.assertEqual(run.process.returncode, -9)

    def test_is_not_left_behind(self):
        with self.assertRaises(demo.Failed), demo.Run(program("time.sleep(60)"), {}, 1_000) as run:
            raise demo.Failed("x")
        self.assertEqual(run.process.returncode, -9)


class Show(unittest.TestCase):
    def play(self, text, kills):
        options = demo.parse(["--rows", "1000", "--rate", "1000", "--kills", str(kills), "--seed", "3"])
        before, demo.command_line = demo.command_line, lambda *_: program(text)
        try:
            with contextlib.redirect_stdout(io.StringIO()) as shown:
                runs = demo.play(None, None, options)
            return runs, shown.getvalue()
        finally:
            demo.command_line = before

    def test_kills_and_goes_on(self):
        runs, shown = self.play("""
say("resumed", checkpoint=1)
time.sleep(0.6)
say("finished", rows_in=1000)
""", kills=1)
        self.assertEqual(len(runs), 2)
        self.assertEqual(shown.count("✖"), 1)
        self.assertEqual(shown.count("resumed from checkpoint 1 in"), 1)
        self.assertEqual(shown.count("■"), 1)
        self.assertTrue(demo.totals(runs).startswith("1 kills, 1 resumes, 0 checkpoints, longest resume "))

    def test_a_program_that_fails_is_told(self):
        with self.assertRaisesRegex(demo.Failed, "error: no space left"):
            self.play('print("error: no space left", file=sys.stderr); sys.exit(1)', kills=0)


if __name__ == "__main__":
    unittest.main()
