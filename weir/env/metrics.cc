#include "weir/env/metrics.h"

#include <algorithm>

namespace weir {
inline namespace v0 {

void Histogram::Observe(double value) const {
  if (cells_ == nullptr) return;
  const auto bound = std::ranges::lower_bound(cells_->bounds, value);
  std::atomic<uint64_t>& count =
      cells_->counts[static_cast<size_t>(bound - cells_->bounds.begin())];
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  cells_->sum.store(cells_->sum.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}

}  // namespace v0

namespace env {

namespace {

std::vector<std::pair<double, uint64_t>> BucketsOf(const HistogramCells& cells) {
  std::vector<std::pair<double, uint64_t>> buckets;
  uint64_t below = 0;
  for (size_t i = 0; i < cells.counts.size(); ++i) {
    below += cells.counts[i].load(std::memory_order_relaxed);
    buckets.emplace_back(i < cells.bounds.size() ? cells.bounds[i] : 0, below);
  }
  return buckets;
}

}  // namespace

MetricRegistry::Series* MetricRegistry::SeriesOf(std::string_view name, std::string_view help,
                                                 MetricKind kind, MetricLabels labels,
                                                 double unit) {
  auto family = families_.find(name);
  if (family == families_.end()) {
    family =
        families_
            .emplace(name,
                     Family{.help = std::string(help), .kind = kind, .unit = unit, .series = {}})
            .first;
  }
  if (family->second.kind != kind) return nullptr;
  return &family->second.series[std::move(labels)];
}

Counter MetricRegistry::NewCounter(std::string_view name, std::string_view help,
                                   MetricLabels labels, double unit) {
  const MutexLock lock(mutex_);
  Series* series = SeriesOf(name, help, MetricKind::kCounter, std::move(labels), unit);
  if (series == nullptr) return Counter();
  if (series->counter == nullptr) series->counter = std::make_shared<std::atomic<uint64_t>>(0);
  return Counter(series->counter);
}

Gauge MetricRegistry::NewGauge(std::string_view name, std::string_view help, MetricLabels labels) {
  const MutexLock lock(mutex_);
  Series* series = SeriesOf(name, help, MetricKind::kGauge, std::move(labels), 1);
  if (series == nullptr) return Gauge();
  if (series->gauge == nullptr) series->gauge = std::make_shared<std::atomic<double>>(0);
  return Gauge(series->gauge);
}

Histogram MetricRegistry::NewHistogram(std::string_view name, std::string_view help,
                                       MetricLabels labels, std::vector<double> bounds) {
  const MutexLock lock(mutex_);
  Series* series = SeriesOf(name, help, MetricKind::kHistogram, std::move(labels), 1);
  if (series == nullptr) return Histogram();
  if (series->histogram == nullptr)
    series->histogram = std::make_shared<HistogramCells>(std::move(bounds));
  return Histogram(series->histogram);
}

std::vector<MetricFamily> MetricRegistry::Look() const {
  const MutexLock lock(mutex_);
  std::vector<MetricFamily> families;
  for (const auto& [name, family] : families_) {
    MetricFamily& shown = families.emplace_back(
        MetricFamily{.name = name, .help = family.help, .kind = family.kind, .samples = {}});
    for (const auto& [labels, series] : family.series) {
      MetricSample sample{.labels = labels, .value = 0, .buckets = {}};
      if (series.counter != nullptr) {
        sample.value =
            static_cast<double>(series.counter->load(std::memory_order_relaxed)) * family.unit;
      } else if (series.gauge != nullptr) {
        sample.value = series.gauge->load(std::memory_order_relaxed);
      } else if (series.histogram != nullptr) {
        sample.value = series.histogram->sum.load(std::memory_order_relaxed);
        sample.buckets = BucketsOf(*series.histogram);
      }
      shown.samples.push_back(std::move(sample));
    }
  }
  return families;
}

std::vector<double> MetricRegistry::SecondsBounds() {
  std::vector<double> bounds;
  for (double decade = 1e-4; decade < 100; decade *= 10) {
    for (const double step : {1.0, 2.5, 5.0}) bounds.push_back(decade * step);
  }
  bounds.push_back(100);
  return bounds;
}

Status CheckMetricName(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const bool ok = !name.empty() && is_letter(name[0]) && std::ranges::all_of(name, [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  });
  for (const char* ours : {"_total", "_bucket", "_sum", "_count"}) {
    if (name.ends_with(ours))
      return InvalidArgumentError("a metric cannot be called \"", name, "\": what ends in ", ours,
                                  " is made from others");
  }
  if (name.starts_with("weir_"))
    return InvalidArgumentError("a metric cannot be called \"", name, "\": weir_ is taken");
  if (ok) return {};
  return InvalidArgumentError("a metric cannot be called \"", name,
                              "\": use letters, digits and _, and begin with a letter");
}

}  // namespace env
}  // namespace weir
