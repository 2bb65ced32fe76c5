// NumberRouter: gives each row the number by which PartitionCustom sends it on. It ends the chain
// in front of a custom edge.
// Threads: the subtask's.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/operators/in_place.h"
#include "weir/operators/user_function.h"
#include "weir/runtime/operator.h"

namespace weir::operators {

/// Whether F numbers Ts; if not, says why.
template <class F, class T>
constexpr bool CheckNumbering() {
  constexpr bool kCallable = std::is_invocable_v<const F&, const T&>;
  static_assert(kCallable,
                "give PartitionCustom a pointer to a field or a function that takes `const T&` and "
                "changes nothing");
  if constexpr (kCallable) {
    using Number = std::remove_cvref_t<std::invoke_result_t<const F&, const T&>>;
    constexpr bool kInteger = std::integral<Number> && !std::is_same_v<Number, bool>;
    static_assert(kInteger,
                  "return an integer: the record goes to the subtask of that number, modulo how "
                  "many there are");
    return kInteger;
  }
  return false;
}

/// The failure of a row whose number is negative.
/// Shapes: `place` is where the program says PartitionCustom.
Status NegativeNumberError(const std::string& place);

template <class T, class F>
class NumberRouter final : public runtime::Operator {
 public:
  using Out = T;
  struct Description {
    F number_of;
    std::string place;
  };
  static constexpr const char* kKind = "partition-custom";

  explicit NumberRouter(const Description& description) : description_(description) {}

  Status Start() override { return {}; }
  Status Open(const runtime::OperatorContext&) override { return {}; }

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    record::AnyBatch& batch = input.batch;
    const T* rows = std::as_const(batch).template Rows<T>();
    uint64_t* numbers = batch.AddHashes();
    uint32_t i = 0;
    const RowInHand hand(input, i);
    for (; i < batch.size(); ++i) {
      const auto number = std::invoke(description_.number_of, rows[i]);
      if (std::cmp_less(number, 0)) return NegativeNumberError(description_.place);
      numbers[i] = static_cast<uint64_t>(number);
    }
    ForwardWhole(input, output);
    return runtime::Outcome::kNeedInput;
  }

 private:
  const Description description_;
};

}  // namespace weir::operators
