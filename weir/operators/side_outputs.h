// SideOutputs: where a process function's rows go that it gives to tags.
// Threads: the subtask's.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "weir/base/status.h"
#include "weir/operators/collector.h"
#include "weir/operators/output_tag.h"
#include "weir/record/typed_ops.h"
#include "weir/runtime/operator.h"

namespace weir::operators {

class SideOutputs {
 public:
  /// Shapes: `first_port` is that of the first of `read`, the outputs that somebody reads.
  void Open(std::vector<runtime::SideOutput> read, base::PortIndex first_port) {
    read_ = std::move(read);
    first_port_ = first_port;
  }

  /// From now on rows go to `output`, made from the rows of `input` (null: from none).
  /// Shapes: both outlive the call of the operator that they belong to.
  void Begin(runtime::Output& output, const record::AnyBatch* input) {
    output_ = &output;
    input_ = input;
    must_drain_ = false;
  }

  /// Puts out a row that is made from row `row` of the input, or, without an input, has
  /// `timestamp`.
  template <class U>
  void Put(const OutputTag<U>& tag, uint32_t row, Timestamp timestamp, U value) {
    for (uint32_t i = 0; i < read_.size(); ++i) {
      if (read_[i].name != tag.name()) continue;
      if (read_[i].type != &TypeOpsOf<U>()) return FailType(read_[i], TypeOpsOf<U>());
      const base::PortIndex port(first_port_.number() + i);
      if (output_->OpenBatch(port).full()) output_->NextBatch(port);
      {
        Collector<U> out(*output_, port, input_);
        out.At(row);
        if (input_ == nullptr && timestamp != record::kNoTimestamp) out.Stamp(timestamp);
        out.Collect(std::move(value));
      }
      must_drain_ = output_->MustDrain();
      return;
    }
  }

  /// True when the output is to be drained before the function is called again.
  bool must_drain() const { return must_drain_; }
  /// The first mistake.
  const Status& status() const { return status_; }

 private:
  void FailType(const runtime::SideOutput& read, const record::TypeOps& given) {
    if (!status_.ok()) return;
    status_ = FailedPreconditionError("the side output \"", read.name, "\" is read as ",
                                      read.type->schema().ToString(), " and given ",
                                      given.schema().ToString(), ": use one tag for both");
  }

  std::vector<runtime::SideOutput> read_;
  base::PortIndex first_port_;
  runtime::Output* output_ = nullptr;
  const record::AnyBatch* input_ = nullptr;
  bool must_drain_ = false;
  Status status_;
};

}  // namespace weir::operators
