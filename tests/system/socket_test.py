#!/usr/bin/env python3
"""Lines from a socket and to one, over real connections.

The example says port 9999, which may be somebody's: the whole test runs itself again in a network of its own, which
goes with it."""

from world import *

import fcntl
import socket
import struct
import threading
import unittest

OWN_NETWORK = "WEIR_TEST_HAS_OWN_NETWORK"
PORT = 9999


def raise_loopback():
    """A new network's loopback interface is down."""
    flags_of, set_flags, up = 0x8913, 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, flags_of, request))[1]
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", flags | up))


def enter_own_network():
    """Runs this test in a network namespace; comes back only where that is not allowed."""
    ways = (["unshare", "--net"], ["unshare", "--net", "--map-root-user"])
    for way in ways:
        try:
            allowed = subprocess.run([*way, "true"], capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            return
        if allowed:
            os.execvpe(way[0], [*way, sys.executable, *sys.argv], {**os.environ, OWN_NETWORK: "yes"})


class Server:
    """Who listens; one connection at a time."""

    def __init__(self, test, port=PORT):
        self._listening = socket.create_server(("127.0.0.1", port))
        self._listening.settimeout(SECONDS_MAX)
        self.port = self._listening.getsockname()[1]
        self._connection = None
        test.addCleanup(self.close)

    def close(self):
        self.hang_up()
        self._listening.close()

    def accept(self):
        self.hang_up()
        self._connection, _ = self._listening.accept()

    def say(self, text):
        self._connection.sendall(text.encode())

    def hang_up(self):
        if self._connection:
            self._connection.close()
        self._connection = None


class Listener(threading.Thread):
    """Hears all that is said, whoever connects."""

    def __init__(self, test):
        super().__init__(daemon=True)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.heard = []  # of each connection
        self.start()
        test.addCleanup(self.end)

    def run(self):
        while True:
            connection, _ = self._listening.accept()
            self.heard.append(b"")
            with connection:
                try:
                    while some := connection.recv(1 << 16):
                        self.heard[-1] += some
                except ConnectionResetError:
                    pass
                if self.heard[-1] == b"that is all":
                    return

    def end(self):
        with socket.create_connection(("127.0.0.1", self.port)) as last:
            last.sendall(b"that is all")
        self.join(SECONDS_MAX)
        self._listening.close()

    def records(self):
        """Of all connections; the last line of one may be cut."""
        return [json.loads(line) for heard in self.heard for line in heard[:heard.rfind(b"\n") + 1].splitlines()]


class CheckpointExample(SystemTest):
    def setUp(self):
        super().setUp()
        if not os.environ.get(OWN_NETWORK):
            raise unittest.SkipTest("no network namespace can be made here, and port 9999 may be somebody's")

    def begin(self):
        self.server = Server(self)
        return self.start(CHECKPOINT_EXAMPLE, "run")

    def test_a_line_that_is_no_number_restarts_it_three_times_and_fails_it_the_fourth(self):
        job = self.begin()
        for attempt in range(4):
            self.server.accept()
            self.server.say(f"{attempt}\n")
            job.wait_for_output(lambda lines, wanted=attempt + 1: len(lines) >= wanted)
            self.server.say("no number\n")
            if attempt < 3:
                job.wait_for_line(f"restart {attempt + 1} of 3 in 1000 ms: parse: ")
        ended = job.end()
        self.assert_error(ended, FAILED, 'parse: exception in a user function: stoll, with the record "no number"')
        self.assertEqual(ended.out.splitlines(), ["0", "1", "2", "3"])

    def test_it_finishes_when_the_other_side_closes(self):
        job = self.begin()
        self.server.accept()
        self.server.say("-1\n2\r\n" + "".join(f"{number}\n" for number in range(10_000)) + "10000")
        self.server.hang_up()
        ended = job.end()
        self.assertEqual(ended.code, DONE, ended.err)
        self.assertEqual(sorted(map(int, ended.out.splitlines())), [-1, *range(3), 2, *range(3, 10_001)])
        self.assertIn("finished: 10003 rows in, 10003 rows out", ended.lines)

    def test_where_nobody_listens_it_says_who_where_and_what_to_do(self):
        ended = self.run_program(CHECKPOINT_EXAMPLE, "run")
        self.assert_error(ended, FAILED, "socket-source: connect to localhost:9999: Connection refused",
                          "\n       let a server listen there")

    def test_it_is_stopped_while_it_waits_for_a_line(self):
        job = self.begin()
        self.server.accept()
        self.server.say("1\n")
        job.wait_for_output(lambda lines: lines == ["1"])
        job.send(signal.SIGINT)
        self.assertEqual(job.end().code, 130)

    def test_the_plan_says_that_lines_may_be_lost(self):
        ended = self.run_ok(CHECKPOINT_EXAMPLE, "plan")
        self.assertIn("socket-source (socket-source) cannot be read again after a failure", ended.out)


class Sink(SystemTest):
    def test_all_lines_arrive(self):
        self.readings(20_000)
        listener = Listener(self)
        self.run_ok(SUMS, "run", "--variant", "sending", "--port", listener.port)
        rows = [(record["key"], record["count"]) for record in listener.records()]
        self.assertEqual(sorted(rows), sorted((key, count) for key in range(10) for count in range(1, 2001)))

    def test_none_is_missing_however_often_it_is_killed(self):
        self.readings(100_000)
        listener = Listener(self)
        command = ["run", "--variant", "sending", "--port", listener.port, "--rate", 50_000, *FAST]
        for _ in range(3):
            self.stop_behind(3, signal.SIGKILL, SUMS, *command)
        self.run_ok(SUMS, *command)
        rows = {(record["key"], record["count"]) for record in listener.records()}
        self.assertEqual(rows, {(key, count) for key in range(10) for count in range(1, 10_001)})

    def test_who_hangs_up_fails_the_job_with_the_cure(self):
        self.readings(100_000)
        server = Server(self, port=0)
        job = self.start(SUMS, "run", "--variant", "sending", "--port", server.port, "--rate", 10_000, *FAST, *NO_RESTART)
        server.accept()
        server.hang_up()
        self.assert_error(job.end(), FAILED, "socket-sink: ", f"localhost:{server.port}", "is sent again")


if __name__ == "__main__":
    if not os.environ.get(OWN_NETWORK):
        enter_own_network()
    else:
        raise_loopback()
    main()
