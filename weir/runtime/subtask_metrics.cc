#include "weir/runtime/subtask_metrics.h"

#include <algorithm>

namespace weir::runtime {

namespace {
constexpr double kNanosecond = 1e-9;
}  // namespace

std::vector<std::string> SubtaskMetrics::OperatorNames(const Chain& chain) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& uid, const std::string& kind) {
    std::string name = uid.empty() ? kind : uid;
    for (int n = 2; std::ranges::find(names, name) != names.end(); ++n)
      name = kind + "-" + std::to_string(n);
    names.push_back(std::move(name));
  };
  if (chain.source != nullptr) add(chain.source_uid, chain.source->kind());
  for (const OperatorNode& node : chain.operators) add(node.uid, node.factory->kind());
  return names;
}

std::string SubtaskMetrics::TaskName(const Chain& chain, base::ChainIndex index) {
  std::string task;
  for (const std::string& name : OperatorNames(chain)) task += (task.empty() ? "" : " -> ") + name;
  const bool named =
      chain.source != nullptr || std::ranges::any_of(chain.operators, [](const OperatorNode& node) {
        return !node.uid.empty();
      });
  return named ? task : task + "#" + std::to_string(index.number());
}

SubtaskMetrics::SubtaskMetrics(env::MetricRegistry& registry, const Chain& chain, SubtaskId id)
    : has_source_(chain.source != nullptr) {
  const env::MetricLabels labels{{"task", TaskName(chain, id.chain)},
                                 {"subtask", std::to_string(id.subtask.number())}};
  for (const std::string& name : OperatorNames(chain)) {
    env::MetricLabels of_operator = labels;
    of_operator.emplace_back("operator", name);
    OfOperator& op = operators_.emplace_back();
    op.rows_in =
        registry.NewCounter("weir_records_in", "Records that an operator was given.", of_operator);
    op.rows_out =
        registry.NewCounter("weir_records_out", "Records that an operator put out.", of_operator);
    op.bytes_in =
        registry.NewCounter("weir_bytes_in", "Memory of the records that came in.", of_operator);
    op.bytes_out =
        registry.NewCounter("weir_bytes_out", "Memory of the records that went out.", of_operator);
  }
  busy_ = registry.NewCounter("weir_busy_seconds", "Time in which a subtask worked.", labels,
                              kNanosecond);
  idle_ = registry.NewCounter("weir_idle_seconds", "Time in which a subtask had no input.", labels,
                              kNanosecond);
  backpressured_ = registry.NewCounter(
      "weir_backpressured_seconds",
      "Time in which a subtask waited for those behind it, or for answers.", labels, kNanosecond);
  state_bytes_ =
      registry.NewGauge("weir_state_bytes", "Memory of keyed state, at the last snapshot.", labels);
  alignment_ = registry.NewHistogram("weir_checkpoint_alignment_seconds",
                                     "From a subtask's first barrier to its snapshot.", labels);
  encoding_ = registry.NewHistogram("weir_checkpoint_encode_seconds",
                                    "From a subtask's snapshot until it was encoded.", labels);
}

void SubtaskMetrics::OnTime(base::Instant now, Spent spent) {
  if (since_ != base::Instant()) {
    const auto took = static_cast<uint64_t>(std::max<int64_t>((now - since_).count(), 0));
    const Counter& counter = spent == Spent::kBusy   ? busy_
                             : spent == Spent::kIdle ? idle_
                                                     : backpressured_;
    counter.Add(took);
  }
  since_ = now;
}

void SubtaskMetrics::Tell(const ChainDriver::Traffic& now, ChainDriver::Traffic& told,
                          const Counter& rows, const Counter& bytes) {
  if (now.rows == told.rows) return;
  rows.Add(now.rows - told.rows);
  bytes.Add(now.bytes - told.bytes);
  told = now;
}

void SubtaskMetrics::OnTraffic(const ChainDriver& driver) {
  size_t at = 0;
  if (has_source_) {
    OfOperator& source = operators_[at++];
    Tell(driver.source_traffic(), source.out, source.rows_out, source.bytes_out);
  }
  for (uint32_t i = 0; i < driver.size(); ++i) {
    OfOperator& op = operators_[at++];
    Tell(driver.traffic_in(i), op.in, op.rows_in, op.bytes_in);
    Tell(driver.traffic_out(i), op.out, op.rows_out, op.bytes_out);
  }
}

}  // namespace weir::runtime
