// StateOwner: the base of user classes that have state handles as members, and StateHandle, the
// base of the handles. Together they make `weir::ValueState<int64_t> count_{this, "count"};` work.
//
// A user's object is described once and copied for each subtask, handles and all. So a handle's
// place is remembered relative to its owner: it is found again in every copy.
// Threads: one caller at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/base/status.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/operator_backend.h"
#include "weir/state/state_descriptor.h"

namespace weir {
inline namespace v0 {

class StateOwner;

/// What all kinds of handles have in common: where their state is.
class StateHandle {
 public:
  /// True when it acts on a state: its owner runs in a job, or it was declared there.
  bool bound() const { return cell_.backend != nullptr; }

 protected:
  StateHandle() = default;
  explicit StateHandle(const state::StateCell& cell) : cell_(cell) {}
  const state::StateCell& cell() const { return cell_; }

 private:
  friend class StateOwner;
  state::StateCell cell_;
};

/// The same for state that belongs to no key (state/operator_backend.h).
class OperatorStateHandle {
 public:
  /// True when it acts on a state: its owner runs in a job.
  bool bound() const { return cell_ != nullptr; }

 protected:
  OperatorStateHandle() = default;
  state::OperatorCell& cell() const { return *cell_; }
  state::OperatorBackend& backend() const { return *backend_; }

 private:
  friend class StateOwner;
  state::OperatorCell* cell_ = nullptr;
  state::OperatorBackend* backend_ = nullptr;
};

/// Has states as members. A handle that names its owner must be a direct member of the owner's
/// class or of a class derived from it, not an element of a container.
class StateOwner {
 public:
  struct Declaration {
    state::StateDescriptor descriptor;
    state::ValueOps value;
    ptrdiff_t handle;  // its distance to the owner in bytes
  };

  /// For handles: adds the state of `handle`, a part of this object.
  void DeclareState(StateHandle& handle, state::StateDescriptor descriptor,
                    const state::ValueOps& value) {
    const ptrdiff_t distance = reinterpret_cast<char*>(&handle) - reinterpret_cast<char*>(this);
    declarations_.push_back({std::move(descriptor), value, distance});
  }

  /// For handles of state that belongs to no key.
  void DeclareOperatorState(OperatorStateHandle& handle, state::OperatorStateDescriptor descriptor,
                            std::unique_ptr<state::OperatorCell> (*make)()) {
    const ptrdiff_t distance = reinterpret_cast<char*>(&handle) - reinterpret_cast<char*>(this);
    operator_declarations_.push_back({std::move(descriptor), make, distance});
  }

  /// For the engine: keyed ones.
  bool has_states() const { return !declarations_.empty(); }

  /// For the engine: declares all states in `backend` and makes the handles of this copy act on it.
  /// Errors: as KeyedBackend::Declare.
  Status BindStates(state::KeyedBackend& backend) {
    for (const Declaration& declaration : declarations_) {
      WEIR_ASSIGN_OR_RETURN(const state::StateCell cell,
                            backend.Declare(declaration.descriptor, declaration.value));
      char* at = reinterpret_cast<char*>(this) + declaration.handle;
      reinterpret_cast<StateHandle*>(at)->cell_ = cell;
    }
    return OkStatus();
  }

  /// For the engine: the same for state that belongs to no key.
  /// Errors: as OperatorBackend::Declare.
  Status BindOperatorStates(state::OperatorBackend& backend) {
    for (const OperatorDeclaration& declaration : operator_declarations_) {
      WEIR_ASSIGN_OR_RETURN(state::OperatorCell* const cell,
                            backend.Declare(declaration.descriptor, declaration.make));
      char* at = reinterpret_cast<char*>(this) + declaration.handle;
      reinterpret_cast<OperatorStateHandle*>(at)->cell_ = cell;
      reinterpret_cast<OperatorStateHandle*>(at)->backend_ = &backend;
    }
    return OkStatus();
  }

 protected:
  StateOwner() = default;
  ~StateOwner() = default;
  StateOwner(const StateOwner&) = default;
  StateOwner(StateOwner&&) = default;
  StateOwner& operator=(const StateOwner&) = default;
  StateOwner& operator=(StateOwner&&) = default;

 private:
  struct OperatorDeclaration {
    state::OperatorStateDescriptor descriptor;
    std::unique_ptr<state::OperatorCell> (*make)();
    ptrdiff_t handle;
  };

  std::vector<Declaration> declarations_;  // in the order of the members
  std::vector<OperatorDeclaration> operator_declarations_;
};

}  // namespace v0
}  // namespace weir
