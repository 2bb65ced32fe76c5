#include "weir/cli/user_program.h"

#include <algorithm>
#include <utility>

#include "weir/env/process.h"
#include "weir/runtime/user_code.h"

namespace weir::cli {
namespace {

// Options that declare options that declare options: nobody needs more.
constexpr int kBuildsMax = 8;

OptionSpec SpecOf(const api::DeclaredOption& option) {
  OptionSpec spec;
  spec.name = "--" + option.name;
  spec.help = option.help;
  spec.default_value = option.default_value;
  if (option.type == "true|false") {
    spec.takes = OptionSpec::Takes::kFlag;
  } else {
    std::ranges::transform(option.type, std::back_inserter(spec.value), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
  }
  return spec;
}

bool Contains(std::span<const OptionSpec> specs, std::string_view name) {
  return std::ranges::find(specs, name, &OptionSpec::name) != specs.end();
}

std::vector<OptionSpec> Joined(std::span<const OptionSpec> a, std::span<const OptionSpec> b) {
  std::vector<OptionSpec> all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

}  // namespace

StatusOr<UserProgram> UserProgram::Read(std::span<const std::string> line,
                                        std::span<const OptionSpec> own,
                                        std::span<const std::string> reserved,
                                        const BuildCallback& build) {
  UserProgram program(build);
  WEIR_RETURN_IF_ERROR(program.FindOptions(line, own, reserved));
  WEIR_ASSIGN_OR_RETURN(program.arguments_,
                        ParseArguments(line, Joined(own, program.declared_), Unknown::kError));
  program.values_ = program.ProgramValues(program.arguments_);
  WEIR_RETURN_IF_ERROR(program.ReadConfig());
  WEIR_ASSIGN_OR_RETURN(program.pipeline_, program.Build(program.values_));
  return program;
}

Status UserProgram::FindOptions(std::span<const std::string> line, std::span<const OptionSpec> own,
                                std::span<const std::string> reserved) {
  bool found = true;
  for (int builds = 0; found && builds < kBuildsMax; ++builds) {
    WEIR_ASSIGN_OR_RETURN(const Arguments given,
                          ParseArguments(line, Joined(own, declared_), Unknown::kSkip));
    WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<Pipeline> pipeline, Build(ProgramValues(given)));
    found = false;
    for (const api::DeclaredOption& option : pipeline->program().options().declared()) {
      OptionSpec spec = SpecOf(option);
      if (std::ranges::find(reserved, spec.name) != reserved.end()) {
        return InvalidArgumentError(option.place.ToString(), ": the option \"", option.name,
                                    "\" is Weir's own; give the program's another name");
      }
      if (Contains(declared_, spec.name)) continue;
      declared_.push_back(std::move(spec));
      found = true;
    }
  }
  return {};
}

Status UserProgram::ReadConfig() {
  for (const std::string& assignment : arguments_.Values("-D")) {
    WEIR_RETURN_IF_ERROR(config_.SetAssignment(assignment));
  }
  if (const auto parallelism = arguments_.Value("--parallelism")) {
    WEIR_RETURN_IF_ERROR(
        config_.Set("parallelism.default", *parallelism).Annotated("--parallelism"));
  }
  if (const auto directory = arguments_.Value("--checkpoint-dir")) {
    WEIR_RETURN_IF_ERROR(config_.Set("execution.checkpointing.dir", *directory));
  }
  return {};
}

api::OptionValues UserProgram::ProgramValues(const Arguments& arguments) const {
  api::OptionValues values;
  for (const OptionSpec& option : declared_) {
    if (const auto value = arguments.Value(option.name)) values[option.name.substr(2)] = *value;
  }
  return values;
}

StatusOr<std::unique_ptr<Pipeline>> UserProgram::Build(const api::OptionValues& values) const {
  auto pipeline = std::make_unique<Pipeline>(values);
  WEIR_RETURN_IF_ERROR(runtime::CatchUserExceptions([&]() -> Status {
                         (*build_)(*pipeline);
                         return {};
                       }).Annotated("the program cannot be built"));
  return pipeline;
}

std::string UserProgram::Setting(std::string_view key) const {
  api::Config config = pipeline_->program().config();
  config.Overlay(config_);
  return std::string(config.Get(key));
}

StatusOr<api::JobPlan> UserProgram::Plan(std::optional<uint32_t> inherited_max_parallelism,
                                         BuildCheck check) {
  const api::PlanRequest request = {.cores = env::Cores(),
                                    .config = config_,
                                    .inherited_max_parallelism = inherited_max_parallelism};
  WEIR_ASSIGN_OR_RETURN(api::JobPlan plan, pipeline_->Plan(request));
  if (check == BuildCheck::kOnce) return plan;
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<Pipeline> again, Build(values_));
  WEIR_ASSIGN_OR_RETURN(const api::JobPlan second, again->Plan(request));
  const std::string difference = api::FirstDifference(plan.description, second.description);
  if (difference.empty()) return plan;
  return InvalidArgumentError("the program came out differently when it was built twice: ",
                              difference, "; it may depend on nothing but its options");
}

std::vector<std::string> UserProgram::mistakes() const {
  std::vector<std::string> lines;
  for (const api::ProgramError& error : pipeline_->errors()) lines.push_back(error.ToString());
  return lines;
}

}  // namespace weir::cli
