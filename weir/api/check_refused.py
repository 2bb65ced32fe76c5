#!/usr/bin/env python3
"""Compiles refused_programs.cc and checks that each line marked `// refused: sentence` is refused with it.

usage: check_refused.py SOURCE COMPILER [flags]
"""

import pathlib
import re
import subprocess
import sys


def main(source, command):
    unlimited = "-ferror-limit=0" if "clang" in command[0] else "-fmax-errors=0"
    said = subprocess.run([*command, unlimited, "-fsyntax-only", source], capture_output=True, text=True).stderr
    sentences = re.findall(r"static assertion failed(?: due to requirement '.*')?: (.*)", said)
    expected = re.findall(r"// refused: (.*)", pathlib.Path(source).read_text())
    missing = []
    for sentence in expected:
        found = next((s for s in sentences if s.strip('"').startswith(sentence)), None)
        if found is None:
            missing.append(sentence)
        else:
            sentences.remove(found)
    for sentence in missing:
        print(f"not refused: {sentence}")
    for sentence in sentences:
        print(f"refused, but not expected: {sentence}")
    print(f"{len(expected) - len(missing)} of {len(expected)} refused")
    return 1 if missing or sentences or not expected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
