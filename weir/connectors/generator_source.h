// GeneratorSource: records that a function makes of their numbers 0, 1, 2, …, at a rate if wanted.
// The same seed makes the same records, so any of them can be made again after a failure.
//
// Record i belongs to split i mod `splits`, whose position is the number of its next record. A
// reader makes the records of its splits in the order of their numbers.
// Threads: as Source and SourceReader.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/connectors/rate_limit.h"
#include "weir/env/env.h"
#include "weir/record/typed_ops.h"
#include "weir/runtime/source.h"

namespace weir {
inline namespace v0 {

/// What Generate makes.
struct GeneratorOptions {
  uint64_t count = 0;    // of records; 0: without end
  double rate = 0;       // records a second, over all subtasks; 0: as fast as they are taken
  uint64_t seed = 1;     // of Draw
  uint32_t splits = 32;  // as many subtasks can make records, at most
};

/// The number of a record, and chance that belongs to it alone.
class Draw {
 public:
  /// For Weir's own sources.
  Draw(uint64_t seed, uint64_t number);

  /// Of the record: 0, 1, 2, …
  uint64_t number() const { return number_; }

  /// 64 bits of chance.
  uint64_t Next();
  /// Uniform in [0, bound), as nearly as 64 bits allow.
  /// Shapes: bound >= 1.
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  /// Uniform in [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  uint64_t number_;
  uint64_t state_;
};

}  // namespace v0
}  // namespace weir

namespace weir::connectors {

/// Finds the splits. Answers inside the call: there is nothing to look at.
class GeneratorEnumerator final : public runtime::SplitEnumerator {
 public:
  explicit GeneratorEnumerator(const GeneratorOptions& options) : options_(options) {}
  void Discover(base::UniqueFunction<void(StatusOr<runtime::Discovery>)> done) override;

 private:
  const GeneratorOptions options_;
};

/// What readers of all types share: which record is next.
class GeneratorSplits {
 public:
  explicit GeneratorSplits(const GeneratorOptions& options) : options_(options) {}

  void Start(const runtime::OperatorContext& context);

  /// Errors: DataLoss when a position makes no sense; FailedPrecondition when the program has
  ///   another seed, count or number of splits.
  Status Add(const std::vector<runtime::Split>& splits);
  bool WantsMore() const;
  std::vector<std::string> TakeFinished() { return std::exchange(finished_, {}); }
  std::vector<runtime::Split> Snapshot() const;

  /// How many records may be made now.
  uint32_t Allowed();
  /// The number of the next record; nothing when all splits are at their end.
  std::optional<uint64_t> Next();
  Duration Wait() const { return rate_->Wait(env_->clock.Now()); }
  bool empty() const { return open_.empty(); }

 private:
  struct Open {
    uint32_t split;
    uint64_t next;  // record
  };

  const GeneratorOptions options_;
  env::Env* env_ = nullptr;
  uint32_t parallelism_ = 1;
  std::optional<RateLimit> rate_;  // from Start on
  std::vector<Open> open_;         // a heap: the least record first
  std::vector<std::string> finished_;
};

template <class T, class F>
class GeneratorSource final : public runtime::Source {
 public:
  GeneratorSource(const GeneratorOptions& options, F make)
      : options_(options), make_(std::move(make)) {
    options_.splits = std::max(options_.splits, 1u);
  }

  std::string kind() const override { return "generator"; }
  const record::TypeOps& type() const override { return TypeOpsOf<T>(); }
  bool bounded() const override { return options_.count != 0; }
  bool can_replay() const override { return true; }
  std::unique_ptr<runtime::SplitEnumerator> NewEnumerator(env::Env&) const override {
    return std::make_unique<GeneratorEnumerator>(options_);
  }
  std::unique_ptr<runtime::SourceReader> NewReader() const override {
    return std::make_unique<Reader>(options_, make_);
  }

 private:
  class Reader final : public runtime::SourceReader {
   public:
    Reader(const GeneratorOptions& options, const F& make)
        : splits_(options), seed_(options.seed), make_(make) {}

    Status Start(const runtime::OperatorContext& context) override {
      splits_.Start(context);
      return {};
    }
    Status AddSplits(std::vector<runtime::Split> splits) override { return splits_.Add(splits); }
    void NoMoreSplits() override { no_more_splits_ = true; }
    bool WantsSplit() const override { return splits_.WantsMore(); }
    std::vector<std::string> TakeFinished() override { return splits_.TakeFinished(); }
    std::vector<runtime::Split> Snapshot(base::CheckpointId) override { return splits_.Snapshot(); }
    Duration PollAgainAfter() const override {
      return splits_.empty() ? SourceReader::PollAgainAfter() : splits_.Wait();
    }

    StatusOr<runtime::PollResult> Poll(runtime::Output& output) override {
      record::AnyBatch& batch = output.OpenBatch(base::PortIndex(0));
      for (uint32_t left = splits_.Allowed(); left > 0 && !batch.full(); --left) {
        const std::optional<uint64_t> number = splits_.Next();
        if (!number) break;
        Draw draw(seed_, *number);
        T& row = batch.Rows<T>()[batch.size()];
        row = std::invoke(make_, draw);
        batch.set_size(batch.size() + 1);
        batch.add_heap_bytes(TypeTraits<T>::HeapBytes(row));
      }
      if (batch.full()) return runtime::PollResult::kMore;
      return splits_.empty() && no_more_splits_ ? runtime::PollResult::kEnd
                                                : runtime::PollResult::kIdle;
    }

   private:
    GeneratorSplits splits_;
    const uint64_t seed_;
    const F make_;
    bool no_more_splits_ = false;
  };

  GeneratorOptions options_;
  const F make_;
};

/// Whether F makes records; if not, says why.
template <class F>
constexpr bool CheckGenerator() {
  constexpr bool kCallable = std::is_invocable_v<const F&, Draw&>;
  static_assert(kCallable,
                "give Generate a function that takes a `weir::Draw&` and returns the record; it is "
                "called as const");
  return kCallable;
}

}  // namespace weir::connectors
