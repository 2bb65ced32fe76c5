#!/usr/bin/env python3
"""Jobs that fail: one sentence with the cure, exit code 1, and nothing is lost."""

from world import *

import resource
import shutil

FAST = ["-D", "execution.checkpointing.interval=50ms"]


class Failure(SystemTest):
    def test_row_that_does_not_parse(self):
        rows = [f"{i % 10},{i}\n" for i in range(1_000)]
        rows[700] = "0,12x5O\n"
        path = self.write("readings.csv", "key,value\n" + "".join(rows))
        ended = self.run_program(SUMS, "run", *FAST)
        self.assert_error(ended, FAILED, 'readings.csv:702: column 2 "value": "12x5O" is not an integer')
        self.assertNotIn("restart", ended.err)
        rows[700] = "0,12\n"
        path.write_text("key,value\n" + "".join(rows))
        resumed = self.run_program(SUMS, "run", *FAST)
        self.assertIn(resumed.code, (DONE, FAILED), resumed.err)

    def test_file_that_is_not_there(self):
        ended = self.run_program(SUMS, "run", "--input", "none.csv", "-D", "restart-strategy.type=none")
        self.assert_error(ended, FAILED, "none.csv")

    def test_column_that_is_not_there(self):
        self.write("readings.csv", "key,valeu\n1,2\n")
        ended = self.run_program(SUMS, "run")
        self.assert_error(ended, FAILED, "readings.csv:1:", '"valeu"')

    def test_directory_that_may_not_be_read(self):
        (self.dir / "in").mkdir()
        self.write("in/readings.csv", "key,value\n1,2\n")
        (self.dir / "in").chmod(0)
        self.addCleanup((self.dir / "in").chmod, 0o700)
        ended = self.run_program(self.program_of_nobody(), "run", "--input", "in", **self.as_nobody())
        self.assert_error(ended, FAILED, "in", "permission denied")

    def program_of_nobody(self):
        """Where everybody may run it; root reads everything."""
        self.dir.chmod(0o777)
        return shutil.copy(SUMS, self.dir / "sums_job")

    @staticmethod
    def as_nobody():
        return {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}

    def test_checkpoint_directory_that_is_a_file(self):
        self.readings(10)
        self.write("cp", "a file")
        ended = self.run_program(SUMS, "run", "--checkpoint-dir", "cp")
        self.assertIn(ended.code, (FAILED, USAGE), ended.err)
        self.assertIn("cp", ended.errors()[0])

    def test_output_directory_that_is_a_file(self):
        self.readings(10)
        self.write("sums", "a file")
        ended = self.run_program(SUMS, "run", "-D", "restart-strategy.type=none")
        self.assert_error(ended, FAILED, "sums", "is a file")
        self.assert_sentence_and_cure(ended)

    def test_user_function_that_throws_is_restarted_and_then_fails(self):
        self.readings(1_000)
        ended = self.run_program(SUMS, "run", "--variant", "throwing")
        restarts = [line for line in ended.lines if line.startswith("restart ")]
        self.assertEqual(len(restarts), 2, ended.err)
        self.assertRegex(restarts[0], r"^restart 1 of 2 in 10 ms: summing: .*the value is too large")
        self.assert_error(ended, FAILED, "summing", "the value is too large")

    def test_full_disk_stops_the_job_and_loses_nothing(self):
        self.readings(100_000)

        def no_file_above_20_kb():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

        ended = self.run_program(SUMS, "run", "--rate", 200_000, "-D", "restart-strategy.type=none",
                                 "-D", "execution.checkpointing.interval=300ms", preexec_fn=no_file_above_20_kb)
        self.assertEqual(ended.code, FAILED, ended.err)
        self.assertRegex(ended.errors()[-1], r"file too large|no space left")
        self.run_ok(SUMS, "run", *FAST)
        self.assertEqual(len(self.rows_of("sums")), 100_000)


if __name__ == "__main__":
    main()
