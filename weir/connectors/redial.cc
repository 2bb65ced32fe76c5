#include "weir/connectors/redial.h"

#include <algorithm>
#include <utility>

#include "weir/base/limits.h"

namespace weir::connectors {

Status Redial::Check(const Options& options) {
  if (options.host.empty()) return InvalidArgumentError("host: is empty, give a name or address");
  if (options.port == 0)
    return InvalidArgumentError("port: is 0, give the one that is listened on");
  if (options.retries_max < -1)
    return InvalidArgumentError("max_retries: is ", options.retries_max,
                                ", give a number, or -1 for retries without end");
  if (options.pause < Duration(0))
    return InvalidArgumentError("retry_pause: is negative, give 0 or more");
  return {};
}

void Redial::Start(const runtime::OperatorContext& context) {
  env_ = context.env;
  mailbox_ = context.mailbox;
}

StatusOr<env::ByteStream*> Redial::Stream() {
  WEIR_RETURN_IF_ERROR(failure_);
  if (stream_ == nullptr && !dialing_ && env_->clock.Now() >= next_) Dial();
  return stream_.get();
}

void Redial::Lost(const Status& reason) {
  Drop();
  Failed(reason);
}

void Redial::Again() {
  Drop();
  next_ = env_->clock.Now() + options_.pause;
}

void Redial::Close() { Drop(); }

void Redial::Dial() {
  dialing_ = true;
  // Who is destroyed takes its mailbox with it: `this` is good when a closure runs.
  env_->dialer.Dial(options_.host, options_.port,
                    [this, mailbox = mailbox_](StatusOr<std::unique_ptr<env::ByteStream>> dialed) {
                      mailbox->Post([this, dialed = std::move(dialed)]() mutable {
                        OnDialed(std::move(dialed));
                      });
                    });
}

void Redial::OnDialed(StatusOr<std::unique_ptr<env::ByteStream>> dialed) {
  dialing_ = false;
  if (!dialed.ok()) return Failed(dialed.status());
  stream_ = *std::move(dialed);
}

void Redial::Failed(const Status& reason) {
  ++failures_;
  if (options_.retries_max >= 0 && failures_ > options_.retries_max) {
    failure_ = UnavailableError(reason.message(), " (failed ", failures_,
                                failures_ == 1 ? " time" : " times",
                                " in a row); let a server listen there, or let it be tried more "
                                "often with max_retries");
    return;
  }
  const int64_t doublings = std::min<int64_t>(failures_ - 1, 20);
  const Duration pause = options_.pause * (int64_t{1} << doublings);
  const Duration longest = std::max(options_.pause, limits::kRedialPauseMax);
  next_ = env_->clock.Now() + std::min(pause, longest);
}

void Redial::Drop() {
  stream_ = nullptr;
  ++number_;
}

}  // namespace weir::connectors
