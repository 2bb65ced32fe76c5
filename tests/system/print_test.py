#!/usr/bin/env python3
"""What is printed: results on standard output and nothing else there, however its reader behaves."""

from world import *


class Print(SystemTest):
    def printed(self, variant, rows=20):
        self.readings(rows)
        ended = self.run_ok(SUMS, "run", "--variant", variant)
        return ended, ended.out.splitlines()

    def test_a_record_is_one_json_object_a_line(self):
        ended, lines = self.printed("printing")
        sums = sorted((record["key"], record["count"], record["sum"]) for record in map(json.loads, lines))
        self.assertEqual(sums, sorted([(key, 1, key) for key in range(10)] + [(key, 2, 2 * key + 10) for key in range(10)]))
        self.assertTrue(all(list(json.loads(line)) == ["key", "count", "sum"] for line in lines), ended.out)

    def test_a_number_is_itself(self):
        _, lines = self.printed("printing-numbers")
        self.assertEqual(sorted(map(int, lines)), sorted(list(range(10)) + [2 * key + 10 for key in range(10)]))

    def test_a_text_is_itself(self):
        _, lines = self.printed("printing-texts", rows=10)
        self.assertEqual(sorted(lines), sorted(f'"sum" of {key}' for key in range(10)))

    def test_what_is_said_of_the_job_is_not_among_the_results(self):
        ended, lines = self.printed("printing")
        self.assertEqual(len(lines), 20)
        self.assertIn("finished: 20 rows in, 20 rows out", ended.lines)
        self.assertFalse([line for line in ended.lines if line.startswith("{")], ended.err)

    def test_events_as_json_are_not_among_the_results_either(self):
        self.readings(20)
        ended = self.run_ok(SUMS, "run", "--variant", "printing", "--progress", "json")
        self.assertEqual({tuple(json.loads(line)) for line in ended.out.splitlines()}, {("key", "count", "sum")})
        self.assertTrue(all("event" in json.loads(line) for line in ended.lines), ended.err)

    def test_printed_again_is_only_what_came_behind_the_checkpoint(self):
        self.readings(100_000)
        first = self.stop_behind(4, signal.SIGKILL, SUMS, "run", "--variant", "printing", "--rate", 20_000, *FAST)
        second = self.run_ok(SUMS, "run", "--variant", "printing", *FAST)
        whole = first.out[:first.out.rfind("\n") + 1]  # it was killed within a line, perhaps
        rows = [(record["key"], record["count"]) for record in map(json.loads, (whole + second.out).splitlines())]
        self.assertEqual(set(rows), {(key, count) for key in range(10) for count in range(1, 10_001)})
        self.assertEqual(len(second.out.splitlines()), len(set(second.out.splitlines())))
        self.assertLess(len(second.out.splitlines()), 100_000)


class Reader(SystemTest):
    """Of what is printed."""

    def printing(self, out, **options):
        self.readings(100_000)
        return self.start(SUMS, "run", "--variant", "printing", *FAST, stdout=out, **options)

    def assert_nothing_is_lost(self):
        """The next run prints what is missing."""
        ended = self.run_ok(SUMS, "run", "--variant", "printing", *FAST)
        self.assertEqual(max(json.loads(line)["count"] for line in ended.out.splitlines()), 10_000)

    def test_that_goes_ends_the_job_quietly(self):
        """... run | head -1"""
        reading, writing = os.pipe()
        process = self.printing(writing)
        os.close(writing)
        self.assertTrue(os.read(reading, 100).startswith(b'{"key":'))
        os.close(reading)
        ended = process.end()
        self.assertEqual(ended.code, -signal.SIGPIPE, ended.err)
        self.assertEqual(ended.errors(), [])
        self.assert_nothing_is_lost()

    def test_that_goes_is_one_sentence_where_the_signal_is_ignored(self):
        reading, writing = os.pipe()
        process = self.printing(writing, restore_signals=False)  # Python ignores SIGPIPE, and so does its child
        os.close(writing)
        os.read(reading, 100)
        os.close(reading)
        ended = process.end()
        self.assert_error(ended, FAILED, "standard output is closed")
        self.assert_sentence_and_cure(ended)
        self.assertNotIn("restart", ended.err)
        self.assert_nothing_is_lost()

    def test_that_never_was_is_one_sentence_and_no_other_file_is_written_to(self):
        process = self.printing(None, preexec_fn=lambda: os.close(1))
        ended = process.end()
        self.assert_error(ended, FAILED, "standard output is closed")
        self.assertNotIn("restart", ended.err)
        for path in self.dir.rglob("*"):
            self.assertFalse(path.is_file() and path != self.dir / "readings.csv" and b'"count":' in path.read_bytes(), path)
        self.assert_nothing_is_lost()

    def test_that_does_not_read_holds_the_job_up_and_loses_nothing(self):
        reading, writing = os.pipe()
        process = self.printing(writing)
        os.close(writing)
        process.wait_for_line("checkpoint 1 complete")
        out = b""
        while block := os.read(reading, 1 << 16):
            out += block
        os.close(reading)
        self.assertEqual(process.end().code, DONE)
        self.assertEqual(len(out.splitlines()), 100_000)

    def test_of_what_is_said_may_be_missing(self):
        self.readings(1_000)
        process = subprocess.run([str(SUMS), "run"], cwd=self.dir, stdout=subprocess.DEVNULL, timeout=SECONDS_MAX,
                                 preexec_fn=lambda: os.close(2), check=False)
        self.assertEqual(process.returncode, DONE)
        self.assertEqual(len(self.rows_of("sums")), 1_000)


if __name__ == "__main__":
    main()
