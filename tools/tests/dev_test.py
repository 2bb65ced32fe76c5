#!/usr/bin/env python3
"""./dev: what it says to bad usage, what it runs, and how it counts. The programs that it calls are played here."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

ALL_INSTALLED = 'shift 3; for package; do echo "ii $package"; done'
DOES_NOTHING = ":"
PASSES = "100% tests passed, 0 tests failed out of {}"
FAILS = """ 1/2 Test #1: Good.One ........   Passed    0.01 sec
 2/2 Test #2: Bad.One .........***Failed    0.02 sec
bad_test.cc:7: Failure

50% tests passed, 1 tests failed out of 2"""


class Dev(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="weir-dev-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        shutil.copy(ROOT / "dev", self.root)
        (self.root / "bin").mkdir()
        self.play("dpkg-query", ALL_INSTALLED)
        self.play("cmake", DOES_NOTHING)
        self.play("ninja", 'echo "[1/1] Linking everything"')
        self.play_ctest()

    def play(self, program, script):
        """Puts a program in the place of the real one. It keeps how it was called."""
        path = self.root / "bin" / program
        path.write_text(f'#!/bin/bash\necho "{program} $*" $(env | grep ^WEIR_ | sort) >>called\n{script}\n')
        path.chmod(0o755)

    def play_ctest(self, **says):
        """What it says to `-L check`, `-L unit` and `-L simulation`."""
        cases = "".join(f'  *"-L {label}"*) cat says-{label} ;;\n' for label in ("check", "unit", "simulation"))
        for number, label in enumerate(("check", "unit", "simulation"), start=1):
            (self.root / f"says-{label}").write_text(says.get(label, PASSES.format(number)) + "\n")
        self.play("ctest", f'case "$*" in\n  *" -N "*) echo "Total Tests: 4" ;;\n{cases}esac')

    def dev(self, *arguments):
        environment = {**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}", "WEIR_JOBS": "2"}
        return subprocess.run(["./dev", *arguments], cwd=self.root, env=environment, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)

    def called(self, program):
        path = self.root / "called"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.split()[0] == program]

    # --- bad usage

    def refused(self, *arguments):
        """Its one sentence; nothing was called."""
        done = self.dev(*arguments)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertFalse((self.root / "called").exists(), "it began to do something")
        sentence, cure = done.stderr.splitlines()
        self.assertEqual(cure, "       see ./dev --help")
        return sentence

    def test_unknown_verb_is_refused(self):
        self.assertEqual(self.refused("tset"), 'error: no verb "tset"')

    def test_unknown_option_of_each_verb_is_refused(self):
        for verb in ("build", "test", "format", "tidy", "docs", "install"):
            self.assertEqual(self.refused(verb, "--sed"), f'error: {verb}: no option "--sed"')
        self.assertEqual(self.refused("setup", "some"), 'error: setup: "some" is not all')

    def test_option_without_its_value_is_refused(self):
        self.assertEqual(self.refused("test", "--seed"), "error: test: --seed needs a number")
        self.assertEqual(self.refused("test", "--budget"), "error: test: --budget needs a number of seconds")
        self.assertEqual(self.refused("test", "--seed", "--long"), "error: test: --seed needs a number")
        self.assertEqual(self.refused("test", "--lane"), "error: test: --lane needs a name")
        self.assertEqual(self.refused("install", "--prefix"), "error: install: --prefix needs a directory")

    def test_value_that_is_no_number_is_refused(self):
        self.assertEqual(self.refused("test", "--seed", "x7"), 'error: test: --seed needs a number, not "x7"')
        self.assertEqual(self.refused("test", "--budget", "1.5"),
                         'error: test: --budget needs a number of seconds, not "1.5"')

    def test_unknown_lane_is_refused(self):
        self.assertEqual(self.refused("test", "--lane", "ubsan"),
                         'error: test: no lane "ubsan"; there are asan, tsan, clang, fuzz')

    # --- help

    def test_help_is_there_wherever_it_is_asked_for(self):
        for arguments in ([], ["--help"], ["-h"], ["help"], ["--quiet", "--help"], ["test", "--help"],
                          ["test", "--seed", "7", "--help"], ["build", "-h"], ["install", "--help"]):
            done = self.dev(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
            self.assertTrue(done.stdout.startswith("usage: ./dev"), arguments)
        self.assertEqual(self.called("ninja"), [])

    def test_help_names_every_verb_and_option(self):
        shown, script = self.dev("--help").stdout, (ROOT / "dev").read_text()
        verbs = [line.split("(")[0].removeprefix("verb_") for line in script.splitlines() if line.startswith("verb_")]
        self.assertGreater(len(verbs), 6)
        for word in [*verbs, "--seed", "--long", "--budget", "--lane", "--check", "--prefix", "--quiet"]:
            self.assertIn(word, shown)

    def test_help_of_demo_and_bench_is_their_own_and_builds_nothing(self):
        shutil.copytree(ROOT / "tools", self.root / "tools", ignore=shutil.ignore_patterns("tests", "__pycache__"))
        self.assertIn("--kills", self.dev("demo", "--help").stdout)
        self.assertIn("--runs", self.dev("bench", "--help").stdout)
        self.assertEqual(self.called("ninja"), [])

    # --- test

    def test_counts_what_passed(self):
        done = self.dev("test")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1], "6 passed, 0 failed")

    def test_a_failure_of_any_kind_is_shown_and_counts(self):
        for label in ("check", "unit", "simulation"):
            self.play_ctest(**{label: FAILS})
            done = self.dev("test")
            self.assertEqual(done.returncode, 1, label)
            self.assertRegex(done.stdout, r"\d passed, 1 failed\n$")
            self.assertIn("bad_test.cc:7: Failure", done.stdout)
            self.assertNotIn("Good.One", done.stdout)

    def test_tests_that_end_without_a_summary_are_a_failure(self):
        self.play_ctest(unit="1/3 Test #1: A.B\nSegmentation fault")
        done = self.dev("test")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Segmentation fault", done.stderr)
        self.assertRegex(done.stdout, r"\d passed, 1 failed\n$")

    def test_no_test_at_all_is_no_success(self):
        self.play_ctest(**dict.fromkeys(("check", "unit", "simulation"), "No tests were found!!!"))
        done = self.dev("test", "Nosuch")
        self.assertEqual(done.returncode, 2)
        self.assertIn("error: no test matches", done.stderr)

    def test_what_does_not_build_is_a_failure_and_its_errors_are_shown(self):
        self.play("ninja", 'printf "[1/9] Building x\\nFAILED: x.o\\ng++ x.cc\\nx.cc:3: error: oh\\n"; exit 1')
        done = self.dev("test")
        self.assertEqual(done.returncode, 1)
        self.assertIn("x.cc:3: error: oh", done.stderr)
        self.assertNotIn("g++ x.cc", done.stderr)
        self.assertIn("error: dev does not build", done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1], "0 passed, 1 failed")
        self.assertEqual(self.called("ctest"), [])

    def test_seed_replays_one_seed_of_the_simulations_only(self):
        self.assertEqual(self.dev("test", "--seed", "77").returncode, 0)
        calls = self.called("ctest")
        self.assertEqual(len(calls), 1)
        self.assertIn("-L simulation", calls[0])
        self.assertIn("WEIR_SIM_SEED=77", calls[0])

    def test_budget_is_shared_by_the_simulations(self):
        self.assertEqual(self.dev("test", "--budget", "60").returncode, 0)
        self.assertIn("WEIR_SIM_BUDGET_SECONDS=30", self.called("ctest")[-1])  # 60 s of 2 cores for 4 suites

    def test_long_plays_a_thousand_seeds(self):
        self.assertEqual(self.dev("test", "--long").returncode, 0)
        self.assertIn("WEIR_SIM_SEEDS=1000", self.called("ctest")[-1])

    def test_filter_goes_to_every_kind_of_test(self):
        self.dev("test", "Pack")
        calls = [call for call in self.called("ctest") if " -N " not in call]
        self.assertEqual(len(calls), 3)
        self.assertTrue(all("-R [pP][aA][cC][kK]" in call for call in calls), calls)

    def test_quiet_says_the_result_only(self):
        self.assertEqual(self.dev("--quiet", "test").stdout, "6 passed, 0 failed\n")

    # --- setup

    def test_packages_that_are_there_are_not_installed(self):
        self.play("apt-get", DOES_NOTHING)
        self.assertEqual(self.dev("setup").returncode, 0)
        self.assertEqual(self.called("apt-get"), [])

    def test_what_cannot_be_installed_is_named(self):
        self.play("dpkg-query", DOES_NOTHING)
        self.play("apt-get", 'echo "E: no network"; exit 100')
        self.play("sudo", '"$@"')
        done = self.dev("build")
        self.assertEqual(done.returncode, 1)
        self.assertIn("E: no network", done.stderr)
        self.assertRegex(done.stderr, "error: apt-get could not install: .*cmake")
        self.assertEqual(self.called("ninja"), [])

    # --- format

    def test_format_check_names_the_cure(self):
        subprocess.run(["git", "init", "-q"], cwd=self.root, check=True)
        (self.root / "weir").mkdir()
        (self.root / "weir" / "a.cc").write_text("int  a;\n")
        self.play("clang-format-16", '[[ $* == "--dry-run -Werror weir/a.cc" ]] && exit 1; exit 0')
        done = self.dev("format", "--check")
        self.assertEqual(done.returncode, 1)
        self.assertIn("error: not all files are formatted\n       ./dev format", done.stderr)
        self.assertEqual(self.dev("format").stdout, "format    1 files\n")

    # --- docs

    def test_docs_says_where_they_are_and_fails_with_what_makes_them(self):
        self.play("python3", DOES_NOTHING)
        self.assertEqual(self.dev("docs").stdout, "docs      build/docs/html/index.html\n")
        self.assertRegex(self.called("python3")[0], r"^python3 tools/make_docs\.py ")
        self.play("python3", "exit 1")
        self.assertEqual((self.dev("docs").returncode, self.dev("docs").stdout), (1, ""))


if __name__ == "__main__":
    unittest.main()
