#!/usr/bin/env python3
"""tools/demo.py: understands what a program says of itself, kills it when its time has come, notices when it fails."""

import contextlib
import io
import pathlib
import sys
import tempfile
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


# A ledger in a few lines, that may spoil what it writes.
LEDGER = """#!{python}
import json, pathlib, sys, time
options = dict(zip(sys.argv[2::2], sys.argv[3::2]))
transactions = pathlib.Path(options["--transactions"]).read_text().splitlines()[1:]
accounts, entries = {{}}, []
for account, amount in (map(int, line.split(",")) for line in transactions):
    count, balance = accounts.get(account, (0, 0))
    accounts[account] = count + 1, balance + amount
    entries.append([account, count + 1, balance + amount])
{spoil}
out = pathlib.Path(options["--out"])
out.mkdir(parents=True)
rows = "".join(",".join(map(str, entry)) + chr(10) for entry in entries)
(out / "entries.csv").write_text("account,count,balance" + chr(10) + rows)
for event, fields in (("started-empty", {{}}), ("finished", {{"rows_in": len(entries)}})):
    print(json.dumps({{"event": event, "at_unix_ms": time.time() * 1000, **fields}}), file=sys.stderr, flush=True)
"""


class Verdict(unittest.TestCase):
    """The whole demo, with a ledger that is right or wrong."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="weir-demo-test-")
        self.addCleanup(folder.cleanup)
        before, demo.FOLDER = demo.FOLDER, pathlib.Path(folder.name)
        self.addCleanup(setattr, demo, "FOLDER", before)

    def demo(self, spoil="pass", *arguments):
        ledger = demo.FOLDER / "ledger"
        ledger.write_text(LEDGER.format(python=sys.executable, spoil=spoil))
        ledger.chmod(0o755)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = demo.main(["--rows", "1000", "--rate", "100000", "--kills", "0", "--seed", "7",
                              "--ledger", str(ledger), *arguments])
        return code, out.getvalue(), err.getvalue()

    def assert_wrong(self, spoil, finding):
        code, out, err = self.demo(spoil)
        self.assertEqual(code, 1)
        self.assertIn("error: WRONG: ", err)
        self.assertIn(finding, err)
        self.assertIn("--seed 7 plays the same kills again", err)
        self.assertNotIn("each exactly once", out)

    def test_is_right_when_the_output_is_right(self):
        code, out, err = self.demo()
        self.assertEqual((code, err), (0, ""))
        self.assertIn("1,000 rows in, 1,000 rows out, each exactly once", out)

    def test_a_doubled_row_is_wrong(self):
        self.assert_wrong("entries.append(entries[500])", "rows that are there twice: 1")

    def test_a_lost_row_is_wrong(self):
        self.assert_wrong("del entries[500]", "rows that are missing: 1")

    def test_a_wrong_balance_is_wrong(self):
        self.assert_wrong("entries[999][2] += 1", "wrong balances: 1")

    def test_no_output_at_all_is_wrong(self):
        self.assert_wrong("entries.clear()", "rows that are missing: 1,000")

    def test_output_of_the_demo_before_does_not_count(self):
        self.demo("entries.append(entries[500])")
        self.assertEqual(self.demo()[0], 0)

    def test_a_ledger_that_is_not_built_is_said(self):
        code, _, err = self.demo("pass", "--ledger", str(demo.FOLDER / "none"))
        self.assertEqual(code, 1)
        self.assertIn("none is not there; ./dev build makes it", err)


if __name__ == "__main__":
    unittest.main()
