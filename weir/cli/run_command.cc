#include "weir/cli/run_command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include "weir/cli/console.h"
#include "weir/cli/control_server.h"
#include "weir/cli/cure.h"
#include "weir/cli/job_store.h"
#include "weir/cli/job_watch.h"
#include "weir/cli/local_job.h"
#include "weir/cli/metrics_page.h"
#include "weir/cli/units.h"
#include "weir/cluster/job_metrics.h"
#include "weir/env/process.h"
#include "weir/env/socket_transport.h"
#include "weir/env/stop_signals.h"

namespace weir::cli {
namespace {

// What a step of the command ends with: nothing, and the next step follows; or the exit code.
using Exit = std::optional<int>;

// A job that could not begin: was it refused, or did something fail?
ExitCode CodeBeforeReign(const Status& status) {
  switch (status.code()) {
    case StatusCode::kFailedPrecondition:
    case StatusCode::kNotFound:
    case StatusCode::kDataLoss:
    case StatusCode::kAborted:
      return ExitCode::kRefused;
    case StatusCode::kInvalidArgument:
      return ExitCode::kUsage;
    default:
      return ExitCode::kFailed;
  }
}

bool Prints(const runtime::JobGraph& graph) {
  return std::ranges::any_of(graph.chains, [](const runtime::Chain& chain) {
    return std::ranges::any_of(chain.operators, [](const runtime::OperatorNode& node) {
      return node.factory->kind() == "print-sink";
    });
  });
}

ProgressMode ReadProgressMode(const Arguments& arguments, const env::Surroundings& around,
                              const runtime::JobGraph& graph) {
  const std::string text = arguments.Value("--progress").value_or("auto");
  if (text == "none" || arguments.Flag("--quiet")) return ProgressMode::kNone;
  if (text == "line") return ProgressMode::kLine;
  if (text == "json") return ProgressMode::kJson;
  // Rows printed on the terminal and a line that is redrawn there would spoil each other.
  const bool status = around.error_is_terminal && !(around.output_is_terminal && Prints(graph));
  return status ? ProgressMode::kStatus : ProgressMode::kLine;
}

std::optional<base::CheckpointId> ParseCheckpointId(const std::string& text) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return {};
  return base::CheckpointId(number);
}

// What --fresh and --from ask for, against what the history has.
StatusOr<StartFrom> ReadStart(const Arguments& arguments, const checkpoint::HistoryView& history) {
  using From = checkpoint::TakeOverOptions::From;
  const std::optional<std::string> which = arguments.Value("--from");
  if (arguments.Flag("--fresh")) return StartFrom{.from = From::kFresh};
  if (!which) return StartFrom{};
  WEIR_ASSIGN_OR_RETURN(const checkpoint::HistoryRecord record, history.Find(*which));
  if (*which == "latest") return StartFrom{};
  if (ParseCheckpointId(*which) == record.checkpoint->id) {
    return StartFrom{.from = From::kCheckpoint, .checkpoint = record.checkpoint->id};
  }
  return StartFrom{.from = From::kSavepoint, .checkpoint = {}, .savepoint = *which};
}

class Run {
 public:
  Run(UserProgram& program, Console& console, BuildCheck check)
      : program_(program), console_(console), check_(check) {}

  int Execute();

 private:
  Exit Plan(std::optional<uint32_t> inherited_max_parallelism);
  Exit OpenStore();
  Exit ReadHistory();
  Status OpenControl();
  Exit ShowMetrics();
  int RunJob();
  JobEnd EndOf(const LocalJob& job, std::optional<int> signal) const;
  Status Judge(const checkpoint::Proposal& proposal);
  int Report(const JobEnd& end, bool reigned);
  int Refuse(const Status& status, std::string_view cure = {});
  std::string CureOfFailure(const Status& status) const;

  UserProgram& program_;
  Console& console_;
  const BuildCheck check_;
  std::optional<api::JobPlan> plan_;
  ProgressMode mode_ = ProgressMode::kNone;
  // Destroyed from the last to the first: signals may come again when all threads are gone.
  std::unique_ptr<env::StopSignals> signals_;
  std::unique_ptr<env::PosixEnv> world_;
  std::optional<JobStore> store_;
  // Behind the lock: whoever waits for the end hears of it when the job may be run again.
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<env::FileSystem::Lock> lock_;
  StartFrom from_;
  // The newest checkpoint of the line that a new one leaves; of the coordinator's loop while it
  // runs.
  std::optional<base::CheckpointId> left_;
  std::unique_ptr<JobWatch> watch_;
  std::unique_ptr<cluster::JobMetrics> metrics_;
  std::unique_ptr<env::HttpServer> metrics_page_;
};

int Run::Execute() {
  if (const Exit exit = Plan({})) return *exit;
  if (const Exit exit = OpenStore()) return *exit;
  if (const Exit exit = ReadHistory()) return *exit;
  if (const Exit exit = ShowMetrics()) return *exit;
  return RunJob();
}

Exit Run::Plan(std::optional<uint32_t> inherited_max_parallelism) {
  plan_ = PlanOrComplain(program_, inherited_max_parallelism, check_, console_);
  if (!plan_) return Code(ExitCode::kUsage);
  mode_ = ReadProgressMode(program_.arguments(), console_.surroundings(), plan_->graph);
  return {};
}

// From here on threads run: signals are kept back before.
Exit Run::OpenStore() {
  StatusOr<std::unique_ptr<env::StopSignals>> signals = env::StopSignals::Open();
  if (!signals.ok()) return Refuse(signals.status());
  signals_ = *std::move(signals);
  world_ = std::make_unique<env::PosixEnv>();
  StatusOr<JobStore> store = JobStore::Open(world_->env(), program_);
  if (!store.ok()) return Refuse(store.status());
  store_.emplace(*std::move(store));

  auto lock = store_->LockJob(world_->env().files);
  if (!lock.ok() && lock.status().code() == StatusCode::kAborted) {
    return Refuse(FailedPreconditionError("job \"", program_.job(), "\" is already run by ",
                                          lock.status().message()),
                  "stop that process first (Ctrl-C or SIGTERM: the next run resumes), or give this "
                  "program another name");
  }
  if (!lock.ok()) return Refuse(lock.status().Annotated("the checkpoint directory cannot be used"));
  lock_ = *std::move(lock);
  const Status proof = store_->Prove(world_->env().random);
  if (!proof.ok()) return Refuse(proof.Annotated("the checkpoint store cannot be used"));
  return {};
}

Exit Run::ReadHistory() {
  const StatusOr<checkpoint::HistoryView> history = store_->ReadHistory();
  if (!history.ok()) return Refuse(history.status().Annotated("read the history of the job"));
  const StatusOr<StartFrom> from = ReadStart(program_.arguments(), *history);
  if (!from.ok()) {
    return Refuse(from.status().Annotated(
        Concat("job \"", program_.job(), "\" in ", store_->blobs().Describe())));
  }
  from_ = *from;
  const StatusOr<checkpoint::HistoryRecord> newest = history->Newest();
  const bool fresh = from_.from == checkpoint::TakeOverOptions::From::kFresh;
  if (!newest.ok() || fresh) return {};
  return Plan(newest->max_parallelism);
}

// Nobody else runs the job: what is there was left by a process that was killed.
Status Run::OpenControl() {
  if (store_->directory().empty()) return {};
  env::FileSystem& files = world_->env().files;
  const std::string file = ControlFile(store_->directory(), program_.job());
  Status removed = files.Remove(file);
  if (!removed.ok() && removed.code() != StatusCode::kNotFound) return removed;
  WEIR_ASSIGN_OR_RETURN(
      control_, ControlServer::Open({.transport = std::make_unique<env::SocketTransport>(),
                                     .address = ControlAddress(store_->directory(), program_.job()),
                                     .process = env::ThisProcess()}));
  return {};
}

Exit Run::ShowMetrics() {
  const std::optional<std::string> address = program_.arguments().Value("--metrics-address");
  if (!address) return {};
  auto page = ServeMetrics(*address, program_.arguments().Flag("--insecure"), world_->env().metrics,
                           program_.job());
  if (!page.ok() && page.status().code() == StatusCode::kUnavailable)
    return Refuse(page.status(), "end what listens there, or give --metrics-address another port");
  if (!page.ok()) return Refuse(page.status());
  metrics_page_ = *std::move(page);
  if (mode_ == ProgressMode::kLine || mode_ == ProgressMode::kStatus)
    console_.Note(Concat("metrics at http://", metrics_page_->address(), "/metrics"));
  return {};
}

int Run::RunJob() {
  const bool notes = mode_ == ProgressMode::kLine || mode_ == ProgressMode::kStatus;
  if (notes) console_.Note(Concat("checkpoints in ", store_->blobs().Describe()));
  watch_ = std::make_unique<JobWatch>(mode_, program_.job(), console_, world_->env().clock);
  metrics_ = std::make_unique<cluster::JobMetrics>(world_->env().metrics, *watch_);
  const Status control = OpenControl();
  if (!control.ok())
    watch_->OnWarning(control.Annotated("`list`, `stop` and `cancel` cannot reach this job"));
  StatusOr<std::unique_ptr<LocalJob>> started = LocalJob::Start(
      {.world = *world_,
       .store = store_->blobs(),
       .plan = *plan_,
       .from = from_,
       .allowed_to_drop = program_.arguments().Values("--allow-dropped-state"),
       .judge = [this](const checkpoint::Proposal& proposal) { return Judge(proposal); },
       .events = *metrics_,
       .signals = *signals_});
  if (!started.ok()) {
    if (control_ != nullptr) control_->Close();  // while the lock is held
    return Refuse(started.status());
  }
  std::unique_ptr<LocalJob> job = *std::move(started);
  if (control_ != nullptr) control_->Serve([this] { return watch_->Look(); }, job->stopper());
  const std::optional<int> signal = signals_->Wait();
  if (signal) {
    if (notes) console_.Note("stopping; once more to stop at once");
    job->stopper()(cluster::StopHow::kStop);
    signals_->Wait();  // for the end: another signal ends the process
  }
  if (control_ != nullptr) control_->Close();
  job->StopCoordinator();
  const JobEnd end = EndOf(*job, signal);
  // Said before the workers are waited for: a user's function may never return.
  watch_->OnEnd(end);
  const int code = Report(end, watch_->picture().reigned);
  if (end.kind == JobEnd::Kind::kCancelled) env::EndThisProcess(code);
  return code;
}

JobEnd Run::EndOf(const LocalJob& job, std::optional<int> signal) const {
  using Kind = JobEnd::Kind;
  const std::optional<Status> status = job.end();
  if (!status) return {.kind = Kind::kStopped, .status = {}, .signal = signal.value_or(0)};
  if (status->ok()) return {.kind = Kind::kFinished, .status = {}};
  switch (watch_->picture().state) {
    case cluster::JobState::kStopped:
      return {.kind = Kind::kStopped, .status = *status, .signal = signal.value_or(0)};
    case cluster::JobState::kCancelled:
      return {.kind = Kind::kCancelled, .status = *status};
    default:
      return {.kind = Kind::kFailed, .status = *status};
  }
}

// What the job would start from is known; nothing is written yet.
// Threads: the coordinator's loop.
Status Run::Judge(const checkpoint::Proposal& proposal) {
  left_.reset();
  if (proposal.new_lineage && !proposal.retained.empty())
    left_ = proposal.retained.back().ref.checkpoint;
  const bool rewind = proposal.new_lineage && proposal.base.has_value();
  if (rewind && !proposal.repeated.empty() && !program_.arguments().Flag("--repeat-output")) {
    std::string sinks;
    for (const checkpoint::RepeatedOutput& sink : proposal.repeated) {
      sinks += Concat("\n  ", sink.sink, ": everything up to checkpoint ", sink.newest);
    }
    return FailedPreconditionError("checkpoint ", proposal.base->checkpoint->id,
                                   " is not the newest: what these sinks committed after it cannot "
                                   "be taken back and would be there twice",
                                   sinks, "\nif that is wanted, add --repeat-output");
  }
  const bool shown = mode_ == ProgressMode::kLine || mode_ == ProgressMode::kStatus;
  if (shown && !proposal.new_lineage && proposal.ended == checkpoint::EndReason::kFinished) {
    console_.Note("the job had finished: its input is not read again (--fresh starts over)");
  }
  return {};
}

int Run::Report(const JobEnd& end, bool reigned) {
  switch (end.kind) {
    case JobEnd::Kind::kFinished:
      return Code(ExitCode::kDone);
    case JobEnd::Kind::kStopped:
    case JobEnd::Kind::kCancelled:
      // Who waits for the job must not take it for finished.
      return Code(ExitCode::kSignal) + (end.signal != 0 ? end.signal : SIGTERM);
    case JobEnd::Kind::kFailed:
      break;
  }
  if (!reigned) return Refuse(end.status);
  if (end.status.code() == StatusCode::kAborted) {
    console_.Error(Concat("job \"", program_.job(), "\" was taken over: ", end.status.message()),
                   "this process has stopped; nothing is lost");
    return Code(ExitCode::kRefused);
  }
  console_.Error(end.status.message(), CureOfFailure(end.status));
  return Code(ExitCode::kFailed);
}

int Run::Refuse(const Status& status, std::string_view cure) {
  console_.Error(status.message(), cure.empty() ? CureOf(status) : std::string(cure));
  return Code(CodeBeforeReign(status));
}

// A message may bring its own cure; then it is only said how far the job came.
std::string Run::CureOfFailure(const Status& status) const {
  const JobPicture& picture = watch_->picture();
  std::string text = "the job stopped";
  if (!picture.checkpoint && left_) {
    text += Concat("; the next run begins where this one did; run --from ", *left_,
                   " goes back to what was before");
  }
  if (picture.checkpoint) {
    text += Concat("; its last complete checkpoint is ", picture.checkpoint->id, " (",
                   FormatAge(picture.now - picture.checkpoint->at), " before)");
  }
  if (!SplitCure(status.message()).cure.empty()) return text;
  if (const std::string cure = CureOf(status); !cure.empty()) return cure + "\n" + text;
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kUnimplemented:
      return text + ". It would fail again: mend what it says, then run it again; nothing is lost";
    case StatusCode::kUnknown:  // an exception of a user's function
      return text +
             ". A function that throws at a record throws there again: mend it, then run it "
             "again; nothing is lost";
    default:
      return text + ". Run it again, and it goes on from its newest checkpoint: nothing is lost";
  }
}

}  // namespace

int RunCommand(const Invocation& invocation) {
  return Invoke(invocation, [&](UserProgram& program, Console& console) {
    if (program.arguments().Flag("--fresh") && program.arguments().Has("--from"))
      return Misused(console, invocation, "--fresh and --from exclude each other");
    return Run(program, console, invocation.check).Execute();
  });
}

}  // namespace weir::cli
