// OperatorBackend: the state of one operator of one subtask that belongs to no key. The handles
// that act on it are in operator_list_state.h and broadcast_state.h.
//
// Such state lies in memory as it is and goes whole into every checkpoint's record, item by item:
// it is for what is small (a buffer, rules, offsets). What grows with the input belongs to keys.
// Invariants: states are declared before items are restored, with one name for each. What handles
//   did wrong has no way back through user code: the first is kept in `status`.
// Threads: one caller at a time: the task.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/status.h"
#include "weir/state/operator_state.h"

namespace weir::state {

/// The contents of one state.
class OperatorCell {
 public:
  virtual ~OperatorCell() = default;
  virtual void ForEachItem(const std::function<void(std::string_view)>& visit) const = 0;
  /// False when the bytes do not decode.
  virtual bool RestoreItem(std::string_view bytes) = 0;
};

enum class OperatorStateKind : uint8_t { kList, kUnionList, kBroadcast };
/// "list", "union list", "broadcast".
std::string_view OperatorStateKindName(OperatorStateKind kind);

struct OperatorStateDescriptor {
  std::string name;  // unique within the operator
  OperatorStateKind kind = OperatorStateKind::kList;
  std::string type;  // of an item, as text
  friend bool operator==(const OperatorStateDescriptor&, const OperatorStateDescriptor&) = default;
};

class OperatorBackend {
 public:
  /// Adds a state, or finds the one of the same name, kind and type.
  /// Errors: InvalidArgument: another kind or type has the name.
  StatusOr<OperatorCell*> Declare(const OperatorStateDescriptor& state,
                                  const std::function<std::unique_ptr<OperatorCell>()>& make);

  std::vector<OperatorStateDescriptor> states() const;

  /// An item of `ForEachItem`, of this or another subtask.
  /// Errors: FailedPrecondition: no state has the name, or it had another type, with the cure;
  ///   DataLoss: it does not decode.
  Status RestoreItem(std::string_view state, std::string_view item);

  /// What goes into a checkpoint. Broadcast state is the same in all subtasks: the first one's is
  /// kept.
  using VisitItem =
      std::function<void(std::string_view state, Redistribution redistribution, std::string item)>;
  void ForEachItem(bool first_subtask, const VisitItem& visit) const;

  /// While true, broadcast state may be changed.
  void set_broadcasting(bool broadcasting) { broadcasting_ = broadcasting; }
  bool MayBroadcast(std::string_view state);

  const Status& status() const { return status_; }

 private:
  struct State {
    OperatorStateDescriptor descriptor;
    std::unique_ptr<OperatorCell> cell;
  };
  std::vector<State> states_;
  bool broadcasting_ = false;
  Status status_;
};

}  // namespace weir::state
