#!/usr/bin/env python3
"""tools/make_docs.py: how it reads our comments, what it leaves out, and that a name without words is a mistake."""

import pathlib
import shutil
import sys
import tempfile
import textwrap
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import make_docs  # noqa: E402


def copy_of(text):
    """The lines for Doxygen, without empty ones and blanks at both ends."""
    lines = make_docs.Copy(textwrap.dedent(text)).run().removeprefix("/** @file */ ").splitlines()
    return [line.strip() for line in lines if line.strip()]


class Comments(unittest.TestCase):
    def test_the_head_of_a_file_is_about_the_class_that_it_begins_with(self):
        lines = copy_of("""\
            // Thing<T>: what there is.
            // Threads: pure.
            namespace weir {

            class Other {};

            template <class T>
            class Thing : public Base<T> {
            """)
        at = lines.index("template <class T>")
        self.assertEqual(lines[at - 3:at], ["/// What there is.", "/// @par Threads", "/// pure."])

    def test_the_head_of_a_file_may_be_about_a_macro(self):
        self.assertIn("/// Makes things.", copy_of("// MAKE: makes things.\n\n#define MAKE(x) x\n"))

    def test_words_are_said_of_what_follows_at_once(self):
        lines = copy_of("""\
            class Thing {
              /// Says it.
              void A();
              template <class T>
              void A(T t) {
                Do(t);
              }

              void B();
            """)
        self.assertEqual(lines.count("/// Says it."), 2)
        self.assertEqual(lines[lines.index("template <class T>") - 1], "/// Says it.")
        self.assertNotIn("///", lines[lines.index("void B();") - 1])

    def test_comments_of_members(self):
        lines = copy_of("""\
            struct Options {
              // Above.
              int a = 1;
              int b = 2;  // behind
              struct Nested {
                int c = 3;  // inside
              };
            };
            int F() {
              int d = 4;  // not a member
            }
            """)
        for line in ("/// Above.", "int b = 2;  ///< behind", "int c = 3;  ///< inside", "int d = 4;  // not a member"):
            self.assertIn(line, lines)
        self.assertEqual(lines[lines.index("int d = 4;  // not a member") - 1], "int F() {")

    def test_paragraphs_and_code(self):
        lines = copy_of("""\
            /// Does it, at \\n or `\\n`.
            ///
            ///   Do(it);
            ///
            /// Errors: NotFound when
            ///   it is not there.
            void Do();
            """)
        self.assertEqual(lines[:-1], ["/// Does it, at \\\\n or `\\n`.", "///", "///", "///       Do(it);", "///", "/// @par Errors",
                                      "/// NotFound when", "///   it is not there."])


class LeftOut(unittest.TestCase):
    def test_what_is_for_others(self):
        text = "\n".join(copy_of("""\
            namespace weir {
            inline namespace v0 {
            class Thing {
             public:
              Thing() = default;
              void A();
              // What follows is for operators.
              void B();

              void C();
             private:
              int d_;
            };

            template <class T>
            void Thing<T>::E() {
              G();
            }
            #define INNER_(x) \\
              x
            }  // namespace v0
            }  // namespace weir
            """))
        self.assertIn("void A();", text)
        for gone in ("Thing()", "void B()", "void C()", "E()", "G()", "INNER_", "v0"):
            self.assertNotIn(gone, text)

    def test_other_namespaces_but_for_what_programs_meet_there(self):
        text = "\n".join(copy_of("""\
            namespace weir::env {
            struct Env;
            }
            namespace weir::operators {

            class Inner {
              int x;

              int y;
            };

            template <class K>
            class KeyedTimers {
              int z;
            };
            int Function();

            }  // namespace weir::operators
            namespace weir::runtime {
            int Contract();
            }  // namespace weir::runtime
            """))
        for there in ("template <class K>", "int z;", "int Contract();"):
            self.assertIn(there, text)
        for gone in ("Inner", "int y;", "Function", "Env"):
            self.assertNotIn(gone, text)


class Tree(unittest.TestCase):
    """A tree with the headers of this one, and what Doxygen says of it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="weir-docs-test-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in [*make_docs.headers_of(make_docs.ROOT), make_docs.SETTINGS, make_docs.MAIN_PAGE]:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(make_docs.ROOT / name, path)

    def made(self):
        return make_docs.make(self.root, self.root / "out")

    def test_the_umbrella_and_the_headers_that_it_includes_are_read(self):
        self.assertEqual(self.made(), (0, ""))
        for page in ("index", "classweir_1_1Pipeline", "classweir_1_1testing_1_1SimulatedJob", "record_8h"):
            self.assertTrue((self.root / f"out/html/{page}.html").exists(), page)

    def test_a_name_without_words_is_a_mistake(self):
        path = self.root / "weir/state/value_state.h"
        text = path.read_text()
        self.assertIn("  /// The key has `value` afterwards.\n", text)
        path.write_text(text.replace("  /// The key has `value` afterwards.\n", ""))
        code, found = self.made()
        self.assertNotEqual(code, 0)
        self.assertRegex(found, r"^weir/state/value_state.h:\d+: .*Update.* is not documented")

    def test_a_page_that_names_what_is_not_there_is_a_mistake(self):
        path = self.root / make_docs.MAIN_PAGE
        path.write_text(path.read_text() + "\n#weir::Nothing\n")
        self.assertIn("weir::Nothing", self.made()[1])


if __name__ == "__main__":
    unittest.main(verbosity=2)
