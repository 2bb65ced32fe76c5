"""Reading C++ as text: enough of a lexer to know what is code, and where functions begin and end."""

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<raw>R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)")
  | (?P<include>^[ \t]*\#[ \t]*include[ \t]*[<"][^>"\n]*[>"])
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<number>\b[0-9][0-9a-zA-Z_.']*)
  | (?P<char>'(?:\\.|[^'\\\n])+')
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def code_only(text):
    """The text with comments, strings and characters blanked; every line keeps its number and length."""

    def blank(match):
        kind = match.lastgroup if match.lastgroup != "delimiter" else "raw"
        token = match.group(0)
        if kind in ("include", "number"):
            return token
        return "".join(c if c == "\n" else " " for c in token)

    return _TOKEN.sub(blank, text)


_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


def includes(text):
    """Yields (line number, "<" or '"', path) of each include that is not in a comment."""
    code = code_only(text)
    for match in _INCLUDE.finditer(code):
        yield line_of(code, match.start(1)), match.group(1), match.group(2)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


class Function(NamedTuple):
    name: str
    line: int
    lines: int  # from its first line to its closing brace


_TYPE_OR_NAMESPACE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")
_NAME = re.compile(
    r"((?:[A-Za-z_~][\w:~]*(?:<[^<>]*>)?::)*"
    r"(?:operator\s*[^\s\w(]+|operator\s*\(\)|operator\s+[\w:&* ]+|~?[A-Za-z_]\w*))\s*\(")


def functions(text):
    """The outermost functions of a file; what is nested in one (lambdas, local types) counts with it."""
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", _blank, code_only(text), flags=re.MULTILINE)
    found = []
    head_start = 0
    position = 0
    while position < len(code):
        c = code[position]
        if c in ";}":
            head_start = position + 1
        elif c == "(":
            position = _closing(code, position, "(", ")")
        elif c == ":" and re.search(r"\b(public|private|protected)\s*$", code[head_start:position]):
            head_start = position + 1
        elif c == "{":
            head = code[head_start:position]
            if _is_function(head):
                end = _body_end(code, position)
                start = head_start + len(head) - len(head.lstrip())
                line = line_of(code, start)
                found.append(Function(_name(head), line, line_of(code, end) - line + 1))
                position = end
                head_start = end + 1
            elif _descend(head):
                head_start = position + 1
            else:
                position = _closing(code, position, "{", "}")
        position += 1
    return found


def _blank(match):
    return "".join(c if c == "\n" else " " for c in match.group(0))


def _closing(code, position, opening, closing):
    """The position of the bracket that closes the one at `position`; the end of the text when there is none."""
    depth = 0
    for i in range(position, len(code)):
        if code[i] == opening:
            depth += 1
        elif code[i] == closing:
            depth -= 1
            if depth == 0:
                return i
    return len(code) - 1


def _body_end(code, position):
    """The end of a function whose head ends at the brace `position`: members may be initialised with braces."""
    end = _closing(code, position, "{", "}")
    while True:
        rest = re.match(r"\s*(?:\.\.\.\s*)?(,[^;{}]*|)\{", code[end + 1:])
        if not rest:
            return end
        end = _closing(code, end + rest.end(), "{", "}")


def _is_function(head):
    head = re.sub(r"^\s*template\s*<.*?>\s*(?=[\w\[:])", "", head, flags=re.DOTALL)
    if not re.search(r"\)", head):
        return False
    before = head[: head.index("(")]
    if _TYPE_OR_NAMESPACE.search(before) and not re.search(r"[\w>&*\]]\s+[\w:~<>]+\s*$", _without_type_words(before)):
        return False
    return not re.search(r"(?<![=!<>])=(?!=)\s*[\w:<>]*\s*$", before) and _name(head) != "?"


def _without_type_words(before):
    """`struct S F` is a function that returns S; `struct alignas` and `enum class` are not."""
    return re.sub(r"\b(namespace|class|enum)\b.*|\balignas\s*$|\bstruct\s+alignas\b.*", "", before)


def _descend(head):
    return bool(_TYPE_OR_NAMESPACE.search(head)) and "=" not in head.split("{")[0].split("(")[0]


def _name(head):
    match = _NAME.search(re.sub(r"\b(decltype|noexcept|requires|alignas|__attribute__|explicit)\s*\(", "(", head))
    if not match:
        return "?"
    name = re.sub(r"\s+", "", match.group(1))
    if re.fullmatch(r"(TYPED_)?TEST(_[FP])?|RC_GTEST_\w+|BENCHMARK\w*", name):  # TEST(Suite, Name)
        arguments = re.match(r"\s*\(([^)]*)\)", head[head.index(match.group(1)) + len(match.group(1)):])
        if arguments:
            return re.sub(r"\s*,\s*", ".", arguments.group(1).strip())
    return name
