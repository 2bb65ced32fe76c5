#include "weir/checkpoint/reign.h"

#include <algorithm>
#include <utility>

#include "weir/base/check.h"

namespace weir::checkpoint {

Reign::Reign(const ReignStart& start, uint32_t retained_max, env::Chaos& chaos)
    : retained_max_(retained_max),
      chaos_(chaos),
      newest_(start.epoch),
      newest_checkpoint_(start.base) {
  WEIR_CHECK(retained_max >= 1);
}

AppendStep Reign::Append(AppendRequest request, int64_t now_unix_ms) {
  WEIR_CHECK(!under_way() && !over_);
  if (Status status = Check(request); !status.ok())
    return {.what = AppendStep::Do::kRefused, .error = std::move(status)};

  HistoryRecord record = newest_;
  record.number = newest_.number.Next();
  record.kind = request.kind;
  record.written_unix_ms = now_unix_ms;
  record.base = {};
  record.base_finished = false;
  record.checkpoint = std::move(request.checkpoint);
  record.savepoint = std::move(request.savepoint);
  record.end = request.end;
  if (record.is_checkpoint()) record.highest_checkpoint = record.checkpoint->id;
  Retain(record);

  StatusOr<std::string> bytes = EncodeRecord(record);
  if (!bytes.ok()) return {.what = AppendStep::Do::kRefused, .error = std::move(bytes).status()};
  sent_ = std::move(record);
  bytes_ = *std::move(bytes);
  ambiguous_ = false;
  return {.what = AppendStep::Do::kCreate, .number = sent_->number, .bytes = bytes_};
}

Status Reign::Check(const AppendRequest& request) const {
  if (newest_.kind == RecordKind::kEnd) return FailedPreconditionError("the job has ended");
  const auto named =
      std::ranges::find(newest_.retained, request.savepoint, &RetainedCheckpoint::savepoint);
  const bool known = !request.savepoint.empty() && named != newest_.retained.end();
  if (request.kind == RecordKind::kRelease && !known) {
    return NotFoundError("there is no savepoint named ", request.savepoint);
  }
  if (request.kind == RecordKind::kSavepoint && known) {
    return AlreadyExistsError("there is a savepoint named ", request.savepoint,
                              " already; release it or take another name");
  }
  if (request.checkpoint && request.checkpoint->id <= newest_.highest_checkpoint) {
    return InternalError("checkpoint id ", request.checkpoint->id, " was used before");
  }
  return {};
}

// The newest `retained_max_` checkpoints, every savepoint until it is released, and always the one
// that a resume would start from: after a rewind that is not the newest by number.
void Reign::Retain(HistoryRecord& record) const {
  std::vector<RetainedCheckpoint>& retained = record.retained;
  if (record.is_checkpoint()) retained.push_back({record.ref(), record.savepoint});
  if (record.kind == RecordKind::kRelease) {
    std::ranges::find(retained, record.savepoint, &RetainedCheckpoint::savepoint)
        ->savepoint.clear();
  }
  const CheckpointRef resume = record.is_checkpoint() ? record.ref()
                               : newest_checkpoint_   ? newest_checkpoint_->ref()
                                                      : CheckpointRef();
  const auto plain = [](const RetainedCheckpoint& entry) { return entry.savepoint.empty(); };
  const auto may_go = [&](const RetainedCheckpoint& entry) {
    return plain(entry) && entry.ref != resume;
  };
  for (auto count = std::ranges::count_if(retained, plain); count > retained_max_; --count) {
    retained.erase(std::ranges::find_if(retained, may_go));
  }
}

AppendStep Reign::OnCreated(const Status& answer) {
  WEIR_CHECK(under_way());
  switch (answer.code()) {
    case StatusCode::kOk:
      return Won();
    case StatusCode::kAlreadyExists:
      return {.what = AppendStep::Do::kRead, .number = sent_->number};
    case StatusCode::kInvalidArgument:
    case StatusCode::kPermissionDenied:
    case StatusCode::kResourceExhausted:
      if (!ambiguous_) {  // nothing was written, and nothing will be
        sent_.reset();
        return {.what = AppendStep::Do::kRefused, .error = answer};
      }
      break;
    default:
      ambiguous_ = true;
  }
  if (chaos_.Mutant("create-retried-under-next-number")) {
    sent_->number = sent_->number.Next();
    if (sent_->is_checkpoint()) sent_->retained.back().ref.number = sent_->number;
    bytes_ = *EncodeRecord(*sent_);
  }
  return {.what = AppendStep::Do::kCreateAgain, .number = sent_->number, .bytes = bytes_};
}

AppendStep Reign::OnRead(const StatusOr<std::string>& bytes) {
  WEIR_CHECK(under_way());
  if (bytes.ok() && *bytes == bytes_) return Won();
  if (bytes.status().code() == StatusCode::kNotFound) {
    // Somebody's record stood there and was deleted since: that is done by newer coordinators only.
    return Over(
        AppendStep::Do::kFenced,
        AbortedError("a newer coordinator reigns: its records passed number ", sent_->number));
  }
  if (!bytes.ok()) return Over(AppendStep::Do::kBroken, bytes.status());
  const StatusOr<HistoryRecord> other = DecodeRecord(sent_->number, *bytes);
  if (!other.ok()) return Over(AppendStep::Do::kBroken, other.status());
  if (other->token == sent_->token) {
    return Over(AppendStep::Do::kBroken,
                DataLossError("history record ", sent_->number, " is not what was written"));
  }
  return Over(AppendStep::Do::kFenced, AbortedError("a newer coordinator reigns: ", other->writer,
                                                    ", epoch ", other->epoch));
}

void Reign::Abandon() {
  over_ = true;
  sent_.reset();
}

AppendStep Reign::Won() {
  newest_ = *std::move(sent_);
  sent_.reset();
  if (newest_.is_checkpoint()) newest_checkpoint_ = newest_;
  return {.what = AppendStep::Do::kWon};
}

AppendStep Reign::Over(AppendStep::Do what, Status error) {
  Abandon();
  return {.what = what, .error = std::move(error)};
}

std::optional<Completion> Reign::completion() const {
  if (!newest_checkpoint_) return std::nullopt;
  return Completion(newest_checkpoint_->ref(), newest_checkpoint_->lineage);
}

}  // namespace weir::checkpoint
