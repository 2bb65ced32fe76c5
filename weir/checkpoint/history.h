// History: the log of a job's reigns and checkpoints in its store (docs/design/history.md).
//
// The rules are in take_over.h, reign.h and retirement.h; here they meet the store: answers come to
// the loop, transient errors are tried again, what is uncertain is resolved by reading.
//
//   History history(loop, clock, random, chaos, store, {.job = "ledger", .retained_max = 3});
//   history.TakeOver({…}, [](StatusOr<ReignStart> start) { … restore start->base … });
//   history.AppendCheckpoint(body, "", [](StatusOr<Completion> complete) { … tell everybody … });
//   history.Retire({.oldest_live_attempt = attempt}, [](StatusOr<RetirementReport>) { … });
//
// Threads: everything on the loop, callbacks too, never inside the call. Once destroyed, nothing is
//   called any more; creates that were sent may still take effect.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "weir/base/ids.h"
#include "weir/base/status.h"
#include "weir/base/time.h"
#include "weir/checkpoint/completion.h"
#include "weir/checkpoint/history_record.h"
#include "weir/checkpoint/job_files.h"
#include "weir/checkpoint/reign.h"
#include "weir/checkpoint/retirement.h"
#include "weir/checkpoint/store_calls.h"
#include "weir/checkpoint/take_over.h"
#include "weir/env/blob_store.h"
#include "weir/env/clock.h"
#include "weir/env/env.h"

namespace weir::checkpoint {

class History {
 public:
  struct Options {
    std::string job;
    uint32_t retained_max = 3;
    /// A create that is undecided for longer ends the reign.
    Duration undecided_max = std::chrono::minutes(1);
    /// Hears what went wrong without harm to anybody's data.
    std::function<void(const Status&)> warn = {};
  };

  struct RetireOptions {
    base::Attempt oldest_live_attempt;  // older attempts of this reign are known to be gone
    bool sweep_files = false;  // also delete files that no record names; once per attempt is enough
  };

  /// Shapes: everything borrowed outlives the calls under way; options.job passes CheckPathPart.
  History(env::EventLoop& loop, env::Clock& clock, env::Random& random, env::Chaos& chaos,
          env::BlobStore& store, Options options);
  ~History();

  /// Begins a reign; once per History. `options.job` and `now_unix_ms` are filled in here. Two
  /// coordinators may try at once; whoever reigns last fences the other.
  /// Errors: whatever `judge` said; FailedPrecondition for a standby behind an end; NotFound naming
  ///   a checkpoint that is not retained; DataLoss naming a record that is missing or cannot be
  ///   read; Unavailable when the store is away.
  void TakeOver(TakeOverOptions options, env::ResultCallback<ReignStart> done);

  /// Appends the record that makes a checkpoint complete; with a name it is a savepoint. Calls may
  /// follow one another; they are carried out in order (limits::kHistoryAppendsMax).
  /// Errors: Aborted: fenced, stop everything. Unavailable or DataLoss: undecided, the reign is
  ///   over. In all three the checkpoint is neither complete nor aborted. Anything else: the record
  ///   does not stand, and the reign goes on.
  void AppendCheckpoint(CheckpointBody body, std::string savepoint,
                        env::ResultCallback<Completion> done);
  void AppendRelease(std::string savepoint, env::StatusCallback done);

  /// Nothing can be appended behind it.
  void AppendEnd(EndReason reason, env::StatusCallback done);

  /// Reads the newest checkpoint back where that was not done before, then deletes what is not
  /// retained.
  /// Errors: DataLoss: a record or the newest checkpoint cannot be read, and nothing was deleted;
  ///   Unavailable when a retirement is under way (the next does its work); Aborted when the reign
  ///   is over. Deletions that fail are in the report.
  void Retire(RetireOptions options, env::ResultCallback<RetirementReport> done);
  bool retiring() const { return static_cast<bool>(retire_done_); }

  /// True once the reign ended: nothing can be appended.
  bool over() const;

  /// Shapes: after TakeOver answered ok.
  const HistoryRecord& newest() const;
  const std::optional<HistoryRecord>& newest_checkpoint() const;
  base::Epoch epoch() const { return newest().epoch; }
  base::Lineage lineage() const { return newest().lineage; }

  /// The id for the next trigger: above every id of this history, rising with each call.
  base::CheckpointId NextCheckpointId();

  const JobFiles& files() const { return files_; }

 private:
  struct WaitingAppend {
    AppendRequest request;
    env::StatusCallback done;
  };

  void Do(TakeOverStep step);
  void ReadJobFile();
  void WriteJobFile();
  void EndTakeOver(StatusOr<ReignStart> result);

  void Enqueue(AppendRequest request, env::StatusCallback done);
  void NextAppend();
  void Do(AppendStep step);
  void Abandon(base::HistoryNumber number);
  void EndAppend(Status result);
  void KeepSavepointCopy(const HistoryRecord& record);

  void VerifyNewest();
  void BeginRetirement();
  void Do(RetirementStep step);
  void EndRetirement(StatusOr<RetirementReport> result);

  void ListRecords(env::ResultCallback<std::vector<base::HistoryNumber>> done);
  void ReadRecord(base::HistoryNumber number, env::ResultCallback<std::string> done);
  void Create(base::HistoryNumber number, std::string bytes, env::StatusCallback done);
  bool CreateAgain(base::HistoryNumber number, std::string bytes, env::StatusCallback done);

  env::Clock& clock_;
  env::Random& random_;
  env::Chaos& chaos_;
  env::BlobStore& store_;
  const Options options_;
  const JobFiles files_;
  StoreCalls calls_;

  // One create is under way at a time.
  uint32_t create_tries_ = 0;
  base::Instant create_began_;

  std::optional<checkpoint::TakeOver> take_over_;
  env::ResultCallback<ReignStart> take_over_done_;
  bool job_file_exists_ = false;
  std::optional<Reign> reign_;
  base::CheckpointId last_id_;

  std::deque<WaitingAppend> appends_;  // the first is under way

  env::ResultCallback<RetirementReport> retire_done_;  // while a retirement is under way
  RetireOptions retire_options_;
  HistoryRecord retire_newest_;  // the newest record when it began
  std::optional<Retirement> retirement_;
  std::set<std::string> verified_;  // packs of the newest checkpoint that were read back whole
  std::set<base::HistoryNumber> known_epochs_;
};

}  // namespace weir::checkpoint
