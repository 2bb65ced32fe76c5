#!/usr/bin/env python3
"""The part of docs/STYLE.md that a machine can check. Every message says what to do instead.

usage: tools/tidy.py [--tighten]     --tighten lowers the ratchets to what is there
"""

import fnmatch
import pathlib
import re
import subprocess
import sys
from typing import NamedTuple

import cpp_text

COLUMNS_MAX = 100
FILE_LINES_MAX = 1000
FUNCTION_LINES_MAX = 70
RATCHETS = "tools/ratchets.txt"
LIBRARIES = "docs/design/libraries.md"


class Ban(NamedTuple):
    """A name that must not appear in code (comments and strings do not count)."""

    rule: str
    pattern: str
    cure: str


BANS = [
    Ban("thread", r"\bstd::(jthread|thread|async)\b|#include <thread>", "run it on an env::Executor"),
    Ban("mutex", r"\bstd::(\w*mutex|condition_variable\w*|lock_guard|unique_lock|scoped_lock|shared_lock)\b",
        "use the annotated Mutex of env/mutex.h"),
    Ban("sleep", r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.>])sleep\s*\(",
        "wait for a time of env::Clock; in tests, turn sim's clock"),
    Ban("clock", r"\b(system_clock|steady_clock|high_resolution_clock|clock_gettime|gettimeofday)\b"
        r"|(?<![\w.>])(std::|::)?time\s*\(\s*(nullptr|NULL|0|&\w+)\s*\)", "ask env::Clock"),
    Ban("random", r"\brandom_device\b|(?<![\w.>])(std::|::)?s?rand\s*\(", "draw from env::Random; in tests, from sim"),
    Ban("file", r"\b(std::)?(fopen|freopen|tmpfile)\s*\(|\bstd::\w*fstream\b|#include <fstream>|\bstd::filesystem\b"
        r"|((?<![\w.>:])|(?<![\w>])::)(open|openat|creat)\s*\(", "use env::FileSystem; in tests, sim's disk"),
    Ban("socket", r"(?<![\w.>:])::?(socket|connect|bind|listen|accept4?)\s*\((?!\))", "use env::Transport"),
    Ban("throw", r"\bthrow\b", "return a Status"),
    Ban("catch", r"\bcatch\s*\(|\btry\s*\{", "only weir/runtime/user_code.* meets exceptions; return a Status"),
    Ban("std-hash", r"\bstd::hash\b", "use base/hash.h: std::hash differs between libraries and must not be stored"),
    Ban("new", r"(?<!operator )(?<!operator)\bnew\s+(?!\()[\w:]", "use std::make_unique"),
    Ban("delete", r"(?<!=)(?<!= )(?<!operator )\bdelete(\s*\[\s*\])?\s+[\w:*(]|\bdelete\[\]\s*\w",
        "let a std::unique_ptr own it"),
    Ban("disabled-test", r"\bDISABLED" r"_\w+", "fix the test or remove it"),
    Ban("skipped-test", r"\bGTEST_SKIP\b", "a test runs everywhere; give it what it needs from sim"),
]

# A constructor that is private can only be called by `new`; its result is owned at once.
OWNED_AT_ONCE = re.compile(r"_ptr<[^;{}]*>\s*(\w+\s*)?[({]\s*$")


class Exception_(NamedTuple):
    """Where a rule does not hold, and why."""

    rule: str
    paths: str  # fnmatch; * crosses folders
    reason: str


EXCEPTIONS = [
    *[Exception_(rule, f"weir/{module}/*", "this folder is the outside world, or stands for it")
      for module in ("env", "sim")
      for rule in ("thread", "mutex", "sleep", "clock", "random", "file", "socket")],
    Exception_("throw", "weir/runtime/user_code.*", "the one place where a user's exception becomes a Status"),
    Exception_("catch", "weir/runtime/user_code.*", "the one place where a user's exception becomes a Status"),
    Exception_("throw", "*_test.cc", "a test plays the user whose function throws"),
    Exception_("throw", "tests/*", "a test plays the user whose function throws"),
    Exception_("std-hash", "weir/base/ids.h", "makes ids keys of std maps; the value never leaves the process"),
    *[Exception_(rule, folder, "a benchmark measures the real machine")
      for folder in ("bench/*", "*_bench.cc") for rule in ("thread", "mutex", "sleep", "clock", "random", "file")],
    *[Exception_(ban.rule, "bench/yardsticks/*", "copied as they stand") for ban in BANS],
    Exception_("listed", "bench/yardsticks/*", "copied as they stand"),
    Exception_("width", "bench/yardsticks/*", "copied as they stand"),
    Exception_("width", "examples/checkpoint_example.cc", "the program that was promised to run as it stands"),
    Exception_("pragma-once", "cmake/test_pch.h", "CMake includes it itself"),
    Exception_("listed", "cmake/*", "used by the build itself"),
    Exception_("file", "cmake/fuzz_replay.cc", "replays files for a fuzz target, outside Weir"),
    Exception_("namespace", "weir/base/limits.h", "weir::limits: the one table of limits, named so everywhere"),
]


def excepted(rule, path):
    return any(e.rule == rule and fnmatch.fnmatchcase(path, e.paths) for e in EXCEPTIONS)


# --- One file ------------------------------------------------------------------------------------


def check_bans(path, text):
    code = cpp_text.code_only(text)
    errors = []
    for ban in BANS:
        if excepted(ban.rule, path):
            continue
        for match in re.finditer(ban.pattern, code):
            if ban.rule == "new" and OWNED_AT_ONCE.search(code[: match.start()]):
                continue
            errors.append(f"{path}:{cpp_text.line_of(code, match.start())}: [{ban.rule}] "
                          f"{' '.join(match.group(0).split())}: {ban.cure}")
    return errors


def check_pragma_once(path, text):
    if not path.endswith(".h") or excepted("pragma-once", path):
        return []
    if re.match(r"\s*#pragma once\n", cpp_text.code_only(text)):
        return []
    return [f"{path}:1: [pragma-once] a header begins (after its comment) with #pragma once"]


_TODO = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))")


def check_todo(path, text):
    return [f"{path}:{cpp_text.line_of(text, m.start())}: [todo] write {m.group(1)}(#issue): …, or do it now"
            for m in _TODO.finditer(text)]


def check_width(path, text):
    """Comments; clang-format breaks code, and lets them be."""
    if excepted("width", path):
        return []
    return [f"{path}:{number}: [width] a comment in {len(line)} columns: break it at {COLUMNS_MAX}"
            for number, line in enumerate(text.splitlines(), 1)
            if len(line) > COLUMNS_MAX and re.match(r"\s*//", line)]


_NAMESPACE = re.compile(r"^\s*(?:inline\s+)?namespace\s+([\w:]+)\s*\{", re.MULTILINE)
_FORWARD_DECLARATIONS = re.compile(r"(\s*(template\s*<[^<>]*>\s*)?(class|struct|enum\s+class)\s+\w+(\s*:\s*[\w:]+)?\s*;)+\s*\}")


def check_namespace(path, text):
    """A module has one namespace: weir::<module>, or weir (and v0 in it) for public names.

    Another's may be opened to declare its types and nothing else."""
    if not path.startswith("weir/") or path.count("/") < 2 or excepted("namespace", path):
        return []
    module = path.split("/")[1]
    code = cpp_text.code_only(text)
    allowed = {"weir", "v0", "internal", f"weir::{module}", f"weir::v0::{module}", f"weir::{module}::internal", module}
    errors = [f"{path}:{cpp_text.line_of(code, m.start(1))}: [namespace] {m.group(1)}: this module's is weir::{module}"
              for m in _NAMESPACE.finditer(code)
              if m.group(1) not in allowed and not _FORWARD_DECLARATIONS.match(code, m.end())]
    if re.search(r"\busing\s+namespace\b(?!\s+std::\w*literals\s*;)", code):
        errors.append(f"{path}: [namespace] using namespace: name what is used")
    return errors


_HOMES = re.compile(r"(?<![\w.])/(?:home|Users|root|mnt|workspace)/\w")


def check_machine_paths(path, text, root):
    """No path of a developer's machine: homes, and the folder in which this tree lies.

    A folder directly below / is left out: its name alone is too likely to mean something else."""
    places = [place for place in (root, root.parent) if len(place.parts) > 2]
    pattern = re.compile("|".join([_HOMES.pattern] + [rf"(?<![\w.]){re.escape(str(place))}/" for place in places]))
    return [f"{path}:{cpp_text.line_of(text, m.start())}: [machine-path] {m.group(0)}…: write a relative path"
            for m in pattern.finditer(text)]


# --- Ratchets ------------------------------------------------------------------------------------


def read_ratchets(text):
    """{("file", path) or ("function", path, name): lines}"""
    ratchets = {}
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if words:
            ratchets[tuple(words[:-1])] = int(words[-1])
    return ratchets


def over_limits(path, text):
    """What is over a limit in this file, in the form of ratchets, with the line where it begins."""
    found = {}
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        found["file", path] = (lines, 1)
    for function in cpp_text.functions(text):
        key = ("function", path, function.name)
        if function.lines > FUNCTION_LINES_MAX and function.lines > found.get(key, (0, 0))[0]:
            found[key] = (function.lines, function.line)
    return found


def check_ratchets(found, ratchets):
    errors = []
    for key, (lines, line) in sorted(found.items()):
        what = f"{key[1]}:{line}: [length] " + (key[2] if key[0] == "function" else "file")
        limit = FUNCTION_LINES_MAX if key[0] == "function" else FILE_LINES_MAX
        if key not in ratchets:
            errors.append(f"{what} has {lines} lines, the limit is {limit}: divide it where its ideas part")
        elif lines > ratchets[key]:
            errors.append(f"{what} grew from {ratchets[key]} to {lines} lines; what is over {limit} may only shrink")
        elif lines < ratchets[key]:
            errors.append(f"{what} shrank to {lines} lines: run tools/tidy.py --tighten")
    for key in sorted(set(ratchets) - set(found)):
        errors.append(f"{RATCHETS}: {' '.join(key)} is within its limit: run tools/tidy.py --tighten")
    return errors


def tightened(text, found):
    """The text of the ratchets, each as small as what is there; none is added."""
    kept = []
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words:
            kept.append(line)
        elif tuple(words[:-1]) in found:
            kept.append(" ".join(words[:-1] + [str(min(int(words[-1]), found[tuple(words[:-1])][0]))]))
    return "\n".join(kept) + "\n"


# --- CMake ---------------------------------------------------------------------------------------


def sections(cmake):
    """{word: the keyword (SOURCES, TESTS, …) it stands under} of one CMakeLists.txt."""
    listed, keyword = {}, ""
    for word in re.sub(r"#.*", "", cmake).replace("(", " ").replace(")", " ) ").replace('"', " ").split():
        if word == ")":
            keyword = ""
        elif re.fullmatch(r"[A-Z_]{4,}", word):
            keyword = word
        else:
            listed[word.removeprefix("${CMAKE_CURRENT_SOURCE_DIR}/")] = keyword
    return listed


def check_listed(path, cmakes):
    """Every source, header and test stands in the CMakeLists.txt of its folder, or of the next above it."""
    if excepted("listed", path) or re.fullmatch(r"weir/\w+\.h", path):
        return []
    folder = pathlib.PurePosixPath(path).parent
    while str(folder) != "." and f"{folder}/CMakeLists.txt" not in cmakes:
        folder = folder.parent
    home = f"{folder}/CMakeLists.txt"
    if home not in cmakes:
        return [f"{path}: [listed] no CMakeLists.txt above it"]
    name = str(pathlib.PurePosixPath(path).relative_to(folder))
    listed = sections(cmakes[home])
    if name not in listed:
        return [f"{path}: [listed] is not in {home}: nothing compiles it"]
    if path.startswith("weir/") and (path.endswith("_test.cc") != (listed[name] == "TESTS")) and path.endswith(".cc"):
        return [f"{path}: [listed] stands under {listed[name]} in {home}: a test is named *_test.cc and stands under TESTS"]
    return []


def check_libraries(path, cmake, reasons):
    """Every library that is linked has its line, with the reason, in the page about libraries."""
    known = set(re.findall(r"[\w-]+", reasons.lower()))
    return [f"{path}: [library] {word} has no line in {LIBRARIES}: say why it is needed"
            for word, keyword in sections(cmake).items()
            if keyword in ("LIBRARIES", "TEST_LIBRARIES") and not word.startswith("$")
            and word.split("::")[0].lower() not in known | {"threads"}]


# --- The tree ------------------------------------------------------------------------------------


def tree(root):
    """{path: text} of the text files that git knows or would add."""
    names = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                           cwd=root, capture_output=True, check=True, text=True).stdout.split("\0")
    files = {}
    for name in sorted(set(filter(None, names))):
        path = root / name
        if not path.is_file() or path.is_symlink():
            continue
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            files[name] = data.decode("utf-8", "replace")
    return files


def check_tree(files, root):
    """All errors of the tree, and what is over a limit."""
    errors, found = [], {}
    cmakes = {path: text for path, text in files.items() if path.endswith("CMakeLists.txt")}
    ratchets = read_ratchets(files.get(RATCHETS, ""))
    for path, text in files.items():
        errors += check_machine_paths(path, text, root)
        if not path.startswith("tools/"):
            errors += check_todo(path, text)
        if path in cmakes:
            errors += check_libraries(path, text, files.get(LIBRARIES, ""))
        if path.endswith(".proto"):
            errors += check_width(path, text)
            errors += check_listed(path, cmakes)
        if not path.endswith((".h", ".cc")):
            continue
        errors += check_bans(path, text)
        errors += check_pragma_once(path, text)
        errors += check_width(path, text)
        errors += check_namespace(path, text)
        errors += check_listed(path, cmakes)
        found |= over_limits(path, text)
    return errors + check_ratchets(found, ratchets), found


def main(arguments):
    root = pathlib.Path(__file__).resolve().parent.parent
    files = tree(root)
    errors, found = check_tree(files, root)
    if arguments == ["--tighten"]:
        (root / RATCHETS).write_text(tightened(files.get(RATCHETS, ""), found))
        return 0
    for error in errors:
        print(error)
    print(f"tidy: {len(files)} files, {len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
