// Collected: a sink for tests: the records that were committed, each exactly once, as whatever
// reads a job's output would see them.
//
//   Collected<int64_t> out;
//   stream.SinkTo(out.sink());
//   ... run the job ...
//   EXPECT_THAT(out.records(), UnorderedElementsAre(1, 2, 3));
//
// Threads: `sink()` and `records()` from any thread.
#pragma once

#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "weir/base/bytes.h"
#include "weir/env/mutex.h"
#include "weir/record/typed_ops.h"
#include "weir/runtime/sink.h"

namespace weir::testing {

/// What was committed so far, encoded: it outlives the processes that wrote it.
class CollectedBatches {
 public:
  /// A payload that was committed before is the same commit again.
  void Commit(const std::string& payload) WEIR_EXCLUDES(mutex_);
  /// In the order of their commits.
  std::vector<std::string> payloads() const WEIR_EXCLUDES(mutex_);

 private:
  mutable env::Mutex mutex_;
  std::set<std::string> committed_ WEIR_GUARDED_BY(mutex_);
  std::vector<std::string> payloads_ WEIR_GUARDED_BY(mutex_);
};

/// `encode` writes rows of a batch down.
class CollectingWriter final : public runtime::SinkWriter {
 public:
  using Encode = void (*)(const record::AnyBatch& batch, uint32_t row, base::ByteWriter& out);
  CollectingWriter(std::shared_ptr<CollectedBatches> batches, Encode encode)
      : batches_(std::move(batches)), encode_(encode) {}

  Status Start(const runtime::OperatorContext& context,
               std::span<const runtime::Committable> pending) override;
  Status Write(const record::AnyBatch& batch, uint32_t begin) override;
  StatusOr<Closed> PreCommit(base::CheckpointId checkpoint) override;
  base::UniqueFunction<Status()> Commit(const runtime::CommitPermit& permit,
                                        const runtime::Committable& committable) override;

 private:
  const std::shared_ptr<CollectedBatches> batches_;
  const Encode encode_;
  std::string name_;  // of this writer: no two payloads are equal
  uint64_t number_ = 0;
  base::ByteWriter open_;
};

template <class T>
class Collected {
 public:
  /// For SinkTo.
  std::shared_ptr<const runtime::Sink> sink() const { return std::make_shared<Sink>(batches_); }

  /// Those of one subtask in their order.
  std::vector<T> records() const {
    std::vector<T> records;
    for (const std::string& payload : batches_->payloads()) {
      base::ByteReader in(payload);
      in.String();
      while (in.ok() && !in.AtEnd()) TypeTraits<T>::Decode(in, records.emplace_back());
      WEIR_CHECK(in.ok());
    }
    return records;
  }

 private:
  class Sink final : public runtime::Sink {
   public:
    explicit Sink(std::shared_ptr<CollectedBatches> batches) : batches_(std::move(batches)) {}
    std::string kind() const override { return "collected"; }
    std::unique_ptr<runtime::SinkWriter> NewWriter() const override {
      return std::make_unique<CollectingWriter>(
          batches_, [](const record::AnyBatch& batch, uint32_t row, base::ByteWriter& out) {
            TypeTraits<T>::Encode(batch.Rows<T>()[row], out);
          });
    }

   private:
    const std::shared_ptr<CollectedBatches> batches_;
  };

  // Owners: this, and the sinks of every process that writes to it.
  const std::shared_ptr<CollectedBatches> batches_ = std::make_shared<CollectedBatches>();
};

}  // namespace weir::testing
