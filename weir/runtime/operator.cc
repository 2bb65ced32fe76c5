#include "weir/runtime/operator.h"

#include "weir/runtime/source.h"

namespace weir::runtime {

std::vector<const record::TypeOps*> OutputTypesOf(const OperatorFactory& factory,
                                                  std::span<const SideOutput> side_outputs) {
  std::vector<const record::TypeOps*> types = factory.output_types();
  for (const SideOutput& output : side_outputs) types.push_back(output.type);
  return types;
}

Status Operator::RestoreItem(std::string_view state, std::string_view) {
  return FailedPreconditionError(
      "the checkpoint holds list state that this operator does not declare: ", state);
}

Status Operator::RestoreCommittable(Committable) {
  return FailedPreconditionError(
      "the checkpoint holds uncommitted output, but this operator commits nothing: give the sink "
      "that wrote it back its name");
}

StatusOr<Outcome> Operator::OnWatermark(record::Watermark, Output&) { return Outcome::kNeedInput; }

void Operator::RestoreWatermark(base::KeyGroupRange, Timestamp) {}

StatusOr<Outcome> Operator::OnProcessingTime(int64_t, Output&) { return Outcome::kNeedInput; }

StatusOr<Outcome> Operator::OnEnd(Output&) { return Outcome::kNeedInput; }

Status Operator::Snapshot(SnapshotContext&) { return {}; }

Status Operator::OnCheckpointComplete(const CommitPermit&) { return {}; }

Status SourceReader::OnCheckpointComplete(const CommitPermit&) { return {}; }

Status SplitEnumerator::Restore(std::string_view) {
  return FailedPreconditionError(
      "the checkpoint holds what a source knew of its input, and this source remembers nothing: "
      "give the source that wrote it back its name");
}

}  // namespace weir::runtime
