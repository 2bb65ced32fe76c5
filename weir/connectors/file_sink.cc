#include "weir/connectors/file_sink.h"

#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "weir/base/limits.h"

namespace weir::connectors {
namespace {

constexpr size_t kFlushBytes = 128 << 10;  // large enough that the system call costs nothing
constexpr size_t kReadBytes = 256 << 10;

enum class Found : uint8_t { kNothing, kSame, kOther };

// What lies under `path`: the bytes that were sealed?
StatusOr<Found> Look(env::FileSystem& files, const std::string& path,
                     const FileCommittable& sealed) {
  auto file = files.Open(path);
  if (file.status().code() == StatusCode::kNotFound) return Found::kNothing;
  if (!file.ok()) return std::move(file).status();
  WEIR_ASSIGN_OR_RETURN(const uint64_t size, (*file)->Size());
  if (size != sealed.bytes) return Found::kOther;
  base::Checksum digest;
  std::vector<char> buffer(kReadBytes);
  for (uint64_t at = 0; at < size;) {
    WEIR_ASSIGN_OR_RETURN(const size_t count, (*file)->Read(at, buffer.data(), buffer.size()));
    if (count == 0) return Found::kOther;
    digest.Add({buffer.data(), count});
    at += count;
  }
  return digest.value() == sealed.digest ? Found::kSame : Found::kOther;
}

Status WithCureFor(const std::string& directory, const Status& status) {
  switch (status.code()) {
    case StatusCode::kPermissionDenied:
      return {status.code(),
              Concat("output directory ", directory, " cannot be written (", status.message(),
                     "); give this user the right to, or give another directory")};
    case StatusCode::kResourceExhausted:
      return {status.code(),
              Concat(status.message(), "; free space and run it again: nothing is lost")};
    default:
      return status;
  }
}

std::string Shown(const FileCommittable& file) {
  return Concat(file.rows, " rows, ", file.bytes, " bytes");
}

}  // namespace

Status CommitFile(env::FileSystem& files, const FileCommittable& file) {
  const std::string sealed = env::JoinPath(file.directory, file.in_progress);
  const std::string visible = env::JoinPath(file.directory, file.final);
  WEIR_ASSIGN_OR_RETURN(const Found at_end, Look(files, visible, file));
  if (at_end == Found::kOther) {
    return DataLossError("output file ", visible, " holds other bytes than were sealed in ", sealed,
                         " (", Shown(file),
                         "): something else wrote it; put it back as it was, or, if it is none of "
                         "this job's, move it away");
  }
  if (at_end == Found::kNothing) {
    WEIR_ASSIGN_OR_RETURN(const Found at_start, Look(files, sealed, file));
    if (at_start == Found::kNothing) {
      return DataLossError("output is gone: neither ", sealed, " nor ", visible, " exists (",
                           Shown(file),
                           "); if it was moved away, put it back and run again; if it "
                           "is lost, only --fresh begins without it");
    }
    if (at_start == Found::kOther) {
      return DataLossError("output file ", sealed, " does not hold what was sealed (", Shown(file),
                           "): it cannot become ", visible);
    }
    Status renamed = files.Rename(sealed, visible);
    if (!renamed.ok()) {
      // The owner of an older attempt, not yet told that it ended, may have been faster.
      WEIR_ASSIGN_OR_RETURN(const Found now, Look(files, visible, file));
      if (now != Found::kSame) return renamed;
    }
  }
  // Also when it was there: whoever renamed it may have died before this.
  return files.SyncDirectory(file.directory);
}

std::unique_ptr<runtime::SinkWriter> FileSink::NewWriter() const {
  return std::make_unique<FileSinkWriter>(options_, form_, type_);
}

Status FileSinkWriter::Start(const runtime::OperatorContext& context,
                             std::span<const runtime::Committable> pending) {
  context_ = context;
  if (UidInFileName(context_.uid).size() > limits::kFileUidBytesMax) {
    return InvalidArgumentError(
        "the name of a file sink is part of its files' names and must not be longer than ",
        limits::kFileUidBytesMax, " bytes: ", context_.uid);
  }
  WEIR_ASSIGN_OR_RETURN(header_, HeaderOf(form_, type_));
  WEIR_RETURN_IF_ERROR(MakeDirectory());
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, context_.env->files.List(directory_));
  WEIR_RETURN_IF_ERROR(CheckCommitted(names));
  return RemoveLeftovers(pending, names);
}

// Only a completed checkpoint commits, and the newest complete one of the lineage is started from.
Status FileSinkWriter::CheckCommitted(const std::vector<std::string>& names) const {
  for (const std::string& name : names) {
    const std::optional<CommittedName> committed = CommittedName::Parse(name, context_.uid);
    if (!committed || committed->lineage != context_.lineage ||
        committed->checkpoint <= context_.restored)
      continue;
    return FailedPreconditionError(
        "output directory ", directory_, " holds the output of checkpoint ", committed->checkpoint,
        " (", name, "), and the job starts from checkpoint ", context_.restored,
        ": records of its history are lost, and rows would be written twice; put them back from a "
        "copy, or move the newer output away");
  }
  return {};
}

Status FileSinkWriter::MakeDirectory() {
  const StatusOr<env::FileInfo> info = context_.env->files.Stat(directory_);
  if (info.ok() && !info->is_directory) {
    return FailedPreconditionError("output directory ", directory_,
                                   " is a file; remove it, or give another directory");
  }
  if (info.ok()) return {};
  return WithCure(context_.env->files.MakeDirectories(directory_));
}

// Removes what a dead attempt of this sink and lineage left, and no checkpoint promises.
Status FileSinkWriter::RemoveLeftovers(std::span<const runtime::Committable> pending,
                                       const std::vector<std::string>& names) {
  std::set<std::string> promised;
  for (const runtime::Committable& committable : pending) {
    WEIR_ASSIGN_OR_RETURN(FileCommittable file, FileCommittable::Decode(committable.payload));
    promised.insert(std::move(file.in_progress));
  }
  env::FileSystem& files = context_.env->files;
  for (const std::string& name : names) {
    const std::optional<InProgressName> parsed = InProgressName::Parse(name, context_.uid);
    if (!parsed || promised.contains(name) || !IsLeftover(*parsed)) continue;
    const Status removed = files.Remove(env::JoinPath(directory_, name));
    if (removed.code() != StatusCode::kNotFound) WEIR_RETURN_IF_ERROR(WithCure(removed));
  }
  return {};
}

bool FileSinkWriter::IsLeftover(const InProgressName& name) const {
  if (context_.env->chaos.Mutant("leftovers-removed-by-absence")) return true;
  return name.lineage == context_.lineage &&
         std::tie(name.epoch, name.attempt) < std::tie(context_.epoch, context_.attempt) &&
         name.subtask.number() % context_.parallelism == context_.subtask.number();
}

Status FileSinkWriter::OpenFile() {
  auto open = std::make_unique<Open>();
  open->name = {.uid = context_.uid,
                .lineage = context_.lineage,
                .epoch = context_.epoch,
                .attempt = context_.attempt,
                .subtask = context_.subtask,
                .sequence = next_sequence_++};
  WEIR_ASSIGN_OR_RETURN(open->file,
                        context_.env->files.Create(env::JoinPath(directory_, open->name.ToString()),
                                                   env::FileSystem::Existing::kFail));
  open->rows = header_;
  if (options_.roll_after > Duration(0)) open->opened = context_.env->clock.Now();
  if (options_.compression != Compression::kNone) {
    open->compressor = Compressor::New(options_.compression);
  }
  open_ = std::move(open);
  return {};
}

Status FileSinkWriter::Write(const record::AnyBatch& batch, uint32_t begin) {
  if (open_ != nullptr && IsOld()) WEIR_RETURN_IF_ERROR(WithCure(Roll()));
  for (uint32_t row = begin; row < batch.size(); ++row) {
    if (open_ == nullptr) WEIR_RETURN_IF_ERROR(WithCure(OpenFile()));
    WEIR_RETURN_IF_ERROR(AppendRow(form_, batch, row, open_->rows));
    ++open_->row_count;
    if (open_->rows.size() >= kFlushBytes) WEIR_RETURN_IF_ERROR(WithCure(Flush()));
    if (IsLarge()) WEIR_RETURN_IF_ERROR(WithCure(Roll()));
  }
  return {};
}

// What a compressor has taken in and not given out does not count.
bool FileSinkWriter::IsLarge() const {
  if (options_.roll_bytes == 0 || rolled_.size() == limits::kRolledFilesMax) return false;
  const uint64_t waiting = open_->compressor == nullptr ? open_->rows.size() : 0;
  return open_->bytes + waiting >= options_.roll_bytes;
}

bool FileSinkWriter::IsOld() const {
  if (options_.roll_after <= Duration(0) || rolled_.size() == limits::kRolledFilesMax) return false;
  return context_.env->clock.Now() - open_->opened >= options_.roll_after;
}

// The file gets no more rows. It is made durable, and promised, with those of its checkpoint.
Status FileSinkWriter::Roll() {
  MakeReady(Rest::kIsNone);
  WEIR_RETURN_IF_ERROR(open_->file->Append(open_->ready));
  open_->ready = {};
  open_->compressor = nullptr;
  rolled_.push_back(std::move(open_));
  return {};
}

// Turns the rows into what the file shall hold of them.
void FileSinkWriter::MakeReady(Rest rest) {
  if (open_->compressor == nullptr) {
    open_->ready.swap(open_->rows);
  } else {
    open_->compressor->Add(open_->rows, open_->ready);
    if (rest == Rest::kIsNone) open_->compressor->Finish(open_->ready);
  }
  open_->rows.clear();
  open_->digest.Add(open_->ready);
  open_->bytes += open_->ready.size();
}

Status FileSinkWriter::Flush() {
  MakeReady(Rest::kFollows);
  Status appended = open_->file->Append(open_->ready);
  open_->ready.clear();
  return appended;
}

StatusOr<runtime::SinkWriter::Closed> FileSinkWriter::PreCommit(base::CheckpointId checkpoint) {
  Closed closed;
  if (open_ != nullptr) {
    MakeReady(Rest::kIsNone);
    rolled_.push_back(std::move(open_));
  }
  if (rolled_.empty()) return closed;
  for (const std::unique_ptr<Open>& file : rolled_) {
    const FileCommittable committable{.directory = directory_,
                                      .in_progress = file->name.ToString(),
                                      .final = FinalName(file->name, checkpoint, name_end_),
                                      .bytes = file->bytes,
                                      .digest = file->digest.value(),
                                      .rows = file->row_count};
    closed.payloads.push_back(committable.Encode());
  }
  closed.make_durable = [sealed = std::move(rolled_), &files = context_.env->files,
                         directory = directory_]() -> Status {
    const auto seal = [&]() -> Status {
      for (const std::unique_ptr<Open>& file : sealed) {
        WEIR_RETURN_IF_ERROR(file->file->Append(file->ready));
        WEIR_RETURN_IF_ERROR(file->file->Sync());
        WEIR_RETURN_IF_ERROR(file->file->Close());
      }
      return files.SyncDirectory(directory);
    };
    return WithCureFor(directory, seal());
  };
  rolled_.clear();
  return closed;
}

base::UniqueFunction<Status()> FileSinkWriter::Commit(const runtime::CommitPermit&,
                                                      const runtime::Committable& committable) {
  // May run, and run to its end, when this writer is gone.
  return [&files = context_.env->files, payload = committable.payload]() -> Status {
    WEIR_ASSIGN_OR_RETURN(const FileCommittable file, FileCommittable::Decode(payload));
    return WithCureFor(file.directory, CommitFile(files, file));
  };
}

Status FileSinkWriter::WithCure(const Status& status) const {
  return WithCureFor(directory_, status);
}

}  // namespace weir::connectors
