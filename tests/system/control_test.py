#!/usr/bin/env python3
"""`list`, `stop` and `cancel`: a job that another process runs, through its control socket."""

from world import *

import socket
import stat
import struct


def frame(text):
    return struct.pack("<I", len(text)) + text


HELLO = b"WEIR" + struct.pack("<I", 1)


class Control(SystemTest):
    def setUp(self):
        super().setUp()
        self.readings(200_000)

    def begin(self, *arguments, **options):
        job = self.start(SUMS, "run", "--rate", 20_000, *FAST, *TWO, *arguments, **options)
        job.wait_for_more(2)
        return job

    def seen(self, *arguments):
        """What `list` says, as JSON; it waits until there is something."""
        return json.loads(self.run_ok(SUMS, "list", "--output", "json", *arguments).out)

    def socket_of(self, folder=".weir"):
        return self.dir / folder / "sums" / "run.sock"

    def connect(self):
        peer = socket.socket(socket.AF_UNIX)
        self.addCleanup(peer.close)
        peer.settimeout(SECONDS_MAX)
        peer.connect(str(self.socket_of()))
        return peer

    def talk(self, *pieces):
        """Says bytes to the control socket, and waits until it is closed."""
        peer = self.connect()
        try:
            for piece in pieces:
                peer.sendall(piece)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(1 << 16):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass

    def ask(self, question):
        """What the control socket answers."""
        peer = self.connect()
        peer.sendall(HELLO + frame(question))
        said = b""
        while b"}" not in said:
            said += peer.recv(1 << 16)
        return said

    # --- list

    def test_list_shows_what_runs(self):
        job = self.begin()
        entry, = self.seen()
        self.assertEqual((entry["job"], entry["state"]), ("sums", "RUNNING"))
        self.assertIn(f"(pid {job.pid})", entry["process"])
        self.assertGreater(entry["checkpoint"]["id"], 0)
        lines = self.run_ok(SUMS, "list").out.splitlines()
        self.assertEqual(lines[0].split()[:3], ["job", "state", "up"])
        self.assertRegex(lines[1], r"^sums +RUNNING +00:00:\d\d .* ago +\S+ \(pid \d+\)$")
        self.assertEqual(len(lines), 2)

    def test_list_is_of_all_programs_of_a_directory(self):
        self.begin("--checkpoint-dir", "here")
        self.transactions(100_000)
        other = self.start(LEDGER, "run", "--rate", 1_000, "--checkpoint-dir", "here", *FAST)
        other.wait_for_more(1)
        self.start(SUMS, "run", "--checkpoint-dir", "elsewhere", "--rate", 1_000, "--out", "more", *FAST).wait_for_more(1)
        self.assertEqual([entry["job"] for entry in self.seen("--checkpoint-dir", "here")], ["ledger", "sums"])

    def test_where_nothing_runs_that_is_said(self):
        ended = self.run_ok(SUMS, "list")
        self.assertEqual(ended.out, "")
        self.assertIn("no job runs in file://", ended.err)
        self.assertEqual(self.seen(), [])

    def test_what_a_killed_process_left_is_no_job(self):
        job = self.begin()
        job.send(signal.SIGKILL)
        job.end()
        self.assertTrue(self.socket_of().exists())
        self.assertEqual(self.seen(), [])
        self.assert_error(self.run_program(SUMS, "stop"), FAILED, 'job "sums" is not running in file://')
        again = self.begin()
        self.assertEqual(len(self.seen()), 1)
        again.send(signal.SIGTERM)
        self.assertEqual(again.end().code, 128 + signal.SIGTERM)
        self.assertFalse(self.socket_of().exists())

    def test_a_process_that_stands_still_is_silent(self):
        job = self.begin()
        job.send(signal.SIGSTOP)
        try:
            entry, = self.seen()
            self.assertEqual(entry["state"], "SILENT")
            self.assertIn(f"(pid {job.pid})", entry["process"])
            self.assert_error(self.run_program(SUMS, "stop"), FAILED, f"(pid {job.pid}), stands still", "kill -KILL")
        finally:
            job.send(signal.SIGCONT)

    def test_a_job_that_completes_no_checkpoint_is_degraded(self):
        job = self.start(SUMS, "run", "--variant", "stuck", "--progress", "json", *FAST, *TWO)
        job.wait_for(lambda lines: any('"state":"DEGRADED"' in line for line in lines))
        self.assertEqual([entry["state"] for entry in self.seen()], ["DEGRADED"])

    # --- stop

    def test_stop_takes_one_more_checkpoint_and_the_next_run_goes_on_there(self):
        job = self.begin()
        stopping = self.run_program(SUMS, "stop")
        self.assertEqual(stopping.code, DONE, stopping.err)
        self.assertRegex(stopping.err, rf'^stopping job "sums" of \S+ \(pid {job.pid}\): it takes one more checkpoint\n')
        ended = job.end()
        self.assertEqual(ended.code, 128 + signal.SIGTERM, ended.err)
        self.assertIn("stopping: one more checkpoint is taken", ended.lines)
        self.assertIn("stopped: the next run resumes from the newest checkpoint", ended.lines)
        last = ended.checkpoint_ids()[-1]
        self.assertIn(f"stopped behind checkpoint {last}: the next run resumes there", stopping.err)
        # All that the last checkpoint covers is there: nothing is read again.
        rows = len(self.rows_of("sums"))
        again = self.start(SUMS, "run", *FAST, *TWO).end()
        self.assertEqual((again.code, again.resumed_from()), (DONE, last), again.err)
        self.assertGreater(rows, 0)
        self.assert_sums_right(200_000)

    def test_stop_does_not_wait_for_the_interval(self):
        job = self.start(SUMS, "run", "--rate", 20_000, "-D", "execution.checkpointing.interval=1h")
        job.wait_for_more(1)
        self.assertEqual(self.run_program(SUMS, "stop").code, DONE)
        self.assertEqual(len(job.end().checkpoint_ids()), 2)

    def test_the_job_can_be_run_again_as_soon_as_stop_returns(self):
        for _ in range(5):
            self.begin()
            self.run_ok(SUMS, "stop")
        self.run_ok(SUMS, "run", *FAST)
        self.assert_sums_right(200_000)

    def test_two_at_once_are_as_one(self):
        job = self.begin()
        first, second = self.start(SUMS, "stop"), self.start(SUMS, "stop")
        codes = sorted([first.end().code, second.end().code])
        self.assertIn(codes, ([DONE, DONE], [DONE, FAILED]))  # the second may find nobody any more
        self.assertEqual(job.end().code, 128 + signal.SIGTERM)

    def test_stop_gives_up_waiting_and_cancel_ends_what_hangs(self):
        job = self.start(SUMS, "run", "--variant", "stuck", *FAST, *TWO)
        job.wait_for_line("started empty")
        ended = self.run_program(SUMS, "stop", "--timeout", "300ms")
        self.assert_error(ended, FAILED, 'job "sums" has not ended after 300 ms', "cancel ends it at once")
        self.assertEqual([entry["state"] for entry in self.seen()], ["STOPPING"])
        cancelling = self.run_program(SUMS, "cancel")
        self.assertEqual(cancelling.code, DONE, cancelling.err)
        self.assertEqual(job.end().code, 128 + signal.SIGTERM)
        self.assertEqual(self.seen(), [])

    def test_stop_of_a_job_that_does_not_run(self):
        ended = self.run_program(SUMS, "stop")
        self.assert_error(ended, FAILED, 'job "sums" is not running', "list shows what runs there")
        self.assertFalse((self.dir / ".weir").exists())
        self.assert_error(self.run_program(SUMS, "stop", "--timeout", "soon"), USAGE, "--timeout", "soon")

    # --- cancel

    def test_cancel_ends_at_once_and_loses_nothing(self):
        job = self.begin()
        ended = self.run_program(SUMS, "cancel")
        self.assertEqual(ended.code, DONE, ended.err)
        self.assertRegex(ended.err, r"\ncancelled behind checkpoint \d+: the next run resumes there\n")
        run = job.end()
        self.assertEqual(run.code, 128 + signal.SIGTERM)
        self.assertIn("cancelled: the next run resumes from the newest checkpoint", run.lines)
        self.assertFalse(self.socket_of().exists())
        self.run_ok(SUMS, "run", *FAST)
        self.assert_sums_right(200_000)

    def test_events_name_the_states(self):
        for command, states, last in (("stop", ["STOPPING", "STOPPED"], "stopped"),
                                      ("cancel", ["CANCELLING", "CANCELLED"], "cancelled")):
            job = self.start(SUMS, "run", "--rate", 20_000, "--progress", "json", *FAST)
            job.wait_for(lambda lines: any("checkpoint-complete" in line for line in lines))
            self.run_ok(SUMS, command)
            events = [json.loads(line) for line in job.end().lines]
            self.assertEqual([event["state"] for event in events if event["event"] == "state"][-2:], states)
            self.assertEqual(events[-1]["event"], last)
            self.assertNotIn("signal", events[-1])

    # --- the socket

    def test_only_the_user_of_the_job_may_use_it(self):
        self.begin()
        self.assertEqual(stat.S_IMODE(self.socket_of().stat().st_mode), 0o600)

    def test_garbage_harms_nobody(self):
        job = self.begin()
        for pieces in ([b"GET / HTTP/1.1\r\n\r\n"], [b"\0" * 100], [HELLO, b"\xff\xff\xff\xff"], [HELLO[:5]], [],
                       [HELLO, frame(b"\xff\xfe"), frame(b""), frame(b"[" * 5000)]):
            self.talk(*pieces)
        self.assertIn(b"this version of Weir knows status", self.ask(b'{"do":"dance"}'))
        self.assertEqual([entry["state"] for entry in self.seen()], ["RUNNING"])
        self.run_ok(SUMS, "stop")
        self.assertEqual(job.end().errors(), [])

    def test_many_that_say_nothing_keep_nobody_out(self):
        self.begin()
        for _ in range(40):
            self.connect()
        self.assertEqual(len(self.seen()), 1)  # who has not introduced himself does not count

    def test_a_path_longer_than_the_name_of_a_socket(self):
        folder = "/".join(["d" * 60] * 3)
        job = self.begin("--checkpoint-dir", folder)
        self.assertEqual(len(self.seen("--checkpoint-dir", folder)), 1)
        self.run_ok(SUMS, "stop", "--checkpoint-dir", folder)
        self.assertEqual(job.end().code, 128 + signal.SIGTERM)

    def test_where_the_socket_cannot_be_made_the_job_runs_without(self):
        self.socket_of().mkdir(parents=True)
        job = self.begin()
        self.assertEqual(self.seen(), [])
        job.send(signal.SIGTERM)
        ended = job.end()
        self.assertEqual(ended.code, 128 + signal.SIGTERM)
        self.assertIn("warning: `list`, `stop` and `cancel` cannot reach this job: ", ended.err)


if __name__ == "__main__":
    main()
