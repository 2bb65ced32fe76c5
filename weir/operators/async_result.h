// AsyncResult: where a function of AsyncMap puts its answer, whenever and wherever it has it.
// Threads: any thread; a handle is a value.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/base/function.h"
#include "weir/base/status.h"

namespace weir {
inline namespace v0 {

/// The answer to one call. Copies are the same answer; the first one given counts, and when the
/// last copy goes without one, the call has failed.
template <class Out>
class AsyncResult {
 public:
  using Value = StatusOr<std::vector<Out>>;  // an answer, or why there is none

  /// The record that is put out.
  void Complete(Out out) const {
    std::vector<Out> outs;
    outs.push_back(std::move(out));
    CompleteAll(std::move(outs));
  }

  /// None, one or many.
  void CompleteAll(std::vector<Out> outs) const { shared_->Give(std::move(outs)); }

  /// There is no answer: the call is made again, or the job fails with this text.
  void Fail(std::string_view why) const { shared_->Give(UnavailableError(why)); }

  /// For Weir: `give` is called once, from any thread.
  explicit AsyncResult(base::UniqueFunction<void(Value)> give)
      : shared_(std::make_shared<Shared>(std::move(give))) {}

 private:
  struct Shared {
    explicit Shared(base::UniqueFunction<void(Value)> g) : give(std::move(g)) {}
    ~Shared() {
      Give(UnavailableError("the function let go of its AsyncResult without an answer"));
    }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    void Give(Value value) {
      if (!given.exchange(true)) give(std::move(value));
    }
    std::atomic<bool> given = false;
    base::UniqueFunction<void(Value)> give;
  };
  std::shared_ptr<Shared> shared_;
};

}  // namespace v0
}  // namespace weir
