#include "weir/cli/end_command.h"

#include <chrono>
#include <utility>

#include "weir/api/values.h"
#include "weir/cli/control_call.h"
#include "weir/cli/job_store.h"
#include "weir/cli/units.h"
#include "weir/env/posix_env.h"
#include "weir/env/socket_transport.h"

namespace weir::cli {
namespace {

using checkpoint::EndReason;

class Ending {
 public:
  Ending(const Invocation& invocation, const UserProgram& program, Console& console,
         ControlRequest how)
      : invocation_(invocation), program_(program), console_(console), how_(how) {}

  int Execute();

 private:
  int NotReached(const Status& status, env::FileSystem& files);
  int ReportEnd(JobStore& store);
  std::string Job() const { return Concat("job \"", program_.job(), "\""); }

  const Invocation& invocation_;
  const UserProgram& program_;
  Console& console_;
  const ControlRequest how_;
  const CheckpointPlace place_ = PlaceOf(program_);
};

int Ending::Execute() {
  const bool stops = how_ == ControlRequest::kStop;
  std::optional<Duration> at_most;
  if (const auto text = program_.arguments().Value("--timeout")) {
    const StatusOr<Duration> timeout = api::ParseDuration(*text);
    if (!timeout.ok())
      return Misused(console_, invocation_, timeout.status().Annotated("--timeout").message());
    at_most = *timeout;
  }
  if (program_.job().empty())
    return Misused(console_, invocation_, "the program has no name; give it one: p.Name(\"...\")");
  env::PosixEnv world;
  StatusOr<JobStore> store = JobStore::Open(world.env(), program_);
  if (!store.ok() || place_.directory.empty()) {
    console_.Error(store.ok() ? Concat(place_.uri, " is no directory") : store.status().message());
    return Code(ExitCode::kUsage);
  }
  env::SocketTransport sockets;
  ControlCall call(sockets, world.env().clock, ControlAddress(place_.directory, program_.job()),
                   how_);
  const StatusOr<JobSeen> seen = call.Answer();
  if (!seen.ok()) return NotReached(seen.status(), world.env().files);
  console_.Note(Concat(stops ? "stopping " : "cancelling ", Job(), " of ", seen->process,
                       stops ? ": it takes one more checkpoint" : ""));
  if (!call.WaitForEnd(at_most)) {
    console_.Error(Concat(Job(), " has not ended after ", api::FormatDuration(*at_most)),
                   Concat("it ends when its checkpoint is complete. ", invocation_.program_name,
                          " list shows how it gets on; ", invocation_.program_name,
                          " cancel ends it at once"));
    return Code(ExitCode::kFailed);
  }
  return ReportEnd(*store);
}

int Ending::NotReached(const Status& status, env::FileSystem& files) {
  if (status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kNotFound) {
    console_.Error(Concat(Job(), " is not running in ", place_.uri),
                   Concat(invocation_.program_name, " list shows what runs there"));
    return Code(ExitCode::kFailed);
  }
  if (status.code() == StatusCode::kDeadlineExceeded) {
    const std::string owner = OwnerOf(files, place_.directory, program_.job());
    console_.Error(Concat(Job(), " does not answer: its process, ", owner, ", stands still"),
                   "let it go on (kill -CONT), or kill it (kill -KILL): that loses nothing, and "
                   "the next run resumes");
    return Code(ExitCode::kFailed);
  }
  console_.Error(Concat(Job(), " cannot be reached: ", status.message()),
                 "only the user who runs a job may end it, with the same version of Weir");
  return Code(ExitCode::kFailed);
}

// The history says how it ended; the process may have been killed meanwhile.
int Ending::ReportEnd(JobStore& store) {
  const StatusOr<checkpoint::HistoryView> history = store.ReadHistory();
  const bool stops = how_ == ControlRequest::kStop;
  const StatusOr<checkpoint::HistoryRecord> newest =
      history.ok() ? history->Newest() : StatusOr<checkpoint::HistoryRecord>(history.status());
  const auto ended = [&newest](EndReason reason) { return newest.ok() && newest->end == reason; };
  std::string behind;
  if (history.ok()) {
    if (const auto resume = history->ResumePoint(); resume.ok() && resume->has_value())
      behind = Concat(" behind checkpoint ", (*resume)->checkpoint->id);
  }
  if (ended(EndReason::kFinished)) {
    console_.Note(Concat(Job(), " had finished"));
    return Code(ExitCode::kDone);
  }
  if (stops && !ended(EndReason::kStopped)) {
    console_.Error(Concat(Job(), ended(EndReason::kCancelled) ? " was cancelled meanwhile"
                                                              : " ended without a last checkpoint"),
                   Concat("its own output says why; the next run resumes", behind));
    return Code(ExitCode::kFailed);
  }
  console_.Note(Concat(stops ? "stopped" : "cancelled", behind, ": the next run resumes there"));
  return Code(ExitCode::kDone);
}

int EndWith(const Invocation& invocation, ControlRequest how) {
  return Invoke(invocation, [&](UserProgram& program, Console& console) {
    return Ending(invocation, program, console, how).Execute();
  });
}

}  // namespace

int StopCommand(const Invocation& invocation) { return EndWith(invocation, ControlRequest::kStop); }

int CancelCommand(const Invocation& invocation) {
  return EndWith(invocation, ControlRequest::kCancel);
}

}  // namespace weir::cli
