#!/usr/bin/env python3
"""A random-walk model of the history protocol (docs/design/history.md): the rules alone, without code, files or time.

It checks that no schedule of pauses, delayed, lost and doubled creates, take-overs, rewinds, savepoints, releases and
deletions lets two coordinators commit diverging checkpoints, or loses what a resume needs. The code itself is put through
the same by weir/checkpoint/history_simulation_test.cc.

usage: history_model.py [TRACES] [MUTANT]     plays TRACES schedules (default 20000); exits 1 if a rule is broken
       history_model.py --check [TRACES]      as a test: no violation without a mutant, and every mutant is caught
"""

import random
import sys

MUTANTS = ("delete-epochs", "no-list-check", "abort-ambiguous", "newest-file", "retire-delta", "forget-base")
RETAINED_MAX = 2  # checkpoints that are retained, savepoints not counted


class Violation(Exception):
    """Something happened that must not."""


class Store:
    """Records by number, and packs by name."""

    def __init__(self):
        self.records = {}
        self.packs = set()

    def create(self, number, record):
        self.records.setdefault(number, record)

    def below(self, number):
        return sorted((n for n in self.records if n < number), reverse=True)


class World:
    def __init__(self, rng, mutant):
        self.rng = rng
        self.mutant = mutant
        self.store = Store()
        self.in_flight = []  # creates that were sent: [number, record]
        self.coordinators = []
        self.commits = []  # (number, lineage), in the order of permits
        self.counts = {"reigns": 0, "voids": 0, "fenced": 0}
        self.last_token = 0

    def token(self):
        self.last_token += 1
        return self.last_token


def resume_point(store, below):
    """(base, lineage): what the first checkpoint or epoch record below gives."""
    for number in store.below(below):
        record = store.records[number]
        if record["kind"] == "checkpoint":
            return number, record["lineage"]
        if record["kind"] == "epoch":
            return record["base"], record["lineage"]
    return None, None


def newest_file(store, below):
    """What a mutant takes for the resume point."""
    for number in store.below(below):
        if store.records[number]["kind"] == "checkpoint":
            return number, store.records[number]["lineage"]
    return None, None


class Coordinator:
    def __init__(self, world, rewinds):
        self.world = world
        self.rewinds = rewinds
        self.state = self.list
        self.token = world.token()
        self.tail = None
        self.sent = None  # (number, record)

    def step(self):
        self.state()

    def send(self, number, record):
        self.sent = (number, record)
        self.world.in_flight.append([number, record])

    def send_again(self):
        if self.world.rng.random() < 0.5:
            self.world.in_flight.append(list(self.sent))  # the same bytes

    # Taking over.

    def list(self):
        self.tail = max(self.world.store.records, default=0)
        self.state = self.propose

    def propose(self):
        world, store = self.world, self.world.store
        number = self.tail + 1
        retained = next((list(store.records[n]["retained"]) for n in store.below(number)), [])
        find = newest_file if world.mutant == "newest-file" else resume_point
        base, lineage = find(store, number)
        lineage = lineage or world.token()
        if base is not None and base not in store.records:
            self.state = self.list  # the history moved on while we looked
            return
        rewound = False
        older = [n for n in retained if n != base and n in store.records]
        if self.rewinds and older:
            base, lineage, rewound = world.rng.choice(older), world.token(), True
        self.send(number, {"kind": "epoch", "token": self.token, "base": base, "lineage": lineage, "retained": retained,
                           "rewound": rewound})
        self.state = self.await_epoch

    def await_epoch(self):
        number, record = self.sent
        found = self.world.store.records.get(number)
        if found is None:
            self.send_again()
        elif found is record:
            self.state = self.verify
        else:
            self.tail = number
            self.state = self.world.rng.choice([self.list, self.propose])

    def verify(self):
        world, store = self.world, self.world.store
        number, record = self.sent
        if world.mutant != "no-list-check" and max(store.records) > number:
            world.counts["voids"] += 1  # the number was a freed one
            self.token = world.token()
            self.state = self.list
            return
        if not record["rewound"] and record["base"] != resume_point(store, number)[0]:
            raise Violation(f"epoch {number} resumes from {record['base']}, not from {resume_point(store, number)[0]}")
        self.tail = self.epoch = number
        self.lineage = record["lineage"]
        self.retained = list(record["retained"])
        self.newest = record["base"]
        if self.newest is not None and self.newest not in store.records:
            raise Violation(f"epoch {number} resumes from {self.newest}, which is gone")
        self.packs = list(store.records[self.newest]["packs"]) if self.newest is not None else []
        if not set(self.packs) <= store.packs:
            raise Violation(f"epoch {number} resumes from {self.newest}, whose packs are gone")
        world.counts["reigns"] += 1
        self.state = self.reign

    # Reigning.

    def reign(self):
        chance = self.world.rng.random()
        if chance < 0.5:
            self.begin_checkpoint()
        elif chance < 0.75:
            self.retire()
        elif chance < 0.85:
            self.begin_release()

    def pinned(self, number):
        return self.world.store.records.get(number, {}).get("savepoint", False)

    def pushed_out(self, retained, stays):
        """The retained list without the oldest plain checkpoints that are too many; `stays` is never pushed out."""
        while sum(not self.pinned(n) for n in retained) > RETAINED_MAX:
            retained.remove(next(n for n in retained if not self.pinned(n) and n != stays))
        return retained

    def begin_checkpoint(self):
        world, number = self.world, self.tail + 1
        pack = world.token()
        world.store.packs.add(pack)
        delta = world.rng.random() < 0.6
        savepoint = world.rng.random() < 0.1
        retained = self.pushed_out([*self.retained, number], number)
        self.send(number, {"kind": "checkpoint", "token": self.token, "epoch": self.epoch, "lineage": self.lineage,
                           "packs": (self.packs if delta else []) + [pack], "own_pack": pack, "retained": retained,
                           "savepoint": savepoint})
        self.state = self.await_record

    def begin_release(self):
        """Gives the oldest savepoint up: from now on it is a checkpoint like any other."""
        released = next((n for n in self.retained if self.pinned(n)), None)
        if released is None:
            return
        self.world.store.records[released]["savepoint"] = False  # stands for the list that the release record carries
        stays = None if self.world.mutant == "forget-base" else self.newest
        self.send(self.tail + 1, {"kind": "release", "token": self.token, "epoch": self.epoch, "lineage": self.lineage,
                                  "packs": [], "retained": self.pushed_out(list(self.retained), stays)})
        self.state = self.await_record

    def await_record(self):
        world, store = self.world, self.world.store
        number, record = self.sent
        found = store.records.get(number)
        if found is None:
            if world.mutant == "abort-ambiguous" and record["kind"] == "checkpoint" and world.rng.random() < 0.5:
                store.packs.discard(record["own_pack"])
                self.state = self.reign
                return
            self.send_again()
        elif found is not record:
            world.counts["fenced"] += 1
            self.state = None
        else:
            self.tail, self.retained = number, list(record["retained"])
            self.state = self.reign
            if record["kind"] == "checkpoint":
                self.newest, self.packs = number, list(record["packs"])
                self.state = self.commit

    def commit(self):
        self.world.commits.append((self.newest, self.lineage))
        self.state = self.reign

    def retire(self):
        """Deletes the oldest record that the own newest record does not retain, with the packs that only it names."""
        store, mutant = self.world.store, self.world.mutant
        if not self.retained:
            return
        keep = {self.newest} if mutant == "retire-delta" else set(self.retained)
        live = set().union(*(store.records[n]["packs"] for n in keep if n in store.records))
        for number in sorted(store.records):
            if number >= max(self.retained):
                return
            record = store.records[number]
            if record["kind"] == "epoch":
                if mutant != "delete-epochs":
                    continue
                del store.records[number]
                return
            if number not in keep:
                del store.records[number]
                store.packs -= set(record["packs"]) - live
                return


def check(world):
    """What must hold after every step."""
    store = world.store
    if not store.records:
        return
    newest = max(store.records)
    resume = resume_point(store, newest + 1)[0]
    needed = {resume} if resume is not None else set()
    for number in needed | {n for n in store.records[newest]["retained"] if n in store.records}:
        if number not in store.records:
            raise Violation(f"the resume point {number} is gone")
        if not set(store.records[number]["packs"]) <= store.packs:
            raise Violation(f"checkpoint {number} lost packs")
    # Within a lineage, an epoch that reigned built on everything committed before it. A void epoch has no records.
    reigned = {record["epoch"] for record in store.records.values() if "epoch" in record}
    for number, lineage in world.commits:
        for epoch in reigned:
            record = store.records.get(epoch)
            if not record or record["kind"] != "epoch" or record["lineage"] != lineage:
                continue
            if epoch > number and (record["base"] or 0) < number:
                raise Violation(f"{number} was committed, but epoch {epoch} went on from {record['base']}")


def play(seed, mutant):
    rng = random.Random(seed)
    world = World(rng, mutant)
    world.coordinators.append(Coordinator(world, rewinds=False))
    for _ in range(rng.randint(40, 160)):
        chance = rng.random()
        if chance < 0.05 and len(world.coordinators) < 6:
            world.coordinators.append(Coordinator(world, rewinds=rng.random() < 0.3))
        elif chance < 0.40 and world.in_flight:
            index = rng.randrange(len(world.in_flight))
            number, record = world.in_flight[index]
            fate = rng.random()
            if fate < 0.8:
                world.in_flight.pop(index)  # it lands, or is lost; otherwise it lands now and may land again
            if fate < 0.7 or fate >= 0.8:
                world.store.create(number, record)
        else:
            alive = [c for c in world.coordinators if c.state is not None]
            if alive:
                rng.choice(alive).step()
        check(world)
    return world


def play_all(traces, mutant, first_only=False):
    totals, violations = {"commits": 0, "reigns": 0, "voids": 0, "fenced": 0}, 0
    for seed in range(traces):
        try:
            world = play(seed, mutant)
        except Violation as violation:
            violations += 1
            if violations <= 3:
                print(f"seed {seed}: {violation}")
            if first_only:
                break
            continue
        totals["commits"] += len(world.commits)
        for name, count in world.counts.items():
            totals[name] += count
    counts = ", ".join(f"{count} {name}" for name, count in totals.items())
    print(f"mutant {mutant or 'none'}: {traces} traces, {counts}, {violations} violations")
    return violations


def main(arguments):
    if arguments[:1] == ["--check"]:
        traces = int(arguments[1]) if len(arguments) > 1 else 2000
        missed = [mutant for mutant in MUTANTS if play_all(20 * traces, mutant, first_only=True) == 0]
        if missed:
            print("not caught:", ", ".join(missed))
        return 1 if play_all(traces, None) or missed else 0
    traces = int(arguments[0]) if arguments else 20000
    mutant = arguments[1] if len(arguments) > 1 else None
    if mutant not in (None, "none", *MUTANTS):
        sys.exit(f"unknown mutant {mutant}; there are: {', '.join(MUTANTS)}")
    return 1 if play_all(traces, None if mutant == "none" else mutant) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
