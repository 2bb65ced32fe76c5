#include "weir/checkpoint/history.h"

#include <algorithm>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/checkpoint/pack_reader.h"

namespace weir::checkpoint {
History::History(env::EventLoop& loop, env::Clock& clock, env::Random& random, env::Chaos& chaos,
                 env::BlobStore& store, Options options)
    : clock_(clock),
      random_(random),
      chaos_(chaos),
      store_(store),
      options_(std::move(options)),
      files_(options_.job),
      calls_(loop, random, store) {
  WEIR_CHECK(CheckPathPart("job", options_.job).ok());
}

History::~History() = default;

// ---- taking over

void History::TakeOver(TakeOverOptions options, env::ResultCallback<ReignStart> done) {
  WEIR_CHECK(!take_over_);
  options.job = options_.job;
  options.now_unix_ms = clock_.UnixMillis();
  take_over_done_ = std::move(done);
  take_over_.emplace(std::move(options), random_, chaos_);
  calls_.Post([this] { Do(take_over_->Begin()); });
}

void History::Do(TakeOverStep step) {
  using What = TakeOverStep::Do;
  const auto created = [this](Status answer) { Do(take_over_->OnCreated(answer)); };
  switch (step.what) {
    case What::kReadJobFile:
      return ReadJobFile();
    case What::kList:
      return ListRecords([this](StatusOr<std::vector<base::HistoryNumber>> numbers) {
        if (!numbers.ok()) return EndTakeOver(numbers.status());
        Do(take_over_->OnListed(*std::move(numbers)));
      });
    case What::kRead:
      return ReadRecord(step.number,
                        [this](StatusOr<std::string> bytes) { Do(take_over_->OnRead(bytes)); });
    case What::kCreate:
      return Create(step.number, std::move(step.bytes), created);
    case What::kCreateAgain:
      if (CreateAgain(step.number, std::move(step.bytes), created)) return;
      return EndTakeOver(
          UnavailableError("the store has not decided on epoch ", step.number, " for too long"));
    case What::kReign:
      return WriteJobFile();
    case What::kFail:
      return EndTakeOver(std::move(step.error));
  }
}

void History::ReadJobFile() {
  calls_.Get(files_.JobFile(), kJobFileBytesMax, [this](StatusOr<std::string> text) {
    job_file_exists_ = text.ok();
    if (!text.ok() && text.status().code() != StatusCode::kNotFound)
      return EndTakeOver(text.status());
    if (text.ok()) {
      if (Status status = CheckJobFile(*text); !status.ok())
        return EndTakeOver(status.Annotated(files_.JobFile()));
    }
    Do(take_over_->OnJobFile(job_file_exists_));
  });
}

// Only now, when a record stands: a job file without a history means that a history was lost.
void History::WriteJobFile() {
  if (job_file_exists_) return EndTakeOver(take_over_->TakeResult());
  calls_.Ensure(files_.JobFile(), JobFileText(options_.job), [this](Status status) {
    if (!status.ok()) return EndTakeOver(status.Annotated("write the job file"));
    EndTakeOver(take_over_->TakeResult());
  });
}

void History::EndTakeOver(StatusOr<ReignStart> result) {
  if (result.ok()) reign_.emplace(*result, options_.retained_max, chaos_);
  auto done = std::exchange(take_over_done_, nullptr);
  done(result.ok() ? std::move(result)
                   : result.status().Annotated(Concat("take over job ", options_.job)));
}

// ---- appending

void History::AppendCheckpoint(CheckpointBody body, std::string savepoint,
                               env::ResultCallback<Completion> done) {
  AppendRequest request;
  request.kind = savepoint.empty() ? RecordKind::kCheckpoint : RecordKind::kSavepoint;
  request.checkpoint = std::move(body);
  request.savepoint = std::move(savepoint);
  Enqueue(std::move(request), [this, done = std::move(done)](Status status) mutable {
    if (!status.ok()) return done(std::move(status));
    done(*reign_->completion());
  });
}

void History::AppendRelease(std::string savepoint, env::StatusCallback done) {
  Enqueue({.kind = RecordKind::kRelease,
           .checkpoint = {},
           .savepoint = std::move(savepoint),
           .end = {}},
          std::move(done));
}

void History::AppendEnd(EndReason reason, env::StatusCallback done) {
  Enqueue({.kind = RecordKind::kEnd, .checkpoint = {}, .savepoint = {}, .end = reason},
          std::move(done));
}

void History::Enqueue(AppendRequest request, env::StatusCallback done) {
  WEIR_CHECK(reign_);
  WEIR_CHECK(appends_.size() < limits::kHistoryAppendsMax);
  appends_.push_back({std::move(request), std::move(done)});
  if (appends_.size() == 1) calls_.Post([this] { NextAppend(); });
}

void History::NextAppend() {
  if (appends_.empty()) return;
  if (reign_->over()) return EndAppend(AbortedError("the reign of epoch ", epoch(), " is over"));
  Do(reign_->Append(std::move(appends_.front().request), clock_.UnixMillis()));
}

void History::Do(AppendStep step) {
  using What = AppendStep::Do;
  const auto created = [this](Status answer) { Do(reign_->OnCreated(answer)); };
  switch (step.what) {
    case What::kCreate:
      return Create(step.number, std::move(step.bytes), created);
    case What::kCreateAgain:
      if (CreateAgain(step.number, std::move(step.bytes), created)) return;
      return Abandon(step.number);
    case What::kRead:
      if (chaos_.Buggify("history-undecided")) return Abandon(step.number);
      return ReadRecord(step.number, [this](StatusOr<std::string> bytes) {
        // Away for a moment: the create is sent again, and its answer leads here again.
        if (bytes.status().code() == StatusCode::kUnavailable)
          return Do(reign_->OnCreated(bytes.status()));
        Do(reign_->OnRead(bytes));
      });
    case What::kWon:
      KeepSavepointCopy(reign_->newest());
      return EndAppend(Status());
    case What::kRefused:
    case What::kFenced:
    case What::kBroken:
      return EndAppend(std::move(step.error));
  }
}

void History::Abandon(base::HistoryNumber number) {
  reign_->Abandon();
  EndAppend(
      UnavailableError("the store has not decided on history record ", number, " for too long"));
}

void History::EndAppend(Status result) {
  auto done = std::move(appends_.front().done);
  appends_.pop_front();
  if (!appends_.empty()) calls_.Post([this] { NextAppend(); });
  done(std::move(result));
}

void History::KeepSavepointCopy(const HistoryRecord& record) {
  const auto warn = [this, name = record.savepoint](Status status) {
    if (!status.ok() && options_.warn)
      options_.warn(status.Annotated(Concat("readable copy of savepoint ", name)));
  };
  if (record.kind == RecordKind::kSavepoint) {
    calls_.Put(files_.Savepoint(record.savepoint), *EncodeRecord(record), warn);
  } else if (record.kind == RecordKind::kRelease) {
    calls_.Delete(files_.Savepoint(record.savepoint), warn);
  }
}

// ---- retiring

void History::Retire(RetireOptions options, env::ResultCallback<RetirementReport> done) {
  WEIR_CHECK(reign_);
  Status refused;
  if (retire_done_) refused = UnavailableError("a retirement is under way");
  if (reign_->over()) refused = AbortedError("the reign of epoch ", epoch(), " is over");
  if (!refused.ok()) {
    return calls_.Post([done = std::move(done), refused]() mutable { done(refused); });
  }
  retire_done_ = std::move(done);
  retire_options_ = options;
  retire_newest_ = reign_->newest();
  // The record under way may yet come to stand: its attempt's files are not swept away.
  if (const auto& sent = reign_->sent(); sent && sent->checkpoint) {
    retire_options_.oldest_live_attempt =
        std::min(options.oldest_live_attempt, sent->checkpoint->attempt);
  }
  std::set<std::string> still;
  if (const auto& newest = reign_->newest_checkpoint()) {
    for (const PackRef& pack : newest->checkpoint->packs) {
      if (verified_.contains(pack.name)) still.insert(pack.name);
    }
  }
  verified_ = std::move(still);
  calls_.Post([this] { VerifyNewest(); });
}

// What the newest checkpoint needs is read back before anything older goes. Packs that were
// verified once are immutable.
void History::VerifyNewest() {
  if (const auto& newest = reign_->newest_checkpoint();
      newest && newest->number <= retire_newest_.number) {
    for (const PackRef& pack : newest->checkpoint->packs) {
      if (pack.name.empty() || verified_.contains(pack.name)) continue;
      return VerifyPack(store_, files_, pack,
                        calls_.OnLoop([this, name = pack.name](Status status) {
                          if (!status.ok()) return EndRetirement(std::move(status));
                          verified_.insert(name);
                          VerifyNewest();
                        }));
    }
  }
  BeginRetirement();
}

void History::BeginRetirement() {
  retirement_.emplace(
      Retirement::Options{.newest = retire_newest_,
                          .oldest_live_attempt = retire_options_.oldest_live_attempt,
                          .sweep_files = retire_options_.sweep_files,
                          .known_epochs = known_epochs_},
      chaos_);
  Do(retirement_->Begin());
}

void History::Do(RetirementStep step) {
  using What = RetirementStep::Do;
  switch (step.what) {
    case What::kListRecords:
      return ListRecords([this](StatusOr<std::vector<base::HistoryNumber>> numbers) {
        if (!numbers.ok()) return EndRetirement(numbers.status());
        Do(retirement_->OnRecordsListed(*numbers));
      });
    case What::kRead:
      return ReadRecord(step.number,
                        [this](StatusOr<std::string> bytes) { Do(retirement_->OnRead(bytes)); });
    case What::kListFiles:
      return calls_.List(files_.DataFolder(), [this](StatusOr<std::vector<env::BlobInfo>> blobs) {
        if (!blobs.ok()) return EndRetirement(blobs.status());
        std::vector<std::string> names;
        for (const env::BlobInfo& blob : *blobs)
          names.push_back(blob.name.substr(files_.Blob("").size()));
        Do(retirement_->OnFilesListed(names));
      });
    case What::kDelete:
      return calls_.Delete(files_.Blob(step.name),
                           [this](Status status) { Do(retirement_->OnDeleted(status)); });
    case What::kDone:
      return EndRetirement(retirement_->report());
    case What::kStop:
      return EndRetirement(std::move(step.error));
  }
}

void History::EndRetirement(StatusOr<RetirementReport> result) {
  if (retirement_) known_epochs_ = retirement_->known_epochs();
  retirement_.reset();
  auto done = std::exchange(retire_done_, nullptr);
  done(std::move(result));
}

// ---- the store

void History::ListRecords(env::ResultCallback<std::vector<base::HistoryNumber>> done) {
  calls_.List(files_.HistoryFolder(),
              [this, done = std::move(done)](StatusOr<std::vector<env::BlobInfo>> blobs) mutable {
                if (!blobs.ok()) return done(blobs.status());
                std::vector<base::HistoryNumber> numbers;
                for (const env::BlobInfo& blob : *blobs) {
                  const auto number =
                      ParseRecordFileName(blob.name.substr(files_.HistoryFolder().size()));
                  if (number) numbers.push_back(*number);
                }
                std::ranges::sort(numbers);
                done(std::move(numbers));
              });
}

void History::ReadRecord(base::HistoryNumber number, env::ResultCallback<std::string> done) {
  calls_.Get(files_.Record(number), limits::kHistoryRecordBytesMax, std::move(done));
}

void History::Create(base::HistoryNumber number, std::string bytes, env::StatusCallback done) {
  create_tries_ = 0;
  create_began_ = clock_.Now();
  calls_.CreateOnce(files_.Record(number), std::move(bytes), std::move(done));
}

// False when it has gone on for too long.
bool History::CreateAgain(base::HistoryNumber number, std::string bytes, env::StatusCallback done) {
  if (clock_.Now() - create_began_ > options_.undecided_max) return false;
  calls_.AfterPause(++create_tries_,
                    [this, number, bytes = std::move(bytes), done = std::move(done)]() mutable {
                      calls_.CreateOnce(files_.Record(number), std::move(bytes), std::move(done));
                    });
  return true;
}

// ---- facts

bool History::over() const { return reign_ && reign_->over(); }

const HistoryRecord& History::newest() const {
  WEIR_CHECK(reign_);
  return reign_->newest();
}

const std::optional<HistoryRecord>& History::newest_checkpoint() const {
  WEIR_CHECK(reign_);
  return reign_->newest_checkpoint();
}

base::CheckpointId History::NextCheckpointId() {
  last_id_ = std::max(last_id_, newest().highest_checkpoint).Next();
  return last_id_;
}

}  // namespace weir::checkpoint
