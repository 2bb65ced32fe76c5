// Sketch: a source over the partitions of a topic, which grow in number while the job runs.
//
// What it asks of the contracts: a discovery that is never final, positions that are resolved
// before the first record, splits that reach a reader while it reads others, and books in which
// every partition has one place.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <ranges>

#include "weir/cluster/split_ledger.h"
#include "weir/record/typed_ops.h"
#include "weir/runtime/source.h"
#include "weir/testing/permit_for_tests.h"

namespace weir::contracts {
namespace {

/// What the client library would reach: partitions by name, each a log.
struct Broker {
  std::map<std::string, std::vector<int64_t>> partitions;
};

enum class StartAt : uint8_t { kEarliest, kLatest };

class TopicEnumerator final : public runtime::SplitEnumerator {
 public:
  TopicEnumerator(const Broker& broker, StartAt start) : broker_(broker), start_(start) {}

  /// "Latest" is the present end, and for partitions of the first look only: one that appears
  /// later is read from its beginning, or what was written before it was seen would be lost.
  void Discover(base::UniqueFunction<void(StatusOr<runtime::Discovery>)> done) override {
    runtime::Discovery found{.splits = {}, .final = false, .state = "looked"};
    for (const auto& [name, log] : broker_.partitions) {
      const size_t position = start_ == StartAt::kLatest && first_ ? log.size() : 0;
      found.splits.push_back({.id = name, .position = std::to_string(position)});
    }
    first_ = false;
    done(std::move(found));
  }
  Status Restore(std::string_view) override {
    first_ = false;
    return {};
  }

 private:
  const Broker& broker_;
  const StartAt start_;
  bool first_ = true;
};

class TopicReader final : public runtime::SourceReader {
 public:
  explicit TopicReader(const Broker& broker) : broker_(broker) {}

  Status Start(const runtime::OperatorContext&) override { return {}; }
  Status AddSplits(std::vector<runtime::Split> splits) override {
    for (const runtime::Split& split : splits) {
      positions_[split.id] = std::stoull(split.position);
      if (!split.watermark_state.empty()) times_[split.id] = std::stoll(split.watermark_state);
    }
    return {};
  }
  void NoMoreSplits() override {}

  StatusOr<runtime::PollResult> Poll(runtime::Output& output) override {
    record::AnyBatch& batch = output.OpenBatch(base::PortIndex(0));
    for (auto& [name, position] : positions_) {
      const auto log = broker_.partitions.find(name);  // a partition may go, its position stays
      while (log != broker_.partitions.end() && position < log->second.size()) {
        if (batch.full()) return runtime::PollResult::kMore;
        const int64_t record = log->second[position++];
        times_[name] = std::max(record, times_[name]);
        batch.Rows<int64_t>()[batch.size()] = record;
        batch.set_size(batch.size() + 1);
      }
    }
    return runtime::PollResult::kIdle;
  }

  bool WantsSplit() const override { return true; }  // a partition more is always welcome

  /// A record is its own time; the watermark of several partitions is the smallest. A partition
  /// that was never read is not waited for, and a reader of only such ones is idle.
  runtime::EventTime event_time() const override {
    if (times_.empty()) return {.idle = true};
    return {.watermark = std::ranges::min(times_ | std::views::values)};
  }

  std::vector<runtime::Split> Snapshot(base::CheckpointId checkpoint) override {
    std::vector<runtime::Split> splits;
    for (const auto& [name, position] : positions_) {
      splits.push_back({.id = name, .position = std::to_string(position), .watermark_state = {}});
      if (times_.contains(name)) splits.back().watermark_state = std::to_string(times_[name]);
    }
    snapshots_[checkpoint] = positions_;
    return splits;
  }

  /// What would be told to the broker: positions of the completed checkpoint, not newer ones.
  Status OnCheckpointComplete(const runtime::CommitPermit& permit) override {
    const auto complete = snapshots_.find(permit.checkpoint());
    if (complete == snapshots_.end()) return {};
    acknowledged = complete->second;
    snapshots_.erase(snapshots_.begin(), std::next(complete));
    return {};
  }
  std::map<std::string, size_t> acknowledged;

  std::vector<std::string> TakeFinished() override { return {}; }

 private:
  const Broker& broker_;
  std::map<std::string, size_t> positions_;
  std::map<std::string, int64_t> times_;
  std::map<base::CheckpointId, std::map<std::string, size_t>> snapshots_;
};

class TopicSource final : public runtime::Source {
 public:
  TopicSource(const Broker& broker, StartAt start) : broker_(broker), start_(start) {}
  std::string kind() const override { return "topic-source"; }
  const record::TypeOps& type() const override { return TypeOpsOf<int64_t>(); }
  bool bounded() const override { return false; }
  bool can_replay() const override { return true; }
  std::unique_ptr<runtime::SplitEnumerator> NewEnumerator(env::Env&) const override {
    return NewEnumerator();
  }
  std::unique_ptr<runtime::SourceReader> NewReader() const override {
    return std::make_unique<TopicReader>(broker_);
  }
  std::unique_ptr<runtime::SplitEnumerator> NewEnumerator() const {
    return std::make_unique<TopicEnumerator>(broker_, start_);
  }

 private:
  const Broker& broker_;
  const StartAt start_;
};

// What the coordinator does with a source.
class Books {
 public:
  explicit Books(const TopicSource& source, const checkpoint::SourceSnapshot& books = {})
      : ledger_(books), enumerator_(source.NewEnumerator()) {
    if (!ledger_.enumerator_state().empty()) {
      EXPECT_TRUE(enumerator_->Restore(ledger_.enumerator_state()).ok());
    }
  }

  void Discover() {
    enumerator_->Discover([&](StatusOr<runtime::Discovery> found) {
      ASSERT_TRUE(found.ok());
      ledger_.OnDiscovered(*found);
    });
  }
  /// Gives all that is unassigned to one reader.
  void GiveAllTo(runtime::SourceReader& reader) {
    const base::SubtaskIndex subtask;
    ledger_.OnWanted(subtask);
    while (auto assignment = ledger_.Assign()) {
      ASSERT_TRUE(assignment->split && reader.WantsSplit());
      ASSERT_TRUE(reader.AddSplits({*assignment->split}).ok());
      ledger_.OnWanted(subtask);
    }
  }
  cluster::SplitLedger& ledger() { return ledger_; }

 private:
  cluster::SplitLedger ledger_;
  std::unique_ptr<runtime::SplitEnumerator> enumerator_;
};

// Everything that a reader puts out until it is idle, sorted.
std::vector<int64_t> ReadAll(runtime::SourceReader& reader) {
  const record::TypeOps* type = &TypeOpsOf<int64_t>();
  runtime::Output output({&type, 1});
  std::vector<int64_t> rows;
  for (bool idle = false; !idle;) {
    const StatusOr<runtime::PollResult> result = reader.Poll(output);
    EXPECT_TRUE(result.ok());
    idle = *result == runtime::PollResult::kIdle;
    while (auto batch = output.TakeBatch(base::PortIndex(0), runtime::Output::Take::kAny)) {
      rows.insert(rows.end(), batch->Rows<int64_t>(), batch->Rows<int64_t>() + batch->size());
    }
  }
  std::ranges::sort(rows);
  return rows;
}

using Rows = std::vector<int64_t>;
constexpr base::CheckpointId kFirst(1), kSecond(2);

TEST(TopicSource, APartitionThatAppearsLaterIsReadFromItsBeginning) {
  Broker broker{{{"t-0", {1, 2}}}};
  const TopicSource source(broker, StartAt::kLatest);
  Books books(source);
  const auto reader = source.NewReader();
  books.Discover();
  books.GiveAllTo(*reader);
  EXPECT_EQ(ReadAll(*reader), Rows{});  // latest was the end at the first look

  broker.partitions["t-0"].push_back(3);
  broker.partitions["t-1"] = {10, 11};
  books.Discover();
  books.GiveAllTo(*reader);
  EXPECT_EQ(ReadAll(*reader), (Rows{3, 10, 11}));
}

TEST(TopicSource, LatestIsAnOffsetInTheFirstSnapshotAlready) {
  Broker broker{{{"t-0", {1, 2}}}};
  const TopicSource source(broker, StartAt::kLatest);
  Books books(source);
  const auto reader = source.NewReader();
  books.Discover();
  books.GiveAllTo(*reader);
  broker.partitions["t-0"].push_back(3);  // before the first record was read
  const std::vector<runtime::Split> snapshot = reader->Snapshot(kFirst);
  ASSERT_EQ(snapshot, (std::vector<runtime::Split>{{.id = "t-0", .position = "2"}}));

  const auto successor = source.NewReader();
  ASSERT_TRUE(successor->AddSplits(snapshot).ok());
  EXPECT_EQ(ReadAll(*successor), Rows{3});
}

TEST(TopicSource, LatestHoldsForTheFirstLookOfTheJobNotOfTheAttempt) {
  Broker broker{{{"t-0", {1, 2}}}};
  const TopicSource source(broker, StartAt::kLatest);
  Books books(source);
  books.Discover();
  const checkpoint::SourceSnapshot stored = books.ledger().Capture("topic-source").snapshot;

  broker.partitions["t-1"] = {10, 11};  // while the job is down
  Books resumed(source, stored);
  const auto reader = source.NewReader();
  resumed.Discover();
  resumed.GiveAllTo(*reader);
  EXPECT_EQ(ReadAll(*reader), (Rows{10, 11}));
}

TEST(TopicSource, AcknowledgesWhatTheCompletedCheckpointHolds) {
  Broker broker{{{"t-0", {1}}}};
  TopicReader reader(broker);
  ASSERT_TRUE(reader.AddSplits({{.id = "t-0", .position = "0"}}).ok());
  ReadAll(reader);
  (void)reader.Snapshot(kFirst);
  broker.partitions["t-0"].push_back(2);
  ReadAll(reader);
  (void)reader.Snapshot(kSecond);
  ASSERT_TRUE(reader.OnCheckpointComplete(testing::PermitForTests::Of(kFirst)).ok());
  EXPECT_EQ(reader.acknowledged["t-0"], 1u);  // the second may yet be aborted
}

TEST(TopicSource, EventTimeIsTheSlowestPartitionAndStaysWithItsSplit) {
  Broker broker{{{"t-0", {7}}, {"t-1", {3}}}};
  const TopicSource source(broker, StartAt::kEarliest);
  const auto reader = source.NewReader();
  EXPECT_EQ(reader->event_time(), (runtime::EventTime{.idle = true}));
  ASSERT_TRUE(
      reader->AddSplits({{.id = "t-0", .position = "0"}, {.id = "t-1", .position = "0"}}).ok());
  ReadAll(*reader);
  EXPECT_EQ(reader->event_time(), (runtime::EventTime{.watermark = 3}));
  const auto successor = source.NewReader();
  ASSERT_TRUE(successor->AddSplits(reader->Snapshot(kFirst)).ok());
  EXPECT_EQ(successor->event_time(), (runtime::EventTime{.watermark = 3}));
}

TEST(TopicSource, EveryPartitionHasOnePlaceAtATrigger) {
  Broker broker{{{"t-0", {1}}}};
  const TopicSource source(broker, StartAt::kEarliest);
  Books books(source);
  const auto reader = source.NewReader();
  books.Discover();
  books.GiveAllTo(*reader);
  broker.partitions["t-1"] = {2};
  books.Discover();  // found, not yet given to anybody
  const checkpoint::SourceAtTrigger trigger = books.ledger().Capture("topic-source");
  ASSERT_EQ(trigger.snapshot.splits.size(), 1u);
  EXPECT_EQ(trigger.snapshot.splits[0].id, "t-1");
  EXPECT_EQ(trigger.assigned, std::vector<std::string>{"t-0"});
  EXPECT_FALSE(trigger.snapshot.discovery_final);
  ASSERT_EQ(reader->Snapshot(kFirst).size(), 1u);
  EXPECT_EQ(reader->Snapshot(kFirst)[0].id, "t-0");
}

TEST(TopicSource, AnOffsetOutlivesATopicThatGoesAndComesBack) {
  Broker broker{{{"t-0", {1, 2}}}};
  const TopicSource source(broker, StartAt::kEarliest);
  const auto reader = source.NewReader();
  ASSERT_TRUE(reader->AddSplits({{.id = "t-0", .position = "1"}}).ok());
  const auto log = broker.partitions.extract("t-0");
  EXPECT_EQ(ReadAll(*reader), Rows{});
  EXPECT_EQ(reader->Snapshot(kFirst)[0].position, "1");
  broker.partitions["t-0"] = log.mapped();
  EXPECT_EQ(ReadAll(*reader), Rows{2});
}

}  // namespace
}  // namespace weir::contracts
