// What a hash exchange between two threads costs: each makes 16-byte records with their hashes,
// sends those of the other's key groups over and folds what it gets, as the subtasks of a keyed job
// on two cores do. Beside it, on one thread: only making the records, and scattering them into
// channels that are drained at once.
// Run: exchange_bench [RECORDS_PER_THREAD]
// Prints million records per second of wall time, all threads together, and nanoseconds of
// processor time per record.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "weir/base/hash.h"
#include "weir/env/mutex.h"
#include "weir/env/posix_threads.h"
#include "weir/exchange/input_gate.h"
#include "weir/exchange/local_channel.h"
#include "weir/exchange/result_partition.h"
#include "weir/exchange/test_chaos.h"
#include "weir/record/typed_ops.h"

namespace weir::exchange {
namespace {

struct Item {
  uint64_t key = 0;
  uint64_t value = 0;
};
WEIR_RECORD(Item, key, value);

constexpr uint32_t kThreads = 2;

// Makes records with random keys, a batch at a time.
class Generator {
 public:
  Generator(uint64_t seed, int64_t records) : state_(seed), left_(records) {}

  bool done() const { return left_ == 0; }
  void Fill(record::AnyBatch& batch) {
    const auto size = static_cast<uint32_t>(std::min<int64_t>(batch.capacity(), left_));
    Item* const rows = batch.Rows<Item>();
    uint64_t* const hashes = batch.AddHashes();
    for (uint32_t i = 0; i < size; ++i) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      rows[i] = {.key = state_ >> 40, .value = i};
      hashes[i] = base::HashU64(1, rows[i].key);
    }
    batch.set_size(size);
    left_ -= size;
  }

 private:
  uint64_t state_;
  int64_t left_;
};

// One subtask: an input from each subtask, an output to each.
class Worker final : public env::Stepper, public WakeTarget {
 public:
  Worker(uint32_t index, int64_t records, std::vector<InputGate::Input> inputs,
         std::vector<std::unique_ptr<ChannelWriter>> outputs)
      : generator_(index, records),
        batch_(TypeOpsOf<Item>()),
        gate_(std::move(inputs)),
        partition_({.type = TypeOpsOf<Item>(),
                    .partitioning = Partitioning::kHash,
                    .producer = base::SubtaskIndex(index),
                    .chaos = chaos_},
                   std::move(outputs)) {
    gate_.SetWakeTarget(this);
    partition_.SetWakeTarget(this);
  }

  Progress Step() override {
    bool moved = false;
    for (int i = 0; i < 64; ++i) {
      moved |= Receive();
      moved |= Send();
    }
    if (!ended_ || !gate_.AllEnded()) return moved ? Progress::kProgress : Progress::kIdle;
    const env::MutexLock lock(mutex_);
    done_ = true;
    changed_.NotifyAll();
    return Progress::kDone;
  }

  void Start(env::ThreadFactory& threads) {
    const env::MutexLock lock(mutex_);
    thread_ = threads.Start("worker", *this);
  }
  void Wake() override {
    const env::MutexLock lock(mutex_);
    if (thread_ != nullptr) thread_->Wake();
  }
  void WaitUntilDone() {
    const env::MutexLock lock(mutex_);
    while (!done_) changed_.Wait(mutex_);
  }
  void Join() {
    std::unique_ptr<env::TaskThread> thread;
    const env::MutexLock lock(mutex_);
    thread = std::move(thread_);
  }
  uint64_t sum() const { return sum_; }

 private:
  bool Receive() {
    auto next = gate_.Next();
    if (!next.ok() || !next->has_value()) return false;
    auto* const batch = std::get_if<record::BatchPtr>(&(*next)->element);
    if (batch == nullptr) return true;
    const Item* const rows = (*batch)->Rows<Item>();
    for (uint32_t i = 0; i < (*batch)->size(); ++i) sum_ += rows[i].value;
    gate_.Recycle((*next)->channel, std::move(*batch));
    return true;
  }

  bool Send() {
    if (ended_) return false;
    if (batch_.empty() && !generator_.done()) generator_.Fill(batch_);
    if (!batch_.empty()) return partition_.Send(batch_) == SendResult::kSent;
    ended_ = partition_.SendControl(record::EndOfInput{}) == SendResult::kSent;
    return ended_;
  }

  TestChaos chaos_;
  Generator generator_;
  record::AnyBatch batch_;
  InputGate gate_;
  ResultPartition partition_;
  uint64_t sum_ = 0;
  bool ended_ = false;
  env::Mutex mutex_;
  env::CondVar changed_;
  bool done_ WEIR_GUARDED_BY(mutex_) = false;
  std::unique_ptr<env::TaskThread> thread_ WEIR_GUARDED_BY(mutex_);
};

// Times one measurement, and prints it.
class Stopwatch {
 public:
  void Report(const char* what, int64_t records) const {
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin_;
    const double cpu = static_cast<double>(std::clock() - cpu_) / CLOCKS_PER_SEC;
    const auto count = static_cast<double>(records);
    std::printf("%-9s M/s=%.1f cpu_ns/record=%.2f\n", what, count / wall.count() / 1e6,
                cpu * 1e9 / count);
  }

 private:
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  const std::clock_t cpu_ = std::clock();
};

void MeasureGenerate(int64_t records) {
  Generator generator(0, records);
  record::AnyBatch batch(TypeOpsOf<Item>());
  uint64_t sum = 0;
  const Stopwatch stopwatch;
  while (!generator.done()) {
    generator.Fill(batch);
    for (uint32_t i = 0; i < batch.size(); ++i) sum += batch.Rows<Item>()[i].value;
  }
  stopwatch.Report(sum != 0 ? "generate" : "", records);
}

void MeasureScatter(int64_t records) {
  TestChaos chaos;
  std::vector<std::unique_ptr<ChannelWriter>> outputs;
  std::vector<InputGate::Input> inputs;
  for (uint32_t i = 0; i < kThreads; ++i) {
    LocalChannel channel = MakeLocalChannel(TypeOpsOf<Item>(), chaos);
    outputs.push_back(std::move(channel.writer));
    inputs.push_back({.reader = std::move(channel.reader), .port = {}});
  }
  Worker worker(0, records, std::move(inputs), std::move(outputs));
  const Stopwatch stopwatch;
  while (worker.Step() != env::Stepper::Progress::kDone) {
  }
  stopwatch.Report("scatter", records);
}

void MeasureExchange(int64_t records) {
  TestChaos chaos;
  std::vector<InputGate::Input> inputs[kThreads];
  std::vector<std::unique_ptr<ChannelWriter>> outputs[kThreads];
  for (uint32_t from = 0; from < kThreads; ++from) {
    for (uint32_t to = 0; to < kThreads; ++to) {
      LocalChannel channel = MakeLocalChannel(TypeOpsOf<Item>(), chaos);
      outputs[from].push_back(std::move(channel.writer));
      inputs[to].push_back({.reader = std::move(channel.reader), .port = {}});
    }
  }
  env::PosixThreads threads;
  std::vector<std::unique_ptr<Worker>> workers;
  for (uint32_t i = 0; i < kThreads; ++i) {
    workers.push_back(
        std::make_unique<Worker>(i, records, std::move(inputs[i]), std::move(outputs[i])));
  }
  const Stopwatch stopwatch;
  for (auto& worker : workers) worker->Start(threads);
  for (auto& worker : workers) worker->WaitUntilDone();
  stopwatch.Report("exchange", records * kThreads);
  for (auto& worker : workers) worker->Join();
}

}  // namespace
}  // namespace weir::exchange

int main(int argc, char** argv) {
  const int64_t records = argc > 1 ? std::atoll(argv[1]) : 50'000'000;
  weir::exchange::MeasureGenerate(records);
  weir::exchange::MeasureScatter(records);
  weir::exchange::MeasureExchange(records);
}
