#!/usr/bin/env python3
"""Stopping, resuming, rewinding and starting over."""

from world import *

SLOW_READ = ["--rate", 20_000]


class Resume(SystemTest):
    def stopped_run(self, number=signal.SIGTERM):
        """A run that was stopped before it had read everything."""
        self.readings(100_000)
        ended = self.stop_behind(6, number, SUMS, "run", *FAST, *SLOW_READ)
        self.assertEqual(ended.code, 128 + number, ended.err)
        return ended

    def assert_resumed_behind(self, first, second):
        """A process may be stopped between the completion of a checkpoint and the line about it."""
        newest = first.checkpoint_ids()[-1]
        self.assertIn(second.resumed_from(), (newest, newest + 1))

    def test_says_from_where_it_goes_on(self):
        first = self.stopped_run()
        self.assertIn("started empty", first.lines)
        second = self.stop_behind(6, signal.SIGTERM, SUMS, "run", *FAST, *SLOW_READ)
        self.assert_resumed_behind(first, second)

    def test_stopping_loses_and_repeats_nothing(self):
        self.stopped_run(number=signal.SIGINT)
        self.run_ok(SUMS, "run", *FAST)
        self.assert_sums_right(100_000)

    def test_a_signal_takes_one_more_checkpoint_so_that_nothing_is_read_again(self):
        first = self.stopped_run(number=signal.SIGINT)
        self.assertIn("stopping: one more checkpoint is taken", first.lines)
        covered = len(self.rows_of("sums"))
        second = self.run_ok(SUMS, "run", *FAST)
        self.assertEqual(second.resumed_from(), first.checkpoint_ids()[-1])
        self.assertIn(f"finished: {100_000 - covered} rows in, {100_000 - covered} rows out", second.lines)
        self.assert_sums_right(100_000)

    def test_stop_is_orderly(self):
        ended = self.stopped_run()
        self.assertEqual(ended.lines[-1], "stopped: the next run resumes from the newest checkpoint")
        self.assertEqual(ended.errors(), [])
        self.assertNotIn("restart", ended.err)

    def packs(self):
        """{(epoch, attempt, checkpoint): {name: content}} of the packs that there are."""
        packs = {}
        for path in (self.dir / ".weir/sums/data").glob("*.pack"):
            packs.setdefault(tuple(map(int, path.name.split("-")[:3])), {})[path.name] = path.read_bytes()
        return packs

    def test_fresh_starts_over_beside_what_is_there(self):
        """Names clash when numbering begins again after a restart without state: row 68 of the regressions."""
        self.readings(10_000, keys=5_000)  # so many that packs are files
        first = self.run_ok(SUMS, "run", *TWO, "-D", "execution.checkpointing.num-retained=20")
        packs, numbers = self.packs(), self.history_numbers("sums")
        files = {p.name: p.read_bytes() for p in (self.dir / "sums").glob("*.csv")}
        ended = self.run_ok(SUMS, "run", "--fresh", *TWO, "-D", "execution.checkpointing.num-retained=20")
        self.assertIn("started empty", ended.lines)
        self.assertIn("finished: 10000 rows in, 10000 rows out", ended.lines)
        self.assertGreater(min(ended.checkpoint_ids()), max(first.checkpoint_ids()))
        self.assertGreater(self.history_numbers("sums")[-1], numbers[-1])
        added = self.packs().keys() - packs.keys()
        self.assertTrue(packs and added, "no packs to compare")
        for epoch, _, checkpoint in added:
            self.assertGreater(epoch, max(epoch for epoch, _, _ in packs))
            self.assertGreater(checkpoint, max(checkpoint for _, _, checkpoint in packs))
        for written_by, content in packs.items():
            self.assertEqual(self.packs()[written_by], content, "packs of the first run were touched")
        for name, content in files.items():
            self.assertEqual((self.dir / "sums" / name).read_bytes(), content, "output of the first run was touched")
        self.assertEqual(len(self.rows_of("sums")), 20_000)

    def test_after_fresh_the_new_line_is_resumed(self):
        self.stopped_run()
        fresh = self.stop_behind(6, signal.SIGTERM, SUMS, "run", "--fresh", *FAST, *SLOW_READ)
        again = self.stop_behind(6, signal.SIGTERM, SUMS, "run", *FAST, *SLOW_READ)
        self.assert_resumed_behind(fresh, again)

    def test_from_latest_is_a_plain_resume(self):
        first = self.stopped_run()
        second = self.stop_behind(6, signal.SIGTERM, SUMS, "run", "--from", "latest", *FAST, *SLOW_READ)
        self.assert_resumed_behind(first, second)

    def test_rewind_repeats_output_only_when_told_to(self):
        ids = self.stopped_run().checkpoint_ids()
        older = ids[-2]
        refused = self.run_program(SUMS, "run", "--from", older, *FAST)
        self.assert_error(refused, REFUSED, f"checkpoint {older} is not the newest", "csv-sink", "--repeat-output")
        ended = self.run_ok(SUMS, "run", "--from", older, "--repeat-output", *FAST)
        self.assertEqual(ended.resumed_from(), older)
        rows = self.rows_of("sums")
        self.assertEqual(len(set(rows)), 100_000)
        self.assertGreater(len(rows), 100_000, "nothing was repeated")

    def test_rewind_repeats_nothing_from_before_its_checkpoint(self):
        self.readings(100_000)
        stopped = self.stop_behind(6, signal.SIGTERM, SUMS, "run", "-D", "execution.checkpointing.num-retained=20", *FAST,
                                   *SLOW_READ)
        before = set(self.rows_of("sums"))
        ended = self.run_ok(SUMS, "run", "--from", stopped.checkpoint_ids()[0], "--repeat-output", *FAST)
        self.assertIn("finished: 100000 rows in, 100000 rows out", ended.lines)  # the first one is that of an empty job
        self.assertEqual(len(self.rows_of("sums")), 100_000 + len(before))

    def test_rewind_to_a_checkpoint_that_was_retired_is_refused(self):
        first = self.stopped_run()
        refused = self.run_program(SUMS, "run", "--from", first.checkpoint_ids()[0], "--repeat-output", *FAST)
        self.assert_error(refused, REFUSED, 'job "sums"', f"there is no checkpoint {first.checkpoint_ids()[0]}", "\n       there are: ")
        self.run_ok(SUMS, "run", *FAST)
        self.assert_sums_right(100_000)

    def test_checkpoints_of_another_job_in_the_same_directory_are_not_its_own(self):
        self.run_ok(KEYED_SUM, "run")
        theirs = json.loads(self.run_program(KEYED_SUM, "checkpoints", "list", "--output", "json").out)[0]["id"]
        first = self.stopped_run()
        self.assertNotIn(theirs, first.checkpoint_ids()[-3:])
        self.assert_error(self.run_program(SUMS, "run", "--from", theirs), REFUSED, f"there is no checkpoint {theirs}")
        self.run_ok(SUMS, "run", *FAST)
        self.assert_sums_right(100_000)
        self.assertEqual(self.run_ok(KEYED_SUM, "run").resumed_from(), theirs)

    def test_finished_job_reads_nothing_again(self):
        self.readings(100)
        self.run_ok(SUMS, "run")
        again = self.run_ok(SUMS, "run")
        self.assertIn("the job had finished: its input is not read again (--fresh starts over)", again.lines)
        self.assertEqual(len(self.rows_of("sums")), 100)

    def test_new_line_that_fails_at_once_says_how_to_go_back(self):
        self.readings(100)
        newest = self.run_ok(SUMS, "run").checkpoint_ids()[-1]
        ended = self.run_program(SUMS, "run", "--fresh", "--input", "none.csv")
        self.assert_error(ended, FAILED, "none.csv", f"run --from {newest} goes back to what was before")
        self.assertIn("the next run starts empty", self.run_program(SUMS, "checkpoints", "list").err)
        self.assertEqual(self.run_ok(SUMS, "run", "--from", newest).resumed_from(), newest)
        self.assertEqual(len(self.rows_of("sums")), 100)

    def test_finished_job_that_is_run_again_keeps_its_checkpoints(self):
        self.readings(20_000)
        self.run_ok(SUMS, "run", "--rate", 40_000, *FAST)
        kept = self.run_program(SUMS, "checkpoints", "list", "--output", "json").out
        for _ in range(4):
            again = self.run_ok(SUMS, "run", *FAST)
            self.assertIsNotNone(again.resumed_from())
            self.assertEqual(again.checkpoint_ids(), [])
        self.assertEqual(self.run_program(SUMS, "checkpoints", "list", "--output", "json").out, kept)

    def test_output_of_a_finished_job_may_be_moved_away(self):
        self.readings(100)
        self.run_ok(SUMS, "run")
        (self.dir / "sums").rename(self.dir / "archive")
        blocked = self.write("sums", "not a directory")  # the next run dies before its first checkpoint
        self.assertEqual(self.run_program(SUMS, "run", *NO_RESTART).code, FAILED)
        blocked.unlink()
        for _ in range(2):
            self.assertIsNotNone(self.run_ok(SUMS, "run").resumed_from())
        self.assertEqual(len(self.rows_of("archive")), 100)

    def test_process_that_stood_still_goes_on_without_a_restart(self):
        self.readings(100_000)
        process = self.start(SUMS, "run", "--rate", 10_000, *FAST, *TWO)
        process.wait_for_line("checkpoint 1 complete")
        process.send(signal.SIGSTOP)
        time.sleep(6)
        process.send(signal.SIGCONT)
        process.wait_for_more(5)
        process.send(signal.SIGTERM)
        ended = process.end()
        self.assertEqual([line for line in ended.lines if line.startswith("restart ")], [])

    def test_signal_at_any_moment_of_the_start_ends_it(self):
        self.readings(100_000)
        for _ in range(12):
            process = self.start(SUMS, "run", *FAST, *SLOW_READ)
            time.sleep(self.chance.uniform(0, 0.06))
            process.send(signal.SIGINT)
            self.assertIn(process.end().code, (-signal.SIGINT, 128 + signal.SIGINT), f"seed {self.seed}")
        self.run_ok(SUMS, "run", *FAST)
        self.assert_sums_right(100_000)

    def test_signal_while_a_restart_is_waited_for_ends_it(self):
        self.readings(1_000)
        process = self.start(SUMS, "run", "--variant", "throwing", "-D", "restart-strategy.fixed-delay.delay=1 h")
        process.wait_for_line("restart 1 of ")
        process.send(signal.SIGTERM)
        self.assertEqual(process.end().code, 128 + signal.SIGTERM)

    def test_signals_that_come_together_are_one(self):
        self.readings(100_000)
        process = self.start(SUMS, "run", *FAST, *SLOW_READ)
        process.wait_for_line("checkpoint 1 complete")
        process.send(signal.SIGINT)
        process.send(signal.SIGTERM)
        self.assertIn(process.end().code, (128 + signal.SIGINT, 128 + signal.SIGTERM))

    def test_second_signal_ends_at_once(self):
        self.readings(10)
        process = self.start(SUMS, "run", "--variant", "stuck", *FAST)
        process.wait_for_line("checkpoint 1 complete")
        process.send(signal.SIGINT)
        process.wait_for_line("stopping; once more to stop at once")
        process.send(signal.SIGINT)
        self.assertEqual(process.end().code, -signal.SIGINT)
        self.run_ok(SUMS, "run", *FAST)
        self.assert_sums_right(10)

    def test_checkpoint_directory_is_found_wherever_it_is_named(self):
        self.readings(100)
        for setting in (["--checkpoint-dir", "cp"], ["--checkpoint-dir", f"file://{self.dir}/cp"],
                        ["-D", f"execution.checkpointing.dir={self.dir}/cp"]):
            ended = self.run_ok(SUMS, "run", *setting)
        self.assertIsNotNone(ended.resumed_from())
        self.assertFalse((self.dir / ".weir").exists())


class Progress(SystemTest):
    def test_json_is_one_object_a_line(self):
        self.readings(1_000)
        ended = self.run_ok(SUMS, "run", "--progress", "json")
        events = [json.loads(line) for line in ended.lines]
        kinds = [event["event"] for event in events]
        self.assertIn("started-empty", kinds)
        self.assertIn("checkpoint-complete", kinds)
        self.assertEqual(events[-1]["event"], "finished")
        self.assertEqual((events[-1]["rows_in"], events[-1]["rows_out"]), (1_000, 1_000))

    def test_none_is_nothing(self):
        self.readings(10)
        self.assertEqual(self.run_ok(SUMS, "run", "--progress", "none").err, "")

    def test_one_line_is_redrawn_on_a_terminal(self):
        self.readings(20_000)
        master, terminal = os.openpty()
        process = self.start_on(terminal, "run", "--rate", 20_000, "-D", "execution.checkpointing.interval=100ms")
        os.close(terminal)
        seen = b""
        while True:
            try:
                read = os.read(master, 4096)
            except OSError:  # the other end is closed
                break
            if not read:
                break
            seen += read
        process.wait(timeout=SECONDS_MAX)
        os.close(master)
        text = seen.decode()
        self.assertEqual(process.returncode, DONE, text)
        self.assertIn("\r\x1b[K", text)
        self.assertRegex(text, r"sums  RUNNING 00:00:\d\d  in [\d.]+( k)?/s")
        self.assertRegex(text.replace("\r\n", "\n"), r"finished: 20000 rows in, 20000 rows out\n$")

    def start_on(self, terminal, *arguments):
        process = subprocess.Popen([str(SUMS), *map(str, arguments)], cwd=self.dir, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=terminal, env={**os.environ, "TERM": "xterm"})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process


if __name__ == "__main__":
    main()
