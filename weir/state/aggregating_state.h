// AggregatingState: for each key, an accumulator that takes one type in and gives another out.
// Threads: the task's.
#pragma once

#include <concepts>
#include <optional>
#include <string_view>
#include <utility>

#include "weir/base/status.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/single_value.h"
#include "weir/state/state_owner.h"

namespace weir {
inline namespace v0 {

/// What an aggregate is: three types and three const methods.
///
///   struct Average {
///     using Input = double;
///     struct Accumulator { double sum = 0; int64_t count = 0; };   // a record, with WEIR_RECORD
///     using Output = double;
///     Accumulator CreateAccumulator() const { return {}; }
///     void Add(const double& in, Accumulator& acc) const { acc.sum += in, ++acc.count; }
///     double GetResult(const Accumulator& acc) const { return acc.sum / acc.count; }
///   };
template <class A>
concept Aggregate = requires(const A& aggregate, const typename A::Input& in,
                             typename A::Accumulator& accumulator) {
  { aggregate.CreateAccumulator() } -> std::convertible_to<typename A::Accumulator>;
  aggregate.Add(in, accumulator);
  { aggregate.GetResult(accumulator) } -> std::convertible_to<typename A::Output>;
};

/// One accumulator for each key. Only the accumulator is state.
///
///   weir::AggregatingState<Average> average_{this, "average"};
///
/// Errors: as ValueState's; what the aggregate throws fails the attempt.
template <class A>
class AggregatingState : public state::SingleValue<typename A::Accumulator> {
  static_assert(Aggregate<A>,
                "give the aggregate the types Input, Accumulator and Output and the const methods "
                "CreateAccumulator(), Add(const Input&, Accumulator&), GetResult(const "
                "Accumulator&)");
  using Value = state::SingleValue<typename A::Accumulator>;
  static constexpr auto kKind = state::StateKind::kAggregating;

 public:
  /// A handle without a state, to be assigned to.
  AggregatingState() = default;

  /// The state `name` of the object that this handle is a member of.
  AggregatingState(StateOwner* owner, std::string_view name, A aggregate = A())
      : Value(owner, kKind, name), aggregate_(std::move(aggregate)) {}

  /// Declares the state in `backend`.
  /// Errors: as KeyedBackend::Declare.
  static StatusOr<AggregatingState> DeclareIn(state::KeyedBackend& backend, std::string_view name,
                                              A aggregate = A()) {
    WEIR_ASSIGN_OR_RETURN(const state::StateCell cell,
                          AggregatingState::DeclareCell(backend, kKind, name));
    return AggregatingState(cell, std::move(aggregate));
  }

  /// The result of what was added; none when nothing was.
  std::optional<typename A::Output> Get() const {
    if (!this->Has()) return std::nullopt;
    return aggregate_.GetResult(this->Read());
  }

  /// Adds `in` to the key's accumulator.
  void Add(const typename A::Input& in) const {
    typename A::Accumulator accumulator =
        this->Has() ? this->Read() : aggregate_.CreateAccumulator();
    aggregate_.Add(in, accumulator);
    this->Write(accumulator);
  }

 private:
  AggregatingState(const state::StateCell& cell, A aggregate)
      : Value(cell), aggregate_(std::move(aggregate)) {}

  A aggregate_;
};

}  // namespace v0
}  // namespace weir
