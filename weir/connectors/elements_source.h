// ElementsSource: the elements of a list in the program. One split; its position is the index of
// the next element, so that it can be read again from anywhere.
// Threads: as Source and SourceReader.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/base/bytes.h"
#include "weir/record/typed_ops.h"
#include "weir/runtime/source.h"

namespace weir::connectors {

/// The index of the next element, in how many there are. The position's bytes are a version (1) and
/// the two as varints.
struct ElementsPosition {
  uint64_t next = 0;
  uint64_t count = 0;
};
runtime::Split EncodeElementsSplit(ElementsPosition position);

/// Errors: DataLoss when it makes no sense; FailedPrecondition when the list of the program has
///   another length than `count`.
StatusOr<ElementsPosition> DecodeElementsSplit(const runtime::Split& split, uint64_t count);

/// Finds the one split. Answers inside the call: there is nothing to look at.
class ElementsEnumerator final : public runtime::SplitEnumerator {
 public:
  explicit ElementsEnumerator(uint64_t count) : count_(count) {}
  void Discover(base::UniqueFunction<void(StatusOr<runtime::Discovery>)> done) override {
    done(runtime::Discovery{.splits = {EncodeElementsSplit({.next = 0, .count = count_})}});
  }

 private:
  const uint64_t count_;
};

template <class T>
class ElementsSource final : public runtime::Source {
 public:
  explicit ElementsSource(std::vector<T> elements)
      : elements_(std::make_shared<const std::vector<T>>(std::move(elements))) {}

  std::string kind() const override { return "elements"; }
  const record::TypeOps& type() const override { return TypeOpsOf<T>(); }
  bool bounded() const override { return true; }
  bool can_replay() const override { return true; }
  std::unique_ptr<runtime::SplitEnumerator> NewEnumerator(env::Env&) const override {
    return std::make_unique<ElementsEnumerator>(elements_->size());
  }
  std::unique_ptr<runtime::SourceReader> NewReader() const override {
    return std::make_unique<Reader>(elements_);
  }

 private:
  class Reader final : public runtime::SourceReader {
   public:
    explicit Reader(std::shared_ptr<const std::vector<T>> elements)
        : elements_(std::move(elements)) {}

    Status Start(const runtime::OperatorContext&) override { return {}; }
    Status AddSplits(std::vector<runtime::Split> splits) override {
      for (const runtime::Split& split : splits) {
        WEIR_ASSIGN_OR_RETURN(at_, DecodeElementsSplit(split, elements_->size()));
      }
      return {};
    }
    void NoMoreSplits() override { no_more_splits_ = true; }
    bool WantsSplit() const override { return !at_; }
    std::vector<std::string> TakeFinished() override { return std::exchange(finished_, {}); }
    std::vector<runtime::Split> Snapshot(base::CheckpointId) override {
      if (!at_) return {};
      return {EncodeElementsSplit(*at_)};
    }

    StatusOr<runtime::PollResult> Poll(runtime::Output& output) override {
      if (at_) {
        record::AnyBatch& batch = output.OpenBatch(base::PortIndex(0));
        for (; at_->next < elements_->size() && !batch.full(); ++at_->next) {
          T& row = batch.Rows<T>()[batch.size()];
          row = (*elements_)[at_->next];
          batch.set_size(batch.size() + 1);
          batch.add_heap_bytes(TypeTraits<T>::HeapBytes(row));
        }
        if (at_->next < elements_->size()) return runtime::PollResult::kMore;
        finished_.push_back(EncodeElementsSplit(*at_).id);
        at_.reset();
      }
      return no_more_splits_ ? runtime::PollResult::kEnd : runtime::PollResult::kIdle;
    }

   private:
    const std::shared_ptr<const std::vector<T>> elements_;
    std::optional<ElementsPosition> at_;  // of the split, while this reader has it
    std::vector<std::string> finished_;
    bool no_more_splits_ = false;
  };

  // Owners: the source and its readers, which may outlive it.
  const std::shared_ptr<const std::vector<T>> elements_;
};

}  // namespace weir::connectors
