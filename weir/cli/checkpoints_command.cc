#include "weir/cli/checkpoints_command.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "weir/checkpoint/history_record_proto.h"
#include "weir/checkpoint/pack_reader.h"
#include "weir/cli/blocking.h"
#include "weir/cli/checkpoint_size.h"
#include "weir/cli/checkpoint_text.h"
#include "weir/cli/console.h"
#include "weir/cli/job_store.h"
#include "weir/cli/units.h"
#include "weir/env/posix_env.h"

namespace weir::cli {
namespace {

enum class Format : uint8_t { kText, kJson };

// Something that should be readable and is not.
struct Damage {
  std::string what;
  std::string why;
};

class Looking {
 public:
  Looking(const UserProgram& program, Console& console, env::PosixEnv& world, JobStore& store,
          Format format)
      : program_(program), console_(console), world_(world), store_(store), format_(format) {}

  int List(const checkpoint::HistoryView& history);
  int Show(const checkpoint::HistoryView& history, const std::string& which);

  /// All that are retained when `which` is empty.
  int Verify(const checkpoint::HistoryView& history, const std::string& which);

  /// Of all that are retained when `which` is empty.
  int Size(const checkpoint::HistoryView& history, const std::string& which);

 private:
  // Those that are retained, or the one that is asked for; nothing after its name was not found.
  std::optional<std::vector<checkpoint::HistoryRecord>> Chosen(
      const checkpoint::HistoryView& history, const std::string& which);
  StatusOr<std::vector<checkpoint::PackIndex>> IndicesOf(const checkpoint::HistoryRecord& record);
  void SayEmpty();
  static std::string ResumeNote(const checkpoint::HistoryView& history);
  std::vector<Damage> DamageOf(const checkpoint::HistoryView& history);
  Status VerifyOne(const checkpoint::HistoryRecord& record);
  bool WasRetired(const checkpoint::HistoryRecord& record);
  int64_t Now() const { return world_.env().clock.UnixMillis(); }

  const UserProgram& program_;
  Console& console_;
  env::PosixEnv& world_;
  JobStore& store_;
  const Format format_;
};

int Looking::List(const checkpoint::HistoryView& history) {
  const std::vector<checkpoint::HistoryRecord> records = history.Retained();
  const bool empty = history.records.empty() && history.damaged.empty();
  if (format_ == Format::kJson) {
    console_.Result(CheckpointListJson(records));
  } else if (!records.empty()) {
    console_.Result(CheckpointList(records, Now()));
  }
  if (const std::string note = ResumeNote(history); !note.empty()) console_.Note(note);
  const std::vector<Damage> damages = DamageOf(history);
  for (const Damage& damage : damages) console_.Error(damage.why);
  if (empty && damages.empty()) SayEmpty();
  if (!empty && records.empty() && damages.empty()) {
    console_.Note("no checkpoint is complete yet");
  }
  return Code(damages.empty() ? ExitCode::kDone : ExitCode::kFailed);
}

// From where the next run goes on, when that is not the newest checkpoint.
std::string Looking::ResumeNote(const checkpoint::HistoryView& history) {
  const auto resume = history.ResumePoint();
  const std::vector<checkpoint::HistoryRecord> retained = history.Retained();
  if (!resume.ok() || retained.empty()) return {};
  if (!resume->has_value()) return "the next run starts empty: --fresh was the last word";
  if ((*resume)->number == retained.back().number) return {};
  return Concat("the next run goes on from checkpoint ", (*resume)->checkpoint->id,
                ": --from was the last word");
}

// Records that cannot be read, retained checkpoints whose records are not there, and a job file
// that makes no sense or is left of a history.
std::vector<Damage> Looking::DamageOf(const checkpoint::HistoryView& history) {
  std::vector<Damage> damages;
  for (const checkpoint::DamagedRecord& damaged : history.DamageInUse()) {
    damages.push_back(
        {Concat("history record ", damaged.number), std::string(damaged.status.message())});
  }
  for (const checkpoint::RetainedCheckpoint& lost : history.MissingRecords()) {
    damages.push_back({Concat("checkpoint ", lost.ref.checkpoint),
                       Concat("history record ", lost.ref.number, " of checkpoint ",
                              lost.ref.checkpoint, " is missing")});
  }
  const Status job_file = store_.CheckJobFile();
  if (!job_file.ok() && job_file.code() != StatusCode::kNotFound) {
    damages.push_back(
        {"job file", Concat(store_.files().JobFile(), ": ", std::string(job_file.message()))});
  }
  if (history.records.empty() && history.damaged.empty() && job_file.ok()) {
    damages.push_back({"history", Concat("job ", program_.job(),
                                         " has a job file but no history: its records were lost")});
  }
  return damages;
}

// A name or a directory that was mistyped looks like a job without a history.
void Looking::SayEmpty() {
  console_.Note(
      Concat("job \"", program_.job(), "\" has no history in ", store_.blobs().Describe()));
  const auto jobs = Await<StatusOr<std::vector<std::string>>>(
      [&](auto done) { checkpoint::ListJobs(store_.blobs(), std::move(done)); });
  if (!jobs.ok() || jobs->empty()) return;
  std::string names;
  for (const std::string& job : *jobs) names += (names.empty() ? "" : ", ") + job;
  console_.Note("there are: " + names);
}

int Looking::Show(const checkpoint::HistoryView& history, const std::string& which) {
  const StatusOr<checkpoint::HistoryRecord> record = history.Find(which);
  if (!record.ok()) {
    console_.Error(record.status().message());
    return Code(ExitCode::kFailed);
  }
  console_.Result(format_ == Format::kJson ? checkpoint::RecordToJson(*record) + "\n"
                                           : CheckpointDetails(*record, Now()));
  return Code(ExitCode::kDone);
}

Status Looking::VerifyOne(const checkpoint::HistoryRecord& record) {
  return Await<Status>([&](auto done) {
    checkpoint::VerifyCheckpoint(store_.blobs(), store_.files(), record, std::move(done));
  });
}

// A job that runs may have retired it while it was read.
bool Looking::WasRetired(const checkpoint::HistoryRecord& record) {
  const StatusOr<checkpoint::HistoryView> now = store_.ReadHistory();
  return now.ok() && now->Newest().ok() &&
         now->Find(Concat(record.checkpoint->id)).status().code() == StatusCode::kNotFound;
}

int Looking::Verify(const checkpoint::HistoryView& history, const std::string& which) {
  const auto records = Chosen(history, which);
  if (!records) return Code(ExitCode::kFailed);
  bool whole = true;
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  std::string text;
  const auto add = [&](const std::string& what, const std::string& damage,
                       const std::string& note) {
    results.push_back({{"what", what}, {"whole", damage.empty()}, {"damage", damage}});
    text += damage.empty() ? Concat(what, ": whole", note, "\n")
                           : Concat(what, ": DAMAGED: ", damage, "\n");
    whole &= damage.empty();
  };
  if (which.empty()) {
    for (const Damage& damage : DamageOf(history)) add(damage.what, damage.why, "");
  }
  for (const checkpoint::HistoryRecord& record : *records) {
    uint64_t bytes = 0;
    for (const checkpoint::PackRef& pack : record.checkpoint->packs) bytes += pack.bytes;
    const Status status = VerifyOne(record);
    if (!status.ok() && WasRetired(record)) continue;
    std::string damage(status.message());
    if (status.code() == StatusCode::kNotFound && !history.Newest().ok())
      damage += "; the damaged record behind it may have retired it";
    add(Concat("checkpoint ", record.checkpoint->id), damage,
        Concat(", ", record.checkpoint->packs.size(), " packs, ", FormatBytes(bytes)));
  }
  console_.Result(format_ == Format::kJson ? results.dump(2) + "\n" : text);
  if (whole && history.records.empty()) SayEmpty();
  return Code(whole ? ExitCode::kDone : ExitCode::kFailed);
}

std::optional<std::vector<checkpoint::HistoryRecord>> Looking::Chosen(
    const checkpoint::HistoryView& history, const std::string& which) {
  if (which.empty()) return history.Retained();
  const StatusOr<checkpoint::HistoryRecord> record = history.Find(which);
  if (record.ok()) return std::vector{*record};
  console_.Error(record.status().message());
  return {};
}

StatusOr<std::vector<checkpoint::PackIndex>> Looking::IndicesOf(
    const checkpoint::HistoryRecord& record) {
  std::vector<checkpoint::PackIndex> indices;
  for (const checkpoint::PackRef& pack : record.checkpoint->packs) {
    auto index = Await<StatusOr<checkpoint::PackIndex>>([&](auto done) {
      checkpoint::ReadPackIndex(store_.blobs(), store_.files(), pack, std::move(done));
    });
    if (!index.ok()) return index.status();
    indices.push_back(*std::move(index));
  }
  return indices;
}

int Looking::Size(const checkpoint::HistoryView& history, const std::string& which) {
  const auto records = Chosen(history, which);
  if (!records) return Code(ExitCode::kFailed);
  std::vector<checkpoint::HistoryRecord> sized;
  std::vector<std::vector<checkpoint::PackIndex>> indices;
  bool whole = true;
  for (const checkpoint::HistoryRecord& record : *records) {
    auto index = IndicesOf(record);
    if (index.ok()) {
      sized.push_back(record);
      indices.push_back(*std::move(index));
    } else if (!WasRetired(record)) {
      whole = false;
      console_.Error(Concat("checkpoint ", record.checkpoint->id, ": ", index.status().message()));
    }
  }
  const CheckpointSizes sizes = SizesOf(sized, indices);
  if (format_ == Format::kJson) {
    console_.Result(SizesJson(program_.job(), sizes));
  } else if (!sized.empty()) {
    console_.Result(SizesText(sizes));
  }
  if (history.records.empty()) {
    SayEmpty();
  } else if (records->empty()) {
    console_.Note("no checkpoint is complete yet");
  }
  return Code(whole ? ExitCode::kDone : ExitCode::kFailed);
}

// The words behind "checkpoints": what to do, and with which checkpoint.
struct Wanted {
  enum class Do : uint8_t { kList, kShow, kVerify, kSize };
  Do what = Do::kList;
  std::string which;
  Format format = Format::kText;
};

StatusOr<Wanted> ReadWanted(const Arguments& arguments) {
  Wanted wanted;
  const std::vector<std::string>& words = arguments.words;
  if (words.empty()) return InvalidArgumentError("checkpoints: list, show, verify or size?");
  size_t most = 2;
  if (words[0] == "list") {
    most = 1;
  } else if (words[0] == "show") {
    wanted.what = Wanted::Do::kShow;
    if (words.size() == 1) return InvalidArgumentError("checkpoints show needs an ID, or latest");
  } else if (words[0] == "verify") {
    wanted.what = Wanted::Do::kVerify;
  } else if (words[0] == "size") {
    wanted.what = Wanted::Do::kSize;
  } else {
    return InvalidArgumentError("checkpoints: \"", words[0],
                                "\" is none of list, show, verify, size");
  }
  if (words.size() > most) return InvalidArgumentError("unexpected \"", words[most], "\"");
  if (words.size() > 1) wanted.which = words[1];
  const std::string format = arguments.Value("--output").value_or("text");
  if (format == "json") wanted.format = Format::kJson;
  return wanted;
}

int Execute(const UserProgram& program, Console& console, const Wanted& wanted) {
  env::PosixEnv world;
  StatusOr<JobStore> store = JobStore::Open(world.env(), program);
  if (!store.ok()) {
    console.Error(store.status().message());
    return Code(ExitCode::kUsage);
  }
  const StatusOr<checkpoint::HistoryView> history = store->ReadHistory();
  if (!history.ok()) {
    console.Error(Concat("read the history of the job: ", history.status().message()));
    return Code(ExitCode::kFailed);
  }
  Looking looking(program, console, world, *store, wanted.format);
  switch (wanted.what) {
    case Wanted::Do::kList:
      return looking.List(*history);
    case Wanted::Do::kShow:
      return looking.Show(*history, wanted.which);
    case Wanted::Do::kVerify:
      return looking.Verify(*history, wanted.which);
    case Wanted::Do::kSize:
      return looking.Size(*history, wanted.which);
  }
  return Code(ExitCode::kUsage);
}

}  // namespace

int CheckpointsCommand(const Invocation& invocation) {
  return Invoke(invocation, [&](UserProgram& program, Console& console) {
    const StatusOr<Wanted> wanted = ReadWanted(program.arguments());
    if (!wanted.ok()) return Misused(console, invocation, wanted.status().message());
    if (program.job().empty()) {
      return Misused(console, invocation, "the program has no name; give it one: p.Name(\"...\")");
    }
    return Execute(program, console, *wanted);
  });
}

}  // namespace weir::cli
