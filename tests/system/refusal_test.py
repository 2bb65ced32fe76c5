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
        self.assertEqual(len(self.rows_of("sums")), 100_000)

    def test_changed_type_of_a_state(self):
        self.stopped_run()
        ended = self.refused("--variant", "text")
        self.assert_error(ended, REFUSED, '"summing.totals"', "string")
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
        self.assertEqual(len(self.rows_of("sums")), 100_000)

    def test_damaged_newest_record(self):
        self.stopped_run()
        newest = self.history_numbers("sums")[-1]
        path = self.dir / f".weir/sums/history/{newest:020}.json"
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        self.assert_error(self.refused(), REFUSED, "record", str(newest))


if __name__ == "__main__":
    main()
