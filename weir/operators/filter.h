// Filter: the records for which a predicate holds, as they are.
//
// The rows that stay move together where they lie, and the batch goes on whole.
// Threads: the subtask's.
#pragma once

#include <array>
#include <utility>

#include "weir/base/limits.h"
#include "weir/operators/in_place.h"
#include "weir/operators/user_function.h"
#include "weir/runtime/operator.h"

namespace weir::operators {

/// Whether F is a predicate over T; if not, says why.
template <class F, class T>
constexpr bool CheckPredicate() {
  if constexpr (CheckTakes<F, T>()) {
    constexpr bool kOk = std::is_invocable_r_v<bool, const F&, const T&>;
    static_assert(kOk,
                  "return a bool and take the record as `const T&` or `T`: Filter keeps records as "
                  "they are; to change them use Map or FlatMap");
    return kOk;
  }
  return false;
}

template <class T, class F>
class Filter final : public runtime::Operator {
 public:
  using Out = T;
  using Description = F;
  static constexpr const char* kKind = "filter";

  explicit Filter(const F& predicate) : predicate_(predicate) {}

  Status Open(const runtime::OperatorContext&) override { return {}; }
  Status Start() override { return {}; }

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    record::AnyBatch& batch = input.batch;
    const bool has_columns =
        batch.timestamps() != nullptr || batch.hashes() != nullptr || batch.kinds() != nullptr;
    const uint32_t kept = has_columns ? CompactWithColumns(input) : Compact(input, nullptr);
    if constexpr (!TypeTraits<T>::kFlat) {
      if (kept != batch.size()) batch.set_heap_bytes(batch.type().HeapBytes(batch, 0, kept));
    }
    batch.set_size(kept);
    ForwardWhole(input, output);
    return runtime::Outcome::kNeedInput;
  }

 private:
  // Moves the rows that stay to the front and notes in `places`, when there is one, where they
  // were. Without a branch on the predicate's answer for flat rows: it may be as random as the
  // data.
  uint32_t Compact(runtime::Input& input, uint16_t* places) const {
    LoopCopy<F> predicate = predicate_;
    T* rows = input.batch.Rows<T>();
    const uint32_t size = input.batch.size();
    uint32_t kept = 0;
    uint32_t i = 0;
    const RowInHand hand(input, i);
    for (; i < size; ++i) {
      const bool keep = static_cast<bool>(std::invoke(predicate, std::as_const(rows[i])));
      if (places != nullptr) places[kept] = static_cast<uint16_t>(i);
      if constexpr (TypeTraits<T>::kFlat) {
        rows[kept] = rows[i];
      } else if (keep && kept != i) {
        std::swap(rows[kept], rows[i]);  // both keep their capacity
      }
      kept += keep ? 1 : 0;
    }
    return kept;
  }

  [[gnu::noinline]] uint32_t CompactWithColumns(runtime::Input& input) const {
    std::array<uint16_t, limits::kBatchRecordsMax> places;
    const uint32_t kept = Compact(input, places.data());
    KeepColumns(input.batch, std::span(places).first(kept));
    return kept;
  }

  const F predicate_;
};

}  // namespace weir::operators
