// SourceCoordinator: what a coordinator does for one source in one attempt. It looks for splits,
// keeps the books, and gives each split to a reader that waits for one.
//
//   Start ─▶ the first look ─▶ Give … ─▶ another look every SplitEnumerator::interval()
//
// Threads: an actor on the coordinator's loop; its owner's calls come from there too.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "weir/cluster/actor.h"
#include "weir/cluster/split_ledger.h"
#include "weir/env/env.h"
#include "weir/runtime/source.h"

namespace weir::cluster {

class SourceCoordinator final : private Actor {
 public:
  struct Options {
    env::EventLoop& loop;
    env::Env& env;
    const runtime::Source& source;
    std::string uid;
    checkpoint::SourceSnapshot books;  // of the checkpoint that the attempt starts from
    // A split is found, but none is given before Release: an empty job has no checkpoint yet.
    bool hold = false;
    std::function<void(const SplitLedger::Assignment&)> give;
    std::function<void()> on_look;  // a look was successful
    std::function<void(const Status&)> on_failed;
  };

  /// Shapes: everything borrowed outlives it. It is not destroyed inside its callbacks.
  explicit SourceCoordinator(Options options);

  /// Makes the enumerator, and looks for splits unless all are known. It may call back.
  void Start();

  /// Nothing more is called.
  void Stop() { stopped_ = true; }

  /// Splits may be given from now on.
  void Release();

  /// The reader asks for a split.
  void OnWanted(base::SubtaskIndex reader);

  /// True once the books may be part of a checkpoint.
  bool discovered() const { return discovered_; }

  /// As SplitLedger::Capture.
  checkpoint::SourceAtTrigger Capture() const { return ledger_.Capture(options_.uid); }

 private:
  void Discover();
  void OnDiscovered(const StatusOr<runtime::Discovery>& discovery);
  void Give();
  void Fail(const Status& status);

  const Options options_;
  std::unique_ptr<runtime::SplitEnumerator> enumerator_;
  SplitLedger ledger_;
  bool discovered_ = false;
  bool held_;
  bool stopped_ = false;
};

}  // namespace weir::cluster
