#!/usr/bin/env python3
"""Bad input and a bad environment: one sentence with what, where and the cure; exit code 1; and after the cure every
row is there exactly once."""

from world import *

import resource
import shutil
import unittest


class BadInput(SystemTest):
    def ledger(self, *arguments):
        return self.run_program(LEDGER, "run", "--transactions", "transactions.csv", "--out", "entries", *FAST, *arguments)

    def assert_finishes(self, *arguments):
        """The cure is done: the next run finishes, and each row is there once."""
        ended = self.ledger(*arguments)
        self.assertEqual(ended.code, DONE, ended.err)
        self.assert_ledger_right(self.dir / "transactions.csv", self.dir / "entries")

    def with_row(self, row, at=7_001, rows=10_000):
        """Transactions, of which one line is another."""
        path = self.transactions(rows)
        lines = path.read_text().splitlines()
        lines[at - 1] = row
        path.write_text("\n".join(lines) + "\n")

    def mend(self, bad, good):
        path = self.dir / "transactions.csv"
        text = path.read_text()
        self.assertEqual(text.count(bad), 1)
        path.write_text(text.replace(bad, good))

    def test_field_that_does_not_parse_is_named_by_file_line_column_and_text(self):
        self.with_row("7,12x5O")
        ended = self.ledger("--rate", 20_000)
        self.assert_error(ended, FAILED, 'transactions.csv:7,001: column 2 "amount": "12x5O" is not an integer',
                          "\n       mend the row without changing the file's length and run it again")
        self.assertNotIn("restart", ended.err)
        self.mend("12x5O", "12050")
        self.assert_finishes()

    def test_number_that_does_not_fit_is_named(self):
        self.with_row("7,9223372036854775808")
        self.assert_error(self.ledger(), FAILED, 'transactions.csv:7,001: column 2 "amount": "9223372036854775808" '
                          "is too large or too small for int64")

    def test_row_with_another_number_of_columns_is_named(self):
        for row, sentence in (("7", "1 column, the header has 2"), ("7,8,9", "more columns than the header's 2")):
            self.with_row(row)
            self.assert_error(self.ledger("--fresh"), FAILED, f"transactions.csv:7,001: {sentence}",
                              "\n       mend the row")

    def test_row_that_failed_the_job_fails_it_again_until_it_is_mended(self):
        self.with_row("7,12x5O")
        first, second = self.ledger(), self.ledger()
        self.assertEqual(first.errors()[0].splitlines()[0], second.errors()[0].splitlines()[0])
        self.assertIsNotNone(second.resumed_from())
        self.mend("12x5O", "12050")
        self.assert_finishes()

    def test_mending_that_changes_the_length_is_refused_and_the_old_file_still_does(self):
        self.with_row("7,12x5O")
        self.ledger()
        self.mend("12x5O", "1250")
        self.assert_error(self.ledger(), FAILED, "transactions.csv has shrunk since the job found it",
                          "\n       put the file back as it was, or start anew with --fresh")
        self.mend("\n7,1250\n", "\n7,01250\n")
        self.assert_finishes()

    def test_header_without_a_column_is_refused_until_it_is_there(self):
        self.write("transactions.csv", "account,amuont\n1,2\n1,3\n")
        ended = self.ledger()
        self.assert_error(ended, FAILED, 'transactions.csv:1: unknown column "amuont"; did you mean "amount"?')
        self.mend("amuont", "amount")
        self.assert_finishes()

    def test_input_that_is_not_there_is_named(self):
        self.assert_error(self.ledger(*NO_RESTART), FAILED, "no file or directory transactions.csv")
        self.transactions(100)
        self.assert_finishes()

    def test_empty_input_is_named(self):
        self.write("transactions.csv", "")
        self.assert_error(self.ledger(), FAILED, "transactions.csv is empty: its first line must name the columns: account,amount")
        self.transactions(100)
        self.assert_finishes()

    def test_directory_without_csv_files_is_named(self):
        (self.dir / "transactions.csv").mkdir()
        self.assert_error(self.ledger(*NO_RESTART), FAILED, "no *.csv file in directory transactions.csv")

    def test_input_that_vanishes_between_two_runs_is_named(self):
        path = self.transactions(100_000)
        self.stop_behind(4, signal.SIGTERM, LEDGER, "run", "--rate", 20_000, *FAST)
        path.rename(self.dir / "elsewhere.csv")
        self.assert_error(self.ledger(), FAILED, "transactions.csv is gone: the job has read it up to byte ",
                          "\n       put the file back as it was, or start anew with --fresh")
        (self.dir / "elsewhere.csv").rename(path)
        self.assert_finishes()


class Permissions(SystemTest):
    """Of somebody who may not. Root may everything, so the job runs as nobody where the tests run as root."""

    ROWS = 1_000

    def setUp(self):
        super().setUp()
        self.dir.chmod(0o777)
        self.program = shutil.copy(LEDGER, self.dir / "ledger")  # where everybody may run it
        self.input = self.transactions(self.ROWS)

    def ledger(self, *arguments):
        user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        return self.run_program(self.program, "run", "--transactions", "transactions.csv", "--out", "entries", *arguments,
                                **user)

    def forbid(self, name, mode):
        path = self.dir / name
        self.addCleanup(lambda: path.exists() and path.chmod(0o777))
        path.chmod(mode)
        return path

    def assert_right_is_the_cure(self, name, *parts):
        ended = self.ledger(*NO_RESTART)
        self.assert_error(ended, FAILED, name, "permission denied", "\n       give this user the right to", *parts)
        (self.dir / name).chmod(0o777)
        ended = self.ledger()
        self.assertEqual(ended.code, DONE, ended.err)
        self.assert_ledger_right(self.input, self.dir / "entries")

    def test_input_file_that_may_not_be_read(self):
        self.forbid("transactions.csv", 0)
        self.assert_right_is_the_cure("transactions.csv")

    def test_output_directory_that_may_not_be_written(self):
        (self.dir / "entries").mkdir()
        self.forbid("entries", 0o555)
        self.assert_right_is_the_cure("entries", "or give another directory")

    def test_checkpoint_directory_that_may_not_be_written(self):
        (self.dir / ".weir").mkdir()
        self.forbid(".weir", 0o555)
        self.assert_right_is_the_cure(".weir", "the checkpoint directory cannot be used")

    def test_history_that_may_not_be_read_is_no_empty_job(self):
        """Regression row 5: what cannot be read is not taken for what is not there."""
        self.assertEqual(self.ledger().code, DONE)
        history = self.forbid(".weir/ledger/history", 0)
        ended = self.ledger()
        self.assert_error(ended, FAILED, "read the history of the job", ".weir/ledger/history", "permission denied")
        self.assertNotIn("started empty", ended.err)
        history.chmod(0o777)
        self.assertIsNotNone(self.ledger().resumed_from())
        self.assert_ledger_right(self.input, self.dir / "entries")


class FileSizeLimit(SystemTest):
    def test_file_that_may_not_grow_stops_the_job_and_loses_nothing(self):
        transactions = self.transactions(60_000)

        def no_file_above_20_kb():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

        ended = self.run_program(LEDGER, "run", *TWO, "--rate", 200_000, *NO_RESTART, preexec_fn=no_file_above_20_kb)
        self.assert_error(ended, FAILED, "entries/", "file too large", "\n       free space and run it again")
        self.run_ok(LEDGER, "run")
        self.assert_ledger_right(transactions, self.dir / "entries")


# What runs in it ends with it.
IN_A_NAME_SPACE = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c"]
MAY_MOUNT = subprocess.run([*IN_A_NAME_SPACE, "mount -t tmpfs tmpfs /mnt"], capture_output=True, check=False).returncode == 0


@unittest.skipUnless(MAY_MOUNT, "here nobody may mount a small disk; FileSizeLimit is there")
class FullDisk(SystemTest):
    """A file system with room for 160 kB, in a name space of its own; its owner makes more room later."""

    ROWS = 60_000

    def setUp(self):
        super().setUp()
        self.input = self.transactions(self.ROWS, accounts=2_000)

    def runs(self, full, *arguments):
        """Two runs on one small disk: it is full for the first, large enough for the second."""
        (self.dir / full).mkdir()
        command = [str(LEDGER), "run", *map(str, [*FAST, *TWO, "--rate", 100_000, *arguments])]
        script = """
            set -e
            full=$1; shift
            mount -t tmpfs -o size=8000k tmpfs "$full"
            head -c 7840k /dev/zero >"$full/ballast"
            code=0; "$@" 2>first || code=$?; echo $code >first.code
            rm "$full/ballast"
            code=0; "$@" 2>second || code=$?; echo $code >second.code
            cp -r "$full" kept
        """
        done = subprocess.run([*IN_A_NAME_SPACE, script, "sh", full, *command], cwd=self.dir, timeout=SECONDS_MAX,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [Ended(int(self.read(f"{name}.code")), "", self.read(name)) for name in ("first", "second")]

    def read(self, name):
        return (self.dir / name).read_text()

    def assert_room_is_the_cure(self, first, second, place):
        self.assert_error(first, FAILED, place, "no space left on device", "\n       free ", "its last complete checkpoint is ")
        self.assertEqual(second.code, DONE, second.err)
        self.assertIsNotNone(second.resumed_from())

    def test_checkpoint_directory_that_is_full_stops_the_job_and_loses_nothing(self):
        first, second = self.runs("cp", "--checkpoint-dir", "cp", "--out", "entries")
        self.assert_room_is_the_cure(first, second, "checkpoint ")
        self.assertIn("3 in a row are tolerated", first.errors()[0])
        self.assert_ledger_right(self.input, self.dir / "entries")

    def test_output_directory_that_is_full_stops_the_job_and_loses_nothing(self):
        first, second = self.runs("entries", "--out", "entries", "-D", "restart-strategy.fixed-delay.attempts=2")
        self.assert_room_is_the_cure(first, second, "entries/")
        self.assertEqual(len([line for line in first.lines if line.startswith("restart ")]), 2)
        self.assert_ledger_right(self.input, self.dir / "kept")
        self.assertEqual([path.name for path in (self.dir / "kept").glob(".*")], [], "left-over files")


class BadPlaces(SystemTest):
    def test_checkpoint_directory_that_is_a_file(self):
        self.readings(10)
        path = self.write("cp", "a file")
        ended = self.run_program(SUMS, "run", "--checkpoint-dir", "cp")
        self.assert_error(ended, USAGE, "the checkpoint directory cannot be used", f"{self.dir}/cp")
        self.assertEqual(path.read_text(), "a file")

    def test_output_that_something_else_wrote_is_not_overwritten(self):
        """The commit of the last checkpoint is done again, and finds another file under its name."""
        self.readings(100_000)
        newest = self.killed_behind_a_commit()
        content = newest.read_bytes()
        newest.write_bytes(b"key,count,sum\n" + b"0,0,0\n")
        ended = self.run_program(SUMS, "run", *FAST, *NO_RESTART)
        self.assert_error(ended, FAILED, f"output file sums/{newest.name} holds other bytes than were sealed",
                          "\n       put it back as it was, or, if it is none of this job's, move it away")
        self.assertEqual(newest.read_bytes(), b"key,count,sum\n" + b"0,0,0\n")
        newest.write_bytes(content)
        self.run_ok(SUMS, "run", *FAST)
        self.assert_sums_right(100_000)

    def killed_behind_a_commit(self):
        """A file that the newest checkpoint promises, and that is visible already."""
        while True:
            self.stop_behind(2, signal.SIGKILL, SUMS, "run", "--rate", 5_000, *FAST)
            newest = json.loads(self.run_program(SUMS, "checkpoints", "list", "--output", "json").out)[0]["id"]
            for path in (self.dir / "sums").glob(f"csv-sink-*-{newest:010}-*.csv"):
                return path

    def test_output_directory_that_is_a_file(self):
        self.readings(10)
        path = self.write("sums", "a file")
        ended = self.run_program(SUMS, "run", *NO_RESTART)
        self.assert_error(ended, FAILED, "output directory sums is a file", "\n       remove it, or give another directory")
        self.assertEqual(path.read_text(), "a file")
        path.unlink()
        self.run_ok(SUMS, "run")
        self.assert_sums_right(10)


class UserCode(SystemTest):
    def test_function_that_throws_is_restarted_and_then_fails_the_job(self):
        self.readings(1_000)
        ended = self.run_program(SUMS, "run", "--variant", "throwing")
        restarts = [line for line in ended.lines if line.startswith("restart ")]
        self.assertEqual(len(restarts), 2, ended.err)
        self.assertRegex(restarts[0], r"^restart 1 of 2 in 10 ms: summing: .*the value is too large")
        self.assert_error(ended, FAILED, "summing", "the value is too large")

    def test_failure_is_said_though_another_function_never_returns(self):
        self.readings(1_000)
        process = self.start(SUMS, "run", "--variant", "stuck-beside-failure", "--parallelism", 2, *NO_RESTART)
        process.wait_for_line("error: ")
        process.send(signal.SIGINT)
        ended = process.end()
        self.assertEqual(ended.code, -signal.SIGINT, ended.err)
        self.assertIn("the other one is stuck", ended.errors()[0])

    def test_function_that_cannot_be_made_again_fails_the_job(self):
        self.readings(1_000)
        ended = self.run_program(SUMS, "run", "--variant", "unmakeable", "--parallelism", 2)
        self.assert_error(ended, FAILED, "summing: ", "no more of these")
        self.assertEqual(len([line for line in ended.lines if line.startswith("restart ")]), 2, ended.err)

    def test_restarts_are_counted_anew_after_a_quiet_time(self):
        self.readings(1_000)
        job = self.start(SUMS, "run", "--variant", "throwing", "-D", "restart-strategy.fixed-delay.attempts=1",
                         "-D", "restart-strategy.fixed-delay.reset-after=1us")
        job.wait_for(lambda lines: sum(line.startswith("restart 1 of 1 ") for line in lines) >= 3)
        job.send(signal.SIGTERM)
        ended = job.end()
        self.assertEqual(ended.errors(), [])

    def test_setting_of_the_command_line_beats_the_program(self):
        self.readings(1_000)
        ended = self.run_program(SUMS, "run", "--variant", "throwing", "-D", "restart-strategy.fixed-delay.attempts=1")
        restarts = [line for line in ended.lines if line.startswith("restart ")]
        self.assertEqual([line.split(":")[0] for line in restarts], ["restart 1 of 1 in 10 ms"], ended.err)


if __name__ == "__main__":
    main()
