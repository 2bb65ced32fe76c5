#!/usr/bin/env python3
"""Each rule of tools/check_layers.py: something that breaks it, something that does not."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import check_layers  # noqa: E402

ALLOWED, _ = check_layers.read_layers("base:\nenv: base\nsim: base env\nstate: base\nstate/rocksdb: state\ntesting: all\n")


def errors(path, text):
    return check_layers.check_file(path, text, ALLOWED)


class Order(unittest.TestCase):
    def test_earlier_lines_are_fine(self):
        allowed, found = check_layers.read_layers("# head\nbase:\nenv: base  # why\ncli: all\n")
        self.assertEqual(found, [])
        self.assertEqual(allowed, {"base": set(), "env": {"base"}, "cli": {"base", "env"}})

    def test_a_later_line_is_an_error(self):
        _, found = check_layers.read_layers("base: env\nenv: base\n")
        self.assertEqual(len(found), 1)
        self.assertIn("layers.txt:1: base names env", found[0])

    def test_a_module_cannot_name_itself(self):
        self.assertEqual(len(check_layers.read_layers("base: base\n")[1]), 1)

    def test_a_second_line_is_an_error(self):
        self.assertIn("join", check_layers.read_layers("base:\nbase:\n")[1][0])

    def test_a_line_without_colon_is_an_error(self):
        self.assertIn("no colon", check_layers.read_layers("base\n")[1][0])


class Layer(unittest.TestCase):
    def test_own_and_named_modules_are_fine(self):
        self.assertEqual(errors("weir/env/a.h", '#include "weir/env/b.h"\n#include "weir/base/c.h"\n'), [])

    def test_another_module_is_an_error_with_its_line(self):
        found = errors("weir/state/a.cc", '\n#include "weir/env/b.h"\n')
        self.assertEqual(len(found), 1)
        self.assertIn("weir/state/a.cc:2: state may not include env", found[0])

    def test_tests_may_include_sim_and_testing(self):
        text = '#include "weir/sim/world.h"\n#include "weir/testing/harness.h"\n'
        self.assertEqual(errors("weir/state/a_test.cc", text), [])
        self.assertEqual(len(errors("weir/state/a.cc", text)), 2)

    def test_tests_may_not_include_anything_else(self):
        self.assertEqual(len(errors("weir/state/a_test.cc", '#include "weir/env/b.h"\n')), 1)

    def test_a_comment_is_no_include(self):
        self.assertEqual(errors("weir/base/a.h", '// #include "weir/env/b.h"\n/*\n#include "weir/env/b.h"\n*/\n'), [])

    def test_a_folder_without_line_is_an_error(self):
        self.assertIn("no line", errors("weir/utils/a.h", "")[0])

    def test_a_nested_module_has_a_line_of_its_own(self):
        self.assertEqual(errors("weir/state/rocksdb/a.h", '#include "weir/state/b.h"\n'), [])
        self.assertEqual(len(errors("weir/state/b.h", '#include "weir/state/rocksdb/a.h"\n')), 1)


class Rooted(unittest.TestCase):
    def test_relative_include_is_an_error(self):
        self.assertIn("relative", errors("weir/base/a.cc", '#include "a.h"\n')[0])

    def test_weir_in_angle_brackets_is_an_error(self):
        self.assertIn("in quotes", errors("weir/env/a.cc", "#include <weir/base/a.h>\n")[0])

    def test_the_header_for_users_is_not_for_modules(self):
        self.assertIn("for users", errors("weir/env/a.cc", '#include "weir/weir.h"\n')[0])


class Foreign(unittest.TestCase):
    def test_sockets_and_files_belong_to_env(self):
        for header in ("sys/socket.h", "asio.hpp", "asio/ip/tcp.hpp", "fcntl.h", "unistd.h", "curl/curl.h",
                       "librdkafka/rdkafka.h", "libpq-fe.h", "hiredis/hiredis.h", "openssl/ssl.h", "httplib.h"):
            with self.subTest(header):
                self.assertEqual(len(errors("weir/state/a.cc", f"#include <{header}>\n")), 1)
                self.assertEqual(errors("weir/env/a.cc", f"#include <{header}>\n"), [])

    def test_other_libraries_are_fine(self):
        self.assertEqual(errors("weir/state/a.cc", "#include <xxhash.h>\n#include <vector>\n"), [])


class Public(unittest.TestCase):
    def test_standard_library_and_weir_are_fine(self):
        files = {"weir/weir.h": '#include "weir/base/a.h"\n', "weir/base/a.h": "#include <vector>\n",
                 "weir/base/private.h": "#include <fmt/format.h>\n"}
        self.assertEqual(check_layers.check_public(files), [])

    def test_a_library_reached_in_two_steps_is_an_error(self):
        files = {"weir/weir.h": '#include "weir/base/a.h"\n', "weir/base/a.h": '#include "weir/base/b.h"\n',
                 "weir/base/b.h": "#include <fmt/format.h>\n"}
        self.assertIn("weir/base/b.h:1: <fmt/format.h>", check_layers.check_public(files)[0])

    def test_generated_headers_are_an_error(self):
        files = {"weir/weir.h": '#include "weir/checkpoint/history.pb.h"\n'}
        self.assertEqual(len(check_layers.check_public(files)), 1)

    def test_a_circle_ends(self):
        files = {"weir/weir.h": '#include "weir/base/a.h"\n', "weir/base/a.h": '#include "weir/base/a.h"\n'}
        self.assertEqual(check_layers.check_public(files), [])


class Tree(unittest.TestCase):
    def test_a_tree_is_walked(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "tools").mkdir()
            (root / "weir/base").mkdir(parents=True)
            (root / "tools/layers.txt").write_text("base:\nenv: base\n")
            (root / "weir/base/a.cc").write_text('#include "weir/env/b.h"\n')
            found, count = check_layers.check(root)
            self.assertEqual((len(found), count), (1, 1))


if __name__ == "__main__":
    unittest.main()
