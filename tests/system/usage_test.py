#!/usr/bin/env python3
"""Bad usage: one sentence that names the nearest thing there is, exit code 2, and nothing was started."""

from world import *


class Usage(SystemTest):
    def refused(self, *arguments, program=LEDGER):
        ended = self.run_program(program, *arguments)
        self.assertEqual(ended.code, USAGE, ended.err)
        self.assertFalse((self.dir / ".weir").exists())
        self.assertEqual(ended.out, "")
        return ended

    def test_unknown_key_names_the_nearest(self):
        ended = self.refused("run", "-D", "execution.checkpoint.interval=1s")
        self.assert_error(ended, USAGE, 'unknown key "execution.checkpoint.interval"; '
                          'did you mean "execution.checkpointing.interval"?')

    def test_unknown_option_names_the_nearest(self):
        self.assert_error(self.refused("run", "--transaction", "a.csv"), USAGE,
                          'unknown option "--transaction"; did you mean "--transactions"?')
        self.assert_error(self.refused("run", "--paralelism", "2"), USAGE, 'did you mean "--parallelism"?')

    def test_unknown_command_names_the_nearest(self):
        self.assert_error(self.refused("rum"), USAGE, 'unknown command "rum"; did you mean "run"?')
        self.assert_error(self.refused(), USAGE, "no command")
        self.assert_error(self.refused("checkpoints", "lists"), USAGE, '"lists" is none of list, show, verify, size')
        self.assert_error(self.refused("checkpoints", "show"), USAGE, "needs an ID")

    def test_values_of_the_wrong_type(self):
        self.assert_error(self.refused("run", "--rate", "fast"), USAGE, "rate", '"fast" is not an integer')
        self.assert_error(self.refused("run", "--parallelism", "many"), USAGE, "--parallelism", '"many"')
        self.assert_error(self.refused("run", "-D", "execution.checkpointing.interval=5 apples"), USAGE,
                          "execution.checkpointing.interval", "5 apples")
        self.assert_error(self.refused("run", "-D", "interval"), USAGE, 'has no "="')
        self.assert_error(self.refused("run", "--progress", "loud"), USAGE, "none of auto, line, json, none")
        self.assert_error(self.refused("run", "--from"), USAGE, "--from needs a value")

    def test_max_parallelism_that_is_no_power_of_two(self):
        ended = self.refused("run", "-D", "pipeline.max-parallelism=100")
        self.assert_error(ended, USAGE, "pipeline.max-parallelism 100 is not a power of two", "take 128")
        self.assert_sentence_and_cure(ended)

    def test_options_that_exclude_each_other(self):
        self.assert_error(self.refused("run", "--fresh", "--from", "latest"), USAGE, "exclude each other")

    def test_words_too_many(self):
        self.assert_error(self.refused("run", "ledger"), USAGE, 'unexpected "ledger"')

    def test_every_mistake_of_the_program_is_named(self):
        ended = self.refused("run", "--variant", "twice", program=SUMS)
        self.assertEqual(len(ended.errors()), 1, ended.err)
        self.assertIn('"summing"', ended.errors()[0])
        self.assertIn("sums_job.cc:", ended.errors()[0])

    def test_program_that_depends_on_more_than_its_options(self):
        ended = self.run_program(SUMS, "run", "--variant", "changing")
        self.assert_error(ended, USAGE, "came out differently when it was built twice", "nothing but its options")

    def test_unknown_store(self):
        ended = self.run_program(LEDGER, "run", "--checkpoint-dir", "s3://bucket/weir")
        self.assertEqual(ended.code, USAGE, ended.err)
        self.assertIn("weir::s3", ended.errors()[0])


class Help(SystemTest):
    def test_everywhere(self):
        self.assertIn("usage:", self.run_ok(LEDGER, "--help").out)
        for arguments in (*self.commands(), ["checkpoints", "list"], ["run", "--nonsense"]):
            ended = self.run_ok(LEDGER, *arguments, "--help")
            for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT CODES", "EXAMPLES"):
                self.assertRegex(ended.out, rf"(?m)^{section}\b", arguments)
            self.assertEqual(ended.err, "")

    def commands(self):
        """The commands that there are, without the words behind them."""
        out = self.run_ok(LEDGER, "--help").out
        return [[name] for name in dict.fromkeys(re.findall(r"(?m)^  ([a-z]+)\b", out))]

    def test_every_command_option_and_setting_is_in_the_manual(self):
        manual = (ROOT / "docs" / "configuration.md").read_text()
        commands = self.commands()
        self.assertGreater(len(commands), 6)
        for command in commands:
            self.assertIn(f"`{command[0]}", manual)
            out = self.run_ok(KEYED_SUM, *command, "--help").out
            for option in re.findall(r"(?m)^  (--?[A-Za-z-]+)", out.split("\nOPTIONS\n")[1].split("\nEXIT")[0]):
                self.assertIn(f"`{option}", manual, command)
            for setting in re.findall(r"(?m)^  ([a-z-]+\.[a-z.-]+)", out.split("\nOPTIONS\n")[1]):
                self.assertIn(f"`{setting}`", manual, command)

    def test_shows_the_options_of_the_program_with_their_defaults(self):
        out = self.run_ok(LEDGER, "run", "--help").out
        self.assertIn("--transactions", out)
        self.assertIn("CSV file with the columns account,amount (transactions.csv)", out)
        self.assertIn("--fresh", out)

    def test_version(self):
        self.assertRegex(self.run_ok(LEDGER, "--version").out, r"^weir \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    main()
