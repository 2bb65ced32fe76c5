#!/usr/bin/env python3
"""docs/design/regressions.md against the tests: every test that it names exists, every test that is
named after a row stands in that row, and every row has a test or says why none is needed. And
docs/design/promises.md: every test that it names exists.

A row of a table is `| 12 | what went wrong | what we have |`. Tests are named in backticks:
`Suite.Test` for C++, `tests/x_test.py:Class.test_method` for Python."""

import pathlib
import re
import sys

PAGE = "docs/design/regressions.md"
PROMISES = "docs/design/promises.md"
FOLDERS = ("weir", "tests", "examples")
ROW = re.compile(r"^\| *(\d+) *\|.*?\|(.*)\|$")
NAMED = re.compile(r"`([A-Za-z]\w*\.\w+|[\w/]+\.py:\w+\.\w+)`")
CPP_TEST = re.compile(r"^(?:TEST|TEST_F|TEST_P|TYPED_TEST)\(\s*(\w+)\s*,\s*(\w+)\s*\)", re.MULTILINE)
OF_ROW = re.compile(r"\bRegression(\d+)_?")
WITHOUT = re.compile(r"^ *(By construction|Not yet): ")


def rows(page):
    """{row: what we have} of the page's tables."""
    return {int(match[1]): match[2] for line in page.splitlines() if (match := ROW.match(line))}


def cpp_tests(text):
    return {f"{suite}.{test}" for suite, test in CPP_TEST.findall(text)}


def python_tests(path, text):
    tests, owner = set(), ""
    for line in text.splitlines():
        if match := re.match(r"class (\w+)", line):
            owner = match[1]
        elif match := re.match(r"    def (test\w*)\(", line):
            tests.add(f"{path}:{owner}.{match[1]}")
    return tests


def check(page, tests):
    """The errors of the page, given the names of all tests."""
    errors = []
    listed = rows(page)
    for row, text in sorted(listed.items()):
        named = NAMED.findall(text)
        errors += [f"{PAGE}: row {row} names {name}, which is no test" for name in named if name not in tests]
        if not named and not WITHOUT.match(text):
            errors.append(f"{PAGE}: row {row} has no test: name one, or say \"By construction: ...\" or \"Not yet: ...\"")
    for test in sorted(tests):
        for row in {int(number) for number in OF_ROW.findall(test)}:
            if test not in NAMED.findall(listed.get(row, "")):
                errors.append(f"{PAGE}: {test} is not named in row {row}")
    return errors


def check_promises(page, tests):
    return [f"{PROMISES}: {name} is no test" for name in NAMED.findall(page) if name not in tests]


def all_tests(root):
    tests = set()
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*_test.*")):
            name = path.relative_to(root).as_posix()
            if path.suffix in (".cc", ".h"):
                tests |= cpp_tests(path.read_text())
            elif path.suffix == ".py":
                tests |= python_tests(name, path.read_text())
    return tests


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    tests = all_tests(root)
    errors = check((root / PAGE).read_text(), tests) + check_promises((root / PROMISES).read_text(), tests)
    print("\n".join(errors) if errors else f"{PAGE}: every row has its tests")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
