// Map: one record out for each record in.
//
// Flat records that stay of their type are transformed where they lie and the batch goes on whole;
// other flat ones fill the open batch in runs without a check per record.
// Threads: the subtask's.
#pragma once

#include <algorithm>

#include "weir/operators/collector.h"
#include "weir/operators/in_place.h"
#include "weir/operators/user_function.h"
#include "weir/runtime/operator.h"

namespace weir::operators {

template <class In, class OutType, class F>
class Map final : public runtime::Operator {
 public:
  using Out = OutType;
  using Description = F;
  static constexpr const char* kKind = "map";

  explicit Map(const F& function) : function_(function) {}

  Status Open(const runtime::OperatorContext&) override { return {}; }
  Status Start() override { return {}; }

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    if constexpr (std::is_same_v<In, Out> && TypeTraits<In>::kFlat) {
      InPlace(input);
      ForwardWhole(input, output);
      return runtime::Outcome::kNeedInput;
    } else {
      Collector<Out> out(output, base::PortIndex(0), &input.batch);
      if constexpr (TypeTraits<Out>::kFlat) {
        InRuns(input, out);
      } else {
        OneByOne(input, out);
      }
      return OutcomeOf(input);
    }
  }

 private:
  void InPlace(runtime::Input& input) const {
    LoopCopy<F> function = function_;
    In* rows = input.batch.Rows<In>();
    const uint32_t size = input.batch.size();
    uint32_t i = 0;
    const HandOf<F, In> hand(input, i);
    for (; i < size; ++i) rows[i] = Call(function, rows[i]);
  }

  void InRuns(runtime::Input& input, Collector<Out>& out) const {
    LoopCopy<F> function = function_;
    In* rows = input.batch.Rows<In>();
    uint32_t row = input.cursor;
    const HandOf<F, In> hand(input, row);
    while (input.cursor < input.batch.size() && !out.MustDrain()) {
      const std::span<Out> room = out.Room();
      const uint32_t begin = input.cursor;
      const uint32_t count =
          std::min(static_cast<uint32_t>(room.size()), input.batch.size() - begin);
      for (uint32_t i = 0; i < count; ++i) {
        row = begin + i;
        room[i] = Call(function, rows[row]);
      }
      out.Filled(count, begin);
      input.cursor += count;
    }
  }

  void OneByOne(runtime::Input& input, Collector<Out>& out) const {
    In* rows = input.batch.Rows<In>();
    uint32_t i = input.cursor;
    const HandOf<F, In> hand(input, i);
    const uint32_t size = input.batch.size();
    while (i < size && !out.MustDrain()) {
      out.At(i);
      out.Collect(Call(function_, rows[i]));
      ++i;
    }
    input.cursor = i;
  }

  const F function_;
};

}  // namespace weir::operators
