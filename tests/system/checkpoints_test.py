#!/usr/bin/env python3
"""`checkpoints list | show | verify`, on whole and on damaged histories."""

from world import *


class Checkpoints(SystemTest):
    def setUp(self):
        super().setUp()
        self.readings(30_000, keys=5_000)  # so many that packs are files
        self.ended = self.run_ok(SUMS, "run", "--rate", 60_000, *FAST)

    def checkpoints(self, *arguments):
        return self.run_program(SUMS, "checkpoints", *arguments)

    def test_list_has_the_newest_first(self):
        lines = self.checkpoints("list").out.splitlines()
        self.assertEqual(lines[0].split(), ["id", "when", "age", "kind", "took", "bytes", "written", "state", "base"])
        ids = [int(line.split()[0]) for line in lines[1:]]
        self.assertEqual(ids, self.ended.checkpoint_ids()[-3:][::-1])

    def test_list_as_json(self):
        entries = json.loads(self.checkpoints("list", "--output", "json").out)
        self.assertEqual([entry["id"] for entry in entries], self.ended.checkpoint_ids()[-3:][::-1])
        self.assertTrue(all(entry["kind"] == "checkpoint" and entry["state_bytes"] > 0 for entry in entries))

    def test_show_names_operators_states_splits_and_packs(self):
        newest = self.ended.checkpoint_ids()[-1]
        for which in (str(newest), "latest"):
            out = self.checkpoints("show", which).out
            self.assertIn(f"checkpoint {newest} of sums", out)
            self.assertIn("csv-source  (csv-source)", out)
            self.assertIn("state totals: value state of Totals{", out)
            self.assertIn("pending commits: ", out)
            self.assertRegex(out, r"splits: 1, 1 finished")
            self.assertIn("data/", out)

    def test_show_as_json(self):
        record = json.loads(self.checkpoints("show", "latest", "--output", "json").out)
        self.assertEqual(record["job"], "sums")

    def test_show_of_an_unknown_one_names_what_there_is(self):
        ended = self.checkpoints("show", "999999")
        self.assert_error(ended, FAILED, "there is no checkpoint 999999", "there are: ")

    def test_verify_reads_everything(self):
        ended = self.checkpoints("verify")
        self.assertEqual(ended.code, DONE, ended.err)
        self.assertEqual(len(re.findall(r"^checkpoint \d+: whole, \d+ packs", ended.out, re.M)), 3)
        newest = self.ended.checkpoint_ids()[-1]
        self.assertRegex(self.checkpoints("verify", newest).out, rf"^checkpoint {newest}: whole")

    def test_verify_names_a_damaged_pack(self):
        newest = self.ended.checkpoint_ids()[-1]
        pack = sorted((self.dir / ".weir/sums/data").glob(f"*-{newest}-*.pack"))[0]
        content = bytearray(pack.read_bytes())
        content[len(content) // 2] ^= 1
        pack.write_bytes(content)
        ended = self.checkpoints("verify")
        self.assertEqual(ended.code, FAILED)
        self.assertRegex(ended.out, rf"checkpoint {newest}: DAMAGED: .*{re.escape(pack.name)}")
        self.assertEqual(len(re.findall(": whole", ended.out)), 2)

    def test_verify_names_a_missing_pack(self):
        newest = self.ended.checkpoint_ids()[-1]
        pack = sorted((self.dir / ".weir/sums/data").glob(f"*-{newest}-*.pack"))[0]
        pack.unlink()
        ended = self.checkpoints("verify", newest)
        self.assertEqual(ended.code, FAILED)
        self.assertIn(pack.name, ended.out)

    def test_verify_names_a_damaged_record(self):
        number = self.history_numbers("sums")[-2]
        path = self.dir / f".weir/sums/history/{number:020}.json"
        path.write_bytes(path.read_bytes()[:-10])
        ended = self.checkpoints("verify")
        self.assertEqual(ended.code, FAILED)
        self.assertRegex(ended.out, rf"history record {number}: DAMAGED")

    def test_missing_pack_stops_the_next_run_loudly(self):
        """A pack vanishes: rows 7 and 22 of the regressions."""
        newest = self.ended.checkpoint_ids()[-1]
        for pack in (self.dir / ".weir/sums/data").glob(f"*-{newest}-*.pack"):
            pack.unlink()
        ended = self.run_program(SUMS, "run", "-D", "restart-strategy.type=none")
        self.assertEqual(ended.code, FAILED, ended.err)
        self.assertIn(".pack", ended.errors()[0])


class NoHistory(SystemTest):
    def test_is_said_and_what_there_is(self):
        self.readings(10)
        ended = self.run_program(SUMS, "checkpoints", "list")
        self.assertEqual((ended.code, ended.out), (DONE, ""))
        self.assertIn('job "sums" has no history in file://', ended.err)
        self.run_ok(KEYED_SUM, "run")
        self.assertIn("there are: keyed-sum", self.run_program(SUMS, "checkpoints", "list").err)
        self.assertEqual(self.run_program(SUMS, "checkpoints", "list", "--output", "json").out, "[]\n")


if __name__ == "__main__":
    main()
