#!/usr/bin/env python3
"""Metrics of a running job, as Prometheus reads them."""

from world import *

import urllib.error
import urllib.request

SAMPLE = re.compile(r'^([a-zA-Z_]\w*)\{((?:[a-z_]+="(?:[^"\\\\]|\\\\.)*",?)*)\} (-?[\d.e+-]+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\\]|\\\\.)*)"')


class Page:
    """A page of metrics: each line is a comment in front of its samples, or a sample."""

    def __init__(self, test, text):
        self.kinds, self.samples = {}, []
        lines = text.splitlines()
        test.assertEqual(lines.pop(), "# EOF")
        for line in lines:
            if line.startswith("# HELP "):
                continue
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                test.assertNotIn(name, self.kinds)
                self.kinds[name] = kind
                continue
            sample = SAMPLE.match(line)
            test.assertTrue(sample, line)
            name, labels, value = sample.groups()
            test.assertIn(re.sub("_(total|bucket|sum|count)$", "", name), self.kinds)
            self.samples.append((name, dict(LABEL.findall(labels)), float(value)))

    def sum(self, name, **labels):
        found = [v for n, l, v in self.samples if n == name and labels.items() <= l.items()]
        return sum(found) if found else None


class Metrics(SystemTest):
    def begin(self, *arguments):
        job = self.start(SUMS, "run", "--metrics-address", "127.0.0.1:0", *FAST, *TWO, *arguments)
        line = job.wait_for_line("metrics at ")
        self.assertTrue(line)
        self.url = line.split()[-1]
        return job

    def page(self):
        with urllib.request.urlopen(self.url, timeout=SECONDS_MAX) as answer:
            self.assertIn("openmetrics-text", answer.headers["Content-Type"])
            return Page(self, answer.read().decode())

    def page_with(self, condition):
        """The first page that has what is waited for."""
        end = time.monotonic() + SECONDS_MAX
        while time.monotonic() < end:
            page = self.page()
            if condition(page):
                return page
            time.sleep(0.05)
        self.fail("no such page: " + repr(page.samples))

    def test_what_passes_and_what_checkpoints_cost(self):
        self.readings(200_000)
        job = self.begin("--rate", 20_000)
        job.wait_for_more(2)
        page = self.page_with(lambda p: p.sum("weir_records_in_total", operator="summing"))
        self.assertEqual(page.sum("weir_attempts_total"), 1)
        self.assertEqual(page.sum("weir_restarts_total"), 0)
        self.assertGreaterEqual(page.sum("weir_checkpoints_completed_total"), 2)
        self.assertEqual(page.sum("weir_checkpoint_seconds_count"), page.sum("weir_checkpoints_completed_total"))
        self.assertEqual(page.sum("weir_job_state", state="RUNNING"), 1)
        self.assertTrue(all(labels["job"] == "sums" for _, labels, _ in page.samples))
        for name in ("weir_busy_seconds_total", "weir_idle_seconds_total", "weir_bytes_out_total",
                     "weir_checkpoint_encode_seconds_count", "weir_state_bytes"):
            self.assertGreater(page.sum(name), 0, name)
        before = page.sum("weir_records_out_total", operator="summing")
        after = self.page_with(lambda p: p.sum("weir_records_out_total", operator="summing") > before)
        for name, labels, value in page.samples:
            if name.endswith("_total"):
                self.assertGreaterEqual(after.sum(name, **labels), value, name)

    def test_those_of_the_program(self):
        self.readings(200_000)
        self.begin("--rate", 20_000, "--variant", "counting")
        page = self.page_with(lambda p: p.sum("readings_seen_total", operator="summing"))
        self.assertEqual(page.kinds["value"], "histogram")
        self.assertGreater(page.sum("value_bucket", le="+Inf"), 0)
        self.assertIsNotNone(page.sum("last_value", subtask="0"))

    def test_restarts_are_counted(self):
        self.write("readings.csv", "key,value\n" + "1,5\n" * 1000 + "1,500\n")
        job = self.begin("--variant", "throwing", "-D", "restart-strategy.type=fixed-delay",
                         "-D", "restart-strategy.fixed-delay.attempts=1000000",
                         "-D", "restart-strategy.fixed-delay.delay=100ms")
        self.page_with(lambda p: (p.sum("weir_restarts_total") or 0) >= 2)
        self.assertGreaterEqual(self.page().sum("weir_attempts_total"), 2)

    def test_a_name_that_is_none_is_refused_before_the_start(self):
        self.readings(10)
        ended = self.run_program(SUMS, "run", "--variant", "counting-unnamed")
        self.assert_error(ended, USAGE, "readings-seen", "letters, digits")

    def test_addresses_that_cannot_be_had(self):
        self.readings(200_000)
        self.begin("--rate", 20_000)
        taken = self.url.split("/")[2]
        other = ["run", "--checkpoint-dir", "other", "--out", "other-sums", "--metrics-address"]
        self.assert_error(self.run_program(SUMS, *other, taken), FAILED, taken, "another port")
        self.assert_error(self.run_program(SUMS, *other, "0.0.0.0:0"), USAGE, "--insecure")
        self.assert_error(self.run_program(SUMS, *other, "everywhere"), USAGE, "everywhere")
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen("http://" + taken + "/", timeout=SECONDS_MAX)


if __name__ == "__main__":
    main()
