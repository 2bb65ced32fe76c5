#!/usr/bin/env python3
"""`plan`: what would run, as text, JSON, SVG and for Graphviz; nothing is run and nothing written."""

from world import *

import xml.etree.ElementTree


class Plan(SystemTest):
    def plan(self, *arguments, program=SUMS):
        ended = self.run_program(program, "plan", *arguments)
        self.assertEqual(list(self.dir.iterdir()), [], "it writes nothing")
        return ended

    def test_text_has_the_picture_the_states_and_the_guarantees(self):
        out = self.plan(*TWO).out
        self.assertRegex(out, r"^sums: 2 chains, 4 subtasks, max parallelism 256\ncheckpoints every 1 s, in file://")
        self.assertIn("│ hash", out)
        self.assertRegex(out, r"summing\.totals +value +Totals\{count: int64, sum: int64\} +by int64")
        self.assertIn("guarantee: exactly once, end to end", out)

    def test_settings_and_options_are_those_of_run(self):
        out = self.plan("--parallelism", 3, "-D", "execution.checkpointing.interval=0", "--variant", "printing").out
        self.assertIn("×3", out)
        self.assertIn("checkpoints one at the start, one at the end", out)
        self.assertRegex(out, r"print-sink +at least once")

    def test_json_is_the_graph(self):
        plan = json.loads(self.plan("--output", "json", *TWO).out)
        self.assertEqual((plan["format"], plan["job"], plan["subtasks"]), (1, "sums", 4))
        edge, = plan["edges"]
        self.assertEqual(edge["partitioning"], "hash")
        summing = plan["chains"][edge["to"]]["operators"][0]
        self.assertEqual(summing["uid"], "summing")
        self.assertEqual([state["name"] for state in summing["states"]], ["totals"])
        self.assertEqual(plan["guarantee"], "exactly-once")

    def test_svg_is_well_formed(self):
        root = xml.etree.ElementTree.fromstring(self.plan("--output", "svg").out)
        self.assertTrue(root.tag.endswith("svg"))
        self.assertIn("summing (keyed-process)", "".join(root.itertext()))

    def test_dot_names_every_chain_and_edge(self):
        out = self.plan("--output", "dot").out
        self.assertTrue(out.startswith('digraph "sums" {'))
        self.assertIn('chain0 -> chain1 [label="hash"];', out)

    def test_mistakes_of_the_program_and_of_the_line(self):
        self.assert_error(self.plan("--variant", "twice"), USAGE, '"summing"', "sums_job.cc:")
        self.assert_error(self.plan("--output", "png"), USAGE, '--output "png" is none of text, dot, json, svg')
        self.assert_error(self.plan("more"), USAGE, 'unexpected "more"')
        self.assert_error(self.plan("--fresh"), USAGE, 'unknown option "--fresh"')
        self.assert_error(self.plan("--parallelism", 1000), USAGE, "1000")


if __name__ == "__main__":
    main()
