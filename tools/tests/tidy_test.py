#!/usr/bin/env python3
"""Each rule of tools/tidy.py: something that breaks it, something that does not."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import cpp_text  # noqa: E402
import tidy  # noqa: E402

# rule: (code that breaks it, code that does not, a file where it does not hold)
BANS = {
    "thread": (["std::thread t(F);", "auto f = std::async(F);", "#include <thread>"],
               ["int thread = 0;", "// std::thread", "std::this_thread::get_id();"], "weir/env/a.cc"),
    "mutex": (["std::mutex m;", "std::condition_variable c;", "std::lock_guard l(m);", "std::shared_mutex m;"],
              ["Mutex m;", "MutexLock lock(&m);"], "weir/env/mutex.h"),
    "sleep": (["std::this_thread::sleep_for(x);", "usleep(3);", "sleep(1);"],
              ["int sleep_count = 0;", "clock.sleep(1);"], "weir/sim/a.cc"),
    "clock": (["std::chrono::system_clock::now();", "steady_clock::now();", "time(nullptr);", "std::time(0);",
               "::time(&t);"], ["event.time();", "record_time(0);", "int steady = 0;"], "weir/env/a.cc"),
    "random": (["std::random_device d;", "int i = rand();", "std::srand(1);"], ["random.Next();", "operand();"],
               "weir/sim/a.cc"),
    "file": (["FILE* f = fopen(a, b);", "std::ifstream in(a);", "int fd = open(a, 0);", "int fd = ::open(a, 0);",
              "#include <fstream>", "std::filesystem::exists(a);"],
             ["Reopen(a);", "file->open(a);", "is_open();", "reopen(a);"], "weir/env/a.cc"),
    "socket": (["int s = ::socket(1, 2, 3);", "::connect(s, a, n);"], ["Connect(a);", "signal.connect(a);"],
               "weir/env/a.cc"),
    "throw": (["throw 3;"], ["int throwable;", '"throw"', "// throw"], "weir/runtime/user_code.cc"),
    "catch": (["try { F(); } catch (...) {}"], ["int retry = 0;", "catchment(1);"], "weir/runtime/user_code.h"),
    "std-hash": (["std::hash<int> h;"], ["HashBytes(b);"], "weir/base/ids.h"),
    "new": (["int* p = new int;", "Use(new Foo(1));", "auto* p = new std::string[3];"],
            ["new (place) Foo(1);", "::new (place) Foo;", "return std::unique_ptr<Foo>(new Foo(1));",
             "std::unique_ptr<Foo> p(new Foo(1));", "int newest = 0;", "// a new row", "void* operator new(size_t);"],
            None),
    "delete": (["delete p;", "delete[] p;", "delete (p);"],
               ["Foo(const Foo&) = delete;", "void operator delete(void*);", "int deleted = 0;"], None),
    "disabled-test": (["TEST(A, DISAB" "LED_B) {}"], ["TEST(A, DisabledKey) {}"], None),
    "skipped-test": (["GTEST_" "SKIP();"], ["// GTEST_SKIP"], None),
}


def rules_of(errors):
    return [error.split("[", 1)[1].split("]")[0] for error in errors]


class Bans(unittest.TestCase):
    def test_every_ban_is_tested(self):
        self.assertEqual(sorted(BANS), sorted(ban.rule for ban in tidy.BANS))

    def test_what_breaks_a_rule_is_found(self):
        for rule, (bad, _, _) in BANS.items():
            for code in bad:
                with self.subTest(rule=rule, code=code):
                    self.assertIn(rule, rules_of(tidy.check_bans("weir/state/a.cc", code + "\n")))

    def test_what_only_looks_like_it_is_not(self):
        for rule, (_, good, _) in BANS.items():
            for code in good:
                with self.subTest(rule=rule, code=code):
                    self.assertNotIn(rule, rules_of(tidy.check_bans("weir/state/a.cc", code + "\n")))

    def test_an_exception_holds_in_its_file_only(self):
        for rule, (bad, _, path) in BANS.items():
            if path:
                with self.subTest(rule=rule):
                    self.assertNotIn(rule, rules_of(tidy.check_bans(path, bad[0] + "\n")))

    def test_every_exception_names_a_rule_and_a_reason(self):
        rules = {ban.rule for ban in tidy.BANS} | {"pragma-once", "width", "listed", "namespace"}
        for exception in tidy.EXCEPTIONS:
            self.assertIn(exception.rule, rules)
            self.assertTrue(exception.reason)

    def test_the_message_names_line_and_cure(self):
        self.assertEqual(tidy.check_bans("weir/state/a.cc", "\n\nthrow 3;\n"),
                         ["weir/state/a.cc:3: [throw] throw: return a Status"])


class PragmaOnce(unittest.TestCase):
    def test_a_header_needs_it(self):
        self.assertEqual(len(tidy.check_pragma_once("weir/a/b.h", "int x;\n#pragma once\n")), 1)
        self.assertEqual(len(tidy.check_pragma_once("weir/a/b.h", "#ifndef A\n#define A\n#endif\n")), 1)

    def test_it_may_follow_a_comment(self):
        self.assertEqual(tidy.check_pragma_once("weir/a/b.h", "// What.\n/* why */\n#pragma once\n"), [])

    def test_a_source_does_not(self):
        self.assertEqual(tidy.check_pragma_once("weir/a/b.cc", "int x;\n"), [])


class Todo(unittest.TestCase):
    def test_without_issue_is_an_error(self):
        self.assertEqual(len(tidy.check_todo("a.cc", "// TO" + "DO: later\n// FIX" + "ME(ann): x\n")), 2)

    def test_with_issue_is_fine(self):
        self.assertEqual(tidy.check_todo("a.cc", "// TO" + "DO(#12): later\n"), [])


class Width(unittest.TestCase):
    def errors(self, line, path="weir/base/a.h"):
        return rules_of(tidy.check_width(path, "int a;\n" + line + "\nint b;\n"))

    def test_a_comment_of_101_columns_is_found(self):
        self.assertEqual(self.errors("// " + "x" * 98), ["width"])
        self.assertEqual(self.errors("  /// " + "x" * 95), ["width"])

    def test_100_columns_are_letters_and_not_bytes(self):
        self.assertEqual(self.errors("// " + "─" * 97), [])

    def test_code_is_clang_formats(self):
        self.assertEqual(self.errors('const char* kText = "' + "x" * 100 + '";'), [])

    def test_yardsticks_are_as_they_were_copied(self):
        self.assertEqual(self.errors("// " + "x" * 98, "bench/yardsticks/a.cc"), [])

    def test_the_tree_is_looked_at(self):
        files = {"weir/base/a.h": "#pragma once\n// " + "x" * 98 + "\n", "weir/base/a.proto": "// " + "x" * 98 + "\n",
                 "weir/base/CMakeLists.txt": "weir_module(base HEADERS a.h PROTOS a.proto)"}
        self.assertEqual(rules_of(tidy.check_tree(files, pathlib.Path("."))[0]), ["width", "width"])


class Namespace(unittest.TestCase):
    def test_own_and_public_namespaces_are_fine(self):
        for code in ("namespace weir::state {", "namespace weir {\ninline namespace v0 {", "namespace {",
                     "namespace weir::state {\nnamespace {"):
            self.assertEqual(tidy.check_namespace("weir/state/a.cc", code + "\n"), [])

    def test_another_module_is_an_error(self):
        self.assertEqual(rules_of(tidy.check_namespace("weir/state/a.cc", "namespace weir::base {\n")), ["namespace"])
        self.assertEqual(rules_of(tidy.check_namespace("weir/state/a.cc", "namespace std {\n")), ["namespace"])

    def test_types_of_another_module_may_be_declared(self):
        text = "namespace weir::base {\nclass A;\nstruct B;\ntemplate <typename T>\nclass C;\n}\n"
        self.assertEqual(tidy.check_namespace("weir/state/a.h", text), [])
        self.assertEqual(len(tidy.check_namespace("weir/state/a.h", text.replace("struct B;", "struct B {};"))), 1)

    def test_using_namespace_is_an_error(self):
        self.assertEqual(len(tidy.check_namespace("weir/state/a.cc", "using namespace std;\n")), 1)
        self.assertEqual(tidy.check_namespace("weir/state/a_test.cc", "namespace weir::state {\nusing namespace std::chrono_literals;\n}\n"), [])

    def test_other_folders_are_free(self):
        self.assertEqual(tidy.check_namespace("tests/simulation/a.cc", "namespace ledger {\n"), [])


class MachinePath(unittest.TestCase):
    ROOT = pathlib.PurePosixPath("/srv/builder/weir")

    def test_homes_and_this_folder_are_errors(self):
        for text in ("see /ho" + "me/ann/x", "/ro" + "ot/x", "/srv/builder/weir/dev", "/srv/builder/other/x"):
            with self.subTest(text):
                self.assertEqual(rules_of(tidy.check_machine_paths("README.md", text, self.ROOT)), ["machine-path"])

    def test_other_paths_are_fine(self):
        for text in ("/var/lib/weir", "/tmp/x", "docs/ho" + "me/x", "file:///usr/local"):
            with self.subTest(text):
                self.assertEqual(tidy.check_machine_paths("README.md", text, self.ROOT), [])

    def test_a_checkout_below_the_root_folder_is_not_a_word(self):
        text = "${PROJECT_SOURCE_DIR}/weir/base and (/weir/base)"
        self.assertEqual(tidy.check_machine_paths("a", text, pathlib.PurePosixPath("/weir")), [])


class Functions(unittest.TestCase):
    def lengths(self, text):
        return [(f.name, f.lines) for f in cpp_text.functions(text)]

    def test_free_functions_members_and_tests(self):
        text = ("namespace weir::a {\nint F(int x) {\n  return x;\n}\nclass C : public D {\n public:\n  C() : x_{1},\n"
                "        y_(2) {\n  }\n  int y() const override { return 1; }\n  bool operator==(const C& o) const {\n"
                "    return true;\n  }\n};\nTEST(Some, Fact) {\n  F(1);\n}\n}\n")
        self.assertEqual(self.lengths(text), [("F", 3), ("C", 3), ("y", 1), ("operator==", 3), ("Some.Fact", 3)])

    def test_what_is_nested_counts_with_its_function(self):
        text = "void F() {\n  auto g = [&](int x) {\n    if (x) {\n    }\n  };\n  for (;;) {\n  }\n}\n"
        self.assertEqual(self.lengths(text), [("F", 8)])

    def test_templates_and_trailing_returns(self):
        text = "template <typename T, typename = decltype(T{})>\nauto F(T t) -> std::vector<T> {\n  return {};\n}\n"
        self.assertEqual(self.lengths(text), [("F", 4)])

    def test_braces_in_strings_and_macros_do_not_count(self):
        text = "#define M(x) {\nvoid F() {\n  Use(\"{\", '{', R\"({{)\");  // {\n}\nvoid G() {\n}\n"
        self.assertEqual(self.lengths(text), [("F", 3), ("G", 2)])

    def test_tables_and_variables_are_no_functions(self):
        text = "constexpr int kTable[] = {1, 2};\nstd::vector<int> v{F(1)};\nenum class E { kA };\nstruct S {\n  int x = 1;\n};\n"
        self.assertEqual(self.lengths(text), [])


def long_function(lines):
    return "void F() {\n" + "  G();\n" * (lines - 2) + "}\n"


class Ratchets(unittest.TestCase):
    KEY = ("function", "weir/a/b.cc", "F")

    def errors(self, lines, ratchets):
        return tidy.check_ratchets(tidy.over_limits("weir/a/b.cc", long_function(lines)), ratchets)

    def test_the_limit_is_in_bounds(self):
        self.assertEqual(self.errors(tidy.FUNCTION_LINES_MAX, {}), [])
        self.assertEqual(len(self.errors(tidy.FUNCTION_LINES_MAX + 1, {})), 1)

    def test_what_is_over_may_stay_but_not_grow(self):
        self.assertEqual(self.errors(90, {self.KEY: 90}), [])
        self.assertIn("grew", self.errors(91, {self.KEY: 90})[0])

    def test_what_shrinks_lowers_its_ratchet(self):
        self.assertIn("shrank", self.errors(80, {self.KEY: 90})[0])
        self.assertIn("within its limit", self.errors(60, {self.KEY: 90})[0])

    def test_a_file_over_its_limit_is_an_error(self):
        text = "int x;\n" * (tidy.FILE_LINES_MAX + 1)
        self.assertEqual(len(tidy.check_ratchets(tidy.over_limits("weir/a/b.cc", text), {})), 1)
        self.assertEqual(tidy.over_limits("weir/a/b.cc", "int x;\n" * tidy.FILE_LINES_MAX), {})

    def test_tightening_lowers_and_removes_but_never_adds(self):
        text = "# why\nfunction weir/a/b.cc F 90\nfile weir/a/c.cc 1200\n"
        found = {self.KEY: (80, 1), ("file", "weir/a/new.cc"): (1100, 1)}
        self.assertEqual(tidy.tightened(text, found), "# why\nfunction weir/a/b.cc F 80\n")
        self.assertEqual(tidy.read_ratchets(text), {self.KEY: 90, ("file", "weir/a/c.cc"): 1200})


class Listed(unittest.TestCase):
    CMAKES = {"weir/a/CMakeLists.txt": "weir_module(a\n  HEADERS b.h sub/d.h\n  SOURCES b.cc  # c.cc\n  TESTS b_test.cc)\n"}

    def errors(self, path):
        return tidy.check_listed(path, self.CMAKES)

    def test_what_is_listed_is_fine(self):
        for path in ("weir/a/b.h", "weir/a/b.cc", "weir/a/b_test.cc", "weir/a/sub/d.h", "weir/weir.h"):
            self.assertEqual(self.errors(path), [])

    def test_what_is_not_listed_is_an_error(self):
        for path in ("weir/a/c.h", "weir/a/c.cc", "weir/a/c_test.cc", "weir/z/c.cc"):
            self.assertEqual(rules_of(self.errors(path)), ["listed"])

    def test_a_test_stands_under_tests(self):
        cmakes = {"weir/a/CMakeLists.txt": "weir_module(a SOURCES b_test.cc TESTS c.cc)"}
        for path in ("weir/a/b_test.cc", "weir/a/c.cc"):
            self.assertEqual(len(tidy.check_listed(path, cmakes)), 1)


class Libraries(unittest.TestCase):
    def errors(self, libraries):
        return tidy.check_libraries("weir/a/CMakeLists.txt", f"weir_module(a SOURCES b.cc LIBRARIES {libraries} TESTS t.cc)",
                                    "| Abseil (`absl`) | maps |\n| yaml-cpp | keys |\n")

    def test_what_has_a_reason_is_fine(self):
        self.assertEqual(self.errors("absl::synchronization yaml-cpp Threads"), [])

    def test_what_has_none_is_an_error(self):
        self.assertEqual(rules_of(self.errors("absl::time boost")), ["library"])


class Tree(unittest.TestCase):
    def test_a_clean_tree_has_no_errors(self):
        files = {"weir/a/CMakeLists.txt": "weir_module(a HEADERS b.h)", "weir/a/b.h": "#pragma once\n", "README.md": "x\n"}
        self.assertEqual(tidy.check_tree(files, MachinePath.ROOT), ([], {}))

    def test_each_kind_of_error_is_reported(self):
        files = {"weir/a/b.h": "namespace x {\nthrow 1;  // TO" + "DO\n}\n" + long_function(80),
                 "README.md": "/ho" + "me/ann\n"}
        errors, _ = tidy.check_tree(files, MachinePath.ROOT)
        self.assertEqual(sorted(rules_of(errors)),
                         ["length", "listed", "machine-path", "namespace", "pragma-once", "throw", "todo"])


if __name__ == "__main__":
    unittest.main()
