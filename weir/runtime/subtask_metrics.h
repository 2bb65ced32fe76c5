// SubtaskMetrics: what a subtask tells whoever watches the job: how much passed each of its
// operators, what its time went into, what its snapshots cost.
//
// Labels: `task` names the chain by its operators, `subtask` counts from 0, `operator` is the uid,
// or the kind of an operator without one (docs/guide/metrics.md).
// Threads: the subtask's.
#pragma once

#include <string>
#include <vector>

#include "weir/base/time.h"
#include "weir/env/metrics.h"
#include "weir/runtime/chain_driver.h"
#include "weir/runtime/job_graph.h"

namespace weir::runtime {

class SubtaskMetrics {
 public:
  /// The names of a chain's operators, the source first; each once.
  static std::vector<std::string> OperatorNames(const Chain& chain);
  /// "source -> map -> sink"; without a uid in it, "map#3", for there may be others.
  static std::string TaskName(const Chain& chain, base::ChainIndex index);

  SubtaskMetrics(env::MetricRegistry& registry, const Chain& chain, SubtaskId id);

  /// What the time since the last call went into.
  enum class Spent : uint8_t { kBusy, kIdle, kBackpressured };
  void OnTime(base::Instant now, Spent spent);

  /// What passed since the last call.
  void OnTraffic(const ChainDriver& driver);

  void OnStateBytes(uint64_t bytes) { state_bytes_.Set(static_cast<double>(bytes)); }

  /// From the first barrier to the snapshot; from there until all of it is encoded.
  void OnAligned(Duration took) { alignment_.Observe(Seconds(took)); }
  void OnEncoded(Duration took) { encoding_.Observe(Seconds(took)); }

 private:
  struct OfOperator {
    Counter rows_in, rows_out, bytes_in, bytes_out;
    ChainDriver::Traffic in, out;  // as told
  };
  static double Seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
  }
  static void Tell(const ChainDriver::Traffic& now, ChainDriver::Traffic& told, const Counter& rows,
                   const Counter& bytes);

  const bool has_source_;
  std::vector<OfOperator> operators_;  // the source first
  Counter busy_, idle_, backpressured_;
  Gauge state_bytes_;
  Histogram alignment_, encoding_;
  base::Instant since_;
};

}  // namespace weir::runtime
