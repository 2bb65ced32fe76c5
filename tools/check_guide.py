#!/usr/bin/env python3
"""Keeps docs/guide/ true: its programs are built, its commands are run, its excerpts are looked up.

usage: tools/check_guide.py                       links, excerpts and fences of all pages
       tools/check_guide.py programs DIR          writes the programs of all pages into DIR, names those that are compiled
       tools/check_guide.py files PAGE DIR        writes the files of one page into DIR, as its reader does
       tools/check_guide.py run PAGE PROGRAMS     runs a page's commands in a fresh directory; PROGRAMS has the built ones

What stands behind the ``` of a block says what is done with it:

  cpp file=NAME     a file of a program, the whole of it. A .cc becomes the program of that name
  csv file=NAME     any other file, put into the directory of the page when its place in the page is reached
  cpp from=PATH     an excerpt: lines that stand so, one behind the other, in PATH of the repository or in a file of the guide
  sh                commands, run in the page's directory; `sh exit=1`: that fail so
  sh shown          commands that are not run: they build, ask for a key, or need a second terminal
  text              what the commands before print. `…` is anything, a line of it any lines; times, sizes, and the
                    numbers of checkpoints and processes may be others
  (nothing)         a drawing
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[1]
GUIDE = pathlib.Path("docs/guide")
README = pathlib.Path("README.md")  # has one program of the guide, too
SECONDS_MAX = 60  # commands of one block that take longer hang
ANYTHING = "…"


class Block(NamedTuple):
    page: str  # its path in the repository
    line: int  # of its fence
    words: list  # behind the fence
    text: str

    def attribute(self, name):
        return next((word.removeprefix(name + "=") for word in self.words if word.startswith(name + "=")), None)

    @property
    def language(self):
        return self.words[0] if self.words else ""

    @property
    def place(self):
        return f"{self.page}:{self.line}"


def blocks_of(text, page):
    blocks, fence, lines = [], None, []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("```"):
            lines.append(line)
        elif fence is None:
            fence, lines = (number, line[3:].split()), []
        else:
            blocks.append(Block(page, fence[0], fence[1], "".join(l + "\n" for l in lines)))
            fence = None
    return blocks


def pages_of(root):
    return sorted((root / GUIDE).glob("*.md"))


def all_blocks(root):
    return [block for path in pages_of(root)
            for block in blocks_of(path.read_text(), str(path.relative_to(root)))]


# --- what can be seen without a build -------------------------------------------------------------

KNOWN = {"": {}, "cpp": {"file", "from"}, "cmake": {"file"}, "csv": {"file"}, "json": {"file"}, "sh": {"exit", "shown"},
         "text": {"file"}}


def check_fences(blocks):
    for before, block in zip([None, *blocks], blocks):
        attributes = {word.split("=")[0] for word in block.words[1:]}
        if block.language not in KNOWN or not attributes <= set(KNOWN[block.language] or ()):
            yield f"{block.place}: ``` {' '.join(block.words)}: see the head of tools/check_guide.py for what there is"
        elif block.language in ("cpp", "csv", "json") and not attributes:
            yield f"{block.place}: say file=NAME, or from=PATH when it is an excerpt"
        elif block.language == "text" and not attributes and (before is None or before.language != "sh"):
            yield f"{block.place}: no commands stand before this output; for a drawing leave the word away"


def lines_of(text):
    """Without what the first line is indented by, and without empty lines."""
    lines = [line for line in text.splitlines() if line.strip()]
    indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    return [line[indent:] if line[:indent].strip() == "" else line for line in lines]


def stands_in(excerpt, text):
    wanted = lines_of(excerpt)
    lines = [line for line in text.splitlines() if line.strip()]
    return any(lines_of("\n".join(lines[at:at + len(wanted)])) == wanted for at in range(len(lines) - len(wanted) + 1))


def check_excerpts(blocks, root):
    files = {block.attribute("file"): block.text for block in blocks if block.attribute("file")}
    for block in blocks:
        name = block.attribute("from")
        if name is None:
            continue
        text = files.get(name) or ((root / name).read_text() if (root / name).is_file() else None)
        if text is None:
            yield f"{block.place}: there is no {name}, in the repository or in the guide"
        elif not stands_in(block.text, text):
            yield f"{block.place}: these lines do not stand in {name}: copy them anew"


def check_readme(blocks, root):
    """The program of the README is one of the guide, where it is built and run."""
    programs = {block.text for block in blocks if block.language in ("cpp", "cmake")}
    for block in blocks_of((root / README).read_text(), str(README)):
        if block.language in ("cpp", "cmake") and block.text not in programs:
            yield f"{block.place}: it is not the same on any page of {GUIDE}"


def check_files(blocks):
    seen = {}
    for block in blocks:
        name = block.attribute("file")
        if block.language == "cpp" and name:
            if name in seen:
                yield f"{block.place}: {name} stands in {seen[name]}, too: give it another name, or say from={name}"
            seen[name] = block.place


def anchors_of(text):
    titles = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def check_links(root):
    for path in pages_of(root):
        text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            target, _, anchor = link.partition("#")
            if "://" in link:
                continue
            found = (path.parent / target).resolve() if target else path
            if not found.exists():
                yield f"{path.relative_to(root)}: link to {link}: there is no such file"
            elif anchor and anchor not in anchors_of(found.read_text()):
                yield f"{path.relative_to(root)}: link to {link}: no title there is called so"
    index = (root / GUIDE / "README.md").read_text()
    for path in pages_of(root):
        if path.name != "README.md" and f"({path.name})" not in index:
            yield f"{GUIDE}/README.md: it does not name {path.name}"
    for path in (root / GUIDE).glob("*.svg"):
        if not any(f"({path.name})" in page.read_text() for page in pages_of(root)):
            yield f"{path.relative_to(root)}: no page shows it"


def check(root):
    blocks = all_blocks(root)
    return [*check_fences(blocks), *check_excerpts(blocks, root), *check_readme(blocks, root), *check_files(blocks),
            *check_links(root)]


# --- programs -------------------------------------------------------------------------------------

def write_file(block, folder):
    """Touches only what is new, so that nothing else is compiled again."""
    path = folder / block.attribute("file")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != block.text:
        path.write_text(block.text)


def write_programs(root, folder):
    for block in all_blocks(root):
        name = block.attribute("file")
        if block.language == "cpp" and name:
            write_file(block, folder)
            if name.endswith(".cc"):
                yield name.removesuffix(".cc")


def blocks_of_page(root, page):
    return [block for block in all_blocks(root) if pathlib.Path(block.page).stem == page]


def write_files(root, page, folder):
    for block in blocks_of_page(root, page):
        if block.attribute("file"):
            write_file(block, folder)


# --- a page's commands ----------------------------------------------------------------------------

DIFFERS = [  # from run to run
    (re.compile(r"\d[\d.,]* ?(ns|µs|ms|s|min|h|B|bytes|kB|MB|GB)\b"), r"0 \1"),
    (re.compile(r"\d\d:\d\d:\d\d"), "00:00:00"),
    (re.compile(r"(checkpoint|checkpoints|checkpoint is|pid) \d+"), r"\1 0"),
    (re.compile(r" +"), " "),
]


def normal(line):
    for pattern, replacement in DIFFERS:
        line = pattern.sub(replacement, line)
    return line.rstrip()


def is_like(expected, actual):
    """Whether a line is what the page says."""
    parts = normal(expected).split(ANYTHING)
    return re.fullmatch(".*".join(map(re.escape, parts)), normal(actual)) is not None


def differs_at(expected, actual):
    """The index of the expected line that no line of the output matches in its place; None when all do."""
    reachable, furthest = {0}, 0
    for index, line in enumerate(expected):
        if line.strip() == ANYTHING:
            reachable = set(range(min(reachable), len(actual) + 1))
        else:
            reachable = {at + 1 for at in reachable if at < len(actual) and is_like(line, actual[at])}
        if not reachable:
            return index
        furthest = index + 1
    return None if len(actual) in reachable else furthest


def run_block(block, directory):
    """The exit code, which is 124 when it hangs, and what was printed."""
    try:
        done = subprocess.run(["bash", "-e", "-c", block.text], cwd=directory, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired as hangs:
        return 124, (hangs.stdout or b"").decode(errors="replace") + f"\n(no end after {SECONDS_MAX} s)\n"
    code = done.returncode if done.returncode >= 0 else 128 - done.returncode  # as a shell says it
    return code, done.stdout.replace(str(directory), "/srv/guide")


def run_page(blocks, directory):
    """Does what a reader of the page would do; the first thing that is not as the page says, or None."""
    output = ""
    for block in blocks:
        if block.attribute("file"):
            write_file(block, directory)
        elif block.language == "sh":
            output = None
            if "shown" in block.words:
                continue
            code, output = run_block(block, directory)
            if code != int(block.attribute("exit") or 0):
                return f"{block.place}: exit code {code}\n{output}"
        elif block.language == "text" and output is not None:
            at = differs_at(block.text.splitlines(), output.splitlines())
            if at is not None:
                missing = (block.text.splitlines() + ["(the end)"])[at]
                return f"{block.place}: line {at + 1} is not what comes: {missing}\n{output}"
    return None


def run(root, page, programs):
    blocks = blocks_of_page(root, page)
    if not blocks:
        return f"there is no page {page} with a block in {GUIDE}"
    directory = pathlib.Path(tempfile.mkdtemp(prefix="weir-guide-")).resolve()
    try:
        (directory / "build").mkdir()
        for name in (path.stem for path in programs.glob("*.cc")):
            (directory / "build" / name).symlink_to((programs / name).resolve())
        return run_page(blocks, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def main(arguments):
    if not arguments:
        problems = check(ROOT)
    elif arguments[0] == "programs" and len(arguments) == 2:
        print(*write_programs(ROOT, pathlib.Path(arguments[1])), sep="\n")
        problems = []
    elif arguments[0] == "files" and len(arguments) == 3:
        write_files(ROOT, arguments[1], pathlib.Path(arguments[2]))
        problems = []
    elif arguments[0] == "run" and len(arguments) == 3:
        problem = run(ROOT, arguments[1], pathlib.Path(arguments[2]))
        problems = [problem] if problem else []
    else:
        print(__doc__, file=sys.stderr)
        return 2
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
