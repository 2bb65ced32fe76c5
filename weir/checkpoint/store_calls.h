// StoreCalls: calls of a BlobStore whose answers come on an event loop, and which are tried again
// when they fail for the moment (limits::kStoreTriesMax, with a growing, scattered delay).
// Threads: everything on the loop. Once destroyed, nothing is called any more.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/env/blob_store.h"
#include "weir/env/executor.h"
#include "weir/env/random.h"

namespace weir::checkpoint {

class StoreCalls {
 public:
  /// Shapes: loop, random and store outlive every call under way.
  StoreCalls(env::EventLoop& loop, env::Random& random, env::BlobStore& store);
  ~StoreCalls();

  /// The whole blob, of at most `bytes_max`.
  /// Errors: NotFound; ResourceExhausted when it is larger; whatever the store gave last.
  void Get(std::string name, uint64_t bytes_max, env::ResultCallback<std::string> done);
  void List(std::string prefix, env::ResultCallback<std::vector<env::BlobInfo>> done);
  void Delete(std::string name, env::StatusCallback done);

  /// Sent once: what an uncertain answer means is for the protocol to decide.
  void CreateOnce(std::string name, std::string bytes, env::StatusCallback done);

  /// Makes sure that a blob of this name is there; whose bytes it has does not matter.
  void Ensure(std::string name, std::string bytes, env::StatusCallback done);

  /// Puts a small blob, replacing what is there.
  void Put(std::string name, std::string bytes, env::StatusCallback done);

  /// Runs `closure` after the delay of try number `tries` (from 1), unless destroyed by then.
  void AfterPause(uint32_t tries, base::Closure closure);

  /// Runs `closure` later, unless destroyed by then.
  void Post(base::Closure closure);

  /// Takes an answer from any thread to the loop.
  env::StatusCallback OnLoop(env::StatusCallback done);

 private:
  struct Core;
  std::shared_ptr<Core> core_;  // shared with the calls under way
};

}  // namespace weir::checkpoint
