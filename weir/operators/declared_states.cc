#include "weir/operators/declared_states.h"

#include <memory>

#include "weir/runtime/user_code.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/operator_backend.h"

namespace weir::operators {

StatusOr<std::vector<std::string>> DeclaredStates(const runtime::OperatorFactory& factory,
                                                  const std::string& uid,
                                                  uint32_t max_parallelism) {
  return runtime::CatchUserExceptions([&]() -> StatusOr<std::vector<std::string>> {
    runtime::OperatorContext context;
    context.uid = uid;
    context.max_parallelism = max_parallelism;
    context.key_groups = {base::KeyGroup(0), base::KeyGroup(max_parallelism)};
    const std::unique_ptr<runtime::Operator> op = factory.New();
    WEIR_RETURN_IF_ERROR(op->Open(context));
    std::vector<std::string> lines;
    if (const state::OperatorBackend* backend = op->operator_states()) {
      for (const state::OperatorStateDescriptor& each : backend->states())
        lines.push_back(Concat(uid, ".", each.name, ": ", state::OperatorStateKindName(each.kind),
                               " state of ", each.type));
    }
    if (op->keyed_state() == nullptr) return lines;
    const state::OperatorStates& states = op->keyed_state()->states();
    for (const state::StateDescriptor& each : states.states) {
      lines.push_back(Concat(uid, ".", each.name, ": ", state::StateKindName(each.kind),
                             " state of ", each.value.ToString(), " by ", states.key.ToString()));
    }
    return lines;
  });
}

}  // namespace weir::operators
