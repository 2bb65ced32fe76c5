#include "weir/checkpoint/take_over.h"

#include <algorithm>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/limits.h"

namespace weir::checkpoint {
namespace {

// Checkpoint numbers that are left out for each: more than are triggered between two records.
constexpr uint64_t kNumbersOfADamagedRecord = 1000;

uint64_t DrawNonZero(env::Random& random) {
  uint64_t drawn = random.Next();
  while (drawn == 0) drawn = random.Next();
  return drawn;
}

std::string ListOf(const std::vector<RetainedCheckpoint>& retained) {
  std::string text;
  for (const RetainedCheckpoint& entry : retained) {
    text += Concat(text.empty() ? "" : ", ", entry.ref.checkpoint);
    if (!entry.savepoint.empty()) text += Concat(" (", entry.savepoint, ")");
  }
  return text.empty() ? "none" : text;
}

}  // namespace

TakeOver::TakeOver(TakeOverOptions options, env::Random& random, env::Chaos& chaos)
    : options_(std::move(options)), random_(random), chaos_(chaos) {}

TakeOverStep TakeOver::Begin() {
  phase_ = Phase::kJobFile;
  return {.what = TakeOverStep::Do::kReadJobFile};
}

// The job file is written after the first epoch record was won. So it was asked for first: if it is
// there, a list that begins now must show a record.
TakeOverStep TakeOver::OnJobFile(bool exists) {
  WEIR_CHECK(phase_ == Phase::kJobFile);
  job_file_exists_ = exists;
  phase_ = Phase::kListing;
  return {.what = TakeOverStep::Do::kList};
}

TakeOverStep TakeOver::OnListed(std::vector<base::HistoryNumber> numbers) {
  if (phase_ == Phase::kVerifying) {
    const bool above = !numbers.empty() && numbers.back() > record_->number;
    if (above && !chaos_.Mutant("void-epoch-reigns")) {
      return StartOver();  // the number was a freed one: the record is void
    }
    phase_ = Phase::kOver;
    return {.what = TakeOverStep::Do::kReign};
  }
  WEIR_CHECK(phase_ == Phase::kListing);
  numbers_ = std::move(numbers);
  newest_.reset();
  finished_ = false;
  damage_ = {};
  damaged_.clear();
  top_ = std::max(numbers_.empty() ? base::HistoryNumber() : numbers_.back(), taken_);
  if (top_.number() == 0) return StartEmpty();
  return Read(Phase::kWalking, top_);
}

TakeOverStep TakeOver::OnRead(const StatusOr<std::string>& bytes) {
  if (phase_ == Phase::kResolving) return Resolved(bytes);
  if (phase_ == Phase::kLater) return ReadRepeated(bytes);
  if (bytes.status().code() == StatusCode::kNotFound) {
    // Deleted while we looked, unless it is missed a second time with nothing new above it.
    const CheckpointRef seen{reading_, base::CheckpointId(newest_ ? newest_->number.number() : 0)};
    if (missing_ == seen) return Fail(DataLossError("history record ", reading_, " is missing"));
    missing_ = seen;
    return StartOver();
  }
  if (!bytes.ok()) return Fail(bytes.status());
  StatusOr<HistoryRecord> record = DecodeRecord(reading_, *bytes);
  if (!record.ok()) {
    const bool decides =
        phase_ == Phase::kWalking && record.status().code() == StatusCode::kDataLoss;
    return decides ? WalkedOnDamage(record.status()) : FailUnreadable(record.status(), "");
  }
  if (phase_ == Phase::kWalking) return Walked(*std::move(record));

  WEIR_CHECK(phase_ == Phase::kBase);
  if (!record->is_checkpoint())
    return Fail(DataLossError("history record ", reading_, " is no checkpoint"));
  // Its keys are where its own seed put them, which is another one when the job began anew since.
  proposal_.hash_seed = record->hash_seed;
  proposal_.max_parallelism = record->max_parallelism;
  // What a damaged record would have said of committed output is not known.
  for (const OperatorSnapshot& op : record->checkpoint->operators) {
    if (!damage_.ok() && op.commits) proposal_.repeated.push_back({op.uid, record->checkpoint->id});
  }
  proposal_.base = *std::move(record);
  return ReadLater();
}

TakeOverStep TakeOver::StartEmpty() {
  if (job_file_exists_ || options_.had_history) {
    return Fail(DataLossError(
        "job ", options_.job,
        job_file_exists_ ? " has a job file but no history" : " has no history any more",
        ": its records were lost; put them "
        "back from a copy, or begin in another checkpoint directory: nothing "
        "was changed here"));
  }
  if (options_.from == TakeOverOptions::From::kCheckpoint ||
      options_.from == TakeOverOptions::From::kSavepoint) {
    return Fail(NotFoundError("job ", options_.job, " has no checkpoints"));
  }
  proposal_ = {};
  proposal_.number = base::HistoryNumber(1);
  proposal_.lineage = base::Lineage(DrawNonZero(random_));
  proposal_.new_lineage = true;
  proposal_.hash_seed = random_.Next();
  proposal_.max_parallelism = options_.max_parallelism;
  return Judge();
}

// Walks down from the newest record to the first checkpoint or epoch: it gives base and lineage.
TakeOverStep TakeOver::Walked(HistoryRecord record) {
  if (!newest_) newest_ = record;
  if (!damage_.ok()) return BehindDamage();
  if (const RetainedCheckpoint* lost = LostRecord()) {
    // Listed before it was there, unless it is missed a second time.
    const CheckpointRef seen{lost->ref.number, base::CheckpointId(newest_->number.number())};
    if (missing_ != seen) {
      missing_ = seen;
      return StartOver();
    }
    reading_ = lost->ref.number;
    return WalkedOnDamage(DataLossError("history record ", lost->ref.number, " of checkpoint ",
                                        lost->ref.checkpoint, " is missing"));
  }
  if (newest_->kind == RecordKind::kEnd && options_.start == TakeOverOptions::Start::kStandby) {
    return Fail(FailedPreconditionError("job ", options_.job, " has ended (",
                                        EndReasonName(*newest_->end),
                                        "); only an explicit start goes on"));
  }
  if (chaos_.Mutant("resume-from-newest-file") && record.kind == RecordKind::kEpoch &&
      record.number > numbers_.front()) {
    return Read(Phase::kWalking, *std::prev(std::ranges::lower_bound(numbers_, record.number)));
  }
  finished_ = finished_ || record.end == EndReason::kFinished || record.base_finished;
  if (record.is_checkpoint()) return ChooseBase(record.ref(), record.lineage);
  if (record.kind == RecordKind::kEpoch) return ChooseBase(record.base, record.lineage);

  const auto here = std::ranges::lower_bound(numbers_, record.number);
  if (here == numbers_.begin())
    return Fail(DataLossError("history begins with no epoch: record ", record.number));
  return Read(Phase::kWalking, *std::prev(here));
}

// A retained record that is not there: deleted by hand, or by a coordinator whose newer records are
// lost. What would be resumed from may have been passed already.
const RetainedCheckpoint* TakeOver::LostRecord() const {
  if (options_.from != TakeOverOptions::From::kResume) return nullptr;
  for (const RetainedCheckpoint& entry : newest_->retained) {
    const bool here = entry.ref.number == newest_->number ||
                      std::ranges::binary_search(numbers_, entry.ref.number);
    if (!here) return &entry;
  }
  return nullptr;
}

// A damaged record on the way down: what the one before it retains can still be gone back to.
TakeOverStep TakeOver::WalkedOnDamage(Status damage) {
  if (damage_.ok()) damage_ = std::move(damage);
  damaged_.insert(reading_);
  if (newest_) return BehindDamage();
  const auto here = std::ranges::lower_bound(numbers_, reading_);
  if (here == numbers_.begin()) return FailUnreadable(damage_, "");
  return Read(Phase::kWalking, *std::prev(here));
}

// Nobody can say from where to resume; a user may.
TakeOverStep TakeOver::BehindDamage() {
  if (options_.from != TakeOverOptions::From::kResume) return ChooseBase({}, {});
  for (auto entry = newest_->retained.rbegin(); entry != newest_->retained.rend(); ++entry) {
    const bool here = entry->ref.number == newest_->number ||
                      std::ranges::binary_search(numbers_, entry->ref.number);
    if (!here || damaged_.contains(entry->ref.number)) continue;
    return FailUnreadable(damage_, Concat("start from the newest other checkpoint with --from ",
                                          entry->ref.checkpoint, ", "));
  }
  return FailUnreadable(damage_, "");
}

TakeOverStep TakeOver::FailUnreadable(const Status& status, const std::string& or_else) {
  return Fail(
      {status.code(),
       Concat("cannot resume: ", status.message(), "; put the record back from a copy, ", or_else,
              "or begin in another checkpoint directory: nothing was changed "
              "here")});
}

TakeOverStep TakeOver::ChooseBase(CheckpointRef resume, base::Lineage lineage) {
  StatusOr<CheckpointRef> chosen = Chosen(resume);
  if (!chosen.ok()) return Fail(std::move(chosen).status());

  proposal_ = {};
  proposal_.number = top_.Next();
  proposal_.new_lineage = options_.from == TakeOverOptions::From::kFresh || *chosen != resume;
  proposal_.lineage = proposal_.new_lineage ? base::Lineage(DrawNonZero(random_)) : lineage;
  const bool fresh = options_.from == TakeOverOptions::From::kFresh;
  proposal_.hash_seed = fresh ? random_.Next() : newest_->hash_seed;
  proposal_.max_parallelism = fresh ? options_.max_parallelism : newest_->max_parallelism;
  // Nobody knows which numbers a damaged record has used.
  proposal_.highest_checkpoint = base::CheckpointId(newest_->highest_checkpoint.number() +
                                                    damaged_.size() * kNumbersOfADamagedRecord);
  proposal_.ended = newest_->end;
  proposal_.base_finished = finished_ && !proposal_.new_lineage && *chosen != CheckpointRef();
  proposal_.previous_writer = newest_->writer;
  proposal_.retained = newest_->retained;

  later_.clear();
  if (proposal_.new_lineage) {
    for (const RetainedCheckpoint& entry : newest_->retained) {
      if (entry.ref.number > chosen->number) later_.push_back(entry.ref.number);
    }
  }
  if (chosen->number.number() == 0) return ReadLater();
  return Read(Phase::kBase, chosen->number);
}

StatusOr<CheckpointRef> TakeOver::Chosen(CheckpointRef resume) const {
  if (options_.from == TakeOverOptions::From::kResume) return resume;
  if (options_.from == TakeOverOptions::From::kFresh) return CheckpointRef();
  const bool by_name = options_.from == TakeOverOptions::From::kSavepoint;
  for (const RetainedCheckpoint& entry : newest_->retained) {
    if (by_name ? entry.savepoint == options_.savepoint
                : entry.ref.checkpoint == options_.checkpoint)
      return entry.ref;
  }
  return NotFoundError("job ", options_.job, " has no ", by_name ? "savepoint " : "checkpoint ",
                       by_name ? options_.savepoint : Concat(options_.checkpoint),
                       "; there are: ", ListOf(newest_->retained));
}

TakeOverStep TakeOver::ReadLater() {
  if (later_.empty()) return Judge();
  const base::HistoryNumber next = later_.back();
  later_.pop_back();
  return Read(Phase::kLater, next);
}

// What is missing or damaged here only makes the user's warning shorter.
TakeOverStep TakeOver::ReadRepeated(const StatusOr<std::string>& bytes) {
  if (!bytes.ok()) return ReadLater();
  const StatusOr<HistoryRecord> record = DecodeRecord(reading_, *bytes);
  if (!record.ok() || !record->is_checkpoint()) return ReadLater();
  for (const OperatorSnapshot& op : record->checkpoint->operators) {
    if (!op.commits) continue;
    const auto known = std::ranges::find(proposal_.repeated, op.uid, &RepeatedOutput::sink);
    if (known == proposal_.repeated.end()) {
      proposal_.repeated.push_back({op.uid, record->checkpoint->id});
    } else {
      known->newest = std::max(known->newest, record->checkpoint->id);
    }
  }
  return ReadLater();
}

TakeOverStep TakeOver::Judge() {
  if (options_.judge) {
    if (Status status = options_.judge(proposal_); !status.ok()) return Fail(std::move(status));
  }
  HistoryRecord record;
  record.number = proposal_.number;
  record.kind = RecordKind::kEpoch;
  record.job = options_.job;
  // A new one for each try: no late create of an older one is taken for this.
  record.token = random_.Next();
  record.epoch = base::Epoch(record.number.number());
  record.lineage = proposal_.lineage;
  record.hash_seed = proposal_.hash_seed;
  record.max_parallelism = proposal_.max_parallelism;
  record.plan_digest = options_.plan_digest;
  record.writer = options_.writer;
  record.written_unix_ms = options_.now_unix_ms;
  record.highest_checkpoint = proposal_.highest_checkpoint;
  if (proposal_.base) record.base = proposal_.base->ref();
  record.base_finished = proposal_.base_finished;
  record.retained = proposal_.retained;
  return Create(std::move(record));
}

TakeOverStep TakeOver::Create(HistoryRecord record) {
  StatusOr<std::string> bytes = EncodeRecord(record);
  if (!bytes.ok()) return Fail(std::move(bytes).status());
  record_ = std::move(record);
  bytes_ = *std::move(bytes);
  ambiguous_ = false;
  phase_ = Phase::kCreating;
  return {.what = TakeOverStep::Do::kCreate, .number = record_->number, .bytes = bytes_};
}

TakeOverStep TakeOver::OnCreated(const Status& answer) {
  WEIR_CHECK(phase_ == Phase::kCreating);
  switch (answer.code()) {
    case StatusCode::kOk:
      return Won();
    case StatusCode::kAlreadyExists:
      return Read(Phase::kResolving, record_->number);
    case StatusCode::kInvalidArgument:
    case StatusCode::kPermissionDenied:
    case StatusCode::kResourceExhausted:
      if (!ambiguous_) return Fail(answer);  // nothing was written, and nothing will be
      break;
    default:
      ambiguous_ = true;
  }
  return {.what = TakeOverStep::Do::kCreateAgain, .number = record_->number, .bytes = bytes_};
}

// Whose record stands under the number?
TakeOverStep TakeOver::Resolved(const StatusOr<std::string>& bytes) {
  if (bytes.ok() && *bytes == bytes_) return Won();
  if (!bytes.ok() && bytes.status().code() != StatusCode::kNotFound) return Fail(bytes.status());
  if (bytes.ok())
    // Otherwise it was deleted: there is something above it.
    taken_ = std::max(taken_, record_->number);
  return StartOver();
}

TakeOverStep TakeOver::Won() {
  if (chaos_.Mutant("no-list-check")) {
    phase_ = Phase::kOver;
    return {.what = TakeOverStep::Do::kReign};
  }
  phase_ = Phase::kVerifying;
  return {.what = TakeOverStep::Do::kList};
}

ReignStart TakeOver::TakeResult() {
  WEIR_CHECK(phase_ == Phase::kOver && record_);
  ReignStart start{
      .epoch = *std::move(record_), .base = std::move(proposal_.base), .completion = {}};
  start.new_lineage = proposal_.new_lineage;
  if (start.base) start.completion = Completion(start.base->ref(), start.base->lineage);
  return start;
}

TakeOverStep TakeOver::Read(Phase phase, base::HistoryNumber number) {
  phase_ = phase;
  reading_ = number;
  return {.what = TakeOverStep::Do::kRead, .number = number};
}

TakeOverStep TakeOver::StartOver() {
  if (++tries_ > limits::kTakeOverTriesMax) {
    return Fail(UnavailableError("the history of job ", options_.job,
                                 " moves on faster than it can be taken over"));
  }
  phase_ = Phase::kListing;
  return {.what = TakeOverStep::Do::kList};
}

TakeOverStep TakeOver::Fail(Status error) {
  phase_ = Phase::kOver;
  record_.reset();
  return {.what = TakeOverStep::Do::kFail, .error = std::move(error)};
}

}  // namespace weir::checkpoint
