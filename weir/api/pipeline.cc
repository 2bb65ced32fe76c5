#include "weir/api/pipeline.h"

#include "weir/api/values.h"

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

Stream<std::string> Pipeline::SocketTextStream(SocketTextOptions options, Location place) {
  if (const Status status = connectors::CheckSocketTextOptions(options); !status.ok())
    program_->AddError(place, Concat("SocketTextStream: ", status.message()));
  return Read<std::string>(std::make_shared<connectors::SocketTextSource>(std::move(options)),
                           place)
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

}  // namespace v0
}  // namespace weir
