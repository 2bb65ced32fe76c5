#!/usr/bin/env python3
"""tools/check_size.py: it weighs the stripped program, and says what is missing."""

import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import check_size  # noqa: E402

PROGRAM = pathlib.Path(shutil.which("true")).resolve()  # any program


class CheckSize(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="weir-size-test-")
        self.addCleanup(folder.cleanup)
        self.build = pathlib.Path(folder.name)
        shutil.copy(PROGRAM, self.build / "program")
        self.size = check_size.stripped_bytes(self.build / "program")

    def too_large(self, limit):
        return check_size.check(self.build, {"program": limit})[1]

    def test_at_its_limit_it_is_small_enough_and_past_it_too_large(self):
        self.assertEqual(self.too_large(self.size), 0)
        self.assertEqual(self.too_large(self.size - 1), 1)
        self.assertIn("TOO LARGE", check_size.check(self.build, {"program": self.size - 1})[0][0])

    def test_the_program_itself_stays_as_it_is(self):
        self.assertEqual((self.build / "program").read_bytes(), PROGRAM.read_bytes())

    def test_what_is_not_there_or_no_program_is_said(self):
        with self.assertRaisesRegex(check_size.Missing, r"nosuch is not there; \./dev build makes it"):
            check_size.check(self.build, {"nosuch": 1})
        (self.build / "text").write_text("no program")
        with self.assertRaisesRegex(check_size.Missing, "text"):
            check_size.check(self.build, {"text": 1})


if __name__ == "__main__":
    unittest.main()
