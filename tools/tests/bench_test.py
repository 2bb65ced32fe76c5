#!/usr/bin/env python3
"""tools/bench.py: medians of runs in turn, one line a figure, and no figure when the two sides computed different things."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parents[1] / "bench.py"

# Each run of a program takes the next line of what it shall say; what it was called with is kept.
SAYS_IN_TURN = """#!/bin/sh
echo "{name} $*" >>{root}/called
count=$(grep -c '^{name} ' {root}/called)
sed -n "${{count}}p" {root}/{name}.says
"""


class Bench(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="weir-bench-test-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "bench" / "yardsticks").mkdir(parents=True)
        self.yardstick("keyed_sum", *["digest a1, 10.0 M records/s"] * 9)
        self.weir("keyed_sum_weir", *["digest a1, 5.0 M records/s"] * 9)
        self.yardstick("chain", *["sum 7, separate loops 100.0 M/s, fused 300.0 M/s"] * 3)
        self.weir("chain_weir", *["sum 7, 90.0 M records/s"] * 3)

    def program(self, path, lines):
        path.write_text(SAYS_IN_TURN.format(name=path.name, root=self.root))
        path.chmod(0o755)
        (self.root / f"{path.name}.says").write_text("".join(line + "\n" for line in lines))

    def yardstick(self, name, *lines):
        self.program(self.root / "bench" / "yardsticks" / name, lines)

    def weir(self, name, *lines):
        self.program(self.root / "bench" / name, lines)

    def bench(self, *arguments):
        return subprocess.run([sys.executable, str(BENCH), "--build", str(self.root), *arguments], text=True, timeout=60,
                              capture_output=True, check=False)

    def called(self):
        return (self.root / "called").read_text().splitlines()

    def test_each_figure_is_one_line(self):
        done = self.bench("--runs", "3")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines(),
                         [f"keyed_sum keys={keys} ratio=0.50 weir=5.0 yardstick=10.0" for keys in
                          (10_000, 1_000_000, 10_000_000)] + ["chain ratio=0.90 weir=90.0 yardstick=100.0"])

    def test_figures_are_medians_of_all_runs(self):
        self.yardstick("chain", *(f"sum 7, separate loops {speed} M/s" for speed in (100.0, 200.0, 100.0)))
        self.weir("chain_weir", *(f"sum 7, {speed} M records/s" for speed in (20.0, 120.0, 80.0)))
        self.assertEqual(self.bench("--runs", "3", "chain").stdout,
                         "chain ratio=0.60 weir=80.0 yardstick=100.0\n")  # of 0.2, 0.6 and 0.8

    def test_both_sides_run_in_turn_on_the_same_work(self):
        self.bench("--runs", "2", "chain")
        self.assertEqual([line.split()[0] for line in self.called()], ["chain", "chain_weir"] * 2)
        records = self.called()[0].split()[1]
        self.assertTrue(self.called()[1].endswith(f"--records {records}"), self.called())

    def test_every_run_of_ours_starts_empty_and_leaves_no_checkpoints(self):
        self.bench("--runs", "2", "chain")
        stores = [line.split("--checkpoint-dir ")[1].split()[0] for line in self.called() if "--fresh" in line]
        self.assertEqual(len(set(stores)), 2)
        self.assertFalse(any(pathlib.Path(store).exists() for store in stores))

    def test_different_results_are_no_figure(self):
        self.weir("keyed_sum_weir", *["digest b2, 5.0 M records/s"] * 3)
        done = self.bench("--runs", "1", "keyed_sum")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("the results differ", done.stderr)

    def test_a_program_that_fails_is_no_figure(self):
        path = self.root / "bench" / "chain_weir"
        path.write_text("#!/bin/sh\necho error: no space >&2; exit 3\n")
        done = self.bench("--runs", "1", "chain")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("exit code 3", done.stderr)
        self.assertIn("error: no space", done.stderr)

    def test_a_program_that_says_no_figure_is_none(self):
        self.weir("chain_weir", "nothing to say")
        done = self.bench("--runs", "1", "chain")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no figure like", done.stderr)

    def test_bad_usage_runs_nothing(self):
        for arguments, sentence in ((["chian"], "unknown benchmark 'chian'; there are keyed_sum and chain"),
                                    (["--runs", "0"], "--runs must be at least 1"),
                                    (["--runs", "few"], "invalid int value: 'few'")):
            done = self.bench(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn(sentence, done.stderr)
        self.assertFalse((self.root / "called").exists())

    def test_programs_that_are_not_built_are_said(self):
        done = self.bench("--build", str(self.root / "none"), "chain")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"none/bench/yardsticks/chain is not there; \./dev bench builds it")
        self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
