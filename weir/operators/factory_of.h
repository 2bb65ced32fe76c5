// FactoryOf: the description of an operator that is a template over a user's function.
//
// `Op` is an Operator with a type `Op::Description` (the user's function, constructor arguments,
// ...) from whose const copies its subtasks are constructed, a type `Op::Out`, and a name
// `Op::kKind`; `Op::kHasSideOutputs` when it has.
// Threads: immutable.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/record/typed_ops.h"
#include "weir/runtime/operator.h"

namespace weir::operators {

template <class Op>
class FactoryOf final : public runtime::OperatorFactory {
 public:
  explicit FactoryOf(typename Op::Description description) : description_(std::move(description)) {}

  std::unique_ptr<runtime::Operator> New() const override {
    return std::make_unique<Op>(description_);
  }
  std::vector<const record::TypeOps*> output_types() const override {
    return {&TypeOpsOf<typename Op::Out>()};
  }
  std::string kind() const override { return Op::kKind; }
  bool has_side_outputs() const override {
    return requires { Op::kHasSideOutputs; };
  }

 private:
  const typename Op::Description description_;
};

}  // namespace weir::operators
