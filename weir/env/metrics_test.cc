#include "weir/env/metrics.h"

#include <gtest/gtest.h>

namespace weir::env {
namespace {

TEST(Metrics, HandlesWithoutARegistryCountNothing) {
  const Counter counter;
  counter.Add();
  EXPECT_EQ(counter.value(), 0u);
  Gauge().Set(1);
  Histogram().Observe(1);
}

TEST(Metrics, TheSameNameAndLabelsGoOn) {
  MetricRegistry registry;
  registry.NewCounter("rows", "Rows.", {{"subtask", "1"}}).Add(3);
  const Counter again = registry.NewCounter("rows", "Rows.", {{"subtask", "1"}});
  again.Add(4);
  registry.NewCounter("rows", "Rows.", {{"subtask", "0"}}).Add();
  registry.NewGauge("a_gauge", "", {}).Set(2.5);
  const std::vector<MetricFamily> families = registry.Look();
  ASSERT_EQ(families.size(), 2u);
  EXPECT_EQ(families[0].name, "a_gauge");
  EXPECT_EQ(families[0].samples[0].value, 2.5);
  ASSERT_EQ(families[1].samples.size(), 2u);
  EXPECT_EQ(families[1].samples[0].value, 1);
  EXPECT_EQ(families[1].samples[1].value, 7);
  EXPECT_EQ(families[1].samples[1].labels, (MetricLabels{{"subtask", "1"}}));
}

TEST(Metrics, AnotherKindOfTheSameNameIsNotShown) {
  MetricRegistry registry;
  registry.NewCounter("rows", "", {}).Add(3);
  registry.NewGauge("rows", "", {}).Set(1);
  registry.NewHistogram("rows", "", {}).Observe(1);
  ASSERT_EQ(registry.Look().size(), 1u);
  EXPECT_EQ(registry.Look()[0].samples[0].value, 3);
}

TEST(Metrics, CountersHaveAUnit) {
  MetricRegistry registry;
  registry.NewCounter("busy_seconds", "", {}, 1e-9).Add(2'500'000'000);
  EXPECT_DOUBLE_EQ(registry.Look()[0].samples[0].value, 2.5);
}

TEST(Metrics, AHistogramCountsUpToEachBound) {
  MetricRegistry registry;
  const Histogram histogram = registry.NewHistogram("took", "", {}, {1, 10});
  for (const double value : {0.5, 1.0, 3.0, 100.0}) histogram.Observe(value);
  const MetricSample sample = registry.Look()[0].samples[0];
  EXPECT_DOUBLE_EQ(sample.value, 104.5);
  ASSERT_EQ(sample.buckets.size(), 3u);
  EXPECT_EQ(sample.buckets[0], (std::pair<double, uint64_t>(1, 2)));
  EXPECT_EQ(sample.buckets[1], (std::pair<double, uint64_t>(10, 3)));
  EXPECT_EQ(sample.buckets[2].second, 4u);
}

TEST(Metrics, NamesAreChecked) {
  EXPECT_TRUE(CheckMetricName("cache_hits2").ok());
  for (const char* name : {"", "2nd", "cache-hits", "käse", "a b", "a_total", "a_sum", "weir_a"})
    EXPECT_FALSE(CheckMetricName(name).ok()) << name;
}

}  // namespace
}  // namespace weir::env
