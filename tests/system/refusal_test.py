#!/usr/bin/env python3
"""Refusals: where state or output would be lost or repeated nothing happens, and the cure is named; exit code 3."""

from world import *


class Refusal(SystemTest):
    def stopped_run(self, *arguments):
        self.readings(100_000)
        ended = self.stop_behind(6, signal.SIGTERM, SUMS, "run", "--rate", 20_000, *FAST, *arguments)
        self.assertEqual(ended.code, 128 + signal.SIGTERM, ended.err)
        return ended

    def refused(self, *arguments):
        """A run that is refused, and has changed nothing: the program as it was goes on."""
        before = self.history_numbers("sums")
        rows = self.rows_of("sums")
        ended = self.run_program(SUMS, "run", *FAST, *arguments)
        self.assertEqual(ended.code, REFUSED, ended.err)
        self.assertEqual(len(ended.errors()), 1, ended.err)
        self.assertEqual(self.history_numbers("sums"), before)
        self.assertEqual(self.rows_of("sums"), rows)
        return ended

    def assert_goes_on(self, *arguments):
        self.run_ok(SUMS, "run", *FAST, *arguments)
        self.assert_sums_right(100_000)

    def test_changed_type_of_a_state(self):
        self.stopped_run()
        ended = self.refused("--variant", "text")
        self.assert_error(ended, REFUSED, '"summing.totals"', "string")
        self.assert_goes_on()

    def test_changed_type_of_a_key(self):
        self.stopped_run()
        ended = self.refused("--variant", "text-key")
        self.assert_error(ended, REFUSED, "summing", "string")
        self.assert_goes_on()

    def test_state_that_no_operator_claims(self):
        self.stopped_run()
        ended = self.refused("--variant", "renamed")
        self.assert_error(ended, REFUSED, '"summing.totals"', "--allow-dropped-state summing.totals")
        self.run_ok(SUMS, "run", *FAST, "--variant", "renamed", "--allow-dropped-state", "summing.totals")

    def test_state_that_its_operator_has_forgotten(self):
        self.stopped_run()
        ended = self.refused("--variant", "forgetful")
        self.assert_error(ended, REFUSED, '"summing.totals"', "--allow-dropped-state summing.totals")
        self.run_ok(SUMS, "run", *FAST, "--variant", "forgetful", "--allow-dropped-state", "summing.totals")

    def test_changed_max_parallelism(self):
        self.stopped_run()
        ended = self.refused("-D", "pipeline.max-parallelism=512")
        self.assert_error(ended, REFUSED, "256", "512")
        self.assert_goes_on()

    def test_max_parallelism_is_inherited(self):
        self.stopped_run("-D", "pipeline.max-parallelism=64")
        self.assert_goes_on()

    def test_unknown_checkpoint(self):
        self.stopped_run()
        self.assert_error(self.refused("--from", "999999"), REFUSED, "no checkpoint 999999", "there are:")
        self.assert_error(self.refused("--from", "v1"), REFUSED, "no checkpoint v1", "there are:")

    def test_latest_of_nothing(self):
        self.readings(10)
        ended = self.run_program(SUMS, "run", "--from", "latest")
        self.assert_error(ended, REFUSED, "sums", "no")

    def test_second_process(self):
        self.readings(100_000)
        first = self.start(SUMS, "run", "--rate", 20_000, *FAST)
        first.wait_for_line("checkpoint 1 complete")
        second = self.run_program(SUMS, "run", *FAST)
        self.assert_error(second, REFUSED, 'job "sums" is already run by ', f"(pid {first.pid})")
        self.assert_sentence_and_cure(second)
        self.assert_error(self.run_program(SUMS, "run", "--fresh"), REFUSED, 'job "sums" is already run by ')
        first.send(signal.SIGTERM)
        ended = first.end()
        self.assertEqual(ended.code, 128 + signal.SIGTERM)
        self.assert_goes_on()

    def test_second_process_that_no_lock_keeps_out_fences_the_first(self):
        """Two machines share no lock of a file system: the history decides."""
        self.readings(100_000)
        first = self.start(SUMS, "run", "--rate", 20_000, *FAST)
        first.wait_for_line("checkpoint 1 complete")
        (self.dir / ".weir/sums/run.lock").unlink()
        second = self.start(SUMS, "run", *FAST)
        ended = first.end()
        self.assert_error(ended, REFUSED, 'job "sums" was taken over')
        self.assertEqual(second.end().code, DONE)
        self.assert_sums_right(100_000)

    def test_process_that_was_stopped_and_taken_over_commits_nothing_more(self):
        """A zombie with a job of its own, on a machine that was away for a while."""
        self.readings(100_000)
        zombie = self.start(SUMS, "run", "--rate", 20_000, *FAST)
        zombie.wait_for_line("checkpoint 4 complete")
        time.sleep(self.chance.uniform(0, 0.06))
        zombie.send(signal.SIGSTOP)
        (self.dir / ".weir/sums/run.lock").unlink()
        self.run_ok(SUMS, "run", *FAST)
        zombie.send(signal.SIGCONT)
        ended = zombie.end()
        self.assert_error(ended, REFUSED, 'job "sums" was taken over', "\n       this process has stopped; nothing is lost")
        self.assert_sums_right(100_000)

    def damage_newest_record(self):
        newest = self.history_numbers("sums")[-1]
        path = self.dir / f".weir/sums/history/{newest:020}.json"
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        return newest, path

    def test_damaged_newest_record(self):
        self.stopped_run()
        newest, path = self.damage_newest_record()
        self.assert_error(self.refused(), REFUSED, f"cannot resume: history record {newest} is damaged",
                          "\n       put the record back from a copy, start from the newest other checkpoint with --from ",
                          ", or begin in another checkpoint directory: nothing was changed here")
        self.damage_newest_record()  # the same bit again: as it was
        self.assert_goes_on()

    def test_behind_a_damaged_record_the_checkpoint_before_it_can_be_started_from(self):
        self.stopped_run()
        _, path = self.damage_newest_record()
        older = re.search(r"with --from (\d+)", self.refused().err).group(1)
        listed = self.run_program(SUMS, "checkpoints", "list")
        self.assertEqual(listed.code, FAILED)
        self.assertIn(older, listed.out)
        # Nobody knows what was committed behind it.
        self.assert_error(self.refused("--from", older), REFUSED, "--repeat-output")
        self.run_ok(SUMS, "run", *FAST, "--from", older, "--repeat-output")
        counts = {tuple(map(int, row.split(",")[:2])) for row in self.rows_of("sums")}
        self.assertEqual(len(counts), 100_000)
        self.assertTrue(path.exists())  # it may be an epoch record: never deleted, and in nobody's way
        for what in ("list", "verify"):
            self.assertEqual(self.run_program(SUMS, "checkpoints", what).code, DONE)
        self.assertLessEqual(len(self.history_numbers("sums")), 3 + 5)  # retained; epochs, the end, the damaged one

    def test_lost_newest_record_is_seen_by_the_output(self):
        self.readings(100_000)
        self.stop_behind(6, signal.SIGTERM, SUMS, "run", "--rate", 20_000, *FAST)
        committed = max(int(path.name.split("-")[-3]) for path in (self.dir / "sums").glob("*.csv"))
        history = self.dir / ".weir/sums/history"
        for path in history.iterdir():
            record = json.loads(path.read_text())
            if int(record.get("checkpoint", {}).get("id", 0)) >= committed:
                path.unlink()
        rows = self.rows_of("sums")
        ended = self.run_program(SUMS, "run", *FAST)
        self.assertNotEqual(ended.code, DONE)
        self.assertRegex(ended.err, "holds the output of checkpoint|is missing")
        self.assertEqual(self.rows_of("sums"), rows)

    def test_lost_history_is_no_empty_job(self):
        """What was left of it is not deleted: row 5 of the regressions."""
        self.readings(100_000, keys=5_000)
        self.stop_behind(6, signal.SIGTERM, SUMS, "run", "--rate", 20_000, *FAST, *TWO)
        history, data = self.dir / ".weir/sums/history", self.dir / ".weir/sums/data"
        history.rename(self.dir / "copy")
        packs = sorted(path.name for path in data.iterdir())
        self.assertTrue(packs)
        for arguments in ([], ["--fresh"], ["--from", "latest"]):
            ended = self.run_program(SUMS, "run", *FAST, *arguments)
            self.assert_error(ended, REFUSED, "sums", "history")
            self.assertEqual(sorted(path.name for path in data.iterdir()), packs)
        (self.dir / "copy").rename(history)
        self.run_ok(SUMS, "run", *FAST)
        self.assert_sums_right(100_000, keys=5_000)

    def test_damaged_job_file_is_removed_by_hand_and_written_anew(self):
        self.stopped_run()
        path = self.dir / ".weir/sums/job.json"
        content = path.read_bytes()
        path.write_text("junk")
        self.assert_error(self.refused(), REFUSED, "sums/job.json: the job file is damaged", "\n       remove it, if the history")
        path.unlink()
        self.assert_goes_on()
        self.assertEqual(path.read_bytes(), content)


if __name__ == "__main__":
    main()
