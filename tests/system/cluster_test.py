#!/usr/bin/env python3
"""A coordinator and workers as processes of their own, over sockets, and each of them killed."""

from world import *

import socket


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


class Cluster(SystemTest):
    ROWS = 40_000
    RATE = 20_000

    def setUp(self):
        super().setUp()
        self.address = free_address()
        self.input = self.transactions(self.ROWS)
        self.processes = []
        self.addCleanup(self.kill_all)

    def kill_all(self):
        for process in self.processes:
            self.kill(process)

    @staticmethod
    def kill(*processes):
        """Also one that was stopped."""
        for process in processes:
            process.kill()
        for process in processes:
            process.communicate()

    def launch(self, role, what, rate):
        log = open(self.dir / f"{role}-{what}.log", "a", encoding="utf-8")
        self.addCleanup(log.close)
        process = subprocess.Popen([str(SOCKET_JOB), role, self.address, str(what), str(self.dir / "store"),
                                    str(self.input), str(self.dir / "entries"), str(rate)],
                                   cwd=self.dir, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def log_of(self, role, what):
        return (self.dir / f"{role}-{what}.log").read_text()

    def wait_until(self, condition, what):
        until = time.time() + SECONDS_MAX
        while not condition():
            if time.time() > until:
                self.fail(f"seed {self.seed}: never: {what}\n" +
                          "\n".join(f"{p.name}:\n{p.read_text()[-2000:]}" for p in self.dir.glob("*.log")))
            time.sleep(0.02)

    def checkpoints_complete(self, workers):
        return len(re.findall(r"^checkpoint \d+ complete", self.log_of("coordinator", workers), re.M))

    def wait_for_checkpoints(self, workers, more):
        before = self.checkpoints_complete(workers)
        self.wait_until(lambda: self.checkpoints_complete(workers) >= before + more, f"{more} more checkpoints")
        time.sleep(self.chance.uniform(0, 0.06))  # at any place of the next ones

    def wait_for_end(self, coordinator, workers):
        self.wait_until(lambda: coordinator.poll() is not None, "the end of the job")
        self.assertEqual(coordinator.returncode, 0, self.log_of("coordinator", workers))
        self.assert_ledger_right(self.input, self.dir / "entries")

    def test_two_workers(self):
        coordinator = self.launch("coordinator", 2, 0)
        workers = [self.launch("worker", name, 0) for name in ("a", "b")]
        self.wait_for_end(coordinator, 2)
        for worker in workers:
            self.assertEqual(worker.wait(timeout=SECONDS_MAX), 0)

    def test_worker_is_killed(self):
        coordinator = self.launch("coordinator", 2, self.RATE)
        self.launch("worker", "a", self.RATE)
        victim = self.launch("worker", "b", self.RATE)
        for _ in range(5):
            self.wait_for_checkpoints(2, 3)
            victim.kill()
            victim.wait()
            victim = self.launch("worker", "b", self.RATE)
        self.wait_for_end(coordinator, 2)
        self.assertIn("worker b is lost", self.log_of("coordinator", 2))

    def test_coordinator_is_killed(self):
        coordinator = self.launch("coordinator", 2, self.RATE)
        for name in ("a", "b"):
            self.launch("worker", name, self.RATE)
        for _ in range(5):
            self.wait_for_checkpoints(2, 3)
            coordinator.kill()
            coordinator.wait()
            coordinator = self.launch("coordinator", 2, self.RATE)
        self.wait_for_end(coordinator, 2)

    def test_coordinator_and_worker_are_killed_together(self):
        coordinator = self.launch("coordinator", 2, self.RATE)
        self.launch("worker", "a", self.RATE)
        victim = self.launch("worker", "b", self.RATE)
        for _ in range(5):
            self.wait_for_checkpoints(2, 3)
            self.kill(coordinator, victim)
            victim = self.launch("worker", "b", self.RATE)
            coordinator = self.launch("coordinator", 2, self.RATE)
        self.wait_for_end(coordinator, 2)

    def test_everything_is_killed_and_started_again(self):
        for _ in range(5):
            everything = [self.launch("coordinator", 2, self.RATE), *(self.launch("worker", name, self.RATE) for name in "ab")]
            self.wait_for_checkpoints(2, 3)
            self.kill(*everything)
        coordinator = self.launch("coordinator", 2, self.RATE)
        for name in "ab":
            self.launch("worker", name, self.RATE)
        self.wait_for_end(coordinator, 2)

    def test_worker_that_was_stopped_and_given_up_comes_back(self):
        """A zombie of an old attempt, with rows in its files and packs under way, beside its successor."""
        coordinator = self.launch("coordinator", 2, self.RATE)
        self.launch("worker", "a", self.RATE)
        zombie = self.launch("worker", "b", self.RATE)
        self.wait_for_checkpoints(2, 3)
        zombie.send_signal(signal.SIGSTOP)
        self.wait_until(lambda: "worker b is lost" in self.log_of("coordinator", 2), "worker b is given up")
        self.launch("worker", "c", self.RATE)
        self.wait_for_checkpoints(2, 3)
        zombie.send_signal(signal.SIGCONT)
        self.wait_for_end(coordinator, 2)
        again = self.launch("coordinator", 1, 0)  # what it wrote after it woke, the next attempt removes
        self.launch("worker", "d", 0)
        self.wait_for_end(again, 1)
        self.assertEqual(self.hidden_entries(), [], "left-over files")

    def test_coordinator_that_was_stopped_for_a_while_goes_on(self):
        coordinator = self.launch("coordinator", 2, self.RATE)
        for name in "ab":
            self.launch("worker", name, self.RATE)
        self.wait_for_checkpoints(2, 3)
        coordinator.send_signal(signal.SIGSTOP)
        time.sleep(1)
        coordinator.send_signal(signal.SIGCONT)
        self.wait_for_end(coordinator, 2)

    def hidden_entries(self):
        return [path.name for path in (self.dir / "entries").glob(".*")]

    def test_worker_is_replaced_by_another(self):
        coordinator = self.launch("coordinator", 1, self.RATE)
        first = self.launch("worker", "a", self.RATE)
        self.wait_for_checkpoints(1, 3)
        self.launch("worker", "b", self.RATE)
        first.kill()
        self.wait_for_end(coordinator, 1)


if __name__ == "__main__":
    main()
