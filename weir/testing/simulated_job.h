// SimulatedJob: a whole program, run as a cluster in a simulated world: a coordinator, workers, a
// disk, a checkpoint store. Time is virtual, chance comes from a seed, and in a rough world
// processes are killed, connections lost and the store is late, so that a test of a few lines shows
// what a job makes of its failures.
//
//   Collected<KeyCount<int64_t>> out;
//   SimulatedJob job([&](Pipeline& p) {
//     p.Generate({.count = 1000}, ...).KeyBy(&Click::user).Count("count").SinkTo(out.sink());
//   }, {.seed = seed, .rough = true});
//   ASSERT_EQ(job.Run(), OkStatus());
//   EXPECT_EQ(out.records().size(), 1000);
//
// Every process runs the program's callback for itself. What it must share with the test (a
// Collected) it holds by reference or shared pointer.
// Threads: one caller at a time; everything happens inside the calls.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "weir/api/pipeline.h"
#include "weir/base/status.h"
#include "weir/base/time.h"
#include "weir/cluster/job_events.h"
#include "weir/sim/disk.h"
#include "weir/sim/world.h"

namespace weir::testing {

class SimulatedJob {
 public:
  /// What the world is like.
  struct Options {
    uint64_t seed = 1;         // of all chance
    uint32_t workers = 1;      // simulated processes that run subtasks
    uint32_t parallelism = 2;  // of each operator
    bool rough = false;        // with misfortunes, for the first half minute
    Duration checkpoint_interval = std::chrono::milliseconds(50);  // of simulated time
    uint32_t restarts = 0;  // that a job may need in a calm world
  };

  /// Shapes: `build` gives the pipeline its name.
  SimulatedJob(std::function<void(Pipeline&)> build, const Options& options);
  ~SimulatedJob();

  /// The disk of all processes, for input and output files.
  sim::Disk& disk();

  /// Where it all happens: for servers outside (sim/outside.h) and times.
  sim::World& world();

  /// Lets the job run until it has finished.
  /// Errors: what ended the job; DeadlineExceeded when it did not end within `at_most`.
  Status Run(Duration at_most = std::chrono::minutes(10));
  /// Lets the job run until `done()`, in a rough world at least as long as misfortunes last; false
  /// when that was not so within `at_most`, or the job ended before.
  bool RunUntil(const std::function<bool()>& done, Duration at_most = std::chrono::minutes(10));
  /// Lets the job run for so long, or until it has ended.
  void RunFor(Duration time);

  /// Kills every process; the job goes on from its newest checkpoint with another parallelism.
  void RestartAt(uint32_t parallelism);

  /// How many checkpoints were completed, and how many attempts began from one.
  uint64_t checkpoints() const;
  uint64_t resumes() const;
  /// Rows that came in, as said last.
  uint64_t rows_in() const;

 private:
  class World;
  std::unique_ptr<World> world_;
};

}  // namespace weir::testing
