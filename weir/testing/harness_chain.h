// HarnessChain: the operators of a harness, run by the chain driver of a job, without type.
//
// A stage is what lies between two hash edges; the first has one subtask, each later one as many as
// asked for. What a stage puts out goes to the next inside the same call.
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/api/program.h"
#include "weir/base/hash.h"
#include "weir/base/ids.h"
#include "weir/env/env.h"
#include "weir/record/any_batch.h"
#include "weir/record/stream_element.h"
#include "weir/runtime/chain_driver.h"
#include "weir/runtime/committable.h"
#include "weir/state/operator_state.h"
#include "weir/testing/picture.h"

namespace weir::testing {

/// What an OperatorHarness is run with.
struct HarnessOptions {
  uint32_t parallelism = 1;        // of what stands behind KeyBy
  uint32_t max_parallelism = 128;  // key groups
  base::HashSeed hash_seed = 0;    // of keys
  env::Env* env = nullptr;         // for operators that reach outside; outlives the harness
};

/// Everything that a job would find in a checkpoint.
struct HarnessSnapshot {
  // What follows is for harnesses.

  struct Chunk {
    std::string uid;
    std::string state;
    std::string bytes;
  };
  struct Item {
    std::string uid;
    std::string state;
    state::Redistribution redistribution;
    base::SubtaskIndex origin;
    std::string bytes;
  };
  struct Pending {
    std::string uid;
    runtime::Committable committable;
  };
  struct Watermark {
    std::string uid;
    base::KeyGroupRange key_groups;
    Timestamp time;
  };
  base::CheckpointId checkpoint;
  std::vector<Watermark> watermarks;
  std::vector<Chunk> chunks;
  std::vector<Item> items;
  std::vector<Pending> committables;
};

/// A batch, or an element as it stands in a picture.
struct HarnessOutput {
  record::BatchPtr batch;
  std::string control;
};

/// Adds the source that stands for the harness.
api::NodeIndex AddHarnessSource(api::Program& program, const record::TypeOps& type);

class HarnessChain {
 public:
  /// Shapes: the program's nodes are a line that begins with the harness's source.
  HarnessChain(const api::Program& program, const HarnessOptions& options);
  ~HarnessChain();

  Status Restore(const HarnessSnapshot& snapshot);
  Status Feed(record::BatchPtr batch);
  /// Shapes: not a row.
  Status Play(const PictureElement& element);
  /// Fires the timers of processing time that are due.
  Status AdvanceProcessingTime(int64_t unix_ms);

  std::vector<HarnessOutput> TakeOutputs() { return std::exchange(outputs_, {}); }
  const HarnessSnapshot& snapshot() const { return snapshot_; }

 private:
  class Tail;
  class Jobs;
  class Recorder;
  struct Subtask {
    std::unique_ptr<runtime::ChainDriver> driver;
    runtime::OperatorContext context;
    uint32_t operators = 0;  // without the tail
  };
  struct Stage {
    const record::TypeOps* input_type;
    std::vector<Subtask> subtasks;
  };

  void AddStage(const api::Program& program, size_t begin, size_t end,
                const HarnessOptions& options);
  template <class Call>
  Status ForEachOperator(Call call);
  Status Open();
  Status Start();
  void RestoreWatermarks(const HarnessSnapshot& snapshot);
  Status FeedStage(size_t stage, record::AnyBatch& batch);
  Status Run(Subtask& subtask);
  Status Control(size_t stage, const record::ControlElement& element);
  Status TakeSnapshot(base::CheckpointId checkpoint);
  Status Complete(base::CheckpointId checkpoint);
  void Put(record::BatchPtr batch) { outputs_.push_back({std::move(batch), {}}); }
  void Put(std::string control) { outputs_.push_back({nullptr, std::move(control)}); }

  std::vector<Stage> stages_;
  std::shared_ptr<Jobs> jobs_;  // shared with jobs that operators posted
  Status opened_;
  bool started_ = false;
  HarnessSnapshot snapshot_;
  std::vector<HarnessOutput> outputs_;
};

}  // namespace weir::testing
