#include "weir/checkpoint/history_reader.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "weir/base/limits.h"
#include "weir/checkpoint/pack_reader.h"

namespace weir::checkpoint {
namespace {

constexpr int kReadsMax = 100;  // of a job that completes a checkpoint during each of them

// Reads the records of one history, one after the other, and again from the beginning when the job
// went on meanwhile: it deletes records while they are read, but only after it has written a newer
// one. Owns itself through the call under way.
class Reading : public std::enable_shared_from_this<Reading> {
 public:
  Reading(env::BlobStore& store, JobFiles files, env::ResultCallback<HistoryView> done)
      : store_(store), files_(std::move(files)), done_(std::move(done)) {}

  void Begin() {
    ++reads_;
    numbers_.clear();
    next_ = 0;
    newest_vanished_ = false;
    view_ = {};
    store_.List(files_.HistoryFolder(),
                [self = shared_from_this()](StatusOr<std::vector<env::BlobInfo>> blobs) {
                  if (!blobs.ok()) return self->done_(blobs.status());
                  for (const env::BlobInfo& blob : *blobs) {
                    const auto number =
                        ParseRecordFileName(blob.name.substr(self->files_.HistoryFolder().size()));
                    if (number) self->numbers_.push_back(*number);
                  }
                  std::ranges::sort(self->numbers_);
                  self->Next();
                });
  }

 private:
  void Next() {
    if (next_ == numbers_.size()) return End();
    const base::HistoryNumber number = numbers_[next_++];
    store_.Get(files_.Record(number), 0, limits::kHistoryRecordBytesMax + 1,
               [self = shared_from_this(), number](StatusOr<std::string> bytes) {
                 self->OnRecord(number, bytes);
               });
  }

  void OnRecord(base::HistoryNumber number, const StatusOr<std::string>& bytes) {
    if (bytes.status().code() == StatusCode::kNotFound) {
      newest_vanished_ = number == numbers_.back();
      return Next();
    }
    if (!bytes.ok() && bytes.status().code() != StatusCode::kDataLoss) return done_(bytes.status());
    StatusOr<HistoryRecord> record =
        bytes.ok() ? DecodeRecord(number, *bytes) : StatusOr<HistoryRecord>(bytes.status());
    if (record.ok()) {
      view_.records.push_back(*std::move(record));
    } else {
      view_.damaged.push_back({number, record.status()});
    }
    Next();
  }

  // What is not there was deleted, if there is something newer now, and is lost otherwise.
  void End() {
    const auto newest = numbers_.empty() ? base::HistoryNumber() : numbers_.back();
    const bool whole = !numbers_.empty() && view_.MissingRecords().empty();
    const bool nothing_new = newest_before_ == newest;
    if (!newest_vanished_ && (whole || nothing_new)) return done_(std::move(view_));
    if (reads_ == kReadsMax)
      return done_(UnavailableError("read ", files_.HistoryFolder(), ": it changed during each of ",
                                    kReadsMax, " attempts to read it"));
    newest_before_ = newest;
    Begin();
  }

  env::BlobStore& store_;
  const JobFiles files_;
  env::ResultCallback<HistoryView> done_;
  int reads_ = 0;
  std::optional<base::HistoryNumber> newest_before_;  // in the listing of the read before

  // Of this read.
  std::vector<base::HistoryNumber> numbers_;
  size_t next_ = 0;
  bool newest_vanished_ = false;  // since it was listed
  HistoryView view_;
};

// Verifies packs one after the other.
void VerifyFrom(env::BlobStore& store, const JobFiles& files,
                std::shared_ptr<const HistoryRecord> record, size_t next,
                env::StatusCallback done) {
  if (next == record->checkpoint->packs.size()) return done(Status());
  const PackRef& pack = record->checkpoint->packs[next];
  VerifyPack(store, files, pack,
             [&store, files, record, next, done = std::move(done)](Status status) mutable {
               if (!status.ok()) return done(std::move(status));
               VerifyFrom(store, files, std::move(record), next + 1, std::move(done));
             });
}

const HistoryRecord* FindNumber(const std::vector<HistoryRecord>& records,
                                base::HistoryNumber number) {
  const auto found = std::ranges::lower_bound(records, number, {}, &HistoryRecord::number);
  return found == records.end() || found->number != number ? nullptr : &*found;
}

}  // namespace

StatusOr<HistoryRecord> HistoryView::Newest() const {
  if (records.empty() && damaged.empty()) return NotFoundError("there is no history");
  if (records.empty() || (!damaged.empty() && damaged.back().number > records.back().number)) {
    return damaged.back().status.Annotated("the newest record cannot be read");
  }
  return records.back();
}

StatusOr<std::optional<HistoryRecord>> HistoryView::ResumePoint() const {
  WEIR_ASSIGN_OR_RETURN(const HistoryRecord newest, Newest());
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    for (const DamagedRecord& wrong : damaged) {
      if (wrong.number > record->number) return wrong.status;
    }
    if (record->is_checkpoint()) return std::optional(*record);
    if (record->kind != RecordKind::kEpoch) continue;
    if (record->base == CheckpointRef()) return std::optional<HistoryRecord>();
    if (const HistoryRecord* base = FindNumber(records, record->base.number))
      return std::optional(*base);
    return DataLossError("history record ", record->base.number, ", the base of epoch ",
                         record->epoch, ", is missing or damaged");
  }
  return DataLossError("history begins with no epoch: record ", newest.number);
}

std::vector<RetainedCheckpoint> HistoryView::RetainedRefs() const {
  return records.empty() ? std::vector<RetainedCheckpoint>() : records.back().retained;
}

std::vector<HistoryRecord> HistoryView::Retained() const {
  std::vector<HistoryRecord> retained;
  for (const RetainedCheckpoint& entry : RetainedRefs()) {
    const HistoryRecord* record = FindNumber(records, entry.ref.number);
    if (record != nullptr && record->is_checkpoint()) retained.push_back(*record);
  }
  return retained;
}

std::vector<RetainedCheckpoint> HistoryView::MissingRecords() const {
  std::vector<RetainedCheckpoint> missing;
  for (const RetainedCheckpoint& entry : RetainedRefs()) {
    const bool is_damaged =
        std::ranges::find(damaged, entry.ref.number, &DamagedRecord::number) != damaged.end();
    if (!is_damaged && FindNumber(records, entry.ref.number) == nullptr) missing.push_back(entry);
  }
  return missing;
}

std::vector<DamagedRecord> HistoryView::DamageInUse() const {
  const auto decides =
      std::ranges::find_if(records.rbegin(), records.rend(), [](const auto& record) {
        return record.is_checkpoint() || record.kind == RecordKind::kEpoch;
      });
  const std::vector<RetainedCheckpoint> retained = RetainedRefs();
  std::vector<DamagedRecord> in_use;
  for (const DamagedRecord& record : damaged) {
    const bool is_retained = std::ranges::any_of(
        retained, [&](const auto& entry) { return entry.ref.number == record.number; });
    if (is_retained || decides == records.rend() || record.number > decides->number)
      in_use.push_back(record);
  }
  return in_use;
}

StatusOr<HistoryRecord> HistoryView::Find(const std::string& which) const {
  if (which == "latest") {
    WEIR_ASSIGN_OR_RETURN(const std::optional<HistoryRecord> resume, ResumePoint());
    if (!resume) return NotFoundError("there is no complete checkpoint yet");
    return *resume;
  }
  if (records.empty()) WEIR_RETURN_IF_ERROR(Newest().status());
  std::string known;
  for (const RetainedCheckpoint& entry : RetainedRefs()) {
    const std::string id = Concat(entry.ref.checkpoint);
    known += Concat(known.empty() ? "" : ", ", id,
                    entry.savepoint.empty() ? "" : " (" + entry.savepoint + ")");
    if (which != id && (which != entry.savepoint || which.empty())) continue;
    if (const HistoryRecord* record = FindNumber(records, entry.ref.number)) return *record;
    for (const DamagedRecord& wrong : damaged) {
      if (wrong.number == entry.ref.number) return wrong.status;
    }
    return DataLossError("history record ", entry.ref.number, " of checkpoint ", which,
                         " is missing");
  }
  return NotFoundError("there is no checkpoint ", which,
                       "; there are: ", known.empty() ? "none" : known);
}

void ReadHistory(env::BlobStore& store, const JobFiles& files,
                 env::ResultCallback<HistoryView> done) {
  std::make_shared<Reading>(store, files, std::move(done))->Begin();
}

void ListJobs(env::BlobStore& store, env::ResultCallback<std::vector<std::string>> done) {
  store.List("", [done = std::move(done)](StatusOr<std::vector<env::BlobInfo>> blobs) mutable {
    if (!blobs.ok()) return done(blobs.status());
    std::set<std::string> jobs;
    for (const env::BlobInfo& blob : *blobs) {
      const size_t slash = blob.name.find('/');
      if (slash != std::string::npos && blob.name.substr(slash).starts_with("/history/")) {
        jobs.insert(blob.name.substr(0, slash));
      }
    }
    done(std::vector<std::string>(jobs.begin(), jobs.end()));
  });
}

void VerifyCheckpoint(env::BlobStore& store, const JobFiles& files, HistoryRecord record,
                      env::StatusCallback done) {
  if (!record.is_checkpoint())
    return done(InvalidArgumentError("history record ", record.number, " is no checkpoint"));
  VerifyFrom(store, files, std::make_shared<const HistoryRecord>(std::move(record)), 0,
             std::move(done));
}

}  // namespace weir::checkpoint
