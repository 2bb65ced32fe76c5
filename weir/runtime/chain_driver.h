// ChainDriver: the one loop that drives the operators of a chain, deepest first. Operators never
// call one another.
//
// A batch given to Feed goes through the first operator; what that puts out goes through the second
// before the first is called again, and so on; what leaves the chain goes to the result partitions.
// A control element is worked on only when no row is left anywhere in the chain, operator by
// operator, and what an operator emits for it has passed all deeper operators before they see the
// element. An operator that makes watermarks ends those of its input and starts its own. When a
// partition is full (or an operator blocked), Run returns kBlocked; called again it goes on exactly
// where it stopped.
// Invariants: between Feed/StartControl and the next kDrained, nothing else may be fed. At kDrained
//   every row fed has left the chain but for open batches of partitions: a snapshot may be taken.
//   An unaligned one may be taken between any two calls of Run: ForEachHeld and Overtake show the
//   rows that it must hold beside the state of the operators.
// Threads: the subtask's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/exchange/result_partition.h"
#include "weir/runtime/job_graph.h"
#include "weir/runtime/operator.h"
#include "weir/runtime/output.h"
#include "weir/runtime/subtask_state.h"

namespace weir::runtime {

/// One edge that leaves a chain at one of its subtasks.
struct OutEdge {
  uint32_t from_operator = 0;  // Edge::kFromSource for the source itself
  base::PortIndex from_port;
  std::unique_ptr<exchange::ResultPartition> partition;
  // The driver's: the control element under way has not left here yet.
  bool control_pending = false;
};

/// Rows that a chain holds, as those of one consumer: rows that two are still to get are two.
struct Held {
  // With `edge`, the operator that put them out (Edge::kFromSource: the source at the head) and its
  // output port; without, the operator that consumes them next and its input port.
  uint32_t op = 0;
  base::PortIndex port;
  std::optional<uint32_t> edge;  // index of the OutEdge that they are to leave on
  const record::AnyBatch& rows;  // those from `begin` on
  uint32_t begin = 0;
};

class ChainDriver {
 public:
  struct Node {
    std::string uid;
    std::unique_ptr<Operator> op;
    std::vector<const record::TypeOps*> output_types;
    std::string kind = {};  // for messages about an operator without uid

    const std::string& name() const { return uid.empty() ? kind : uid; }
  };
  enum class Drive : uint8_t {
    kDrained,  // nothing left: feed more
    kBlocked,  // wait to be woken, then call again
  };

  /// `source_types`: of each output port of the source at the head, none when there is none.
  ChainDriver(const std::vector<const record::TypeOps*>& source_types, std::vector<Node> nodes,
              std::vector<OutEdge> edges);

  /// Where a source at the head puts its rows; Run takes them from there.
  Output& source_output() { return *source_output_; }

  /// Gives the head a batch; it comes back through TakeConsumed.
  void Feed(base::PortIndex port, record::BatchPtr batch);
  record::BatchPtr TakeConsumed() { return std::move(consumed_); }

  /// Sends a control element through the chain and on all edges. A Barrier goes on the edges only:
  /// the caller has taken the snapshot.
  void StartControl(const record::ControlElement& element);

  /// Sends a control element on all edges, past the operators: they have seen it before a restore.
  void StartEdgeControl(const record::ControlElement& element);

  /// When the earliest timer of processing time of the chain is due; none when there is none.
  std::optional<int64_t> NextTimer() const;

  /// Fires all that are due.
  void StartTimers(int64_t now_unix_ms);

  /// The watermark that operator `index` was given last.
  Timestamp watermark(uint32_t index) const { return links_[index].watermark; }

  /// Between Open and Start: each operator is told the watermark of each range that `state` knows,
  /// and begins at the smallest.
  /// Shapes: the ranges in `state` lie in `key_groups`, which are those of the subtask.
  void RestoreWatermarks(const SubtaskState& state, base::KeyGroupRange key_groups);

  /// The first operator that makes watermarks; size() when there is none.
  uint32_t FirstTimeMaker() const { return static_cast<uint32_t>(EndOfTime(0)); }

  /// Shows every row that is in the chain and consumes nothing: the rest of each operator's input,
  /// and what was put out and has not been taken. The deepest operator's first; for each consumer
  /// in the order in which it will get them. The rest of a batch that a partition has begun to send
  /// is not shown here but by Overtake.
  /// Shapes: between two calls of Run; `visit` does not call the driver.
  void ForEachHeld(const std::function<void(const Held&)>& visit) const;

  /// Sends an unaligned barrier on all edges, in front of every row of the chain and of its
  /// partitions; a destination without room gets it in one of the next calls of Run or Flush. Shows
  /// what it overtakes in the partition of each edge, as ResultPartition::Overtake.
  /// Shapes: as ForEachHeld.
  /// Errors: whatever a channel reports.
  Status Overtake(const record::Barrier& barrier,
                  const std::function<void(uint32_t edge, const exchange::Overtaken&)>& visit);

  /// True while the end of input is with the operators. OnEnd runs once in the life of the job, and
  /// how far it has come is not state: no snapshot is taken before it has passed them all.
  bool IsEnding() const;

  /// Gives an operator rows that ForEachHeld showed in front of it before a restore. Run takes them
  /// from there; a batch of the head comes back through TakeConsumed.
  /// Shapes: drained; batches in the order in which they were shown, each drained before the next.
  void FeedHeld(uint32_t op, base::PortIndex port, record::BatchPtr batch);

  /// Works until drained or blocked.
  /// Errors: whatever an operator or a channel reports, annotated with its uid.
  StatusOr<Drive> Run();

  /// Sends what waits in open batches of partitions. Blocked is not an error: the next call tries
  /// again.
  Status Flush();
  bool HasOpenRows() const;

  /// Rows that were handed on, and the memory that they took.
  struct Traffic {
    uint64_t rows = 0;
    uint64_t bytes = 0;
    void Add(const record::AnyBatch& batch) { rows += batch.size(), bytes += batch.bytes(); }
  };
  const Traffic& source_traffic() const { return source_traffic_; }
  const Traffic& traffic_in(uint32_t index) const { return links_[index].in; }
  const Traffic& traffic_out(uint32_t index) const { return links_[index].out; }

  /// Rows that came from the source's first port, and rows that an operator without outputs (a
  /// sink) was given.
  uint64_t rows_in() const { return source_traffic_.rows; }
  uint64_t rows_out() const { return rows_out_; }

  uint32_t size() const { return static_cast<uint32_t>(links_.size()); }
  Operator& op(uint32_t index) { return *links_[index].node.op; }
  const std::string& uid(uint32_t index) const { return links_[index].node.uid; }
  void SetWakeTarget(exchange::WakeTarget* target);

 private:
  // One output port of one operator (or of the source): where its batches go.
  struct Route {
    base::PortIndex port;
    bool to_next = false;  // into the next operator's input
    std::vector<uint32_t> edges;
    record::BatchPtr leaving;  // on its way to edges[next_edge], whose partition blocked Send
    // What that partition gets while others still need the rows.
    record::BatchPtr copy;
    size_t next_edge = 0;
  };
  struct Link {
    Node node;
    std::unique_ptr<Output> output;
    std::vector<Route> routes;
    record::BatchPtr input;  // being consumed
    base::PortIndex port;
    uint32_t cursor = 0;
    Timestamp watermark = kMinTimestamp;
    std::optional<EventTimeReport> time;  // of an operator that makes watermarks
    Traffic in, out;
  };
  // A control element on its way, or the timers of one operator.
  struct Control {
    std::optional<record::ControlElement> element;  // none: timers
    int64_t now_unix_ms = 0;                        // of timers
    size_t at = 0;                                  // the operator that sees it next
    size_t end = 0;                                 // behind the last one that does
    // The edges on which it leaves: those with a place (PlaceOf) in [first_edge, end_edge).
    size_t first_edge = 0, end_edge = 0;
    bool leaving = false;  // it is on its way on the edges: control_pending is right
  };
  enum class Step : uint8_t { kNothing, kDidSomething, kBlocked };

  void AddRoutes(uint32_t from, uint32_t ports, bool has_next, std::vector<Route>& routes);
  StatusOr<Step> StepOutput(Output& output, std::vector<Route>& routes, size_t next);
  StatusOr<Step> Leave(Output& output, Route& route);
  StatusOr<Step> StepInput(size_t index);
  void StartFrom(size_t place, const record::ControlElement& element);
  size_t EndOfTime(size_t from) const;
  static size_t PlaceOf(const OutEdge& edge);
  Step AskForTime();
  StatusOr<Step> StepControl();
  StatusOr<Outcome> Show(const Control& control, Link& link);
  StatusOr<Step> SendControl();
  StatusOr<Step> StepRows();
  void ReturnInput(size_t index);
  void ShowOutput(uint32_t op, const Output& output, const std::vector<Route>& routes,
                  const std::function<void(const Held&)>& visit) const;

  std::vector<OutEdge> edges_;
  std::unique_ptr<Output> source_output_;
  std::vector<Route> source_routes_;
  std::vector<Link> links_;
  record::BatchPtr consumed_;
  Traffic source_traffic_;
  uint64_t rows_out_ = 0;

  std::deque<Control> controls_;  // bounded: a few for each element that is started
  bool time_is_over_ = false;     // the last watermark was started: no operator makes another
};

}  // namespace weir::runtime
