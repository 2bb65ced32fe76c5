#include "weir/runtime/subtask.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

#include "weir/exchange/local_channel.h"
#include "weir/record/typed_ops.h"
#include "weir/sim/test_machine.h"

namespace weir::runtime {
namespace {

constexpr base::KeyGroupRange kGroups{base::KeyGroup(0), base::KeyGroup(8)};

// What a source is told and says, beside the subtask that reads it.
struct Script {
  std::string throws_in;           // the name of a call
  std::vector<std::string> split;  // ids that the reader holds
  std::vector<int64_t> rows;       // to be put out by the next Poll
  EventTime time;
};

class ScriptedReader final : public SourceReader {
 public:
  explicit ScriptedReader(Script& script) : script_(script) {}
  Status Start(const OperatorContext&) override { return Call("Start"); }
  Status AddSplits(std::vector<Split> splits) override {
    for (Split& split : splits) script_.split.push_back(std::move(split.id));
    return Call("AddSplits");
  }
  void NoMoreSplits() override { (void)Call("NoMoreSplits"); }
  StatusOr<PollResult> Poll(Output& output) override {
    WEIR_RETURN_IF_ERROR(Call("Poll"));
    for (const int64_t row : std::exchange(script_.rows, {})) {
      record::AnyBatch& batch = output.OpenBatch(base::PortIndex(0));
      batch.Rows<int64_t>()[batch.size()] = row;
      batch.set_size(batch.size() + 1);
    }
    return PollResult::kIdle;
  }
  bool WantsSplit() const override { return false; }
  EventTime event_time() const override {
    (void)Call("event_time");
    return script_.time;
  }
  std::vector<Split> Snapshot(base::CheckpointId) override {
    (void)Call("Snapshot");
    std::vector<Split> splits;
    splits.reserve(script_.split.size());
    for (const std::string& id : script_.split) splits.push_back({id, "0"});
    return splits;
  }
  std::vector<std::string> TakeFinished() override { return {}; }
  Status OnCheckpointComplete(const CommitPermit&) override { return {}; }

 private:
  Status Call(const std::string& name) const {
    if (script_.throws_in == name) throw std::runtime_error(name + " throws");
    return {};
  }
  Script& script_;
};

class ScriptedSource final : public Source {
 public:
  explicit ScriptedSource(Script& script) : script_(script) {}
  std::string kind() const override { return "scripted"; }
  const record::TypeOps& type() const override { return TypeOpsOf<int64_t>(); }
  bool bounded() const override { return false; }
  bool can_replay() const override { return true; }
  std::unique_ptr<SplitEnumerator> NewEnumerator(env::Env&) const override { return nullptr; }
  std::unique_ptr<SourceReader> NewReader() const override {
    return std::make_unique<ScriptedReader>(script_);
  }

 private:
  Script& script_;
};

// Has one timer, and says when it fired. One that was due at 0 is due again at once.
class Timer final : public Operator {
 public:
  explicit Timer(std::optional<int64_t>& due) : due_(due) {}
  Status Open(const OperatorContext&) override { return {}; }
  Status Start() override { return {}; }
  StatusOr<Outcome> Process(Input& input, Output& output) override {
    input.cursor = input.batch.size();
    output.Forward(base::PortIndex(0), input.batch);
    return Outcome::kNeedInput;
  }
  std::optional<int64_t> next_timer_unix_ms() const override { return due_; }
  StatusOr<Outcome> OnProcessingTime(int64_t now_unix_ms, Output& output) override {
    if (due_ != 0) due_.reset();
    output.OpenBatch(base::PortIndex(0)).Rows<int64_t>()[0] = now_unix_ms;
    output.OpenBatch(base::PortIndex(0)).set_size(1);
    return Outcome::kNeedInput;
  }

 private:
  std::optional<int64_t>& due_;
};

class TimerFactory final : public OperatorFactory {
 public:
  TimerFactory(std::optional<int64_t>& due, const Script& script) : due_(due), script_(script) {}
  std::unique_ptr<Operator> New() const override {
    if (script_.throws_in == "New") throw std::runtime_error("New throws");
    return std::make_unique<Timer>(due_);
  }
  std::vector<const record::TypeOps*> output_types() const override {
    return {&TypeOpsOf<int64_t>()};
  }
  std::string kind() const override { return "timer"; }

 private:
  std::optional<int64_t>& due_;
  const Script& script_;
};

class Host final : public SubtaskHost {
 public:
  class Stream final : public SnapshotStream {
   public:
    explicit Stream(Host& host) : host_(host) {}
    void Write(uint32_t, state::SnapshotChunk) override {}
    void Defer(base::UniqueFunction<Status()>) override {}
    base::UniqueFunction<void(Status)> Hold() override {
      return [](const Status&) {};
    }
    size_t bytes_waiting() const override { return 0; }
    void Finish(SubtaskState state, Costs) override { host_.snapshots.push_back(std::move(state)); }

   private:
    Host& host_;
  };
  void OnReady(SubtaskId) override { ready = true; }
  void OnFailed(SubtaskId, Status status) override { failure = std::move(status); }
  void OnSplitWanted(SubtaskId) override {}
  void OnEnded(SubtaskId) override {}
  void OnCommitted(SubtaskId, base::CheckpointId) override {}
  std::unique_ptr<SnapshotStream> NewSnapshot(SubtaskId, const record::Barrier&) override {
    return std::make_unique<Stream>(*this);
  }

  bool ready = false;
  Status failure;
  std::vector<SubtaskState> snapshots;
};

class SubtaskTest : public ::testing::Test, private exchange::WakeTarget {
 protected:
  // A source, the timer, and one edge.
  void Make() {
    chain_.source = std::make_shared<ScriptedSource>(script_);
    chain_.source_uid = "source";
    chain_.operators.push_back({"timer", std::make_shared<TimerFactory>(timer_, script_)});
    exchange::LocalChannel channel = exchange::MakeLocalChannel(TypeOpsOf<int64_t>(), chaos_);
    reader_ = std::move(channel.reader);
    std::vector<std::unique_ptr<exchange::ChannelWriter>> writers;
    writers.push_back(std::move(channel.writer));
    std::vector<OutEdge> edges;
    edges.push_back({.from_operator = 0,
                     .from_port = base::PortIndex(0),
                     .partition = std::make_unique<exchange::ResultPartition>(
                         exchange::ResultPartition::Options{.type = TypeOpsOf<int64_t>(),
                                                            .partitioning = Partitioning::kForward,
                                                            .chaos = chaos_},
                         std::move(writers))});
    OperatorContext context;
    context.max_parallelism = 8;
    context.key_groups = kGroups;
    context.env = &env_;
    subtask_ = std::make_unique<Subtask>(Subtask::Options{.id = {},
                                                          .chain = chain_,
                                                          .context = std::move(context),
                                                          .gate = nullptr,
                                                          .edges = std::move(edges),
                                                          .host = host_,
                                                          .wake = *this,
                                                          .buffer_timeout = Duration()});
  }
  void Begin(const SubtaskState& state = {}) {
    Make();
    subtask_->PostFinishRestore(state);
    subtask_->Run();
    if (!host_.ready) return;
    subtask_->PostBegin();
    Run();
  }
  void Run() {
    for (int i = 0; i < 5; ++i) {
      machine_.world.RunFor(std::chrono::milliseconds(20));
      subtask_->Run();
    }
  }
  // "1 2 W5 I B1": what has left.
  std::string Left() {
    std::string out;
    while (auto element = reader_->Poll()) {
      if (auto* batch = std::get_if<record::BatchPtr>(&*element)) {
        for (uint32_t i = 0; i < (*batch)->size(); ++i)
          out += std::to_string((*batch)->Rows<int64_t>()[i]) + " ";
        reader_->Recycle(std::move(*batch));
      }
      if (const auto* watermark = std::get_if<record::Watermark>(&*element))
        out += "W" + std::to_string(watermark->time) + " ";
      if (std::holds_alternative<record::Barrier>(*element)) out += "B ";
      if (std::holds_alternative<record::Idle>(*element)) out += "I ";
      if (std::holds_alternative<record::Active>(*element)) out += "A ";
    }
    return out;
  }
  static record::Barrier BarrierOf(uint64_t checkpoint) {
    return {.checkpoint = base::CheckpointId(checkpoint), .base = {}};
  }

  Script script_;
  std::optional<int64_t> timer_;
  Host host_;
  sim::TestMachine machine_{sim::CalmOptions(1)};
  env::Env env_ = machine_.process.env();
  std::unique_ptr<Subtask> subtask_;
  std::unique_ptr<exchange::ChannelReader> reader_;

 private:
  void Wake() override {}
  env::NoChaos chaos_;
  Chain chain_;
};

TEST_F(SubtaskTest, SplitsDoNotOvertakeTheBarrierThatWasSaidBefore) {
  Begin();
  subtask_->PostSplits({{"a", "0"}}, /*no_more=*/false);
  subtask_->PostTrigger(BarrierOf(1));
  subtask_->PostSplits({{"b", "0"}}, /*no_more=*/false);
  Run();
  subtask_->PostTrigger(BarrierOf(2));
  Run();
  ASSERT_EQ(host_.snapshots.size(), 2u);
  EXPECT_EQ(host_.snapshots[0].splits, (std::vector<Split>{{"a", "0"}}));
  EXPECT_EQ(host_.snapshots[1].splits, (std::vector<Split>{{"a", "0"}, {"b", "0"}}));
}

TEST_F(SubtaskTest, TheEventTimeOfASourceLeavesBehindItsRows) {
  Begin();
  script_.rows = {1, 2};
  script_.time = {.watermark = 5};
  Run();
  EXPECT_EQ(Left(), "1 2 W5 ");
  script_.time = {.watermark = 4};
  Run();
  EXPECT_EQ(Left(), "");
  script_.time = {.watermark = 6, .idle = true};
  Run();
  EXPECT_EQ(Left(), "W6 I ");
  script_.time = {.watermark = 6};
  Run();
  EXPECT_EQ(Left(), "A ");
}

TEST_F(SubtaskTest, ARestoredWatermarkIsSaidAgainAndStoredAgain) {
  SubtaskState state;
  state.event_times = {{"source", kGroups, 7}, {"timer", kGroups, 7}};
  script_.time = {.watermark = 3};  // a source that begins anew
  Begin(state);
  EXPECT_EQ(Left(), "W7 ");
  subtask_->PostTrigger(BarrierOf(1));
  Run();
  ASSERT_EQ(host_.snapshots.size(), 1u);
  EXPECT_EQ(host_.snapshots[0].event_times, state.event_times);
}

TEST_F(SubtaskTest, AWatermarkThatIsNotKnownForAllKeyGroupsBeginsAnew) {
  SubtaskState state;
  state.event_times = {{"source", {base::KeyGroup(0), base::KeyGroup(4)}, 7}};
  Begin(state);
  EXPECT_EQ(Left(), "");
}

TEST_F(SubtaskTest, ATimerOfProcessingTimeFiresWhenItIsDueAndNotBefore) {
  Begin();
  const int64_t now = env_.clock.UnixMillis();
  timer_ = now + 1000;
  Run();
  EXPECT_EQ(Left(), "");
  machine_.world.RunFor(std::chrono::seconds(1));
  Run();
  const std::string fired = Left();
  ASSERT_FALSE(fired.empty());
  EXPECT_GE(std::stoll(fired), now + 1000);
}

TEST_F(SubtaskTest, ATimerThatIsAlwaysDueLeavesInputAndBarriersTheirTurn) {
  Begin();
  timer_ = 0;
  script_.rows = {-7};
  subtask_->PostTrigger(BarrierOf(1));
  Run();
  const std::string left = Left();
  EXPECT_NE(left.find("-7 "), std::string::npos) << left;
  EXPECT_NE(left.find("B "), std::string::npos) << left;
}

TEST_F(SubtaskTest, AnExceptionOfASourceFailsTheSubtaskWithItsWords) {
  for (const std::string call :
       {"Start", "AddSplits", "NoMoreSplits", "Poll", "event_time", "Snapshot"}) {
    host_ = Host();
    script_ = {.throws_in = call};
    Begin();
    subtask_->PostSplits({{"a", "0"}}, /*no_more=*/true);
    subtask_->PostTrigger(BarrierOf(1));
    Run();
    EXPECT_NE(host_.failure.message().find(call + " throws"), std::string::npos)
        << call << ": " << host_.failure;
    subtask_ = nullptr;
  }
}

TEST_F(SubtaskTest, AnOperatorThatCannotBeMadeFailsTheSubtaskByName) {
  script_.throws_in = "New";
  Begin();
  EXPECT_FALSE(host_.ready);
  EXPECT_EQ(host_.failure.message(), "timer: exception in a user function: New throws");
}

TEST_F(SubtaskTest, AnExceptionOfWhatAnOperatorPostedFailsTheSubtask) {
  Begin();
  subtask_->mailbox()->Post([] { throw std::runtime_error("a posted closure throws"); });
  Run();
  EXPECT_EQ(host_.failure.message(), "exception in a user function: a posted closure throws");
}

}  // namespace
}  // namespace weir::runtime
