#!/usr/bin/env python3
"""Each rule of tools/check_regressions.py: something that breaks it, something that does not."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import check_regressions  # noqa: E402

TESTS = {"Pack.Regression5_Lost", "tests/system/a_test.py:Resume.test_names"}


class Check(unittest.TestCase):
    def errors(self, *lines):
        return check_regressions.check("\n".join(("# Page", "| # | what | test |", "|---|---|---|") + lines), TESTS)

    def test_rows_that_name_their_tests_are_fine(self):
        self.assertEqual(self.errors("| 5 | x | `Pack.Regression5_Lost` |",
                                     "| 6 | y `z` | `tests/system/a_test.py:Resume.test_names` |"), [])

    def test_a_test_that_does_not_exist_is_an_error(self):
        errors = self.errors("| 5 | x | `Pack.Regression5_Lost`, `Pack.Gone` |")
        self.assertEqual(len(errors), 1)
        self.assertIn("row 5 names Pack.Gone", errors[0])

    def test_a_row_needs_a_test_or_a_reason(self):
        named = "| 5 | x | `Pack.Regression5_Lost` |"
        self.assertEqual(len(self.errors(named, "| 7 | x | later |")), 1)
        self.assertEqual(self.errors(named, "| 7 | x | By construction: there is none. |",
                                     "| 8 | x | Not yet: no such store. |"), [])

    def test_a_test_named_after_a_row_stands_there(self):
        self.assertIn("Pack.Regression5_Lost is not named in row 5", self.errors()[0])
        self.assertEqual(len(self.errors("| 6 | x | `Pack.Regression5_Lost` |")), 1)

    def test_a_promise_names_tests_that_exist(self):
        page = "| P1 | x | in part: `Pack.Regression5_Lost`, `weir/a/b_test.cc` |\n| P2 | y | `Pack.Gone` |"
        self.assertEqual(check_regressions.check_promises(page, TESTS),
                         ["docs/design/promises.md: Pack.Gone is no test"])


class Names(unittest.TestCase):
    def test_cpp(self):
        text = "TEST(A, B) {}\nTEST_F(C,\n       D) {}\nTYPED_TEST(E, F) {}\n  // TEST(G, H)\n"
        self.assertEqual(check_regressions.cpp_tests(text), {"A.B", "C.D", "E.F"})

    def test_python(self):
        text = "class A(T):\n    def test_b(self):\n        pass\n\n    def help(self):\n        pass\n"
        self.assertEqual(check_regressions.python_tests("t.py", text), {"t.py:A.test_b"})


if __name__ == "__main__":
    unittest.main()
