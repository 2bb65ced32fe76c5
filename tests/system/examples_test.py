#!/usr/bin/env python3
"""The examples as a newcomer runs them; the ledger killed again and again."""

from world import *

import collections


class KeyedSum(SystemTest):
    def test_prints_the_five_sums(self):
        ended = self.run_ok(KEYED_SUM, "run")
        lines = sorted(ended.out.splitlines(), key=lambda line: (json.loads(line)["key"], json.loads(line)["value"]))
        self.assertEqual(lines, ['{"key":1,"value":10}', '{"key":1,"value":15}', '{"key":2,"value":20}',
                                 '{"key":3,"value":30}', '{"key":4,"value":40}'])
        self.assertIn("started empty", ended.lines)
        self.assertIn("finished: 5 rows in, 5 rows out", ended.lines)

    def test_keeps_the_order_within_a_key(self):
        lines = self.run_ok(KEYED_SUM, "run").out.splitlines()
        self.assertLess(lines.index('{"key":1,"value":10}'), lines.index('{"key":1,"value":15}'))

    def test_has_nothing_to_do_when_it_is_run_again(self):
        self.run_ok(KEYED_SUM, "run")
        again = self.run_ok(KEYED_SUM, "run")
        self.assertEqual(again.out, "")
        self.assertIsNotNone(again.resumed_from())

    def test_results_alone_with_quiet(self):
        ended = self.run_ok(KEYED_SUM, "run", "--quiet")
        self.assertEqual(ended.err, "")
        self.assertEqual(len(ended.out.splitlines()), 5)


class WordCount(SystemTest):
    def test_counts_words_of_all_files_however_often_it_is_killed(self):
        books = self.dir / "books"
        books.mkdir()
        (books / "a.txt").write_text("To be, or not to be:\n" * 2000)
        (books / "b.txt").write_text("BE!\n" * 1000)
        arguments = ["--input", "books", "--out", "counts", *FAST]
        for _ in range(3):
            job = self.start(WORDCOUNT, "run", *arguments)
            time.sleep(self.chance.uniform(0.01, 0.1))
            job.send(signal.SIGKILL)
            job.end()
        self.run_ok(WORDCOUNT, "run", *arguments)
        self.assertEqual(sorted(self.rows_of("counts")),
                         sorted([f"to,{n}" for n in range(1, 4001)] + [f"be,{n}" for n in range(1, 5001)] +
                                [f"{word},{n}" for word in ("or", "not") for n in range(1, 2001)]))


class TopProducts(SystemTest):
    def test_the_last_line_of_a_shop_is_its_ranking_however_often_it_is_killed(self):
        orders = [(f"shop {self.chance.randrange(4)}", f"product {self.chance.randrange(300)}") for _ in range(20_000)]
        (self.dir / "orders.csv").write_text("shop,product\n" + "".join(f"{s},{p}\n" for s, p in orders))
        for _ in range(3):
            job = self.start(TOP_PRODUCTS, "run", *FAST, *TWO)
            time.sleep(self.chance.uniform(0.01, 0.1))
            job.send(signal.SIGKILL)
            job.end()
        self.run_ok(TOP_PRODUCTS, "run", *FAST, *TWO)
        lines = [json.loads(line) for file in sorted((self.dir / "top").glob("*.jsonl"))
                 for line in file.read_text().splitlines()]
        self.assertEqual(len(lines), len(orders))
        self.assertEqual(len({(line["shop"], line["orders"]) for line in lines}), len(orders))
        for shop in {shop for shop, _ in orders}:
            sold = collections.Counter(product for at, product in orders if at == shop)
            best = sorted(sold.items(), key=lambda item: (-item[1], item[0]))[:3]
            last = max((line for line in lines if line["shop"] == shop), key=lambda line: line["orders"])
            self.assertEqual(last["orders"], sum(sold.values()))
            self.assertEqual([(b["product"], b["pieces"]) for b in last["best"]], best)


class Enrich(SystemTest):
    def test_each_order_has_the_name_of_its_product_or_is_unknown(self):
        (self.dir / "products.csv").write_text("product,name\n1,tea\n2,cup\n")
        (self.dir / "orders.csv").write_text("order,product,pieces\n" +
                                             "".join(f"{n},{n % 3},{n * 2}\n" for n in range(3000)))
        self.run_ok(ENRICH, "run", "--rate", 3000, *TWO)
        named, unknown = self.rows_of("named"), self.rows_of("unknown")
        names = {1: "tea", 2: "cup"}
        self.assertEqual(len(named) + len(unknown), 3000)
        self.assertEqual(len(set(named) | set(unknown)), 3000)
        for row in named:
            order, name, pieces = row.split(",")
            self.assertEqual((names[int(order) % 3], int(pieces)), (name, 2 * int(order)))
        self.assertEqual({int(row.split(",")[1]) for row in unknown if int(row.split(",")[0]) > 1500}, {0})


class Sessions(SystemTest):
    def test_a_visit_is_over_when_no_click_comes_though_the_job_was_killed(self):
        (self.dir / "clicks").mkdir()
        (self.dir / "clicks" / "1.csv").write_text("user,page\n" + "".join(f"{n % 2},{n}\n" for n in range(100)))
        arguments = ["--input", "clicks", "--out", "sessions", *FAST]
        job = self.start(SESSIONS, "run", *arguments)
        job.wait_for_line("checkpoint 3 complete")
        job.send(signal.SIGKILL)
        job.end()
        again = self.start(SESSIONS, "run", *arguments)
        deadline = time.monotonic() + SECONDS_MAX
        while len(self.rows_of("sessions")) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        again.send(signal.SIGTERM)
        self.assertIsNotNone(again.end().resumed_from())
        self.assertEqual(sorted(row.rsplit(",", 1)[0] for row in self.rows_of("sessions")), ["0,50", "1,50"])


class Ledger(SystemTest):
    ROWS = 40_000
    RATE = 40_000

    def options(self, transactions):
        return ["--transactions", transactions, "--out", "entries", "--rate", self.RATE,
                "-D", "execution.checkpointing.interval=10ms"]  # so that most kills hit one

    def test_accounts_for_every_row(self):
        transactions = self.transactions(self.ROWS)
        ended = self.run_ok(LEDGER, "run", "--transactions", transactions, "--out", "entries")
        self.assertIn(f"finished: {self.ROWS} rows in, {self.ROWS} rows out", ended.lines)
        self.assert_ledger_right(transactions, self.dir / "entries")

    def test_accounts_for_every_row_however_often_it_is_killed(self):
        transactions = self.transactions(self.ROWS)
        options = self.options(transactions)
        kills = 0
        ended = self.kill_somewhere(options)
        while ended.code != DONE:
            self.assertEqual(ended.code, -signal.SIGKILL, ended.err)
            kills += 1
            self.assertLess(kills, 100, f"seed {self.seed}: it does not get on")
            ended = self.kill_somewhere(options)
        self.assertGreater(kills, 0)
        self.assert_ledger_right(transactions, self.dir / "entries")
        hidden = [p.name for p in (self.dir / "entries").iterdir() if p.name.startswith(".")]
        self.assertEqual(hidden, [], "left-over files")

    def kill_somewhere(self, options):
        """At any moment of its first second, or once it has got on a little, so that it ends some day."""
        if self.chance.random() < 0.7:
            return self.stop_behind(self.chance.randrange(3, 12), signal.SIGKILL, LEDGER, "run", *options)
        running = self.start(LEDGER, "run", *options)
        time.sleep(self.chance.uniform(0, 1))
        running.send(signal.SIGKILL)
        return running.end()

    def test_resumes_at_another_parallelism(self):
        transactions = self.transactions(self.ROWS)
        options = self.options(transactions)
        for parallelism in (1, 3, 2, 7):
            self.stop_behind(3, signal.SIGTERM, LEDGER, "run", "--parallelism", parallelism, *options)
        ended = self.run_ok(LEDGER, "run", "--parallelism", 4, *options)
        self.assertIsNotNone(ended.resumed_from())
        self.assert_ledger_right(transactions, self.dir / "entries")


if __name__ == "__main__":
    main()
