#!/usr/bin/env python3
"""tools/check_ledger.py: it accepts what is right in any order, and finds each thing that can be wrong."""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import check_ledger  # noqa: E402

TRANSACTIONS = "account,amount\n1,10\n2,5\n1,-3\n1,10\n"
ENTRIES = ["1,1,10", "2,1,5", "1,2,7", "1,3,17"]


class CheckLedger(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.root = pathlib.Path(self._folder.name)
        (self.root / "out").mkdir()

    def check(self, *files, transactions=TRANSACTIONS):
        (self.root / "transactions.csv").write_text(transactions)
        for old in (self.root / "out").glob("[0-9].csv"):
            old.unlink()
        for number, rows in enumerate(files):
            (self.root / "out" / f"{number}.csv").write_text("\n".join(["account,count,balance", *rows]) + "\n")
        return check_ledger.check(self.root / "transactions.csv", self.root / "out")

    def findings(self, *files):
        return [finding.split(":")[0] for finding in self.check(*files).findings]

    def test_right_in_any_order_and_division(self):
        for files in ([ENTRIES], [ENTRIES[::-1]], [[entry] for entry in ENTRIES], [ENTRIES[:1], [], ENTRIES[1:]]):
            verdict = self.check(*files)
            self.assertEqual(verdict.text(), "4 rows in, 4 rows out, each exactly once; 2 balances right")

    def test_another_order_of_amounts_is_right(self):
        self.assertEqual(self.findings(["1,1,-3", "2,1,5", "1,2,7", "1,3,17"]), [])

    def test_hidden_and_other_files_do_not_count(self):
        (self.root / "out" / ".x.csv").write_text("junk")
        (self.root / "out" / "notes.txt").write_text("junk")
        self.assertEqual(self.findings(ENTRIES), [])

    def test_a_lost_row(self):
        self.assertEqual(self.findings(ENTRIES[:3]), ["rows that are missing"])
        self.assertIn("account 1, count 3", self.check(ENTRIES[:3]).text())

    def test_a_doubled_row(self):
        self.assertEqual(self.findings(ENTRIES, ENTRIES[:1]), ["rows that are there twice"])

    def test_a_row_processed_twice(self):
        self.assertEqual(self.findings(ENTRIES + ["1,4,27"]), ["rows with a count that cannot be"])
        self.assertEqual(self.findings(ENTRIES + ["1,0,0"]), ["rows with a count that cannot be"])

    def test_a_row_of_nobody(self):
        self.assertEqual(self.findings(ENTRIES + ["3,1,5"]), ["rows of accounts that have no transaction"])

    def test_a_wrong_balance(self):
        self.assertEqual(self.findings(["1,1,10", "2,1,6", "1,2,7", "1,3,17"]), ["wrong balances"])

    def test_a_row_that_no_transaction_explains(self):
        self.assertEqual(self.findings(["1,1,9", "2,1,5", "1,2,7", "1,3,17"]),
                         ["accounts whose rows do not follow from their transactions"])

    def test_columns_may_stand_in_any_order(self):
        verdict = self.check(ENTRIES, transactions="amount,account\n10,1\n5,2\n-3,1\n10,1")
        self.assertEqual(verdict.findings, [])

    def test_what_cannot_be_read_is_said(self):
        for transactions in ("account\n1\n", "account,amount\n1,x\n", "account,amount\n1,2,3\n1\n", "", "account,amount\n\n"):
            with self.assertRaises(check_ledger.Unreadable):
                self.check(ENTRIES, transactions=transactions)

    def test_exit_codes(self):
        self.check(ENTRIES)
        paths = [str(self.root / "transactions.csv"), str(self.root / "out")]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(check_ledger.main(paths), 0)
            self.assertEqual(check_ledger.main([]), 2)
            self.assertEqual(check_ledger.main(["none.csv", paths[1]]), 2)
            self.check(ENTRIES[:2])
            self.assertEqual(check_ledger.main(paths), 1)

    def test_blocks_do_not_show(self):
        check_ledger.BLOCK_BYTES, before = 7, check_ledger.BLOCK_BYTES
        try:
            self.assertEqual(self.findings(ENTRIES), [])
            self.assertEqual(self.findings(ENTRIES[:3]), ["rows that are missing"])
        finally:
            check_ledger.BLOCK_BYTES = before


if __name__ == "__main__":
    unittest.main()
