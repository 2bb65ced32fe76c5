// What the benchmarks share: a source that makes records, one split for each subtask, and a clock
// that runs from the first record to the end of the input.
#pragma once

#include <weir/weir.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/env/env.h"

namespace weir::bench {

/// When the first record was made and when the last one had been taken, over all subtasks.
/// Threads: any thread.
class Stopwatch {
 public:
  void Begin(base::Instant now) {
    int64_t none = 0;
    begin_.compare_exchange_strong(none, now.time_since_epoch().count());
  }
  void End(base::Instant now) {
    int64_t end = end_.load();
    while (end < now.time_since_epoch().count() &&
           !end_.compare_exchange_weak(end, now.time_since_epoch().count())) {
    }
  }
  double seconds() const { return static_cast<double>(end_.load() - begin_.load()) * 1e-9; }

 private:
  std::atomic<int64_t> begin_{0}, end_{0};
};

/// Makes `count` records in each of `splits` splits. Fill is `uint32_t(T* rows, uint32_t n,
/// uint64_t split, uint64_t from)`, called with the state of the split.
template <class T, class Fill>
class Generator final : public runtime::Source {
 public:
  struct Options {
    uint64_t splits;
    uint64_t count;
    Fill fill;
    std::shared_ptr<Stopwatch> stopwatch;
  };
  explicit Generator(Options options) : options_(std::move(options)) {}

  std::string kind() const override { return "generator"; }
  const record::TypeOps& type() const override { return TypeOpsOf<T>(); }
  bool bounded() const override { return true; }
  bool can_replay() const override { return false; }  // a benchmark is not restarted
  std::unique_ptr<runtime::SplitEnumerator> NewEnumerator(env::Env&) const override {
    return std::make_unique<Enumerator>(options_.splits);
  }
  std::unique_ptr<runtime::SourceReader> NewReader() const override {
    return std::make_unique<Reader>(options_);
  }

 private:
  class Enumerator final : public runtime::SplitEnumerator {
   public:
    explicit Enumerator(uint64_t splits) : splits_(splits) {}
    void Discover(base::UniqueFunction<void(StatusOr<runtime::Discovery>)> done) override {
      runtime::Discovery discovery;
      for (uint64_t i = 0; i < splits_; ++i) discovery.splits.push_back({std::to_string(i), "0"});
      done(std::move(discovery));
    }

   private:
    const uint64_t splits_;
  };

  class Reader final : public runtime::SourceReader {
   public:
    explicit Reader(const Options& options) : options_(options), fill_(options.fill) {}
    Status Start(const runtime::OperatorContext& context) override {
      env_ = context.env;
      return {};
    }
    Status AddSplits(std::vector<runtime::Split> splits) override {
      split_ = std::stoull(splits.at(0).id);
      next_ = 0;
      fill_ = options_.fill;
      reading_ = true;
      options_.stopwatch->Begin(env_->clock.Now());
      return {};
    }
    void NoMoreSplits() override { no_more_ = true; }
    StatusOr<runtime::PollResult> Poll(runtime::Output& output) override {
      if (!reading_) return no_more_ ? runtime::PollResult::kEnd : runtime::PollResult::kIdle;
      record::AnyBatch& batch = output.OpenBatch(base::PortIndex(0));
      const auto n =
          static_cast<uint32_t>(std::min<uint64_t>(batch.capacity(), options_.count - next_));
      fill_(batch.template Rows<T>(), n, split_, next_);
      batch.set_size(n);
      next_ += n;
      if (next_ == options_.count) {
        reading_ = false;
        finished_.push_back(std::to_string(split_));
      }
      return runtime::PollResult::kMore;
    }
    bool WantsSplit() const override { return !reading_ && !no_more_; }
    std::vector<runtime::Split> Snapshot(base::CheckpointId) override {
      if (!reading_) return {};
      return {{std::to_string(split_), std::to_string(next_)}};
    }
    std::vector<std::string> TakeFinished() override { return std::exchange(finished_, {}); }

   private:
    const Options options_;
    Fill fill_;
    env::Env* env_ = nullptr;
    uint64_t split_ = 0, next_ = 0;
    bool reading_ = false, no_more_ = false;
    std::vector<std::string> finished_;
  };

  const Options options_;
};

/// A sink that folds rows into a number with `Fold(const T* rows, uint32_t n) -> uint64_t` and
/// keeps nothing.
template <class T, class Fold>
class FoldSink final : public runtime::Operator {
 public:
  FoldSink(Fold fold, std::shared_ptr<Stopwatch> stopwatch,
           std::shared_ptr<std::atomic<uint64_t>> total)
      : fold_(fold), stopwatch_(std::move(stopwatch)), total_(std::move(total)) {}
  Status Open(const runtime::OperatorContext& context) override {
    env_ = context.env;
    return {};
  }
  Status Start() override { return {}; }
  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output&) override {
    sum_ += fold_(input.batch.Rows<T>() + input.cursor, input.batch.size() - input.cursor);
    input.cursor = input.batch.size();
    return runtime::Outcome::kNeedInput;
  }
  StatusOr<runtime::Outcome> OnEnd(runtime::Output&) override {
    stopwatch_->End(env_->clock.Now());
    *total_ += sum_;
    return runtime::Outcome::kNeedInput;
  }

 private:
  const Fold fold_;
  const std::shared_ptr<Stopwatch> stopwatch_;          // owners: main and the sinks
  const std::shared_ptr<std::atomic<uint64_t>> total_;  // likewise
  env::Env* env_ = nullptr;
  uint64_t sum_ = 0;
};

template <class T, class Fold>
class FoldSinkFactory final : public runtime::OperatorFactory {
 public:
  FoldSinkFactory(Fold fold, std::shared_ptr<Stopwatch> stopwatch,
                  std::shared_ptr<std::atomic<uint64_t>> total)
      : fold_(fold), stopwatch_(std::move(stopwatch)), total_(std::move(total)) {}
  std::unique_ptr<runtime::Operator> New() const override {
    return std::make_unique<FoldSink<T, Fold>>(fold_, stopwatch_, total_);
  }
  std::vector<const record::TypeOps*> output_types() const override { return {}; }
  std::string kind() const override { return "fold-sink"; }

 private:
  const Fold fold_;
  const std::shared_ptr<Stopwatch> stopwatch_;
  const std::shared_ptr<std::atomic<uint64_t>> total_;
};

/// Ends `stream` in a FoldSink.
template <class T, class Fold>
void FoldInto(const Stream<T>& stream, Fold fold, std::shared_ptr<Stopwatch> stopwatch,
              std::shared_ptr<std::atomic<uint64_t>> total) {
  api::Node node;
  node.kind = api::NodeKind::kSink;
  node.place = std::source_location::current();
  node.factory =
      std::make_shared<FoldSinkFactory<T, Fold>>(fold, std::move(stopwatch), std::move(total));
  node.inputs = stream.edges();
  stream.program().Add(std::move(node));
}

}  // namespace weir::bench
