#!/usr/bin/env python3
"""Makes the reference of what programs see, with Doxygen and docs/Doxyfile. What it cannot resolve is an error.

usage: tools/make_docs.py [FOLDER]     FOLDER/html; without one build/docs/html

Headers are written as docs/STYLE.md wants them; Doxygen is given copies as it wants them:

* The head of a file that begins with the name of a class or macro ("Pipeline: ...") is what there is to say of it.
* What is said of a declaration is said of those that follow it without an empty line or words of their own.
* `// words` above or behind a member of a struct or enum say what it is, as `///` does.
* Shapes:, Units:, Errors: and so on begin a paragraph; indented paragraphs and columns are code.
* What is for others than users is left out: namespaces other than `weir`, `runtime` and `testing`, what is protected
  or stands below "What follows is for ...", declarations "For the engine: ...", functions of classes outside of them,
  what every class has (`= default`), and macros whose name ends in `_`.
"""

import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
SETTINGS = "docs/Doxyfile"
MAIN_PAGE = "docs/reference.md"

# --- comments --------------------------------------------------------------------------------------

WORDS = ("Shapes", "Units", "Errors", "Threads", "Source", "Order", "Lifetime", "Invariants", "Order of calls")
COLUMNS = re.compile(r"  \S+( \S+)*  +\S")
HIDDEN_BEGINS = re.compile(r"\s*// What follows is for | protected:$")
HIDDEN_ENDS = re.compile(r" private:|};")
OUTSIDE = re.compile(r"(template <.*>\n)*\S.* \w+<[^<>]*>::\w+\(")  # a function of a class, outside of it
INNER_MACRO = re.compile(r"#define \w+_\b")
EVERY_CLASS_HAS = re.compile(r"  [^{}]*\)( noexcept)? = (default|delete);$")
FOR_OTHERS = re.compile(r"\s*/// For (the engine|handles|Weir's own|the driver|operators)\b")
SPECIALISED = re.compile(r"struct TypeTraits<")  # for a type that Weir knows: the trait itself says what each does
NAMESPACE = re.compile(r"(?:inline )?namespace ([\w:]+) \{$")
INTERNAL = re.compile(r"^weir::(?!v0|runtime|testing)")
MET_INSIDE = ("NodeHandle", "KeyedTimers", "SingleValue")  # bases of what programs name, and what methods return
VERSION = re.compile(r"(inline namespace v0 \{|\}  // namespace v0)$")
CLASS = re.compile(r"(?:class|struct)(?: \[\[\w+\]\])? (\w+)\b[^;]*$")


def words_of(lines):
    """Comment lines without their marks, as text of Doxygen; a list of lines without marks."""
    texts = [re.sub(r"^\s*//+ ?", "", line) for line in lines]
    shown, code = [], False
    for number, text in enumerate(texts):
        begins = text.startswith("  ") and (number == 0 or not texts[number - 1] or COLUMNS.match(text))
        if begins or code and text.startswith(("  ", "* ")):
            shown += [*([] if code else [""]), "    " + text]
            code = True
            continue
        code = code and not text
        heading = re.match(r"(" + "|".join(WORDS) + r"):\s+", text)
        shown += [f"@par {heading[1]}", plain(text[heading.end():])] if heading else [plain(text)]
    return shown


def plain(text):
    """A backslash begins no command."""
    return "`".join(part if at % 2 else part.replace("\\", "\\\\") for at, part in enumerate(text.split("`")))


def as_comment(lines, indent=""):
    return [f"{indent}/// {text}".rstrip() for text in words_of(lines)]


def head_of(lines):
    """The comment that the file begins with, and the name that it begins with."""
    count = next((i for i, line in enumerate(lines) if not line.startswith("//")), len(lines))
    name = re.match(r"// (\w+)(<[^>]*>)?: ", lines[0]) if count else None
    return (name[1] if name else None), lines[:count]


def without_hidden(lines):
    """With empty lines in the place of what is for others than users."""
    hides = skips = in_macro = False
    for number, line in enumerate(lines):
        if number == 0 or not lines[number - 1].strip():
            skips = FOR_OTHERS.match(line) or OUTSIDE.match("\n".join(lines[number:number + 4]))
        if HIDDEN_ENDS.match(line):
            hides = skips = False
        hides = hides or HIDDEN_BEGINS.match(line) or SPECIALISED.match(line)
        in_macro = INNER_MACRO.match(line) or in_macro and lines[number - 1].endswith("\\")
        is_said = number > 0 and lines[number - 1].strip().startswith("///")
        out = in_macro or hides or skips or VERSION.match(line) or EVERY_CLASS_HAS.match(line) and not is_said
        yield "" if out else re.sub(r"\s*// NOLINT.*$", "", line)


def without_internals(lines):
    """With empty lines in the place of namespaces that a program does not name."""
    spaces, chunk, out = [], [], list(lines)
    for number, line in enumerate(lines):
        opens = NAMESPACE.match(line)
        closes = line.startswith("}  // namespace") or line == "}" and NAMESPACE.match(lines[number - 2])
        if opens:
            spaces.append(opens[1])
        elif closes:
            spaces.pop()
        elif line.strip() and INTERNAL.search("::".join(spaces)):
            chunk.append(number)
        text = "\n".join(lines[at] for at in chunk)
        declares = re.search(r"^(class|struct)\b.*\{$", text, re.M)
        if chunk and (opens or closes or line == "};" or not line and not declares):
            if not any(re.search(rf"^class {name}\b", text, re.M) for name in MET_INSIDE):
                for at in chunk:
                    out[at] = ""
            chunk = []
    return out


def indent_of(line):
    return len(line) - len(line.lstrip())


class Copy:
    """A header, as Doxygen is given it."""

    def __init__(self, text):
        lines = text.splitlines()
        self.head_name, self.head = head_of(lines)
        self.lines = list(without_hidden(without_internals(lines)))
        self.out = []
        self.said = []  # what was said of the declarations of this paragraph
        self.indent = 0  # of it
        self.fresh = False  # it was just said, no declaration stands behind it yet
        self.open = False  # in a declaration that began with `template`
        self.in_type = False  # in a class, struct or enum, not in a function
        self.nested = False  # in a struct of it

    def run(self):
        number = 0
        while number < len(self.lines):
            line = self.lines[number]
            text = line.strip()
            if text.startswith("///") or text.startswith("//") and self.is_said_of_next(number):
                number = self.comment(number)
                continue
            if not text or indent_of(line) < self.indent:
                self.said, self.open = [], False
            self.declaration(number, line)
            number += 1
        return "/** @file */ " + "\n".join(self.out) + "\n"

    def is_said_of_next(self, number):
        """Whether a `//` comment stands above a member, not in a function, or between what has words."""
        following = next((line for line in self.lines[number:] if not line.strip().startswith("//")), "")
        same = indent_of(following) == indent_of(self.lines[number]) == 2
        if self.said and indent_of(self.lines[number]) == self.indent == 0:
            return True
        return self.in_type and same and following.strip()[:1].isalnum()

    def comment(self, number):
        first = number
        while number < len(self.lines) and self.lines[number].strip().startswith("//"):
            number += 1
        self.said, self.indent, self.fresh = self.lines[first:number], indent_of(self.lines[first]), True
        self.out += as_comment(self.said, " " * self.indent)
        return number

    def declaration(self, number, line):
        may_begin = line.startswith("#define") or line.strip()[:1] not in tuple("})#:") and line.strip()
        begins = may_begin and indent_of(line) == (self.indent if self.said else 0)
        behind = re.match(r"(  [^/]*[;,}]|  \w+(?: = [^,/]*)?) +// (.*)$", line)
        is_member = behind and self.in_type and indent_of(line) == (4 if self.nested else 2)
        if begins and self.said and not self.fresh and not self.open and not is_member:
            self.out += as_comment(self.said, " " * self.indent)
        if begins and not self.open and (not self.said or line.startswith("#define")):
            self.head_if_of(number)
        if begins:
            self.fresh = False
            self.open = line.strip().startswith("template") and not re.search(r"[;{]$", line)
        if indent_of(line) == 0 and line.endswith("{"):
            self.in_type = re.match(r"(class|struct|enum)\b", line) is not None
        if indent_of(line) == 2:
            self.nested = line.strip().startswith("struct")
        self.out.append(f"{behind[1]}  ///< {plain(behind[2])}" if is_member else line)

    def head_if_of(self, number):
        """Puts the head of the file in front of the class that it is about."""
        text = " ".join(line for line in self.lines[number:number + 3] if not line.startswith((" ", "}")))
        text = re.sub(r"^template <.*?>+ (?=class|struct)", "", text)
        found = CLASS.match(text.split("{")[0].split(" final")[0]) or re.match(r"#define (\w+)\(", text)
        if found and found[1] == self.head_name:
            first = re.sub(r"^// [^:]*: (\w)", lambda begin: "// " + begin[1].upper(), self.head[0])
            self.out += as_comment([first, *self.head[1:]])
            self.head_name = None


# --- which headers ---------------------------------------------------------------------------------

UMBRELLA = "weir/weir.h"
# The rest has a version: what a program names lies in `inline namespace v0`.
WITHOUT_VERSION = """
weir/api/node_handle.h
weir/runtime/commit_permit.h weir/runtime/committable.h weir/runtime/event_time.h weir/runtime/operator.h
weir/runtime/output.h weir/runtime/sink.h weir/runtime/source.h
weir/state/single_value.h
weir/testing/collected.h weir/testing/harness_chain.h weir/testing/operator_harness.h weir/testing/simulated_job.h
"""
NOT_NAMED = ("weir/record/container_traits.h", "weir/record/typed_ops.h")


def headers_of(root):
    """What a program reaches and names."""
    reached, ahead = set(), [UMBRELLA, *WITHOUT_VERSION.split()]
    while ahead:
        header = ahead.pop()
        if header not in reached and (root / header).exists():
            reached.add(header)
            ahead += re.findall(r'^#include "(weir/[^"]+)"$', (root / header).read_text(), re.M)
    named = {header for header in reached if "inline namespace v0 {" in (root / header).read_text()}
    return [UMBRELLA, *sorted((named | {*WITHOUT_VERSION.split()}) - {*NOT_NAMED})]


# --- Doxygen ---------------------------------------------------------------------------------------

def make(root, folder):
    """Its exit code, and what it finds, with the places in the tree."""
    copies = folder / "headers"
    for old in (copies, folder / "html"):
        shutil.rmtree(old, ignore_errors=True)
    headers = headers_of(root)
    for header in headers:
        path = copies / header
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Copy((root / header).read_text()).run())
    options = [f"OUTPUT_DIRECTORY = {folder}", f"STRIP_FROM_PATH = {copies}", f"INPUT = {MAIN_PAGE}",
               *(f"INPUT += {copies / header}" for header in headers)]
    done = subprocess.run(["doxygen", "-"], cwd=root, text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, input="\n".join([(root / SETTINGS).read_text(), *options]))
    shutil.rmtree(copies)
    return done.returncode, done.stdout.replace(f"{copies}/", "").replace(f"{root}/", "")


def main(arguments):
    if len(arguments) > 1 or arguments and arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    if shutil.which("doxygen") is None:
        print("error: doxygen is not there\n       ./dev docs installs it", file=sys.stderr)
        return 1
    folder = pathlib.Path(arguments[0] if arguments else ROOT / "build" / "docs").resolve()
    code, found = make(ROOT, folder)
    if code != 0:
        print(found + "error: the reference has mistakes, see above (lines are those of copies, and near)\n"
              "       document every name that a program sees, or say \"What follows is for ...\": docs/STYLE.md",
              file=sys.stderr)
    return 1 if code != 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
