#include "weir/connectors/print_sink.h"

#include <utility>

#include "weir/base/limits.h"

namespace weir::connectors {

void LineQueue::Add(std::string_view lines) {
  const env::MutexLock lock(mutex_);
  lines_.append(lines);
}

size_t LineQueue::bytes_waiting() {
  const env::MutexLock lock(mutex_);
  return lines_.size() + under_way_;
}

Status LineQueue::Drain() {
  const env::MutexLock draining(draining_);
  if (!failure_.ok()) return failure_;
  std::string lines;
  {
    const env::MutexLock lock(mutex_);
    lines.swap(lines_);
    under_way_ = lines.size();
  }
  if (!lines.empty()) failure_ = output_->Write(lines);
  const env::MutexLock lock(mutex_);
  under_way_ = 0;
  return failure_;
}

Status PrintSink::Open(const runtime::OperatorContext& context) {
  context_ = context;
  return {};
}

StatusOr<runtime::Outcome> PrintSink::Process(runtime::Input& input, runtime::Output&) {
  WEIR_RETURN_IF_ERROR(failure_);
  if (lines_->bytes_waiting() >= limits::kPrintBytesMax) return runtime::Outcome::kBlocked;
  formatted_.clear();
  for (; input.cursor < input.batch.size(); ++input.cursor) {
    input.batch.type().AppendJson(input.batch, input.cursor, formatted_);
    formatted_.push_back('\n');
  }
  lines_->Add(formatted_);
  DrainOnPool();
  return runtime::Outcome::kNeedInput;
}

StatusOr<runtime::Outcome> PrintSink::OnEnd(runtime::Output&) {
  WEIR_RETURN_IF_ERROR(failure_);
  return lines_->bytes_waiting() > 0 ? runtime::Outcome::kBlocked : runtime::Outcome::kNeedInput;
}

Status PrintSink::Snapshot(runtime::SnapshotContext& snapshot) {
  WEIR_RETURN_IF_ERROR(failure_);
  snapshot.Defer([lines = lines_] { return lines->Drain(); });
  return {};
}

void PrintSink::DrainOnPool() {
  if (std::exchange(draining_, true)) return;
  // An operator that was destroyed takes its mailbox with it: `this` is good when a closure runs.
  context_.env->pool.Post([this, lines = lines_, mailbox = context_.mailbox] {
    Status drained = lines->Drain();
    mailbox->Post([this, drained = std::move(drained)] {
      draining_ = false;
      failure_ = drained;
      if (failure_.ok() && lines_->bytes_waiting() > 0) DrainOnPool();
    });
  });
}

}  // namespace weir::connectors
