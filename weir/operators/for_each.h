// ForEach: hands each record to a function of the user's: a sink for whatever has no connector.
//
// At least once: what came behind the newest checkpoint is handed over again after a failure. A
// record counts as gone when the function has returned.
// Threads: the subtask's; the function too, so it must not wait for long.
#pragma once

#include <type_traits>
#include <vector>

#include "weir/operators/in_place.h"
#include "weir/operators/user_function.h"
#include "weir/runtime/operator.h"

namespace weir::operators {

/// Whether F can be handed records of type T; if not, says why.
template <class F, class T>
constexpr bool CheckForEach() {
  if constexpr (CheckTakes<F, T>()) {
    using Result = decltype(Call(std::declval<const F&>(), std::declval<T&>()));
    constexpr bool kOk = std::is_void_v<Result> || std::is_same_v<Result, Status>;
    static_assert(kOk,
                  "return nothing, or a weir::Status that fails the attempt: what a function of "
                  "ForEach makes is read by nobody; to make records use Map");
    return kOk;
  }
  return false;
}

template <class T, class F>
class ForEach final : public runtime::Operator {
 public:
  explicit ForEach(const F& function) : function_(function) {}

  Status Open(const runtime::OperatorContext&) override { return {}; }
  Status Start() override { return {}; }

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output&) override {
    T* const rows = input.batch.Rows<T>();
    const HandOf<F, T> hand(input, input.cursor);
    for (; input.cursor < input.batch.size(); ++input.cursor) {
      if constexpr (std::is_void_v<decltype(Call(function_, rows[0]))>) {
        Call(function_, rows[input.cursor]);
      } else {
        WEIR_RETURN_IF_ERROR(Call(function_, rows[input.cursor]));
      }
    }
    return runtime::Outcome::kNeedInput;
  }

 private:
  const F function_;
};

template <class T, class F>
class ForEachFactory final : public runtime::OperatorFactory {
 public:
  explicit ForEachFactory(F function) : function_(std::move(function)) {}
  std::unique_ptr<runtime::Operator> New() const override {
    return std::make_unique<ForEach<T, F>>(function_);
  }
  std::vector<const record::TypeOps*> output_types() const override { return {}; }
  std::string kind() const override { return "for-each"; }

 private:
  const F function_;
};

}  // namespace weir::operators
