#include "weir/operators/function_operator.h"

#include "weir/state/faults.h"

namespace weir::operators {

state::KeyedBackend::Options BackendOptions(const runtime::OperatorContext& context,
                                            state::KeyOps key) {
  return {
      .uid = context.uid,
      .groups = context.key_groups,
      .max_parallelism = context.max_parallelism,
      .hash_seed = context.hash_seed,
      .key = std::move(key),
      .faults = context.env == nullptr ? state::Faults{} : state::Faults::Of(context.env->chaos),
      .pool = context.env == nullptr ? nullptr : &context.env->pool};
}

}  // namespace weir::operators
