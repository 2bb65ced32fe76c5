#include "weir/connectors/socket_sink.h"

#include <utility>

#include "weir/base/limits.h"

namespace weir::connectors {

namespace {

Redial::Options RedialOf(const SocketSinkOptions& options) {
  return {.host = options.host,
          .port = options.port,
          .retries_max = options.max_retries,
          .pause = options.retry_pause};
}

}  // namespace

Status CheckSocketSinkOptions(const SocketSinkOptions& options) {
  return Redial::Check(RedialOf(options));
}

SocketSink::SocketSink(const SocketSinkOptions& options) : redial_(RedialOf(options)) {}

Status SocketSink::Open(const runtime::OperatorContext& context) {
  context_ = context;
  return {};
}

Status SocketSink::Start() {
  redial_.Start(context_);
  return {};
}

StatusOr<runtime::Outcome> SocketSink::Process(runtime::Input& input, runtime::Output&) {
  WEIR_RETURN_IF_ERROR(failure_);
  if (!holds_.empty() || lines_.size() >= limits::kSocketSinkBytesMax)
    return runtime::Outcome::kBlocked;
  for (; input.cursor < input.batch.size(); ++input.cursor) {
    input.batch.type().AppendJson(input.batch, input.cursor, lines_);
    lines_.push_back('\n');
  }
  WEIR_RETURN_IF_ERROR(GoOn());
  return runtime::Outcome::kNeedInput;
}

StatusOr<runtime::Outcome> SocketSink::OnEnd(runtime::Output&) {
  ending_ = true;
  WEIR_RETURN_IF_ERROR(GoOn());
  return IsClean() ? runtime::Outcome::kNeedInput : runtime::Outcome::kBlocked;
}

Status SocketSink::Snapshot(runtime::SnapshotContext& snapshot) {
  WEIR_RETURN_IF_ERROR(failure_);
  if (IsClean()) return {};
  holds_.push_back(snapshot.Hold());
  return GoOn();
}

Status SocketSink::OnTick() { return GoOn(); }

// Without lines it is dialed at the job's first start only, to say early that nobody listens:
// behind a restore the input may have ended, and nobody need listen any more.
bool SocketSink::NeedsConnection() const {
  return !IsClean() || (!ending_ && context_.restored == base::CheckpointId());
}

// Does what comes next: connects, writes what is there, asks whether it has arrived.
Status SocketSink::GoOn() {
  WEIR_RETURN_IF_ERROR(failure_);
  if (!redial_.connected() && !NeedsConnection()) return {};
  WEIR_ASSIGN_OR_RETURN(env::ByteStream* const stream, redial_.Stream());
  if (stream == nullptr) return {};
  if (!reading_ && read_from_ != redial_.number()) Read(*stream);
  if (calling_) return {};
  if (!lines_.empty()) {
    calling_ = unconfirmed_ = true;
    stream->Write(std::exchange(lines_, {}), Answer(&SocketSink::OnWritten));
  } else if (unconfirmed_ && (ending_ || !holds_.empty())) {
    calling_ = true;
    stream->Drain(Answer(&SocketSink::OnDrained));
  }
  return {};
}

base::UniqueFunction<void(Status)> SocketSink::Answer(void (SocketSink::*method)(const Status&)) {
  // An operator that was destroyed takes its mailbox with it: `this` is good when a closure runs.
  return [this, method, mailbox = context_.mailbox](Status status) {
    mailbox->Post([this, method, status = std::move(status)] { (this->*method)(status); });
  };
}

// What the other side says is thrown away: read, so that it does not wait, and to hear of its end.
void SocketSink::Read(env::ByteStream& stream) {
  reading_ = true;
  read_from_ = redial_.number();
  stream.Read([this, mailbox = context_.mailbox](StatusOr<std::string> bytes) {
    mailbox->Post([this, bytes = std::move(bytes)] { OnRead(bytes); });
  });
}

void SocketSink::OnRead(const StatusOr<std::string>& bytes) {
  reading_ = false;
  if (!bytes.ok()) return Broke(bytes.status());
  if (!bytes->empty()) read_from_ = 0;  // there may be more
}

void SocketSink::OnWritten(const Status& status) {
  calling_ = false;
  if (!status.ok()) return Broke(status);
  redial_.Works();
}

void SocketSink::OnDrained(const Status& status) {
  calling_ = false;
  if (!status.ok()) return Broke(status);
  unconfirmed_ = false;
  for (base::UniqueFunction<void(Status)>& hold : holds_) hold({});
  holds_.clear();
}

void SocketSink::Broke(const Status& reason) {
  if (!failure_.ok()) return;
  // With nothing on its way nothing is lost.
  if (!unconfirmed_ && !calling_) return NeedsConnection() ? redial_.Lost(reason) : redial_.Close();
  failure_ = UnavailableError(reason.message(),
                              "; lines were on their way: what came behind the newest checkpoint "
                              "is sent again");
  for (base::UniqueFunction<void(Status)>& hold : holds_) hold(failure_);
  holds_.clear();
}

}  // namespace weir::connectors
