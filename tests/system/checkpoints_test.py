#!/usr/bin/env python3
"""`checkpoints list | show | verify`, on whole and on damaged histories."""

from world import *

import shutil
import tempfile


class Checkpoints(SystemTest):
    """A finished job with three checkpoints. It is run once; each test has a copy."""

    ended = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="weir-system-")
        cls.addClassCleanup(folder.cleanup)
        cls.finished = pathlib.Path(folder.name) / "finished"

    def setUp(self):
        super().setUp()
        if self.ended:
            shutil.copytree(self.finished, self.dir, dirs_exist_ok=True)
            return
        self.readings(30_000, keys=5_000)  # so many that packs are files
        type(self).ended = self.run_ok(SUMS, "run", "--rate", 60_000, *FAST, *TWO)
        shutil.copytree(self.dir, self.finished)

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

    def test_size_adds_up_to_what_lies_on_the_disk(self):
        sizes = json.loads(self.checkpoints("size", "--output", "json").out)
        self.assertEqual([entry["id"] for entry in sizes["checkpoints"]], self.ended.checkpoint_ids()[-3:][::-1])
        for entry in sizes["checkpoints"]:
            self.assertEqual(sum(part["bytes"] for part in entry["parts"]), entry["bytes"])
            self.assertEqual(entry["own_bytes"] + entry["shared_bytes"], entry["bytes"])
            self.assertEqual([part["state"] for part in entry["parts"] if part["kind"] == "keyed-state"], ["totals"])
        newest = sizes["checkpoints"][0]
        on_disk = sum(pack.stat().st_size for pack in (self.dir / ".weir/sums/data").glob(f"*-{newest['id']}-*.pack"))
        in_packs = sum(part["bytes"] for part in newest["parts"] if part["kind"] in ("keyed-state", "index"))
        self.assertEqual(in_packs, on_disk)
        self.assertEqual(sizes["total_bytes"], sum(entry["bytes"] for entry in sizes["checkpoints"]))

    def test_size_as_text(self):
        newest = self.ended.checkpoint_ids()[-1]
        lines = self.checkpoints("size").out.splitlines()
        self.assertEqual(lines[0].split(), ["id", "bytes", "its", "own", "shared", "packs"])
        self.assertEqual([line.split()[0] for line in lines[1:5]][-1], "all")
        self.assertIn(f"checkpoint {newest}", lines)
        self.assertTrue(any(re.match(r"^  summing +totals +\d[\d.]* kB +\d+ %$", line) for line in lines), lines)
        older = self.ended.checkpoint_ids()[-2]
        self.assertIn(f"checkpoint {older}", self.checkpoints("size", older).out.splitlines())

    def test_size_names_what_is_damaged_and_shows_the_rest(self):
        self.pack_of_newest().unlink()
        ended = self.checkpoints("size")
        self.assert_error(ended, FAILED, f"checkpoint {self.newest()}: read pack data/")
        self.assertNotIn(f"checkpoint {self.newest()}", ended.out)
        self.assertIn(f"checkpoint {self.ended.checkpoint_ids()[-2]}", ended.out)
        self.assert_error(self.checkpoints("size", "999999"), FAILED, "there is no checkpoint 999999")

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

    def test_verify_names_a_pack_that_is_cut_short(self):
        for size in (0, -1):
            pack = self.pack_of_newest()
            content = pack.read_bytes()
            pack.write_bytes(content[:size])
            self.assert_damaged(f"checkpoint {self.newest()}", pack.name)
            pack.write_bytes(content)
        self.assertEqual(self.checkpoints("verify").code, DONE)

    def test_verify_names_a_missing_pack(self):
        pack = self.pack_of_newest()
        pack.unlink()
        self.assert_damaged(f"checkpoint {self.newest()}", pack.name)
        ended = self.checkpoints("verify", self.newest())
        self.assertEqual(ended.code, FAILED)
        self.assertIn(pack.name, ended.out)

    def newest(self):
        return self.ended.checkpoint_ids()[-1]

    def pack_of_newest(self):
        return sorted((self.dir / ".weir/sums/data").glob(f"*-{self.newest()}-*.pack"))[0]

    def assert_damaged(self, what, why):
        """`verify` finds exactly this one, and says so as text and as JSON."""
        ended = self.checkpoints("verify")
        self.assertEqual(ended.code, FAILED)
        self.assertRegex(ended.out, rf"(?m)^{what}: DAMAGED: .*{re.escape(why)}")
        self.assertEqual(ended.out.count("DAMAGED"), 1)
        ended = self.checkpoints("verify", "--output", "json")
        self.assertEqual(ended.code, FAILED)
        damages = {entry["what"]: entry["damage"] for entry in json.loads(ended.out) if not entry["whole"]}
        self.assertEqual(list(damages), [what])
        self.assertIn(why, damages[what])

    def test_a_retained_record_that_is_missing_is_named(self):
        older = self.ended.checkpoint_ids()[-2]
        history = self.dir / ".weir/sums/history"
        newest = json.loads((history / f"{self.history_numbers('sums')[-1]:020}.json").read_text())
        number = next(entry["number"] for entry in newest["retained"] if entry["checkpoint"] == str(older))
        (history / f"{int(number):020}.json").unlink()
        self.assert_damaged(f"checkpoint {older}", "is missing")
        ended = self.checkpoints("list")
        self.assert_error(ended, FAILED, f"of checkpoint {older} is missing")
        self.assertEqual(len(ended.out.splitlines()), 3)  # the head and the other two

    def test_a_history_that_is_lost_is_not_taken_for_none(self):
        shutil.rmtree(self.dir / ".weir/sums/history")
        for command in ("list", "verify"):
            ended = self.checkpoints(command)
            self.assertEqual(ended.code, FAILED)
            self.assertIn("job sums has a job file but no history: its records were lost", ended.out + ended.err)
            self.assertNotIn("has no history in", ended.err)
        self.assertEqual(self.checkpoints("list", "--output", "json").out, "[]\n")

    def test_a_damaged_job_file_is_named(self):
        path = self.dir / ".weir/sums/job.json"
        path.write_text("junk")
        self.assert_damaged("job file", "sums/job.json: the job file is damaged; remove it")
        self.assert_error(self.checkpoints("list"), FAILED, "sums/job.json: the job file is damaged")

    def test_verify_names_a_damaged_record(self):
        number = self.history_numbers("sums")[-2]
        path = self.dir / f".weir/sums/history/{number:020}.json"
        path.write_bytes(path.read_bytes()[:-10])
        ended = self.checkpoints("verify")
        self.assertEqual(ended.code, FAILED)
        self.assertRegex(ended.out, rf"history record {number}: DAMAGED")

    def test_checkpoint_is_kept_however_often_its_restore_fails(self):
        """Row 16 of the regressions."""
        pack = self.pack_of_newest()
        content = pack.read_bytes()
        pack.write_bytes(content[:-1])
        listed = self.checkpoints("list", "--output", "json").out
        for _ in range(5):
            ended = self.run_program(SUMS, "run", *FAST)
            self.assert_error(ended, FAILED, f"{pack.name}: is cut short", "`checkpoints verify`")
            self.assertEqual(self.checkpoints("list", "--output", "json").out, listed)
        pack.write_bytes(content)
        self.assertEqual(self.run_ok(SUMS, "run", *FAST).resumed_from(), self.newest())

    def test_missing_pack_stops_the_next_run_loudly(self):
        """A pack vanishes: rows 7 and 22 of the regressions."""
        newest = self.ended.checkpoint_ids()[-1]
        for pack in (self.dir / ".weir/sums/data").glob(f"*-{newest}-*.pack"):
            pack.unlink()
        ended = self.run_program(SUMS, "run")
        self.assert_error(ended, FAILED, f"restore: read pack data/1-1-{newest}-", "`checkpoints verify`", "run --from ID")
        self.assertNotIn("nothing is lost", ended.err)
        self.assertFalse([line for line in ended.lines if line.startswith("restart ")], "it does not come back")

    def test_older_checkpoint_is_the_way_out_when_a_pack_of_the_newest_vanished(self):
        """The other half of row 22 of the regressions."""
        self.readings(100_000, keys=5_000, name="more.csv")
        arguments = ["--input", "more.csv", "--out", "more", "--checkpoint-dir", "cp", *FAST, *TWO]
        stopped = self.stop_behind(6, signal.SIGTERM, SUMS, "run", *arguments, "--rate", 50_000)
        newest, older = json.loads(self.checkpoints("list", "--checkpoint-dir", "cp", "--output", "json").out)[:2]
        for pack in (self.dir / "cp/sums/data").glob(f"*-{newest['id']}-*.pack"):
            pack.unlink()
        ended = self.run_program(SUMS, "run", *arguments)
        self.assertEqual((ended.code, stopped.code), (FAILED, 128 + signal.SIGTERM), ended.err)
        ended = self.run_ok(SUMS, "run", *arguments, "--from", older["id"], "--repeat-output")
        self.assertEqual(ended.resumed_from(), older["id"])
        self.assertEqual(len(set(self.rows_of("more"))), 100_000)


class WhileTheJobRuns(SystemTest):
    def test_nothing_that_is_retired_meanwhile_is_taken_for_damage(self):
        self.readings(500_000, keys=20_000)
        job = self.start(SUMS, "run", *TWO, "--rate", 20_000, "-D", "execution.checkpointing.interval=5ms",
                         "-D", "execution.checkpointing.min-pause=0ms", "-D", "execution.checkpointing.num-retained=1")
        job.wait_for_line("checkpoint 3 complete")
        for _ in range(20):
            for command in ("verify", "list"):
                self.look_slowly(job, command)
        job.send(signal.SIGTERM)
        self.assertEqual(job.end().errors(), [])

    def look_slowly(self, job, command):
        """It is stopped somewhere in the middle, while the job retires what it reads."""
        looking = self.start(SUMS, "checkpoints", command)
        time.sleep(self.chance.uniform(0.002, 0.012))
        looking.send(signal.SIGSTOP)
        job.wait_for_more(3)
        looking.send(signal.SIGCONT)
        ended = looking.end()
        self.assertEqual(ended.code, DONE, f"seed {self.seed}\n{ended.out}{ended.err}")


class NoHistory(SystemTest):
    def test_is_said_and_what_there_is(self):
        self.readings(10)
        ended = self.run_program(SUMS, "checkpoints", "list")
        self.assertEqual((ended.code, ended.out), (DONE, ""))
        self.assertIn('job "sums" has no history in file://', ended.err)
        self.run_ok(KEYED_SUM, "run")
        self.assertIn("there are: keyed-sum", self.run_program(SUMS, "checkpoints", "list").err)
        self.assertIn('job "sums" has no history in', self.run_program(SUMS, "checkpoints", "size").err)
        self.assertEqual(self.run_program(SUMS, "checkpoints", "list", "--output", "json").out, "[]\n")


if __name__ == "__main__":
    main()
