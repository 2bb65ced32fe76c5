#!/usr/bin/env python3
"""Checks what the modules of Weir include against tools/layers.txt.

Rules, each with its cure in the message:
  order     a line of layers.txt names earlier lines only
  layer     a file includes its own module and what the line of its module names
  rooted    Weir's headers are included as "weir/<module>/<header>"
  foreign   headers of I/O libraries are included by env only
  public    what weir/weir.h reaches includes the standard library and Weir only
"""

import pathlib
import re
import sys

import cpp_text

# What tests may include besides what their module may.
FOR_TESTS = {"sim", "testing"}
# Modules that may include the I/O libraries: the outside world and the adapters to foreign protocols.
WITH_FOREIGN_IO = {"env"}
FOREIGN_IO = re.compile(
    r"^(asio|curl|librdkafka|libpq|hiredis|openssl|rocksdb|prometheus)[./]|^(asio|libpq-fe|httplib)\.(h|hpp)$"
    r"|^(sys/(socket|epoll|eventfd|uio|stat|file)|netinet/.*|arpa/.*|netdb|fcntl|unistd|poll)\.h$")
UMBRELLA = "weir/weir.h"

STANDARD = set("""
algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits
clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint
cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem format forward_list fstream
functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory
memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore
set shared_mutex source_location span sstream stack stdexcept stop_token streambuf string string_view strstream
syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray
variant vector version
""".split())


def read_layers(text):
    """Returns ({module: set of modules it may include}, errors). `all` stands for every earlier line."""
    allowed, errors = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        where = f"tools/layers.txt:{number}"
        if ":" not in line:
            errors.append(f'{where}: "{line}" has no colon; write `name: earlier modules`')
            continue
        name, names = line.split(":", 1)
        name, names = name.strip(), set(names.split())
        if name in allowed:
            errors.append(f"{where}: {name} has a line already; join the two")
            continue
        if "all" in names:
            names = (names - {"all"}) | set(allowed)
        for other in sorted(names - set(allowed)):
            errors.append(f"{where}: {name} names {other}, which has no earlier line; a module includes earlier modules only")
        allowed[name] = names & set(allowed)
    return allowed, errors


def module_of(path, modules):
    """The module of a path below weir/: the longest name that fits, None for weir/weir.h."""
    parts = pathlib.PurePosixPath(path).parts[1:-1]
    for length in range(len(parts), 0, -1):
        name = "/".join(parts[:length])
        if name in modules or length == 1:
            return name
    return None


def check_file(path, text, allowed):
    """The errors of one file below weir/."""
    module = module_of(path, allowed)
    if module is None:
        return []
    if module not in allowed:
        return [f"{path}: folder weir/{module} has no line in tools/layers.txt; give it one"]
    may = allowed[module] | {module}
    if re.search(r"_(test|bench)\.(cc|h)$", path):
        may |= FOR_TESTS
    errors = []
    for line, bracket, name in cpp_text.includes(text):
        where = f"{path}:{line}"
        if name.startswith("weir/"):
            errors += check_weir_include(where, bracket, name, module, may, allowed)
        elif bracket == '"':
            errors.append(f'{where}: "{name}" is relative; include Weir as "weir/<module>/<header>", others as <header>')
        elif FOREIGN_IO.search(name) and module not in WITH_FOREIGN_IO:
            errors.append(f"{where}: <{name}> belongs to env; use an interface of env, or add one")
    return errors


def check_weir_include(where, bracket, name, module, may, allowed):
    if bracket == "<":
        return [f'{where}: write "{name}", in quotes']
    other = module_of(name, allowed)
    if other is None:
        return [f"{where}: {name} is for users; include what is meant"]
    if other not in may:
        names = " ".join(sorted(may - {module})) or "nothing"
        return [f"{where}: {module} may not include {other} (its line in tools/layers.txt names {names}); "
                "move the code, or pass what is needed through an interface"]
    return []


def check_public(files):
    """Walks from weir/weir.h; `files` maps paths below weir/ to their text."""
    errors, seen, queue = [], {UMBRELLA}, [UMBRELLA]
    while queue:
        path = queue.pop()
        if path not in files:
            continue
        for line, _, name in cpp_text.includes(files[path]):
            if name.startswith("weir/") and not name.endswith(".pb.h"):
                if name not in seen:
                    seen.add(name)
                    queue.append(name)
            elif name not in STANDARD:
                errors.append(f"{path}:{line}: <{name}> in a public header (reached from {UMBRELLA}): "
                              "only the standard library and Weir; move it into a .cc")
    return sorted(errors)


def check(root):
    root = pathlib.Path(root)
    allowed, errors = read_layers((root / "tools/layers.txt").read_text())
    files = {}
    for path in sorted((root / "weir").rglob("*")):
        if path.suffix in (".h", ".cc"):
            files[path.relative_to(root).as_posix()] = path.read_text()
    for path, text in files.items():
        errors += check_file(path, text, allowed)
    return errors + check_public(files), len(files)


def main():
    errors, count = check(pathlib.Path(__file__).resolve().parent.parent)
    for error in errors:
        print(error)
    print(f"layers: {count} files, {len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
