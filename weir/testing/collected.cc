#include "weir/testing/collected.h"

namespace weir::testing {

void CollectedBatches::Commit(const std::string& payload) {
  const env::MutexLock lock(mutex_);
  if (committed_.insert(payload).second) payloads_.push_back(payload);
}

std::vector<std::string> CollectedBatches::payloads() const {
  const env::MutexLock lock(mutex_);
  return payloads_;
}

Status CollectingWriter::Start(const runtime::OperatorContext& context,
                               std::span<const runtime::Committable>) {
  name_ = Concat(context.uid, " ", context.epoch, ".", context.attempt, ".", context.subtask);
  return {};
}

Status CollectingWriter::Write(const record::AnyBatch& batch, uint32_t begin) {
  if (open_.bytes().empty()) open_.String(Concat(name_, ".", ++number_));
  for (uint32_t row = begin; row < batch.size(); ++row) encode_(batch, row, open_);
  return {};
}

StatusOr<runtime::SinkWriter::Closed> CollectingWriter::PreCommit(base::CheckpointId) {
  Closed closed;
  if (!open_.bytes().empty()) closed.payloads.push_back(open_.Take());
  return closed;
}

base::UniqueFunction<Status()> CollectingWriter::Commit(const runtime::CommitPermit&,
                                                        const runtime::Committable& committable) {
  return [batches = batches_, payload = committable.payload] {
    batches->Commit(payload);
    return Status();
  };
}

}  // namespace weir::testing
