#include "weir/exchange/data_plane.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "weir/env/memory_transport.h"
#include "weir/env/mutex.h"
#include "weir/env/posix_threads.h"
#include "weir/env/socket_transport.h"
#include "weir/env/thread_event_loop.h"
#include "weir/exchange/test_chaos.h"
#include "weir/record/typed_ops.h"
#include "weir/sim/network.h"
#include "weir/sim/process.h"
#include "weir/sim/world.h"

namespace weir::exchange {
namespace {

using record::BatchPtr;
using record::StreamElement;

ChannelKey KeyOf(base::Attempt attempt, uint32_t edge) {
  return {.epoch = base::Epoch(1), .attempt = attempt, .edge = edge};
}

// What a worker sends or expects on one edge: the records 0 … rows - 1, with watermarks between.
struct Flow {
  uint32_t edge = 0;
  std::string peer;
  int64_t rows = 0;
};

class Sender {
 public:
  Sender(std::unique_ptr<ChannelWriter> writer, int64_t rows)
      : writer_(std::move(writer)), rows_(rows) {}

  bool done() const { return next_ == rows_ && !element_.has_value(); }
  ChannelWriter& writer() { return *writer_; }

  // Sends one element; false when there is none or it is blocked.
  bool Step() {
    if (!element_.has_value() && !Make()) return false;
    if (writer_->TrySend(*element_) == SendResult::kBlocked) return false;
    element_.reset();
    return true;
  }

 private:
  bool Make() {
    if (next_ == rows_) return false;
    if (made_++ % 5 == 4) {
      element_ = record::Watermark{.time = next_};
      return true;
    }
    BatchPtr batch = writer_->AcquireBatch();
    if (batch == nullptr) return --made_, false;
    const auto size = static_cast<uint32_t>(std::min(made_ * 37 % 1000 + 1, rows_ - next_));
    for (uint32_t i = 0; i < size; ++i) batch->Rows<int64_t>()[i] = next_++;
    batch->set_size(size);
    element_ = std::move(batch);
    return true;
  }

  const std::unique_ptr<ChannelWriter> writer_;
  const int64_t rows_;
  int64_t next_ = 0;
  int64_t made_ = 0;
  std::optional<StreamElement> element_;
};

class Receiver {
 public:
  Receiver(std::unique_ptr<ChannelReader> reader, int64_t rows)
      : reader_(std::move(reader)), rows_(rows) {}

  bool done() const { return next_ == rows_; }
  int64_t received() const { return next_; }
  ChannelReader& reader() { return *reader_; }

  bool Step() {
    auto element = reader_->Poll();
    if (!element.has_value()) return false;
    if (const auto* watermark = std::get_if<record::Watermark>(&*element)) {
      EXPECT_EQ(watermark->time, next_);
      return true;
    }
    BatchPtr batch = std::move(std::get<BatchPtr>(*element));
    for (uint32_t i = 0; i < batch->size(); ++i) {
      EXPECT_EQ(batch->Rows<int64_t>()[i], next_++);
    }
    reader_->Recycle(std::move(batch));
    return true;
  }

 private:
  const std::unique_ptr<ChannelReader> reader_;
  const int64_t rows_;
  int64_t next_ = 0;
};

// A worker with a data plane and one task thread, which steps all ends in turn.
class Node final : public sim::Program, public env::Stepper, public WakeTarget {
 public:
  Node(const std::string& address, env::Transport& transport, env::Chaos& chaos,
       env::ThreadFactory& threads) {
    auto plane =
        DataPlane::Open({.listen_address = address, .transport = transport, .chaos = chaos});
    EXPECT_TRUE(plane.ok()) << plane.status();
    plane_ = std::move(*plane);
    thread_ = threads.Start("node", *this);
  }
  ~Node() override {
    for (auto& sender : senders_) sender->writer().SetWakeTarget(nullptr);
    for (auto& receiver : receivers_) receiver->reader().SetWakeTarget(nullptr);
    thread_.reset();  // nobody wakes it any more
    EndAttempt();
  }

  // Ends the attempt before, if there is one. The ends are made by the task thread.
  void BeginAttempt(base::Attempt attempt, std::vector<Flow> out, std::vector<Flow> in) {
    {
      const env::MutexLock lock(mutex_);
      attempt_ = attempt;
      out_ = std::move(out);
      in_ = std::move(in);
      begin_ = true;
      done_ = false;
      status_ = OkStatus();
    }
    Wake();
  }

  Progress Step() override {
    BeginIfAsked();
    bool moved = false;
    for (auto& sender : senders_) moved |= sender->Step();
    for (size_t i = 0; i < receivers_.size(); ++i) {
      if (i != stalled_) moved |= receivers_[i]->Step();
    }
    Note();
    return moved ? Progress::kProgress : Progress::kIdle;
  }
  void Wake() override { thread_->Wake(); }

  // Not to be used while a real thread steps.
  void Stall(size_t receiver) { stalled_ = receiver; }
  std::vector<std::unique_ptr<Receiver>>& receivers() { return receivers_; }
  std::vector<std::unique_ptr<Sender>>& senders() { return senders_; }
  DataPlane& plane() { return *plane_; }
  void EndAttempt() { senders_.clear(), receivers_.clear(); }

  bool done() const {
    const env::MutexLock lock(mutex_);
    return done_;
  }
  Status status() const {
    const env::MutexLock lock(mutex_);
    return status_;
  }
  void WaitUntilDone() {
    const env::MutexLock lock(mutex_);
    while (!done_) changed_.Wait(mutex_);
  }

 private:
  void BeginIfAsked() {
    std::vector<Flow> out, in;
    base::Attempt attempt;
    {
      const env::MutexLock lock(mutex_);
      if (!begin_) return;
      begin_ = false;
      attempt = attempt_;
      out.swap(out_);
      in.swap(in_);
    }
    EndAttempt();
    for (const Flow& flow : in) {
      receivers_.push_back(std::make_unique<Receiver>(
          plane_->OpenReader(KeyOf(attempt, flow.edge), flow.peer, TypeOpsOf<int64_t>()),
          flow.rows));
      receivers_.back()->reader().SetWakeTarget(this);
    }
    for (const Flow& flow : out) {
      senders_.push_back(std::make_unique<Sender>(
          plane_->OpenWriter(KeyOf(attempt, flow.edge), flow.peer, TypeOpsOf<int64_t>()),
          flow.rows));
      senders_.back()->writer().SetWakeTarget(this);
    }
  }

  void Note() {
    bool done = !senders_.empty() || !receivers_.empty();
    Status status;
    for (const auto& sender : senders_) {
      done &= sender->done();
      if (status.ok()) status = sender->writer().status();
    }
    for (const auto& receiver : receivers_) {
      done &= receiver->done();
      if (status.ok()) status = receiver->reader().status();
    }
    const env::MutexLock lock(mutex_);
    if (begin_) return;  // this was the attempt before
    done_ = done;
    status_ = status;
    changed_.NotifyAll();
  }

  std::unique_ptr<DataPlane> plane_;
  std::vector<std::unique_ptr<Sender>> senders_;
  std::vector<std::unique_ptr<Receiver>> receivers_;
  size_t stalled_ = SIZE_MAX;

  mutable env::Mutex mutex_;
  env::CondVar changed_;
  base::Attempt attempt_ WEIR_GUARDED_BY(mutex_);
  std::vector<Flow> out_ WEIR_GUARDED_BY(mutex_), in_ WEIR_GUARDED_BY(mutex_);
  bool begin_ WEIR_GUARDED_BY(mutex_) = false;
  bool done_ WEIR_GUARDED_BY(mutex_) = false;
  Status status_ WEIR_GUARDED_BY(mutex_);

  std::unique_ptr<env::TaskThread> thread_;  // last: steps the fields above
};

// --- In the simulator ---

using std::chrono::milliseconds;
using std::chrono::seconds;

// Workers "a", "b", … on a simulated network.
class Cluster {
 public:
  explicit Cluster(const sim::Options& options) : world_(options) {}

  sim::Process& Spawn(const std::string& name) {
    return world_.Spawn(name, world_.NewDisk(name), [name](const env::Env& env, sim::Process&) {
      return std::make_unique<Node>(name, env.transport, env.chaos, env.threads);
    });
  }
  static Node& NodeOf(const sim::Process& process) { return *process.program_as<Node>(); }
  static bool IsUp(const sim::Process& process) { return process.program() != nullptr; }
  sim::World& world() { return world_; }

 private:
  sim::World world_;
};

// Two workers that send each other `edges` flows.
class Pair : public Cluster {
 public:
  static constexpr int64_t kRows = 20'000;

  explicit Pair(const sim::Options& options, uint32_t edges = 2)
      : Cluster(options), edges_(edges), a_(Spawn("a")), b_(Spawn("b")) {
    EXPECT_TRUE(world().RunUntil([&] { return IsUp(a_) && IsUp(b_); }, seconds(1)));
  }

  void Begin(sim::Process& process, uint32_t attempt) {
    const bool is_a = &process == &a_;
    std::vector<Flow> out, in;
    for (uint32_t edge = 0; edge < 2 * edges_; ++edge) {
      auto& flows = (edge < edges_) == is_a ? out : in;
      flows.push_back({.edge = edge, .peer = is_a ? "b" : "a", .rows = kRows});
    }
    NodeOf(process).BeginAttempt(base::Attempt(attempt), std::move(out), std::move(in));
  }
  void BeginBoth(uint32_t attempt) { Begin(a_, attempt), Begin(b_, attempt); }

  bool Done() const { return IsUp(a_) && IsUp(b_) && NodeOf(a_).done() && NodeOf(b_).done(); }
  bool RunUntilDone(Duration at_most = seconds(60)) {
    return world().RunUntil([&] { return Done(); }, at_most);
  }
  bool IsBroken(const sim::Process& process) const {
    return !IsUp(process) || !NodeOf(process).status().ok();
  }

  Node& a() { return NodeOf(a_); }
  Node& b() { return NodeOf(b_); }
  sim::Process& process_a() { return a_; }
  sim::Process& process_b() { return b_; }

 private:
  const uint32_t edges_;
  sim::Process& a_;
  sim::Process& b_;
};

sim::Options Buggy(uint64_t seed) {
  sim::Options options = sim::CalmOptions(seed);
  options.buggify = true;
  return options;
}

TEST(DataPlane, ElementsCrossInBothDirections) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(Concat("seed ", seed));
    Pair pair(seed % 2 == 0 ? sim::CalmOptions(seed) : Buggy(seed));
    pair.BeginBoth(1);
    EXPECT_TRUE(pair.RunUntilDone());
    EXPECT_EQ(pair.world().network().connections(), 1);
    for (Node* node : {&pair.a(), &pair.b()}) {
      const DataPlane::Counters counters = node->plane().counters();
      EXPECT_GT(counters.frames_received, 0);
      EXPECT_EQ(counters.stale_frames, 0);
      EXPECT_EQ(counters.refused_frames, 0);
      EXPECT_EQ(counters.connections_lost, 0);
    }
  }
}

TEST(DataPlane, TheSameSeedGivesTheSameTrace) {
  uint64_t trace[2];
  for (uint64_t& hash : trace) {
    Pair pair(Buggy(3));
    pair.BeginBoth(1);
    EXPECT_TRUE(pair.RunUntilDone());
    hash = pair.world().trace_hash();
  }
  EXPECT_EQ(trace[0], trace[1]);
}

TEST(DataPlane, EitherEndMayBeOpenedLongBeforeTheOther) {
  for (const bool a_first : {true, false}) {
    Pair pair(sim::CalmOptions(1));
    pair.Begin(a_first ? pair.process_a() : pair.process_b(), 1);
    pair.world().RunFor(seconds(5));
    pair.Begin(a_first ? pair.process_b() : pair.process_a(), 1);
    EXPECT_TRUE(pair.RunUntilDone());
  }
}

TEST(DataPlane, ASlowConsumerDoesNotDelayOtherChannels) {
  Pair pair(sim::CalmOptions(1));
  pair.b().Stall(0);
  pair.BeginBoth(1);
  EXPECT_FALSE(pair.RunUntilDone(seconds(20)));
  EXPECT_EQ(pair.b().receivers()[0]->received(), 0);
  EXPECT_TRUE(pair.b().receivers()[1]->done());
  EXPECT_FALSE(pair.a().senders()[0]->done());
  EXPECT_TRUE(pair.a().senders()[1]->done());
  pair.b().Stall(SIZE_MAX);
  pair.b().Wake();
  EXPECT_TRUE(pair.RunUntilDone());
}

TEST(DataPlane, ABrokenConnectionBreaksTheEndsOnIt) {
  Pair pair(sim::CalmOptions(1));
  pair.b().Stall(0);
  pair.BeginBoth(1);
  pair.world().RunFor(seconds(1));
  pair.world().network().Break(pair.process_a(), pair.process_b());
  pair.world().RunFor(seconds(1));
  for (Node* node : {&pair.a(), &pair.b()}) {
    EXPECT_EQ(node->status().code(), StatusCode::kUnavailable);
    EXPECT_EQ(node->plane().counters().connections_lost, 1);
    for (auto& sender : node->senders()) EXPECT_FALSE(sender->writer().status().ok());
    for (auto& receiver : node->receivers()) EXPECT_FALSE(receiver->reader().status().ok());
  }
  pair.b().Stall(SIZE_MAX);
  pair.BeginBoth(2);
  EXPECT_TRUE(pair.RunUntilDone());
}

TEST(DataPlane, AKilledPeerBreaksItsChannelsAndComesBack) {
  Pair pair(sim::CalmOptions(2));
  pair.b().Stall(0);
  pair.BeginBoth(1);
  pair.world().RunFor(seconds(1));
  pair.process_b().Kill();
  EXPECT_TRUE(pair.world().RunUntil([&] { return !pair.a().status().ok(); }, seconds(5)));
  pair.process_b().Restart();
  EXPECT_TRUE(pair.world().RunUntil([&] { return Pair::IsUp(pair.process_b()); }, seconds(1)));
  pair.BeginBoth(2);
  EXPECT_TRUE(pair.RunUntilDone());
}

TEST(DataPlane, APeerThatIsNotThereBreaksTheChannel) {
  Cluster cluster(sim::CalmOptions(1));
  sim::Process& a = cluster.Spawn("a");
  cluster.world().RunFor(milliseconds(10));
  Cluster::NodeOf(a).BeginAttempt(base::Attempt(1), {{.edge = 0, .peer = "b", .rows = 1}}, {});
  cluster.world().RunFor(seconds(1));
  EXPECT_EQ(Cluster::NodeOf(a).status().code(), StatusCode::kUnavailable);
}

TEST(DataPlane, FramesOfAnotherAttemptAreIgnoredAndCounted) {
  Pair pair(sim::CalmOptions(1));
  pair.BeginBoth(1);
  pair.world().RunFor(milliseconds(20));
  pair.Begin(pair.process_b(), 2);  // a still sends for attempt 1, and has to hear of 2 first
  pair.world().RunFor(seconds(1));
  EXPECT_GT(pair.b().plane().counters().stale_frames, 0);
  EXPECT_EQ(pair.b().plane().counters().refused_frames, 0);
  EXPECT_EQ(pair.b().status(), OkStatus());
  pair.Begin(pair.process_a(), 2);
  EXPECT_TRUE(pair.RunUntilDone());
  EXPECT_EQ(pair.a().plane().counters().connections_lost, 0);
}

// A process without a program: the test uses its Env.
sim::Process& SpawnBare(sim::World& world) {
  sim::Process& process =
      world.Spawn("p", world.NewDisk("p"), [](const env::Env&, sim::Process&) { return nullptr; });
  world.RunFor(milliseconds(1));
  return process;
}

TEST(DataPlane, ClosedWhileEndsAreOpenItBreaksThem) {
  sim::World world(sim::CalmOptions(1));
  sim::Process& process = SpawnBare(world);
  const env::Env& env = process.env();
  auto plane =
      DataPlane::Open({.listen_address = "p", .transport = env.transport, .chaos = env.chaos});
  ASSERT_TRUE(plane.ok());
  auto writer = (*plane)->OpenWriter(KeyOf(base::Attempt(1), 0), "q", TypeOpsOf<int64_t>());
  auto reader = (*plane)->OpenReader(KeyOf(base::Attempt(1), 0), "q", TypeOpsOf<int64_t>());
  plane->reset();
  EXPECT_EQ(writer->status().code(), StatusCode::kCancelled);
  EXPECT_EQ(reader->status().code(), StatusCode::kCancelled);
}

// A transport with one connection, whose peer answers while whoever connected still says hello.
class HastyTransport final : public env::Transport, public env::Connection {
 public:
  // What other threads do in that moment.
  std::function<void(env::ConnectionHandler&)> meanwhile;
  std::vector<std::string> sent;

  StatusOr<std::unique_ptr<env::Listener>> Listen(const std::string&, env::Acceptor&) override {
    struct Here final : env::Listener {
      std::string address() const override { return "a"; }
    };
    return std::unique_ptr<env::Listener>(std::make_unique<Here>());
  }
  std::shared_ptr<env::Connection> Connect(
      const std::string&, std::shared_ptr<env::ConnectionHandler> handler) override {
    handler_ = std::move(handler);
    return {std::shared_ptr<void>(), this};  // owned by the test
  }
  void Send(std::string frame) override {
    sent.push_back(std::move(frame));
    if (sent.size() == 1) meanwhile(*handler_);
  }
  void Forget() { handler_ = nullptr; }

 private:
  std::shared_ptr<env::ConnectionHandler> handler_;
};

TEST(DataPlane, WhatIsSentWhileTheConnectionIsMadeIsNotLost) {
  HastyTransport transport;
  TestChaos chaos;
  auto plane = DataPlane::Open({.listen_address = "a", .transport = transport, .chaos = chaos});
  ASSERT_TRUE(plane.ok());
  std::unique_ptr<ChannelWriter> second;
  transport.meanwhile = [&](env::ConnectionHandler& handler) {
    const ChannelKey key = KeyOf(base::Attempt(1), 2);
    second = (*plane)->OpenWriter(key, "b", TypeOpsOf<int64_t>());
    handler.OnFrame(EncodeCredit({.key = key, .credit = {.frames = 8, .controls = 16}}));
    StreamElement idle(record::Idle{});
    EXPECT_EQ(second->TrySend(idle), SendResult::kSent);
    EXPECT_EQ(transport.sent.size(), 1);  // hello comes first
  };
  const auto first = (*plane)->OpenWriter(KeyOf(base::Attempt(1), 1), "b", TypeOpsOf<int64_t>());
  ASSERT_EQ(transport.sent.size(), 2);
  EXPECT_EQ(std::get<ElementFrame>(*DecodeFrame(transport.sent[1])).sequence, 0);
  StreamElement active(record::Active{});
  EXPECT_EQ(second->TrySend(active), SendResult::kSent);
  ASSERT_EQ(transport.sent.size(), 3);
  EXPECT_EQ(std::get<ElementFrame>(*DecodeFrame(transport.sent[2])).sequence, 1);
  transport.Forget();
}

// A cluster's life in small: whatever the network does, attempts that break are begun again, each
// worker hearing of it at a time of its own, until one of them goes through.
void LiveThrough(uint64_t seed, uint64_t& breaks) {
  sim::Options options = sim::RoughOptions(seed);
  options.network.break_send = std::min(options.network.break_send, 0.002);
  Pair pair(options);
  std::mt19937_64 random(seed);
  uint32_t attempt = 1;
  pair.BeginBoth(attempt);
  for (int round = 0; round < 400 && !pair.Done(); ++round) {
    if (round < 20 && random() % 8 == 0) pair.process_b().Kill();
    pair.world().RunFor(milliseconds(random() % 50));
    if (!pair.IsBroken(pair.process_a()) && !pair.IsBroken(pair.process_b())) continue;
    if (pair.process_b().state() == sim::Process::State::kDead) pair.process_b().Restart();
    pair.world().RunUntil([&] { return Pair::IsUp(pair.process_b()); }, seconds(1));
    ++attempt, ++breaks;
    const bool a_first = random() % 2 == 0;
    pair.Begin(a_first ? pair.process_a() : pair.process_b(), attempt);
    pair.world().RunFor(milliseconds(random() % 20));
    pair.Begin(a_first ? pair.process_b() : pair.process_a(), attempt);
  }
  EXPECT_TRUE(pair.Done());
}

TEST(DataPlane, LivesThroughARoughNetwork) {
  uint64_t breaks = 0;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(Concat("seed ", seed));
    LiveThrough(seed, breaks);
  }
  EXPECT_GT(breaks, 30);
}

TEST(DataPlane, ALeakedCreditStopsTheFlow) {
  sim::Options options = sim::CalmOptions(1);
  options.mutant = "credit-leak";
  Pair pair(options);
  pair.BeginBoth(1);
  EXPECT_FALSE(pair.RunUntilDone(seconds(30)));
  EXPECT_GT(pair.world().hits("mutant.credit-leak"), 0);
}

// --- Peers that do not keep to the protocol ---

// Connects and sends what it was given.
class Stranger final : public sim::Program {
 public:
  Stranger(const env::Env& env, std::vector<std::string> frames) {
    connection_ = env.transport.Connect("b", std::make_shared<Ear>(closed_));
    for (std::string& frame : frames) connection_->Send(std::move(frame));
  }
  bool closed() const { return *closed_; }

 private:
  struct Ear final : env::ConnectionHandler {
    explicit Ear(std::shared_ptr<bool> flag) : closed(std::move(flag)) {}
    void OnFrame(std::string) override {}
    void OnClosed(Status) override { *closed = true; }
    const std::shared_ptr<bool> closed;
  };
  const std::shared_ptr<bool> closed_ = std::make_shared<bool>(false);  // owners: this, the ear
  std::shared_ptr<env::Connection> connection_;
};

std::string Element(uint64_t sequence, const std::string& payload) {
  base::ByteWriter out;
  EncodeElementHead(
      {.kind = FrameKind::kRows, .key = KeyOf(base::Attempt(1), 0), .sequence = sequence}, out);
  out.Raw(payload);
  return out.Take();
}

// Lets worker "b", which waits for records from "a", hear `frames` instead. Returns b's counters;
// b's status goes to `status`.
DataPlane::Counters Hear(std::vector<std::string> frames, bool expect_closed = true,
                         Status* status = nullptr) {
  Cluster cluster(sim::CalmOptions(1));
  sim::Process& b = cluster.Spawn("b");
  cluster.world().RunFor(milliseconds(10));
  Node& node = Cluster::NodeOf(b);
  node.BeginAttempt(base::Attempt(1), {}, {{.edge = 0, .peer = "a", .rows = 100}});
  cluster.world().RunFor(milliseconds(10));
  sim::Process& stranger = cluster.world().Spawn(
      "stranger", cluster.world().NewDisk("stranger"), [&](const env::Env& env, sim::Process&) {
        return std::make_unique<Stranger>(env, std::move(frames));
      });
  cluster.world().RunFor(seconds(1));
  EXPECT_EQ(stranger.program_as<Stranger>()->closed(), expect_closed);
  if (status != nullptr) *status = node.status();
  return node.plane().counters();
}

TEST(DataPlane, GarbageCostsTheConnection) {
  const std::string hello = EncodeHello({.address = "a"});
  const CreditFrame credit{.key = KeyOf(base::Attempt(1), 0), .credit = {}};
  EXPECT_EQ(Hear({"garbage"}).refused_frames, 1);
  EXPECT_EQ(Hear({""}).refused_frames, 1);
  EXPECT_EQ(Hear({hello, "garbage", "garbage"}).refused_frames, 1);
  EXPECT_EQ(Hear({hello, hello}).refused_frames, 1);
  EXPECT_EQ(Hear({Element(0, "x")}).refused_frames, 1);                // before hello
  EXPECT_EQ(Hear({EncodeCredit(credit)}).refused_frames, 1);           // likewise
  EXPECT_EQ(Hear({EncodeHello({.address = "c"})}).refused_frames, 1);  // should have waited
  EXPECT_EQ(Hear({EncodeHello({.address = "b"})}).refused_frames, 1);  // that is b itself
}

TEST(DataPlane, GarbageOnAChannelBreaksItWithDataLoss) {
  const std::string hello = EncodeHello({.address = "a"});
  Status status;
  EXPECT_EQ(Hear({hello, Element(0, "garbage")}, true, &status).refused_frames, 1);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(Hear({hello, Element(5, "")}, true, &status).refused_frames, 1);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("out of sequence"), std::string::npos) << status;
  EXPECT_NE(status.message().find("worker at a"), std::string::npos) << status;
}

TEST(DataPlane, FramesForAChannelOfAnotherPeerAreStale) {
  const std::string hello = EncodeHello({.address = "aa"});
  EXPECT_EQ(Hear({hello, Element(0, "x")}, false).stale_frames, 1);
}

TEST(DataPlane, EarlyCreditsHaveALimit) {
  std::vector<std::string> frames{EncodeHello({.address = "a"})};
  for (uint32_t edge = 1; edge <= limits::kEarlyGrantsMax; ++edge) {
    frames.push_back(EncodeCredit({.key = KeyOf(base::Attempt(1), edge), .credit = {1, 1}}));
  }
  EXPECT_EQ(Hear(frames, false).connections_lost, 0);
  const auto one_more = static_cast<uint32_t>(limits::kEarlyGrantsMax + 1);
  frames.push_back(EncodeCredit({.key = KeyOf(base::Attempt(1), one_more), .credit = {1, 1}}));
  EXPECT_EQ(Hear(std::move(frames)).connections_lost, 1);
}

TEST(DataPlane, AnAddressThatIsTakenIsAnError) {
  sim::World world(sim::CalmOptions(1));
  sim::Process& process = SpawnBare(world);
  const DataPlane::Options options{
      .listen_address = "p", .transport = process.env().transport, .chaos = process.env().chaos};
  const auto first = DataPlane::Open(options);
  EXPECT_TRUE(first.ok());
  EXPECT_EQ(DataPlane::Open(options).status().code(), StatusCode::kAlreadyExists);
}

// --- On real threads ---

void CrossBetween(env::Transport& transport_a, const std::string& listen_a,
                  env::Transport& transport_b, const std::string& listen_b) {
  env::PosixThreads threads;
  TestChaos chaos;
  Node a(listen_a, transport_a, chaos, threads);
  Node b(listen_b, transport_b, chaos, threads);
  const auto flow = [](uint32_t edge, Node& peer) {
    return Flow{.edge = edge, .peer = peer.plane().address(), .rows = 200'000};
  };
  for (uint32_t attempt = 1; attempt <= 2; ++attempt) {
    a.BeginAttempt(base::Attempt(attempt), {flow(0, b), flow(1, b)}, {flow(2, b)});
    b.BeginAttempt(base::Attempt(attempt), {flow(2, a)}, {flow(0, a), flow(1, a)});
    a.WaitUntilDone();
    b.WaitUntilDone();
    EXPECT_EQ(a.status(), OkStatus());
    EXPECT_EQ(b.status(), OkStatus());
  }
}

TEST(DataPlane, ElementsCrossBetweenRealThreads) {
  env::ThreadEventLoop delivery("delivery");
  env::MemoryTransport transport(delivery);
  CrossBetween(transport, "a", transport, "b");
}

TEST(DataPlane, ElementsCrossSockets) {
  env::SocketTransport a, b;
  CrossBetween(a, "127.0.0.1:0", b, "127.0.0.1:0");
}

}  // namespace
}  // namespace weir::exchange
