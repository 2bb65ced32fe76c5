#include "weir/cli/list_command.h"

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "weir/cli/control_call.h"
#include "weir/cli/job_store.h"
#include "weir/cli/table.h"
#include "weir/cli/units.h"
#include "weir/env/posix_env.h"
#include "weir/env/socket_transport.h"

namespace weir::cli {
namespace {

// Of a job whose process does not answer. No state of a job has this name.
constexpr const char* kSilent = "SILENT";
constexpr const char* kNone = "–";

// The jobs of a directory that run. All are asked before the first answer is waited for: several
// that hang do not take longer than one.
StatusOr<std::vector<JobSeen>> LookAtJobs(env::PosixEnv& world, const std::string& directory) {
  const StatusOr<std::vector<std::string>> names = world.env().files.List(directory);
  if (names.status().code() == StatusCode::kNotFound) return std::vector<JobSeen>();
  if (!names.ok()) return names.status();
  env::SocketTransport sockets;
  std::vector<std::pair<std::string, std::unique_ptr<ControlCall>>> calls;
  for (const std::string& job : *names) {
    if (!world.env().files.Stat(ControlFile(directory, job)).ok()) continue;
    calls.emplace_back(job, std::make_unique<ControlCall>(sockets, world.env().clock,
                                                          ControlAddress(directory, job),
                                                          ControlRequest::kStatus));
  }
  std::vector<JobSeen> jobs;
  for (const auto& [job, call] : calls) {
    StatusOr<JobSeen> seen = call->Answer();
    // What a killed process has left.
    if (seen.status().code() == StatusCode::kUnavailable) continue;
    if (seen.ok()) {
      jobs.push_back(*std::move(seen));
      continue;
    }
    JobSeen silent;
    silent.job = job;
    silent.state = kSilent;
    silent.process = OwnerOf(world.env().files, directory, job);
    jobs.push_back(std::move(silent));
  }
  return jobs;
}

std::string Text(const std::vector<JobSeen>& jobs) {
  using enum Table::Align;
  Table table({{"job"},
               {"state"},
               {"up", kRight},
               {"in", kRight},
               {"out", kRight},
               {"state bytes", kRight},
               {"checkpoint", kRight},
               {"process"}});
  for (const JobSeen& job : jobs) {
    if (job.state == kSilent) {
      table.Add({job.job, job.state, kNone, kNone, kNone, kNone, kNone, job.process});
      continue;
    }
    std::string checkpoint = kNone;
    if (job.checkpoint) {
      const std::chrono::milliseconds age(job.checkpoint->age_ms);
      checkpoint = Concat(job.checkpoint->id, ", ", FormatAge(age), " ago");
    }
    table.Add({job.job, job.state, FormatElapsed(std::chrono::milliseconds(job.up_ms)),
               FormatRate(static_cast<double>(job.rows_in_per_second)),
               FormatRate(static_cast<double>(job.rows_out_per_second)),
               FormatBytes(job.state_bytes), checkpoint, job.process});
  }
  return table.ToString();
}

std::string Json(const std::vector<JobSeen>& jobs) {
  std::string text;
  for (const JobSeen& job : jobs) text += (text.empty() ? "[\n  " : ",\n  ") + job.ToJson();
  return text.empty() ? "[]\n" : text + "\n]\n";
}

}  // namespace

int ListCommand(const Invocation& invocation) {
  return Invoke(invocation, [](UserProgram& program, Console& console) {
    const CheckpointPlace place = PlaceOf(program);
    if (place.directory.empty()) {
      console.Error(Concat(place.uri,
                           " is no directory; jobs are listed where their checkpoints "
                           "are in a directory of this machine"));
      return Code(ExitCode::kUsage);
    }
    env::PosixEnv world;
    const StatusOr<std::vector<JobSeen>> jobs = LookAtJobs(world, place.directory);
    if (!jobs.ok()) {
      console.Error(jobs.status().message());
      return Code(ExitCode::kFailed);
    }
    const bool json = program.arguments().Value("--output") == "json";
    if (json || !jobs->empty()) console.Result(json ? Json(*jobs) : Text(*jobs));
    if (jobs->empty()) console.Note(Concat("no job runs in ", place.uri));
    return Code(ExitCode::kDone);
  });
}

}  // namespace weir::cli
