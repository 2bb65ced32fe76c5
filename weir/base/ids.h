// Strong ids: one type for each kind of number that a protocol message, a pack name or a snapshot
// carries, so that none can stand for another.
// Threads: values.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>

namespace weir::base {

/// A number that only compares with its own kind. `Tag` names the kind and fixes the width.
template <class Tag, class Number>
class Id {
 public:
  using number_type = Number;
  constexpr Id() = default;
  constexpr explicit Id(Number number) : number_(number) {}
  constexpr Number number() const { return number_; }
  constexpr Id Next() const { return Id(static_cast<Number>(number_ + 1)); }
  friend constexpr auto operator<=>(Id, Id) = default;
  friend std::ostream& operator<<(std::ostream& out, Id id) { return out << id.number_; }

 private:
  Number number_ = 0;
};

/// A checkpoint: taken at trigger, rising for ever within a job. 0 is "none".
using CheckpointId = Id<struct CheckpointIdTag, uint64_t>;
/// One reign of a coordinator: the history number of its epoch record. 0 is "none".
using Epoch = Id<struct EpochTag, uint64_t>;
/// Counts the restarts of the whole job graph within one epoch; from 1.
using Attempt = Id<struct AttemptTag, uint32_t>;
/// One unbroken line of resumes; drawn at random when the line opens. 0 is "none".
using Lineage = Id<struct LineageTag, uint64_t>;
/// A record's number in the history; dense, from 1.
using HistoryNumber = Id<struct HistoryNumberTag, uint64_t>;
/// The unit of state placement: the top bits of a key's hash.
using KeyGroup = Id<struct KeyGroupTag, uint32_t>;
/// A parallel instance of a chain; in [0, parallelism).
using SubtaskIndex = Id<struct SubtaskIndexTag, uint32_t>;
/// A chain in a JobGraph; in [0, chains).
using ChainIndex = Id<struct ChainIndexTag, uint32_t>;
/// An input channel of one subtask; in [0, channels).
using ChannelIndex = Id<struct ChannelIndexTag, uint32_t>;
/// An operator's numbered input or output.
using PortIndex = Id<struct PortIndexTag, uint32_t>;
/// A worker process, as the coordinator counts registrations; from 1.
using WorkerId = Id<struct WorkerIdTag, uint32_t>;

/// One parallel instance of a chain.
struct SubtaskId {
  ChainIndex chain;
  SubtaskIndex subtask;
  friend constexpr auto operator<=>(const SubtaskId&, const SubtaskId&) = default;
  friend std::ostream& operator<<(std::ostream& out, const SubtaskId& id) {
    return out << id.chain << '.' << id.subtask;
  }
};

}  // namespace weir::base

template <class Tag, class Number>
struct std::hash<weir::base::Id<Tag, Number>> {
  size_t operator()(weir::base::Id<Tag, Number> id) const noexcept {
    return static_cast<size_t>(id.number() * 0x9E3779B97F4A7C15u);
  }
};
