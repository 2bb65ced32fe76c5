// Metrics: numbers that an operator of the system watches while a job runs, and where they are
// found.
//
// A metric is written by one thread and read by any: adding to it is a load and a store, no atomic
// operation that other cores notice. The registry is asked by whoever shows them
// (cli/metrics_page.h), now and then.
// Names are in the form of OpenMetrics: `weir_records_in`, `weir_busy_seconds`; the page appends
// `_total` to counters.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/base/status.h"
#include "weir/env/mutex.h"

namespace weir {

namespace env {

struct HistogramCells {
  explicit HistogramCells(std::vector<double> upper_bounds)
      : bounds(std::move(upper_bounds)), counts(bounds.size() + 1) {}
  const std::vector<double> bounds;           // rising
  std::vector<std::atomic<uint64_t>> counts;  // of values up to each bound, and above all
  std::atomic<double> sum = 0;
};

}  // namespace env

inline namespace v0 {

/// Counts what happened. A handle: copies count the same; one that was not given by a registry
/// counts nothing.
/// Threads: one at a time adds; any reads.
class Counter {
 public:
  Counter() = default;
  /// `n` more have happened.
  void Add(uint64_t n = 1) const {
    if (cell_ == nullptr) return;
    cell_->store(cell_->load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  /// How many there were.
  uint64_t value() const { return cell_ == nullptr ? 0 : cell_->load(std::memory_order_relaxed); }

  /// For the registry.
  explicit Counter(std::shared_ptr<std::atomic<uint64_t>> cell) : cell_(std::move(cell)) {}

 private:
  std::shared_ptr<std::atomic<uint64_t>> cell_;
};

/// A value that rises and falls. A handle, as Counter.
class Gauge {
 public:
  Gauge() = default;
  /// It is `value` now.
  void Set(double value) const {
    if (cell_ != nullptr) cell_->store(value, std::memory_order_relaxed);
  }
  /// What was set last.
  double value() const { return cell_ == nullptr ? 0 : cell_->load(std::memory_order_relaxed); }

  /// For the registry.
  explicit Gauge(std::shared_ptr<std::atomic<double>> cell) : cell_(std::move(cell)) {}

 private:
  std::shared_ptr<std::atomic<double>> cell_;
};

/// How values are spread, counted in buckets. A handle, as Counter.
class Histogram {
 public:
  Histogram() = default;
  /// One more, of this value.
  void Observe(double value) const;

  /// For the registry.
  explicit Histogram(std::shared_ptr<env::HistogramCells> cells) : cells_(std::move(cells)) {}

 private:
  std::shared_ptr<env::HistogramCells> cells_;
};

}  // namespace v0

namespace env {

enum class MetricKind : uint8_t { kCounter, kGauge, kHistogram };

/// Name and value, in the order in which they are shown.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// What a metric showed when it was looked at.
struct MetricSample {
  MetricLabels labels;
  double value = 0;  // of a histogram, the sum
  // Of a histogram: up to each bound, from 0 on; the last is the number of all values.
  std::vector<std::pair<double, uint64_t>> buckets;
};

struct MetricFamily {
  std::string name;
  std::string help;
  MetricKind kind = MetricKind::kCounter;
  std::vector<MetricSample> samples;  // ordered by their labels
};

/// The metrics of a process. The same name and labels are the same metric, also in the next attempt
/// of a job: counters go on.
/// Threads: any.
class MetricRegistry {
 public:
  MetricRegistry() = default;
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  /// Shapes: the name is one (CheckMetricName). A name that has another kind gives a handle that
  ///   nobody looks at. `unit`: what one counted thing stands for (1e-9 for nanoseconds shown as
  ///   seconds). `bounds` rise.
  Counter NewCounter(std::string_view name, std::string_view help, MetricLabels labels,
                     double unit = 1);
  Gauge NewGauge(std::string_view name, std::string_view help, MetricLabels labels);
  Histogram NewHistogram(std::string_view name, std::string_view help, MetricLabels labels,
                         std::vector<double> bounds = SecondsBounds());

  /// All families, by name.
  std::vector<MetricFamily> Look() const;

  /// From a tenth of a millisecond to a hundred seconds.
  static std::vector<double> SecondsBounds();

 private:
  struct Series {
    std::shared_ptr<std::atomic<uint64_t>> counter;
    std::shared_ptr<std::atomic<double>> gauge;
    std::shared_ptr<HistogramCells> histogram;
  };
  struct Family {
    std::string help;
    MetricKind kind;
    double unit;
    std::map<MetricLabels, Series> series;
  };
  Series* SeriesOf(std::string_view name, std::string_view help, MetricKind kind,
                   MetricLabels labels, double unit) WEIR_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Family, std::less<>> families_ WEIR_GUARDED_BY(mutex_);
};

/// For names of programs.
/// Errors: InvalidArgument unless `name` is of letters, digits and `_`, does not begin with a
///   digit, and is not one that pages make or that is taken.
Status CheckMetricName(std::string_view name);

}  // namespace env
}  // namespace weir
