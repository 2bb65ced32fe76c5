#include "weir/api/config.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "weir/api/values.h"
#include "weir/base/check.h"
#include "weir/base/nearest.h"

namespace weir::api {
namespace {

using enum ConfigType;

constexpr std::array kKeys = {
    ConfigKey{"parallelism.default", "", kInteger, "0",
              "subtasks of each operator that does not say otherwise; 0: one per core"},
    ConfigKey{"pipeline.max-parallelism", "", kInteger, "0",
              "number of key groups, a power of two, fixed when a job starts empty; 0: 256"},
    ConfigKey{"execution.buffer-timeout", "", kDuration, "1 ms",
              "how long a batch that is not full may wait for more records"},
    ConfigKey{"execution.checkpointing.interval", "", kDuration, "1 s",
              "time between the starts of two checkpoints; 0: no checkpoints"},
    ConfigKey{"execution.checkpointing.min-pause", "", kDuration, "",
              "rest between the end of a checkpoint and the next; not set: half the interval"},
    ConfigKey{"execution.checkpointing.timeout", "", kDuration, "10 min",
              "a checkpoint that takes longer is given up"},
    ConfigKey{"execution.checkpointing.tolerable-failed-checkpoints", "", kInteger, "3",
              "failed checkpoints in a row that the job survives"},
    ConfigKey{"execution.checkpointing.num-retained", "state.checkpoints.num-retained", kInteger,
              "3", "completed checkpoints that are kept"},
    ConfigKey{"execution.checkpointing.dir", "state.checkpoints.dir", kString, "",
              "where checkpoints are kept; not set: .weir in the working directory"},
    ConfigKey{"restart-strategy.type", "restart-strategy", kRestartStrategy, "fixed-delay",
              "fixed-delay, failure-rate, exponential-delay or none: what happens when an attempt "
              "fails"},
    ConfigKey{"restart-strategy.fixed-delay.attempts", "", kInteger, "10",
              "restarts until the job fails"},
    ConfigKey{"restart-strategy.fixed-delay.delay", "", kDuration, "50 ms",
              "rest before a restart"},
    ConfigKey{"restart-strategy.fixed-delay.reset-after", "", kDuration, "10 min",
              "restarts are counted anew after this time without a failure; 0: never"},
    ConfigKey{"restart-strategy.failure-rate.max-failures-per-interval", "", kInteger, "1",
              "failures within the interval that the job survives"},
    ConfigKey{"restart-strategy.failure-rate.failure-rate-interval", "", kDuration, "1 min",
              "the interval in which failures are counted"},
    ConfigKey{"restart-strategy.failure-rate.delay", "", kDuration, "1 s", "rest before a restart"},
    ConfigKey{"restart-strategy.exponential-delay.initial-backoff", "", kDuration, "50 ms",
              "rest before the first restart"},
    ConfigKey{"restart-strategy.exponential-delay.max-backoff", "", kDuration, "1 min",
              "the longest rest"},
    ConfigKey{"restart-strategy.exponential-delay.backoff-multiplier", "", kNumber, "2",
              "each rest is so many times the one before"},
    ConfigKey{"restart-strategy.exponential-delay.reset-backoff-threshold", "", kDuration, "10 min",
              "rests begin anew after this time without a failure; 0: never"},
    ConfigKey{"restart-strategy.exponential-delay.jitter-factor", "", kNumber, "0.1",
              "a rest is longer or shorter by up to this part of it, by chance"},
    ConfigKey{"restart-strategy.exponential-delay.attempts-before-reset-backoff", "", kInteger, "0",
              "restarts in a row until the job fails; 0: any number"},
};

const ConfigKey* Find(std::string_view name) {
  const auto* key = std::ranges::find_if(kKeys, [name](const ConfigKey& known) {
    return known.name == name || (!name.empty() && known.former_name == name);
  });
  return key == kKeys.end() ? nullptr : key;
}

Status CheckValue(const ConfigKey& key, std::string_view value) {
  switch (key.type) {
    case kString:
      return {};
    case kInteger: {
      WEIR_ASSIGN_OR_RETURN(const int64_t number, ParseInteger(value));
      if (number < 0 || number > INT32_MAX) {
        return InvalidArgumentError("\"", value, "\" is not in the range 0 to ", INT32_MAX);
      }
      return {};
    }
    case kNumber:
      return ParseDouble(value).status();
    case kDuration:
      return ParseDuration(value).status();
    case kRestartStrategy:
      if (value == "fixed-delay" || value == "failure-rate" || value == "exponential-delay" ||
          value == "none")
        return {};
      return InvalidArgumentError(
          "\"", value, "\" is none of fixed-delay, failure-rate, exponential-delay, none");
  }
  return {};
}

}  // namespace

std::span<const ConfigKey> ConfigKeys() { return kKeys; }

Status Config::Set(std::string_view key, std::string_view value) {
  const ConfigKey* known = Find(key);
  if (known == nullptr) {
    std::vector<std::string> names;
    std::ranges::transform(kKeys, std::back_inserter(names),
                           [](const ConfigKey& each) { return std::string(each.name); });
    return InvalidArgumentError("unknown key \"", key, "\"", base::DidYouMean(key, names));
  }
  WEIR_RETURN_IF_ERROR(CheckValue(*known, value).Annotated(known->name));
  values_.insert_or_assign(std::string(known->name), std::string(value));
  return {};
}

Status Config::SetAssignment(std::string_view assignment) {
  const size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    return InvalidArgumentError("\"", assignment, "\" has no \"=\"; write -D key=value");
  }
  return Set(assignment.substr(0, equals), assignment.substr(equals + 1));
}

void Config::Overlay(const Config& above) {
  for (const auto& [key, value] : above.values_) values_.insert_or_assign(key, value);
}

std::string_view Config::Get(std::string_view key) const {
  const ConfigKey* known = Find(key);
  WEIR_CHECK(known != nullptr);
  const auto found = values_.find(known->name);
  return found == values_.end() ? known->default_value : std::string_view(found->second);
}

}  // namespace weir::api
