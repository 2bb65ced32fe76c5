#!/usr/bin/env python3
"""Rows that are no records, put aside: each once, with its place, whatever is killed."""

from world import *


class Rejected(SystemTest):
    ARGUMENTS = ["run", "--rejected", "rejected"]

    def readings_with(self, rows, bad):
        """Readings, of which those in `bad` (by number) are none. What the letters must say of them."""
        text = "".join(f"{bad.get(i, f'{i % 10},{i}')}\n" for i in range(rows))
        self.write("readings.csv", "key,value\n" + text)
        return {(i + 2, row) for i, row in bad.items()}

    def letters(self):
        return [json.loads(line) for path in (self.dir / "rejected").glob("[!.]*.jsonl")
                for line in path.read_text().splitlines()]

    def test_they_are_named_and_the_others_are_summed(self):
        self.readings_with(20, {3: "3,three", 7: "7", 19: '"9"9,1'})
        ended = self.run_ok(SUMS, *self.ARGUMENTS)
        self.assertEqual(sorted(self.letters(), key=lambda letter: letter["line"]), [
            {"file": "readings.csv", "line": 5, "text": "3,three",
             "reason": 'column 2 "value": "three" is not an integer'},
            {"file": "readings.csv", "line": 9, "text": "7", "reason": "1 column, the header has 2"},
            {"file": "readings.csv", "line": 21, "text": '"9"9,1',
             "reason": self.letters_reason(21)}])
        self.assertEqual(len(self.rows_of("sums")), 17)
        self.assertIn("finished: 17 rows in, 20 rows out, 3 skipped that were no records", ended.lines)

    def letters_reason(self, line):
        return next(letter["reason"] for letter in self.letters() if letter["line"] == line)

    def test_each_is_there_once_however_often_it_is_killed(self):
        rows = 100_000
        wanted = self.readings_with(rows, {i: self.chance.choice([f"{i},x", str(i)]) for i in range(33, rows, 100)})
        command = [*self.ARGUMENTS, "--rate", 40_000, *FAST]
        for _ in range(3):
            self.stop_behind(3, signal.SIGKILL, SUMS, *command)
        self.run_ok(SUMS, *command)
        letters = self.letters()
        self.assertEqual({(letter["line"], letter["text"]) for letter in letters}, wanted, f"seed {self.seed}")
        self.assertEqual(len(letters), len(wanted), f"seed {self.seed}")
        self.assertEqual(len(self.rows_of("sums")), rows - len(wanted))

    def test_the_plan_shows_where_they_go(self):
        self.readings(10)
        ended = self.run_ok(SUMS, "plan", "--rejected", "rejected")
        self.assertRegex(ended.out, r"csv-source\.dead-letters +exactly once")


main()
