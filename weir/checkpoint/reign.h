// Reign: how a coordinator appends records, as pure decisions (docs/design/history.md,
// "Appending").
//
// One record is under way at a time. A create that was sent is never abandoned: until its number is
// read as mine or as another's, nothing else is written under it and nobody is told. A foreign
// record at the next number means that a newer coordinator reigns: fenced, for ever.
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "weir/base/ids.h"
#include "weir/base/status.h"
#include "weir/checkpoint/completion.h"
#include "weir/checkpoint/history_record.h"
#include "weir/checkpoint/take_over.h"
#include "weir/env/env.h"

namespace weir::checkpoint {

/// What shall be appended: one of the four.
struct AppendRequest {
  RecordKind kind = RecordKind::kCheckpoint;
  std::optional<CheckpointBody> checkpoint;  // of a checkpoint or savepoint
  std::string savepoint;                     // the name, of a savepoint or release
  std::optional<EndReason> end;              // of an end
};

/// What the driver does next.
struct AppendStep {
  enum class Do : uint8_t {
    kCreate,       // `bytes` under `number`, then OnCreated
    kCreateAgain,  // the same, after a pause
    kRead,         // `number`, then OnRead
    kWon,          // over: the record stands; newest() is it
    kRefused,      // over: the record does not and will not stand (`error`); the reign goes on
    kFenced,       // over, and the reign with it: `error` is Aborted
    kBroken,       // over, and the reign with it: `error` is DataLoss
  };
  Do what = Do::kRefused;
  base::HistoryNumber number;
  std::string bytes;
  Status error;
};

class Reign {
 public:
  /// Shapes: retained_max >= 1, not counting savepoints.
  Reign(const ReignStart& start, uint32_t retained_max, env::Chaos& chaos);

  /// Begins to append.
  /// Shapes: nothing is under way, the reign is not over; checked.
  /// Errors of kRefused: NotFound for the release of an unknown savepoint, AlreadyExists for the
  ///   second of a name, FailedPrecondition behind an end, ResourceExhausted when the record is too
  ///   large.
  [[nodiscard]] AppendStep Append(AppendRequest request, int64_t now_unix_ms);
  [[nodiscard]] AppendStep OnCreated(const Status& answer);
  [[nodiscard]] AppendStep OnRead(const StatusOr<std::string>& bytes);

  /// Gives an undecided record up: the reign is over, and the next epoch record decides.
  void Abandon();

  bool over() const { return over_; }
  bool under_way() const { return sent_.has_value(); }

  /// The record that was sent and is not decided.
  const std::optional<HistoryRecord>& sent() const { return sent_; }

  /// The newest record of this reign, and the newest checkpoint (the base, before there is one).
  const HistoryRecord& newest() const { return newest_; }
  const std::optional<HistoryRecord>& newest_checkpoint() const { return newest_checkpoint_; }

  /// Proof for the newest checkpoint.
  std::optional<Completion> completion() const;

 private:
  AppendStep Won();
  AppendStep Over(AppendStep::Do what, Status error);
  Status Check(const AppendRequest& request) const;
  void Retain(HistoryRecord& record) const;

  const uint32_t retained_max_;
  env::Chaos& chaos_;
  HistoryRecord newest_;
  std::optional<HistoryRecord> newest_checkpoint_;
  std::optional<HistoryRecord> sent_;
  std::string bytes_;
  bool ambiguous_ = false;  // a create of `bytes_` may yet take effect
  bool over_ = false;
};

}  // namespace weir::checkpoint
