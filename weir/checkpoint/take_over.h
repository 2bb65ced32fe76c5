// TakeOver: how a coordinator begins a reign, as pure decisions (docs/design/history.md).
//
// Each event returns the next step; the driver (history.cc) carries it out and reports back.
// Nothing here touches a store, a clock or a thread, so every interleaving can be tested.
//
//   job file ▸ list ▸ read the newest record ▸ walk back to base and lineage ▸ judge
//     ▸ create the epoch record
//         won      list again. Nothing above it: the reign begins. Something above it: the number
//                  was a freed one, the record is void; all over with a new token
//         lost     all over behind the winner
//         unknown  the same bytes again, until the number is read as mine or another's
//
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "weir/base/function.h"
#include "weir/base/ids.h"
#include "weir/base/status.h"
#include "weir/checkpoint/completion.h"
#include "weir/checkpoint/history_record.h"
#include "weir/env/env.h"
#include "weir/env/random.h"

namespace weir::checkpoint {

/// A sink whose output after the base is outside already and cannot be taken back.
struct RepeatedOutput {
  std::string sink;
  base::CheckpointId newest;  // the newest checkpoint known to have committed
  friend bool operator==(const RepeatedOutput&, const RepeatedOutput&) = default;
};

/// What a reign would be, before anything is written.
struct Proposal {
  base::HistoryNumber number;         // of the epoch record, if nobody is faster
  std::optional<HistoryRecord> base;  // the checkpoint it starts from; none: empty
  base::Lineage lineage;
  bool new_lineage = false;  // fresh, or a rewind: the base is not the resume point
  base::HashSeed hash_seed = 0;
  uint32_t max_parallelism = 0;
  base::CheckpointId highest_checkpoint;
  std::optional<EndReason> ended;            // how the job ended, when its newest record says so
  bool base_finished = false;                // HistoryRecord::base_finished
  std::string previous_writer;               // who reigned before; empty: nobody
  std::vector<RetainedCheckpoint> retained;  // what the history holds
  std::vector<RepeatedOutput> repeated;      // with a new lineage: per committing sink
};

struct TakeOverOptions {
  enum class Start : uint8_t {
    kExplicit,  // a user said so
    kStandby,   // by itself: does not go on behind the end of a job
  };
  enum class From : uint8_t { kResume, kFresh, kCheckpoint, kSavepoint };

  std::string job;
  std::string writer;  // for people
  std::string plan_digest;
  Start start = Start::kExplicit;
  From from = From::kResume;
  base::CheckpointId checkpoint;  // with kCheckpoint
  std::string savepoint;          // with kSavepoint
  uint32_t max_parallelism = 0;   // of a job that starts empty; otherwise inherited
  bool had_history = false;       // there was one when this process last looked
  int64_t now_unix_ms = 0;

  /// Looks at the proposal and may refuse it before anything is written; asked anew whenever it is
  /// judged anew.
  base::UniqueFunction<Status(const Proposal&)> judge;
};

/// What the driver does next.
struct TakeOverStep {
  enum class Do : uint8_t {
    kReadJobFile,  // then OnJobFile
    kList,         // a List that begins now, then OnListed
    kRead,         // `number`, then OnRead
    kCreate,       // `bytes` under `number`, then OnCreated
    kCreateAgain,  // the same, after a pause
    kReign,        // over: result() holds
    kFail,         // over: `error`
  };
  Do what = Do::kFail;
  base::HistoryNumber number;
  std::string bytes;
  Status error;
};

/// The beginning of a reign.
struct ReignStart {
  HistoryRecord epoch;                   // the record that was won
  std::optional<HistoryRecord> base;     // the checkpoint to restore; none: start empty
  std::optional<Completion> completion;  // of the base: what is pending in it may be committed
  bool new_lineage = false;
};

class TakeOver {
 public:
  TakeOver(TakeOverOptions options, env::Random& random, env::Chaos& chaos);

  [[nodiscard]] TakeOverStep Begin();
  [[nodiscard]] TakeOverStep OnJobFile(bool exists);

  /// Shapes: `numbers` ascending.
  [[nodiscard]] TakeOverStep OnListed(std::vector<base::HistoryNumber> numbers);

  /// `bytes` of the record asked for, or NotFound.
  [[nodiscard]] TakeOverStep OnRead(const StatusOr<std::string>& bytes);

  /// The store's answer to the create.
  [[nodiscard]] TakeOverStep OnCreated(const Status& answer);

  /// Shapes: after kReign.
  ReignStart TakeResult();

 private:
  enum class Phase : uint8_t {
    kJobFile,
    kListing,
    kWalking,    // reading the newest record and those below it
    kBase,       // reading the record of the base
    kLater,      // reading what was committed after the base
    kCreating,   // a create was sent
    kResolving,  // reading who stands under the number
    kVerifying,  // the list after the win
    kOver,
  };

  TakeOverStep Fail(Status error);
  TakeOverStep Read(Phase phase, base::HistoryNumber number);
  TakeOverStep StartOver();
  TakeOverStep StartEmpty();
  TakeOverStep Walked(HistoryRecord record);
  const RetainedCheckpoint* LostRecord() const;
  TakeOverStep WalkedOnDamage(Status damage);
  TakeOverStep BehindDamage();
  TakeOverStep FailUnreadable(const Status& status, const std::string& or_else);
  TakeOverStep ChooseBase(CheckpointRef resume, base::Lineage lineage);
  TakeOverStep ReadLater();
  TakeOverStep ReadRepeated(const StatusOr<std::string>& bytes);
  TakeOverStep Judge();
  TakeOverStep Create(HistoryRecord record);
  TakeOverStep Resolved(const StatusOr<std::string>& bytes);
  TakeOverStep Won();
  StatusOr<CheckpointRef> Chosen(CheckpointRef resume) const;

  TakeOverOptions options_;
  env::Random& random_;
  env::Chaos& chaos_;
  Phase phase_ = Phase::kJobFile;
  uint32_t tries_ = 0;
  bool job_file_exists_ = false;
  std::vector<base::HistoryNumber> numbers_;  // listed
  base::HistoryNumber taken_;  // the highest number known to be another's, listed or not
  base::HistoryNumber reading_;
  base::HistoryNumber top_;  // the highest number that is taken: a reign stands above it
  std::optional<HistoryRecord> newest_;  // that can be read
  std::set<base::HistoryNumber> damaged_;
  Status damage_;                           // of a record that would decide from where to resume
  std::vector<base::HistoryNumber> later_;  // still to be read
  std::optional<CheckpointRef> missing_;    // a base that was not found once
  bool finished_ = false;  // the walk met the end of a finished job, or an epoch that knows of it
  Proposal proposal_;
  std::optional<HistoryRecord> record_;  // the epoch record that was sent
  std::string bytes_;
  bool ambiguous_ = false;  // a create of `bytes_` may yet take effect
};

}  // namespace weir::checkpoint
