#!/usr/bin/env python3
"""tools/check_guide.py: what it takes for a page, and what it finds in one that is not true."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import check_guide  # noqa: E402

PROGRAM = "int main() {\n  return 0;\n}\n"


def block(fence, text="", page="docs/guide/a.md"):
    return check_guide.blocks_of(f"```{fence}\n{text}```\n", page)[0]


class Static(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="weir-guide-test-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("README.md", "no program\n")
        self.write("docs/guide/README.md", "[A](a.md)\n")
        self.write("docs/guide/a.md", "# A page\n")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def found(self, page):
        self.write("docs/guide/a.md", page)
        return "\n".join(check_guide.check(self.root))

    def test_a_page_without_mistakes_is_silent(self):
        self.write("examples/x.cc", "// head\n" + PROGRAM)
        self.assertEqual(self.found(f"# A page\n[here](#a-page)\n```cpp file=a.cc\n{PROGRAM}```\n"
                                    "```cpp from=examples/x.cc\n  return 0;\n}\n```\n"
                                    "```cpp from=a.cc\nint main() {\n```\n```sh exit=1\nfalse\n```\n```text\n```\n```\n─▶\n```\n"), "")

    def test_code_of_which_nobody_says_what_it_is(self):
        self.assertIn("a.md:1: say file=NAME", self.found("```cpp\nint x;\n```\n"))
        self.assertIn("a.md:1: ``` c++", self.found("```c++\n```\n"))
        self.assertIn("a.md:1: ``` sh quickly", self.found("```sh quickly\n```\n"))
        self.assertIn("a.md:1: no commands stand before", self.found("```text\n5\n```\n"))

    def test_an_excerpt_that_does_not_stand_there(self):
        self.write("x.cc", PROGRAM)
        self.assertIn("do not stand in x.cc", self.found("```cpp from=x.cc\nreturn 1;\n```\n"))
        self.assertIn("do not stand in x.cc", self.found("```cpp from=x.cc\nint main() {\n}\n```\n"))
        self.assertIn("there is no y.cc", self.found("```cpp from=y.cc\nreturn 1;\n```\n"))

    def test_two_programs_of_one_name(self):
        self.assertIn("a.cc stands in", self.found("```cpp file=a.cc\n```\n```cpp file=a.cc\n```\n"))

    def test_a_program_of_the_readme_that_no_page_has(self):
        self.write("README.md", f"```cpp\n{PROGRAM}```\n")
        self.assertIn("README.md:1: it is not the same", self.found(""))
        self.assertEqual(self.found(f"```cpp file=a.cc\n{PROGRAM}```\n"), "")

    def test_links(self):
        self.assertIn("link to b.md: there is no such file", self.found("[b](b.md)"))
        self.assertIn("link to #b: no title", self.found("[b](#b)"))
        self.write("docs/guide/c.md", "# C\n")
        self.assertIn("does not name c.md", self.found(""))
        self.write("docs/guide/c.svg", "<svg/>")
        self.assertIn("c.svg: no page shows it", self.found(""))

    def test_programs_are_written_and_those_that_are_compiled_are_named(self):
        self.write("docs/guide/a.md", f"```cpp file=a.h\n```\n```cpp file=a.cc\n{PROGRAM}```\n```csv file=b.csv\n```\n")
        out = self.root / "out"
        self.assertEqual(list(check_guide.write_programs(self.root, out)), ["a"])
        self.assertEqual(sorted(path.name for path in out.iterdir()), ["a.cc", "a.h"])
        before = (out / "a.cc").stat().st_mtime_ns
        list(check_guide.write_programs(self.root, out))
        self.assertEqual((out / "a.cc").stat().st_mtime_ns, before)

    def test_the_files_of_a_page(self):
        self.write("docs/guide/a.md", f"```cmake file=CMakeLists.txt\n```\n```cpp file=a.cc\n{PROGRAM}```\n")
        self.write("docs/guide/c.md", f"```cpp file=c.cc\n{PROGRAM}```\n")
        check_guide.write_files(self.root, "a", self.root / "out")
        self.assertEqual(sorted(path.name for path in (self.root / "out").iterdir()), ["CMakeLists.txt", "a.cc"])


class Commands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="weir-guide-test-")
        self.addCleanup(folder.cleanup)
        self.directory = pathlib.Path(folder.name)

    def run_page(self, *blocks):
        return check_guide.run_page(list(blocks), self.directory)

    def test_output_that_is_as_the_page_says(self):
        self.assertIsNone(self.run_page(block("csv file=in/a.csv", "1\n"), block("sh", "cat in/a.csv\necho b >&2\n"),
                                        block("text", "1\nb\n")))

    def test_output_that_is_not(self):
        self.assertIn("line 1 is not what comes: 2", self.run_page(block("sh", "echo 1\n"), block("text", "2\n")))
        self.assertIn("line 2 is not what comes: (the end)", self.run_page(block("sh", "echo 1; echo 2\n"), block("text", "1\n")))
        self.assertIn("line 2 is not what comes: 2", self.run_page(block("sh", "echo 1\n"), block("text", "1\n2\n")))

    def test_exit_codes(self):
        self.assertIn("exit code 1", self.run_page(block("sh", "false\ntrue\n")))
        self.assertIsNone(self.run_page(block("sh exit=3", "exit 3\n")))
        self.assertIsNone(self.run_page(block("sh exit=137", "kill -9 $$\n")))
        self.assertIn("exit code 0", self.run_page(block("sh exit=3", "true\n")))

    def test_what_is_only_shown_is_not_run_and_its_output_not_compared(self):
        self.assertIsNone(self.run_page(block("sh shown", "false\n"), block("text", "5\n")))

    def test_what_differs_from_run_to_run_may_differ(self):
        for said, comes in (("checkpoint 7 in 21 ms", "checkpoint 12 in 1.5 ms"), ("(2 s old)", "(0.1 s old)"),
                            ("(pid 7)", "(pid 12345)"), ("1,834 bytes", "0 bytes"), ("a … c", "a b c"), ("a  b", "a b")):
            self.assertIsNone(check_guide.differs_at([said], [comes]), said)
        for said, comes in (("7 rows", "8 rows"), ("21 ms", "21 s"), ("a.c", "abc")):
            self.assertEqual(check_guide.differs_at([said], [comes]), 0, said)

    def test_a_line_that_stands_for_any_lines(self):
        said = ["a", "…", "c"]
        for comes in (["a", "c"], ["a", "b", "c"], ["a", "c", "b", "c"]):
            self.assertIsNone(check_guide.differs_at(said, comes))
        self.assertEqual(check_guide.differs_at(said, ["a", "b"]), 2)
        self.assertEqual(check_guide.differs_at(said, ["a", "c", "d"]), 3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
