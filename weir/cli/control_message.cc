#include "weir/cli/control_message.h"

#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "weir/cluster/job_events.h"

namespace weir::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<ControlRequest, std::string_view>, 3> kRequests = {
    {{ControlRequest::kStatus, "status"},
     {ControlRequest::kStop, "stop"},
     {ControlRequest::kCancel, "cancel"}}};

uint64_t Millis(Duration duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return ms < 0 ? 0 : static_cast<uint64_t>(ms);
}

// Nothing here throws: names and types are looked at first.
const Json* Find(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::string TextOf(const Json& object, const char* name) {
  const Json* found = Find(object, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

uint64_t CountOf(const Json& object, const char* name) {
  const Json* found = Find(object, name);
  return found != nullptr && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

double NumberOf(const Json& object, const char* name) {
  const Json* found = Find(object, name);
  return found != nullptr && found->is_number() ? found->get<double>() : 0;
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

Json ToJsonObject(const JobSeen& seen) {
  Json json = {{"job", seen.job},
               {"state", seen.state},
               {"process", seen.process},
               {"up_ms", seen.up_ms},
               {"rows_in", seen.rows_in},
               {"rows_out", seen.rows_out},
               {"rows_in_per_second", seen.rows_in_per_second},
               {"rows_out_per_second", seen.rows_out_per_second},
               {"state_bytes", seen.state_bytes}};
  if (seen.checkpoint) {
    json["checkpoint"] = {{"id", seen.checkpoint->id},
                          {"age_ms", seen.checkpoint->age_ms},
                          {"took_ms", seen.checkpoint->took_ms}};
  }
  return json;
}

}  // namespace

JobSeen JobSeen::Of(const JobPicture& picture, std::string process) {
  JobSeen seen;
  seen.job = picture.job;
  seen.state = cluster::JobStateName(picture.state);
  seen.process = std::move(process);
  seen.up_ms = Millis(picture.now - picture.began);
  seen.rows_in = picture.progress.rows_in;
  seen.rows_out = picture.progress.rows_out;
  seen.rows_in_per_second = static_cast<uint64_t>(std::llround(picture.rows_in_per_second));
  seen.rows_out_per_second = static_cast<uint64_t>(std::llround(picture.rows_out_per_second));
  seen.state_bytes = picture.progress.state_bytes;
  if (picture.checkpoint) {
    const auto took = std::chrono::duration_cast<std::chrono::duration<double, std::milli>>(
        picture.checkpoint->costs.took);
    seen.checkpoint = {.id = picture.checkpoint->id.number(),
                       .age_ms = Millis(picture.now - picture.checkpoint->at),
                       .took_ms = took.count()};
  }
  return seen;
}

std::string JobSeen::ToJson() const { return Dump(ToJsonObject(*this)); }

std::string EncodeRequest(ControlRequest request) {
  for (const auto& [each, name] : kRequests) {
    if (each == request) return Dump({{"do", std::string(name)}});
  }
  return {};
}

StatusOr<ControlRequest> DecodeRequest(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const std::string wanted = TextOf(json, "do");
  for (const auto& [request, name] : kRequests) {
    if (name == wanted) return request;
  }
  return InvalidArgumentError("this version of Weir knows status, stop and cancel");
}

std::string EncodeAnswer(const StatusOr<JobSeen>& answer) {
  if (!answer.ok()) return Dump({{"error", std::string(answer.status().message())}});
  return answer->ToJson();
}

StatusOr<JobSeen> DecodeAnswer(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (const std::string error = TextOf(json, "error"); !error.empty())
    return FailedPreconditionError(error);
  JobSeen seen;
  seen.job = TextOf(json, "job");
  seen.state = TextOf(json, "state");
  if (seen.job.empty() || seen.state.empty())
    return DataLossError("the answer of the job's process makes no sense");
  seen.process = TextOf(json, "process");
  seen.up_ms = CountOf(json, "up_ms");
  seen.rows_in = CountOf(json, "rows_in");
  seen.rows_out = CountOf(json, "rows_out");
  seen.rows_in_per_second = CountOf(json, "rows_in_per_second");
  seen.rows_out_per_second = CountOf(json, "rows_out_per_second");
  seen.state_bytes = CountOf(json, "state_bytes");
  if (const Json* checkpoint = Find(json, "checkpoint"); checkpoint != nullptr) {
    seen.checkpoint = {.id = CountOf(*checkpoint, "id"),
                       .age_ms = CountOf(*checkpoint, "age_ms"),
                       .took_ms = NumberOf(*checkpoint, "took_ms")};
  }
  return seen;
}

}  // namespace weir::cli
