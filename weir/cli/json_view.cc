#include "weir/cli/json_view.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace weir::cli {
namespace {

using Json = nlohmann::ordered_json;

double Millis(Duration duration) {
  return std::chrono::duration_cast<std::chrono::duration<double, std::milli>>(duration).count();
}

// What a user's function threw may be no UTF-8.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

Json Event(const JobPicture& picture, const char* event) {
  return Json{{"event", event}, {"job", picture.job}, {"at_unix_ms", picture.now_unix_ms}};
}

}  // namespace

void JsonView::OnState(cluster::JobState state) {
  Json event = Event(picture_, "state");
  event["state"] = std::string(cluster::JobStateName(state));
  console_.Note(Dump(event));
}

void JsonView::OnStart(base::Attempt attempt, const std::optional<checkpoint::HistoryRecord>& base,
                       Duration took) {
  Json event = Event(picture_, base ? "resumed" : "started-empty");
  event["attempt"] = attempt.number();
  if (base) {
    event["checkpoint"] = base->checkpoint->id.number();
    event["age_ms"] = picture_.now_unix_ms - base->written_unix_ms;
    event["took_ms"] = Millis(took);
  }
  console_.Note(Dump(event));
}

void JsonView::OnCheckpoint(base::CheckpointId checkpoint, const cluster::CheckpointCosts& costs) {
  Json event = Event(picture_, "checkpoint-complete");
  event["checkpoint"] = checkpoint.number();
  event["took_ms"] = Millis(costs.took);
  event["bytes_written"] = costs.bytes_written;
  event["state_bytes"] = costs.state_bytes;
  event["longest_step_ms"] = Millis(costs.longest_step);
  console_.Note(Dump(event));
}

void JsonView::OnCheckpointFailed(base::CheckpointId checkpoint, const Status& reason,
                                  uint32_t in_a_row, uint32_t tolerated) {
  Json event = Event(picture_, "checkpoint-failed");
  event["checkpoint"] = checkpoint.number();
  event["in_a_row"] = in_a_row;
  event["tolerated"] = tolerated;
  event["reason"] = std::string(reason.message());
  console_.Note(Dump(event));
}

void JsonView::OnRestart(const Status& reason, uint32_t restart, uint32_t restarts_max,
                         Duration delay) {
  Json event = Event(picture_, "restart");
  event["restart"] = restart;
  event["restarts_max"] = restarts_max;
  event["delay_ms"] = Millis(delay);
  event["reason"] = std::string(reason.message());
  console_.Note(Dump(event));
}

void JsonView::OnProgress(const cluster::JobProgress& progress) {
  if (progress_written_ && picture_.now - *progress_written_ < std::chrono::milliseconds(900)) {
    return;
  }
  progress_written_ = picture_.now;
  Json event = Event(picture_, "progress");
  event["state"] = std::string(cluster::JobStateName(picture_.state));
  event["rows_in"] = progress.rows_in;
  event["rows_out"] = progress.rows_out;
  event["rows_skipped"] = progress.rows_skipped;
  event["rows_in_per_second"] = std::llround(picture_.rows_in_per_second);
  event["rows_out_per_second"] = std::llround(picture_.rows_out_per_second);
  event["state_bytes"] = progress.state_bytes;
  if (picture_.checkpoint) {
    const CheckpointSeen& seen = *picture_.checkpoint;
    event["checkpoint"] = {{"id", seen.id.number()},
                           {"age_ms", Millis(picture_.now - seen.at)},
                           {"took_ms", Millis(seen.costs.took)}};
  }
  console_.Note(Dump(event));
}

void JsonView::OnWarning(const Status& what) {
  Json event = Event(picture_, "warning");
  event["reason"] = std::string(what.message());
  console_.Note(Dump(event));
}

void JsonView::OnEnd(const JobEnd& end) {
  switch (end.kind) {
    case JobEnd::Kind::kFinished: {
      Json event = Event(picture_, "finished");
      event["rows_in"] = picture_.progress.rows_in;
      event["rows_out"] = picture_.progress.rows_out;
      event["rows_skipped"] = picture_.progress.rows_skipped;
      return console_.Note(Dump(event));
    }
    case JobEnd::Kind::kStopped: {
      Json event = Event(picture_, "stopped");
      if (end.signal != 0) event["signal"] = end.signal;
      return console_.Note(Dump(event));
    }
    case JobEnd::Kind::kCancelled:
      return console_.Note(Dump(Event(picture_, "cancelled")));
    case JobEnd::Kind::kFailed: {
      Json event = Event(picture_, "failed");
      event["code"] = std::string(StatusCodeName(end.status.code()));
      event["reason"] = std::string(end.status.message());
      return console_.Note(Dump(event));
    }
  }
}

}  // namespace weir::cli
