// Source: the contract for everything that brings records in.
//
// A source divides its input into splits (a range of a file, a partition of a topic). Its
// SplitEnumerator runs once, beside the coordinator, and finds splits; the engine assigns them to
// readers on request, keeps the books (unassigned + with readers + finished = all, checked at every
// checkpoint), and hands a failed reader's splits to its successor. A SourceReader runs at the head
// of a chain, one per subtask, and turns splits into batches. The position of a split is state:
// opaque bytes that say what would be read next.
//
// Order of calls of a reader:
//
//   Start → { Poll → TakeFinished → event_time → WantsSplit
//           | AddSplits | NoMoreSplits | Snapshot | OnCheckpointComplete }* → destructor
//
// Poll and Snapshot come before the first split, too: then there is nothing to read and nothing to
// snapshot. Splits of a checkpoint come as any other, when the reader wants one.
// Errors: a Status that a call returns, and what it throws, fails the attempt, with the uid.
// Threads: a reader's calls come from its subtask's thread; an enumerator's from the coordinator's
//   loop. What blocks for long goes to env.pool.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/function.h"
#include "weir/base/status.h"
#include "weir/runtime/commit_permit.h"
#include "weir/runtime/event_time.h"
#include "weir/runtime/operator.h"
#include "weir/runtime/output.h"

namespace weir::runtime {

/// A piece of input and how far it was read.
struct Split {
  std::string id;  // unique within the source for ever; shown to users
  // Opaque to the engine, concrete ("latest" was resolved when the split was found).
  std::string position;
  // Opaque too: of whoever makes watermarks for this split. Apart from the position, so that a job
  // may get event time, or other watermarks, without losing its place.
  std::string watermark_state = {};
  friend bool operator==(const Split&, const Split&) = default;
};

/// What a reader has after a Poll.
enum class PollResult : uint8_t {
  kMore,  // call again
  // Nothing now; the reader posts to the mailbox when there is, or is polled again at
  // `PollAgainAfter`.
  kIdle,
  kEnd,  // NoMoreSplits was said and every split is read to its end
};

/// What reads splits, in one subtask; Source says how it is called.
class SourceReader {
 public:
  virtual ~SourceReader() = default;

  /// Acquires resources. `context` is the head's; its uid is the source's.
  virtual Status Start(const OperatorContext& context) = 0;

  /// Splits to be read behind those that the reader has, each from its position on. May come
  /// unasked, and with none.
  /// Errors: DataLoss when a position makes no sense; FailedPrecondition with the cure when the
  ///   program, or the version of Weir, cannot use it.
  virtual Status AddSplits(std::vector<Split> splits) = 0;

  /// No call of AddSplits follows.
  virtual void NoMoreSplits() = 0;

  /// Appends at most about one batch to port 0, and what belongs to it to the other ports. Returns
  /// kMore when it could go on at once, and kEnd only after NoMoreSplits. Never blocks for longer
  /// than a read from a local disk.
  /// Errors: InvalidArgument naming the place for input that makes no sense; Unavailable for what
  ///   may pass.
  virtual StatusOr<PollResult> Poll(Output& output) = 0;

  /// With kIdle and nothing that would post: how long the reader may be left alone (a rate limit, a
  /// poll interval).
  virtual Duration PollAgainAfter() const { return std::chrono::milliseconds(10); }

  /// True when the reader has nothing left to read and can take another split.
  virtual bool WantsSplit() const = 0;

  /// Event time behind everything that Poll put out; asked after each Poll, while its rows are
  /// still in the chain. What is new leaves as a watermark behind those rows. A source without
  /// event time stays with this default.
  virtual EventTime event_time() const { return {}; }

  /// The unfinished splits with their positions: exactly behind the last record that Poll put out.
  /// OnCheckpointComplete names the checkpoint again, unless it is aborted.
  virtual std::vector<Split> Snapshot(base::CheckpointId checkpoint) = 0;

  /// The ids of splits that Poll has read to their end since the last call; asked after each Poll.
  virtual std::vector<std::string> TakeFinished() = 0;

  /// Pieces of the input, since Start, of which no record was made, as the program allowed; asked
  /// after each Poll.
  virtual uint64_t rows_skipped() const { return 0; }

  /// Everything before the checkpoint's positions may be acknowledged outside. May come late, or
  /// never: it stands for all older checkpoints too. At the start of an attempt it comes for the
  /// checkpoint that is restored, which this reader did not snapshot: one that it does not know it
  /// ignores.
  virtual Status OnCheckpointComplete(const CommitPermit& permit);
};

/// What an enumerator found.
struct Discovery {
  std::vector<Split> splits;  // new ones only, or known ones again (they are ignored)
  bool final = true;          // no further split will ever be found
  // What the enumerator must know again after a failure: part of every checkpoint from the moment
  // that these splits are in the books, so that neither is ever without the other.
  std::string state = {};
};

/// What finds splits, once for all subtasks.
class SplitEnumerator {
 public:
  virtual ~SplitEnumerator() = default;

  /// The `state` of the newest discovery in the checkpoint; not called when there is none.
  /// Errors: DataLoss when it cannot be read; FailedPrecondition with the cure.
  virtual Status Restore(std::string_view state);

  /// Looks for splits and answers once, on any thread, also inside the call. Called at the start of
  /// an attempt while the last answer was not final (known splits are state), and again every
  /// `interval()`.
  /// Errors: the first look of an attempt must succeed; a later one that answers Unavailable is
  ///   made again.
  virtual void Discover(base::UniqueFunction<void(StatusOr<Discovery>)> done) = 0;
  virtual Duration interval() const { return std::chrono::seconds(10); }
};

/// The const description of a source.
/// Threads: const methods from any thread.
class Source {
 public:
  virtual ~Source() = default;
  virtual std::string kind() const = 0;             // "csv-source"
  virtual const record::TypeOps& type() const = 0;  // of the records

  /// The type of each output port: that of its records, and those of what else it puts out.
  virtual std::vector<const record::TypeOps*> output_types() const { return {&type()}; }

  /// True when the input ends; a job of bounded sources finishes.
  virtual bool bounded() const = 0;

  /// True when a position can be read again after a failure: the plan's guarantee depends on it.
  virtual bool can_replay() const = 0;

  /// One beside the coordinator, one reader for each subtask.
  virtual std::unique_ptr<SplitEnumerator> NewEnumerator(env::Env& env) const = 0;
  virtual std::unique_ptr<SourceReader> NewReader() const = 0;
};

}  // namespace weir::runtime
