#include "weir/api/pipeline.h"

#include "weir/api/values.h"
#include "weir/connectors/committing_sink.h"
#include "weir/connectors/file_sink.h"

namespace weir {
inline namespace v0 {

Pipeline::Pipeline(api::OptionValues given)
    : program_(std::make_unique<api::Program>(std::move(given))) {}

Pipeline& Pipeline::Name(api::NameHere name) {
  program_->SetName(name.place, name.name);
  return *this;
}

Pipeline& Pipeline::EnableCheckpointing(Duration interval, Location place) {
  return Set("execution.checkpointing.interval", api::FormatDuration(interval), place);
}

Pipeline& Pipeline::SetRestartStrategy(const RestartStrategy& strategy, Location place) {
  for (const auto& [key, value] : api::SettingsOf(strategy)) Set(key, value, place);
  return *this;
}

Pipeline& Pipeline::SetParallelism(uint32_t parallelism, Location place) {
  return Set("parallelism.default", std::to_string(parallelism), place);
}

Pipeline& Pipeline::SetMaxParallelism(uint32_t max_parallelism, Location place) {
  return Set("pipeline.max-parallelism", std::to_string(max_parallelism), place);
}

Pipeline& Pipeline::Set(std::string_view key, std::string_view value, Location place) {
  program_->Set(place, key, value);
  return *this;
}

Stream<std::string> Pipeline::SocketTextStream(const SocketTextOptions& options, Location place) {
  if (const Status status = connectors::CheckSocketTextOptions(options); !status.ok())
    program_->AddError(place, Concat("SocketTextStream: ", status.message()));
  return ReadParsed<std::string>(std::make_shared<connectors::SocketTextSource>(options),
                                 options.on_error, place)
      .SetParallelism(1, place);
}

StatusOr<api::JobPlan> Pipeline::Plan(const api::PlanRequest& request) {
  StatusOr<api::JobPlan> plan = api::PlanJob(*program_, request, errors_);
  if (plan.ok()) return plan;
  std::string lines;
  for (const api::ProgramError& error : errors_)
    lines += (lines.empty() ? "" : "\n") + error.ToString();
  return InvalidArgumentError(lines);
}

api::NodeIndex Pipeline::AddSource(std::shared_ptr<const runtime::Source> source,
                                   const record::TypeOps& type, Location place) {
  if (!type.SameLayout(source->type())) {
    program_->AddError(
        place, Concat("this ", source->kind(), " makes ", source->type().schema().ToString(),
                      ", not ", type.schema().ToString(), ": write Read<T> with the source's T"));
  }
  return program_->Add({.kind = api::NodeKind::kSource,
                        .place = place,
                        .name = {},
                        .parallelism = {},
                        .source = std::move(source),
                        .factory = nullptr,
                        .inputs = {}});
}

// Beside the source, not behind it: the letters leave by a port of their own, and go to files with
// the same barriers as the records.
void Pipeline::AddDeadLetters(api::NodeIndex source, const std::string& directory, Location place) {
  if (directory.empty()) {
    program_->AddError(place,
                       "OnError::DeadLetter: the directory is empty, give one for the files");
    return;
  }
  auto files = std::make_shared<connectors::FileSink>(
      FileSinkOptions{.directory = directory}, connectors::RowForm::kJson, TypeOpsOf<DeadLetter>());
  program_->Add({.kind = api::NodeKind::kSink,
                 .place = place,
                 .name = {},
                 .parallelism = {},
                 .source = nullptr,
                 .factory = std::make_shared<connectors::CommittingSinkFactory>(std::move(files)),
                 .inputs = {{.from = source, .from_port = connectors::kDeadLetterPort}},
                 .part_of = source,
                 .part = "dead-letters"});
}

}  // namespace v0
}  // namespace weir
