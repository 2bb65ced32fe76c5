#include "weir/runtime/output.h"

#include <algorithm>
#include <utility>

namespace weir::runtime {

Output::Output(std::span<const record::TypeOps* const> port_types) {
  ports_.reserve(port_types.size());
  for (const record::TypeOps* type : port_types) {
    ports_.push_back({.type = type, .open = std::make_unique<record::AnyBatch>(*type)});
  }
}

record::BatchPtr Output::Empty(Port& port) {
  if (port.spare.empty()) return std::make_unique<record::AnyBatch>(*port.type);
  record::BatchPtr batch = std::move(port.spare.back());
  port.spare.pop_back();
  return batch;
}

record::AnyBatch& Output::NextBatch(base::PortIndex index) {
  Port& port = ports_[index.number()];
  port.ready.push_back(std::exchange(port.open, Empty(port)));
  return *port.open;
}

void Output::Forward(base::PortIndex index, record::AnyBatch& batch) {
  Port& port = ports_[index.number()];
  if (!port.open->empty()) NextBatch(index);
  port.open->Swap(batch);
  batch.Clear();
}

bool Output::MustDrain() const {
  return std::ranges::any_of(
      ports_, [](const Port& port) { return !port.ready.empty() || port.open->full(); });
}

bool Output::HasOpenRows() const {
  return std::ranges::any_of(ports_, [](const Port& port) { return !port.open->empty(); });
}

record::BatchPtr Output::TakeBatch(base::PortIndex index, Take take) {
  Port& port = ports_[index.number()];
  if (!port.ready.empty()) {
    record::BatchPtr batch = std::move(port.ready.front());
    port.ready.pop_front();
    return batch;
  }
  if (port.open->empty() || (take == Take::kFull && !port.open->full())) return nullptr;
  return std::exchange(port.open, Empty(port));
}

void Output::ForEachBatch(base::PortIndex index,
                          const std::function<void(const record::AnyBatch&)>& visit) const {
  const Port& port = ports_[index.number()];
  for (const record::BatchPtr& batch : port.ready) visit(*batch);
  if (!port.open->empty()) visit(*port.open);
}

void Output::Recycle(base::PortIndex index, record::BatchPtr batch) {
  Port& port = ports_[index.number()];
  batch->Clear();
  if (port.spare.size() < kSpareMax) port.spare.push_back(std::move(batch));
}

}  // namespace weir::runtime
