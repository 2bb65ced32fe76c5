// Sketch: session windows with event-time timers and a side output for late records.
//
// What it asks of the contracts: rows (key, namespace) in one table; timers that are state and fire
// in pieces; a second output port; the watermark that held for each range of key groups.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "tests/contracts/scoped_key.h"
#include "tests/contracts/stage.h"
#include "weir/state/value_state.h"

namespace weir::contracts {
namespace {

constexpr Timestamp kGap = 10;

struct Click {
  int64_t user;
  int64_t value;
};
WEIR_RECORD(Click, user, value);

struct Session {
  int64_t user;
  int64_t begin;
  int64_t end;
  int64_t sum;
};
WEIR_RECORD(Session, user, begin, end, sum);

// Each key has one row in the namespace kOverview with its open sessions, and a row for each of
// these, whose namespace is the begin that the session had first.
using Key = ScopedKey<int64_t, int64_t>;
constexpr int64_t kOverview = INT64_MIN;

struct OpenSession {
  int64_t begin;
  int64_t end;
  int64_t scope;
};
WEIR_RECORD(OpenSession, begin, end, scope);

class SessionWindow final : public runtime::Operator {
 public:
  Status Open(const runtime::OperatorContext& context) override {
    context_ = context;
    backend_.emplace(BackendOptionsOf<Key>(context));
    WEIR_ASSIGN_OR_RETURN(open_,
                          ValueState<std::vector<OpenSession>>::DeclareIn(*backend_, "open"));
    WEIR_ASSIGN_OR_RETURN(sum_, ValueState<int64_t>::DeclareIn(*backend_, "sum"));
    WEIR_ASSIGN_OR_RETURN(timer_, ValueState<int64_t>::DeclareIn(*backend_, "timer"));
    backend_->Open();
    return {};
  }

  // Timers are state of their rows; their order is made again from the rows.
  Status Start() override {
    std::vector<Key> keys;
    backend_->table().VisitRows([&](const state::Row& row) {
      Key key;
      const bool ok = state::DecodeAll(backend_->table().layout().KeyOf(row), key);
      if (ok && row.presence != 0) keys.push_back(key);
    });
    for (const Key& key : keys) {
      Bind(key);
      if (timer_.Has()) due_.emplace(*timer_.Get(), key);
    }
    backend_->Unbind();
    return {};
  }
  state::KeyedBackend* keyed_state() override { return &*backend_; }

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    const record::AnyBatch& batch = input.batch;
    for (; input.cursor < batch.size() && !output.MustDrain(); ++input.cursor) {
      const Click& click = batch.Rows<Click>()[input.cursor];
      const Timestamp time = batch.timestamps()[input.cursor];
      if (!Add(click, time)) Emit(output, base::PortIndex(1), click, time);
    }
    backend_->Unbind();
    WEIR_RETURN_IF_ERROR(backend_->status());
    return input.cursor == batch.size() ? runtime::Outcome::kNeedInput
                                        : runtime::Outcome::kMoreOutput;
  }

  StatusOr<runtime::Outcome> OnWatermark(record::Watermark watermark,
                                         runtime::Output& output) override {
    watermark_ = std::max(watermark_, watermark.time);
    while (!due_.empty() && due_.begin()->first <= watermark_) {
      if (output.MustDrain()) return runtime::Outcome::kMoreOutput;  // between two timers
      const auto [time, key] = *due_.begin();
      due_.erase(due_.begin());
      Fire(time, key, output);
    }
    backend_->Unbind();
    WEIR_RETURN_IF_ERROR(backend_->status());
    return runtime::Outcome::kNeedInput;
  }

  void RestoreWatermark(base::KeyGroupRange groups, Timestamp watermark) override {
    restored_.push_back({groups, watermark});
  }

 private:
  struct Held {
    base::KeyGroupRange groups;
    Timestamp watermark;
  };

  void Bind(const Key& key) {
    bound_ = key;
    backend_->Bind(TypeTraits<Key>::Hash(0, bound_), bound_);
  }

  // False when the record is late: its session is over.
  bool Add(const Click& click, Timestamp time) {
    OpenSession session{.begin = time, .end = time + kGap, .scope = time};
    Bind({click.user, kOverview});
    std::vector<OpenSession> others;
    std::vector<OpenSession> merged;
    for (const OpenSession& other : open_.ValueOr({})) {
      const bool apart = other.end < session.begin || session.end < other.begin;
      (apart ? others : merged).push_back(other);
    }
    if (merged.empty() && session.end <= WatermarkOf(click.user)) return false;
    int64_t sum = click.value;
    for (const OpenSession& other : merged) {
      session = {.begin = std::min(session.begin, other.begin),
                 .end = std::max(session.end, other.end),
                 .scope = other.scope};
      sum += Take({click.user, other.scope});
    }
    others.push_back(session);
    Bind({click.user, kOverview});
    open_.Update(others);
    Bind({click.user, session.scope});
    sum_.Update(sum);
    timer_.Update(session.end);
    due_.emplace(session.end, bound_);
    return true;
  }

  // The sum of a session, whose row and timer go.
  int64_t Take(const Key& key) {
    Bind(key);
    const int64_t sum = sum_.ValueOr(0);
    if (timer_.Has()) due_.erase({*timer_.Get(), key});
    sum_.Clear(), timer_.Clear();
    return sum;
  }

  void Fire(Timestamp time, const Key& key, runtime::Output& output) {
    const int64_t sum = Take(key);
    Bind({key.key, kOverview});
    std::vector<OpenSession> open = open_.ValueOr({});
    const auto over = std::ranges::find(open, key.scope, &OpenSession::scope);
    Emit(output, base::PortIndex(0), Session{key.key, over->begin, time, sum}, time - 1);
    open.erase(over);
    open.empty() ? open_.Clear() : open_.Update(open);
  }

  template <class Row>
  static void Emit(runtime::Output& output, base::PortIndex port, const Row& row, Timestamp time) {
    record::AnyBatch* batch = &output.OpenBatch(port);
    if (batch->full()) batch = &output.NextBatch(port);
    batch->AddTimestamps()[batch->size()] = time;
    batch->Rows<Row>()[batch->size()] = row;
    batch->set_size(batch->size() + 1);
  }

  Timestamp WatermarkOf(int64_t user) const {
    const base::KeyGroup group =
        base::KeyGroupOf(TypeTraits<int64_t>::Hash(0, user), context_.max_parallelism);
    Timestamp watermark = watermark_;
    for (const Held& held : restored_) {
      if (held.groups.Contains(group)) watermark = std::max(watermark, held.watermark);
    }
    return watermark;
  }

  runtime::OperatorContext context_;
  std::optional<state::KeyedBackend> backend_;
  ValueState<std::vector<OpenSession>> open_;
  ValueState<int64_t> sum_;
  ValueState<int64_t> timer_;
  Key bound_;
  std::set<std::pair<Timestamp, Key>> due_;
  Timestamp watermark_ = kMinTimestamp;
  std::vector<Held> restored_;
};

class SessionStage : public Stage {
 public:
  explicit SessionStage(uint32_t subtask = 0, uint32_t parallelism = 1)
      : Stage(std::make_unique<SessionWindow>(), {&TypeOpsOf<Session>(), &TypeOpsOf<Click>()},
              ContextOf("sessions", subtask, parallelism)) {}

  void Click1(int64_t user, int64_t value, Timestamp time) {
    ASSERT_TRUE(Feed(0, BatchOf<Click>({{user, value}}, {time})).ok());
  }
  std::string Advance(Timestamp time) {
    EXPECT_TRUE(Control(record::Watermark{time}).ok());
    return Taken(0);
  }
};

TEST(SessionWindow, ASessionEndsWhenTheWatermarkPassesItsGap) {
  SessionStage sessions;
  ASSERT_TRUE(sessions.Begin().ok());
  sessions.Click1(1, 10, 0);
  sessions.Click1(1, 20, 5);
  EXPECT_EQ(sessions.Advance(14), "W14 ");
  EXPECT_EQ(sessions.Advance(15), R"(+{"user":1,"begin":0,"end":15,"sum":30} W15 )");
}

TEST(SessionWindow, ARecordBetweenTwoSessionsMergesThem) {
  SessionStage sessions;
  ASSERT_TRUE(sessions.Begin().ok());
  sessions.Click1(1, 1, 0);
  sessions.Click1(1, 2, 20);
  sessions.Click1(1, 4, 10);
  EXPECT_EQ(sessions.Advance(100), R"(+{"user":1,"begin":0,"end":30,"sum":7} W100 )");
}

TEST(SessionWindow, LateRecordsLeaveThroughTheSideOutput) {
  SessionStage sessions;
  ASSERT_TRUE(sessions.Begin().ok());
  sessions.Advance(50);
  sessions.Taken(1);
  sessions.Click1(1, 1, 40);
  EXPECT_EQ(sessions.Taken(1), R"(+{"user":1,"value":1} )");
  sessions.Click1(1, 1, 41);
  EXPECT_EQ(sessions.Taken(1), "");
}

TEST(SessionWindow, TimersFireInTheirOrderAndBeforeTheWatermarkHoweverMany) {
  SessionStage sessions;
  ASSERT_TRUE(sessions.Begin().ok());
  constexpr int64_t kUsers = 5000;  // several batches from one watermark
  for (int64_t user = 0; user < kUsers; ++user) sessions.Click1(user, 1, kUsers - user);
  const std::string fired = sessions.Advance(kUsers + kGap);
  EXPECT_EQ(std::ranges::count(fired, '+'), kUsers);
  EXPECT_LT(fired.find(R"("user":4999,)"), fired.find(R"("user":4998,)"));
  EXPECT_LT(fired.find(R"("user":1,)"), fired.find(R"("user":0,)"));
  EXPECT_LT(fired.find(R"("user":0,)"), fired.find('W'));
}

TEST(SessionWindow, TimersAndLatenessSurviveARescale) {
  SessionStage before;
  ASSERT_TRUE(before.Begin().ok());
  for (int64_t user = 0; user < 50; ++user) before.Click1(user, user, 100);
  before.Advance(60);
  const Frozen frozen = before.Snapshot(1);

  int64_t fired = 0, late = 0;
  for (uint32_t subtask = 0; subtask < 3; ++subtask) {
    SessionStage sessions(subtask, 3);
    ASSERT_TRUE(sessions.Begin({frozen}).ok());
    for (int64_t user = 0; user < 50; ++user) {
      const base::KeyGroup group = base::KeyGroupOf(TypeTraits<int64_t>::Hash(0, user), kKeyGroups);
      if (base::OwnerOf(group, 3, kKeyGroups).number() == subtask) sessions.Click1(user, 0, 45);
    }
    late += std::ranges::count(sessions.Taken(1), '+');  // late before, late after
    fired += std::ranges::count(sessions.Advance(110), '+');
  }
  EXPECT_EQ(late, 50);
  EXPECT_EQ(fired, 50);
}

TEST(ScopedKey, AllRowsOfAKeyLieInOneKeyGroup) {
  const auto hash = [](int64_t key, int64_t scope) {
    return TypeTraits<Key>::Hash(7, {key, scope});
  };
  std::set<uint64_t> hashes;
  for (int64_t scope = 0; scope < 1000; ++scope) {
    EXPECT_EQ(base::KeyGroupOf(hash(5, scope), limits::kMaxParallelismMax),
              base::KeyGroupOf(TypeTraits<int64_t>::Hash(7, 5), limits::kMaxParallelismMax));
    hashes.insert(hash(5, scope));
  }
  EXPECT_EQ(hashes.size(), 1000u);
}

}  // namespace
}  // namespace weir::contracts
