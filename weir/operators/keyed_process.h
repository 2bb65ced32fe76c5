// KeyedProcess: runs a user's process function over the records of a keyed edge. The user's method
// is called by its own name, so that it is inlined. PlainProcess does so without keys.
// Threads: the subtask's.
#pragma once

#include "weir/operators/function_operator.h"
#include "weir/operators/keyed_rows.h"

namespace weir::operators {

template <class F, class K, class T, class Selector, class Arguments>
class KeyedProcess final : public FunctionOperator<F, K, OutOf<F>> {
 public:
  struct Description {
    Selector selector;
    Arguments arguments;
  };
  static constexpr const char* kKind = "keyed-process";
  static constexpr bool kHasSideOutputs = true;

  explicit KeyedProcess(const Description& description)
      : FunctionOperator<F, K, OutOf<F>>(description.arguments), rows_(description.selector) {}

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    return this->ProcessInput(input, output, [&](KeyedContext<K>& context, auto& out) {
      F& function = this->function();
      return rows_.ForEach(input, this->backend(), context, out,
                           [&](const T& row) { function.F::ProcessElement(row, context, out); });
    });
  }

 private:
  KeyedRows<K, T, Selector> rows_;
};

template <class F, class T, class Arguments>
class PlainProcess final : public FunctionOperator<F, NoKey, OutOf<F>> {
 public:
  struct Description {
    Arguments arguments;
  };
  static constexpr const char* kKind = "process";
  static constexpr bool kHasSideOutputs = true;

  explicit PlainProcess(const Description& description)
      : FunctionOperator<F, NoKey, OutOf<F>>(description.arguments) {}

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    return this->ProcessInput(input, output, [&](ProcessContext& context, auto& out) {
      F& function = this->function();
      return rows_.ForEach(input, context, out,
                           [&](const T& row) { function.F::ProcessElement(row, context, out); });
    });
  }

 private:
  PlainRows<T> rows_;
};

}  // namespace weir::operators
