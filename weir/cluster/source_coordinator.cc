#include "weir/cluster/source_coordinator.h"

#include <utility>

#include "weir/runtime/user_code.h"

namespace weir::cluster {

SourceCoordinator::SourceCoordinator(Options options)
    : Actor(options.loop),
      options_(std::move(options)),
      ledger_(options_.books),
      held_(options_.hold) {}

void SourceCoordinator::Start() {
  const Status made = runtime::CatchUserExceptions([&]() -> Status {
    enumerator_ = options_.source.NewEnumerator(options_.env);
    const std::string& state = ledger_.enumerator_state();
    return state.empty() ? Status() : enumerator_->Restore(state);
  });
  if (!made.ok()) return Fail(made);
  discovered_ = ledger_.discovery_final();
  if (!discovered_) return Discover();
  Give();
}

void SourceCoordinator::Discover() {
  const auto done = [inbox = inbox(), this](StatusOr<runtime::Discovery> discovery) {
    inbox.Post([this, discovery = std::move(discovery)] { OnDiscovered(discovery); });
  };
  const Status asked = runtime::CatchUserExceptions([&]() -> Status {
    enumerator_->Discover(done);
    return {};
  });
  if (!asked.ok()) done(asked);
}

void SourceCoordinator::OnDiscovered(const StatusOr<runtime::Discovery>& discovery) {
  if (stopped_) return;
  // Looking for more may fail for a while; the first look must not.
  const bool again =
      !discovery.ok() && discovery.status().code() == StatusCode::kUnavailable && discovered_;
  if (!discovery.ok() && !again) return Fail(discovery.status());
  if (discovery.ok()) ledger_.OnDiscovered(*discovery);
  discovered_ = true;
  if (!ledger_.discovery_final()) {
    const StatusOr<Duration> interval = runtime::CatchUserExceptions(
        [&]() -> StatusOr<Duration> { return enumerator_->interval(); });
    if (!interval.ok()) return Fail(interval.status());
    inbox().PostAfter(*interval, [this] {
      if (!stopped_) Discover();
    });
  }
  Give();
  options_.on_look();
}

void SourceCoordinator::Release() {
  held_ = false;
  Give();
}

void SourceCoordinator::OnWanted(base::SubtaskIndex reader) {
  ledger_.OnWanted(reader);
  Give();
}

void SourceCoordinator::Give() {
  if (held_ || !discovered_ || stopped_) return;
  while (const auto assignment = ledger_.Assign()) options_.give(*assignment);
}

void SourceCoordinator::Fail(const Status& status) {
  stopped_ = true;
  options_.on_failed(status.Annotated(options_.uid));
}

}  // namespace weir::cluster
