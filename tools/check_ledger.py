#!/usr/bin/env python3
"""Checks what examples/ledger wrote, from its files alone and without Weir.

usage: tools/check_ledger.py TRANSACTIONS OUT      the CSV file that was read, the directory that was written

Only visible *.csv files of OUT count. Right means: as many rows out as in; per account each count 1..n exactly
once; the last balance is the sum of the amounts; and each row is explained by one transaction: the steps from
balance to balance are the account's amounts, in some order.
Exit code: 0 right, 1 wrong, 2 something cannot be read.
"""

import itertools
import operator
import pathlib
import sys
from array import array
from typing import NamedTuple

BLOCK_BYTES = 16 << 20
FINDINGS_MAX = 10  # how many are shown


class Unreadable(Exception):
    pass


class Verdict(NamedTuple):
    rows_in: int
    rows_out: int
    accounts: int
    findings: list  # sentences; empty: everything is right

    def text(self):
        if not self.findings:
            return (f"{self.rows_in:,} rows in, {self.rows_out:,} rows out, each exactly once; "
                    f"{self.accounts:,} balances right")
        lines = [f"WRONG: {self.rows_in:,} rows in, {self.rows_out:,} rows out"]
        return "\n".join(lines + ["       " + finding for finding in self.findings])


class Findings:
    """Counts what is wrong, by kind, with the first example of each."""

    def __init__(self):
        self._kinds = {}

    def add(self, kind, example):
        count, first = self._kinds.get(kind, (0, example))
        self._kinds[kind] = (count + 1, first)

    def sentences(self):
        return [f"{kind}: {count:,} (first: {first})" for kind, (count, first) in self._kinds.items()][:FINDINGS_MAX]


# --- Reading ---------------------------------------------------------------------------------------------------


def bad_line(path, block, width):
    """Why a block of lines is not `width` integers a line."""
    for line in block.split(b"\n"):
        try:
            if line and len([int(field) for field in line.split(b",")]) != width:
                return Unreadable(f"{path}: {line!r} has not {width} columns")
        except ValueError:
            return Unreadable(f"{path}: {line!r} is not {width} integers")
    return Unreadable(f"{path}: an empty line")


def blocks(file):
    """Whole lines, some MiB at a time, without the last line's end."""
    rest = b""
    while block := file.read(BLOCK_BYTES):
        block, newline, tail = (rest + block).rpartition(b"\n")
        if newline:
            yield block
        rest = tail
    if rest:
        yield rest


def columns(path, names):
    """Yields an array of integers for each named column, a block of rows at a time."""
    try:
        with open(path, "rb") as file:
            header = file.readline().decode("utf-8", "replace").rstrip("\r\n").split(",")
            if sorted(header) != sorted(names):
                raise Unreadable(f"{path}: the header is {','.join(header)}, not {','.join(names)}")
            places = [header.index(name) for name in names]
            for block in blocks(file):
                commas = set(map(bytes.count, block.split(b"\n"), itertools.repeat(b",")))
                try:
                    numbers = array("q", map(int, block.replace(b"\n", b",").split(b",")))
                except (ValueError, OverflowError):
                    raise bad_line(path, block, len(names)) from None
                if commas != {len(names) - 1}:
                    raise bad_line(path, block, len(names))
                yield [numbers[place::len(names)] for place in places]
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None


def output_files(directory):
    try:
        return sorted(path for path in pathlib.Path(directory).iterdir()
                      if path.suffix == ".csv" and not path.name.startswith("."))
    except OSError as error:
        raise Unreadable(f"{directory}: {error.strerror}") from None


# --- Checking --------------------------------------------------------------------------------------------------


class Accounts:
    """The transactions, grouped: account i owns places [begin[i], begin[i + 1]) of `amounts`."""

    def __init__(self, path):
        keys, amounts = array("q"), array("q")
        for some_keys, some_amounts in columns(path, ["account", "amount"]):
            keys.extend(some_keys)
            amounts.extend(some_amounts)
        self.names = sorted(set(keys))
        self.index = {name: i for i, name in enumerate(self.names)}
        owners = array("q", map(self.index.__getitem__, keys))
        counts = [0] * len(self.names)
        for owner in owners:
            counts[owner] += 1
        self.begin = array("q", [0])
        for count in counts:
            self.begin.append(self.begin[-1] + count)
        self.amounts = array("q", bytes(8 * len(amounts)))
        place = self.begin[:-1]
        for owner, amount in zip(owners, amounts):
            self.amounts[place[owner]] = amount
            place[owner] += 1


def read_entries(accounts, directory, findings):
    """(rows, balances by place, which places were filled)."""
    rows = 0
    places = accounts.begin[-1]
    balances, filled = array("q", bytes(8 * places)), bytearray(places)
    begin, index = accounts.begin, accounts.index
    for path in output_files(directory):
        for names, counts, some_balances in columns(path, ["account", "count", "balance"]):
            rows += len(names)
            for name, count, balance in zip(names, counts, some_balances):
                account = index.get(name)
                if account is None:
                    findings.add("rows of accounts that have no transaction", f"{path.name}: {name},{count},{balance}")
                    continue
                place = begin[account] + count - 1
                if count < 1 or place >= begin[account + 1]:
                    findings.add("rows with a count that cannot be", f"{path.name}: {name},{count},{balance}")
                elif filled[place]:
                    findings.add("rows that are there twice", f"{path.name}: {name},{count},{balance}")
                else:
                    filled[place] = 1
                    balances[place] = balance
    return rows, balances, filled


def check(transactions, directory):
    """The Verdict. Raises Unreadable."""
    findings = Findings()
    accounts = Accounts(transactions)
    rows, balances, filled = read_entries(accounts, directory, findings)
    for account, name in enumerate(accounts.names):
        begin, end = accounts.begin[account], accounts.begin[account + 1]
        if filled.find(0, begin, end) >= 0:
            for place in range(begin, end):
                if not filled[place]:
                    findings.add("rows that are missing", f"account {name}, count {place - begin + 1}")
            continue
        own, amounts = balances[begin:end], accounts.amounts[begin:end]
        if own[-1] != sum(amounts):
            findings.add("wrong balances", f"account {name}: {own[-1]}, the amounts sum to {sum(amounts)}")
        elif sorted(map(operator.sub, own, [0, *own])) != sorted(amounts):
            findings.add("accounts whose rows do not follow from their transactions", f"account {name}")
    return Verdict(accounts.begin[-1], rows, len(accounts.names), findings.sentences())


def main(arguments):
    if len(arguments) != 2 or "--help" in arguments:
        print(__doc__.strip(), file=sys.stderr)
        return 0 if "--help" in arguments else 2
    try:
        verdict = check(*arguments)
    except Unreadable as unreadable:
        print(f"error: {unreadable}", file=sys.stderr)
        return 2
    print(verdict.text())
    return 1 if verdict.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
