#!/usr/bin/env python3
"""Shell completion, run by the shells themselves: bash is everywhere, the others where they are installed."""

from world import *

import shutil


class Completion(SystemTest):
    def script(self, shell):
        return self.run_ok(SUMS, "completion", shell).out

    def bash(self, *words):
        """What bash offers for the last of the words."""
        self.write("completion.bash", self.script("bash"))
        quoted = " ".join(f"'{word}'" for word in (SUMS, *words))
        asked = subprocess.run(["bash", "--norc", "-c", f"""
            source ./completion.bash
            COMP_WORDS=({quoted}); COMP_CWORD={len(words)}
            $(complete -p {SUMS.name} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
            printf '%s\\n' "${{COMPREPLY[@]}}"
            """], cwd=self.dir, capture_output=True, text=True, check=False, timeout=SECONDS_MAX)
        self.assertEqual((asked.returncode, asked.stderr), (0, ""))
        return asked.stdout.split()

    def test_bash_completes_commands_and_options(self):
        self.assertEqual(self.bash("ch"), ["checkpoints"])
        self.assertEqual(self.bash("run", "--fr"), ["--fresh", "--from"])
        self.assertEqual(self.bash("run", "--vari"), ["--variant"], "the program's own")
        self.assertEqual(self.bash("plan", "--output", "=", "s"), ["svg"])
        self.assertEqual(self.bash("run", "-D", "parallelism"), ["parallelism.default="])
        self.assertEqual(self.bash("run", "--input", ""), [], "files: by bash itself")

    def test_bash_completes_checkpoints(self):
        self.readings(1_000)
        ids = self.run_ok(SUMS, "run", "--rate", 5_000, *FAST).checkpoint_ids()
        kept = [str(checkpoint) for checkpoint in ids[-3:][::-1]]
        self.assertEqual(self.bash("checkpoints", "show", ""), ["latest", *kept])
        self.assertEqual(self.bash("run", "--from", kept[0]), [one for one in kept if one.startswith(kept[0])])
        self.assertEqual(self.bash("checkpoints", "show", "--checkpoint-dir", "elsewhere", ""), ["latest"])

    def test_a_line_that_is_wrong_is_completed_all_the_same(self):
        self.assertEqual(self.bash("run", "--nonsense", "--fre"), ["--fresh"])
        self.assertEqual(self.bash("nonsense", "--fre"), [])
        self.assertEqual(self.bash("run", "--help", "--fre"), ["--fresh"])

    def test_scripts_are_sound_where_their_shells_are(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.write(f"completion.{shell}", self.script(shell))
            if path := shutil.which(shell):
                checked = subprocess.run([path, "-n", str(script)], capture_output=True, text=True, check=False)
                self.assertEqual((checked.returncode, checked.stderr), (0, ""), shell)

    def test_fish_completes_where_it_is(self):
        if fish := shutil.which("fish"):
            self.write("completion.fish", self.script("fish"))
            asked = subprocess.run([fish, "--no-config", "-c",
                                    f"source completion.fish; complete -C '{SUMS} run --vari'"],
                                   cwd=self.dir, capture_output=True, text=True, check=False, timeout=SECONDS_MAX)
            self.assertEqual(asked.stdout, "--variant\twhich version of the program\n", asked.stderr)

    def test_mistakes(self):
        self.assert_error(self.run_program(SUMS, "completion"), USAGE, "for bash, zsh or fish?")
        self.assert_error(self.run_program(SUMS, "completion", "tcsh"), USAGE, '"tcsh" is none of bash, zsh, fish')
        self.assert_error(self.run_program(SUMS, "completion", "bash", "more"), USAGE, 'unexpected "more"')


if __name__ == "__main__":
    main()
