#include "weir/connectors/socket_sink.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "weir/base/limits.h"
#include "weir/connectors/sink_task_test.h"
#include "weir/sim/outside.h"
#include "weir/testing/simulated_job.h"

namespace weir::connectors {
namespace {

using runtime::Outcome;
using sim::milliseconds;

struct SocketSinkTest : ::testing::Test {
  std::string heard() const { return server.heard().empty() ? "" : server.heard().back(); }
  // Lets checkpoint 1 come; what was said of it.
  std::optional<Status> Acknowledged(const SinkTask::Taken& taken) {
    if (taken.holds == 0) return Status();
    if (taken.answers->empty()) return std::nullopt;
    return taken.answers->at(0);
  }

  Machine machine;
  sim::ByteServer server{machine.world(), "there", 7};
  SocketSinkFactory factory{{.host = "there", .port = 7}};
  SinkTask task{machine, factory, {.restored = 0}};
};

TEST_F(SocketSinkTest, LinesKeepTheirOrder) {
  ASSERT_TRUE(task.Start().ok());
  std::string expected;
  for (int64_t i = 0; i < 100; i += 2) {
    ASSERT_EQ(*task.Write(i, 2), Outcome::kNeedInput);
    expected += Concat(i, "\n", i + 1, "\n");
    ASSERT_TRUE(task.RunFor(milliseconds(i % 3)).ok());
  }
  ASSERT_TRUE(task.RunFor(milliseconds(50)).ok());
  EXPECT_EQ(heard(), expected);
}

TEST_F(SocketSinkTest, LinesInFrontOfABarrierHaveArrivedWhenItIsAcknowledged) {
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  const auto taken = *task.Barrier(1);
  EXPECT_EQ(taken->holds, 1u);
  EXPECT_EQ(*task.Write(2), Outcome::kBlocked);
  while (!Acknowledged(*taken)) {
    ASSERT_TRUE(task.RunFor(milliseconds(1)).ok());
    if (Acknowledged(*taken)) break;
    EXPECT_EQ(*task.Write(2), Outcome::kBlocked);
  }
  EXPECT_EQ(Acknowledged(*taken), OkStatus());
  EXPECT_EQ(heard(), "1\n");
  EXPECT_EQ(*task.Write(2), Outcome::kNeedInput);
}

TEST_F(SocketSinkTest, ABarrierBehindNothingWaitsForNobody) {
  ASSERT_TRUE(task.Start().ok());
  EXPECT_EQ((*task.Barrier(1))->holds, 0u);
}

TEST_F(SocketSinkTest, TheEndWaitsForTheLastLine) {
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  runtime::Output output({});
  EXPECT_EQ(*task.sink().OnEnd(output), Outcome::kBlocked);
  ASSERT_TRUE(task.RunFor(milliseconds(50)).ok());
  EXPECT_EQ(*task.sink().OnEnd(output), Outcome::kNeedInput);
  EXPECT_EQ(heard(), "1\n");
}

TEST_F(SocketSinkTest, ASlowConnectionHoldsRowsBack) {
  ASSERT_TRUE(task.Start().ok());
  StatusOr<Outcome> outcome = Outcome::kNeedInput;
  for (int64_t batches = 0; *outcome == Outcome::kNeedInput; ++batches) {
    outcome = task.Write(100'000'000, 1000);
    ASSERT_TRUE(outcome.ok());
    ASSERT_LT(batches * 10'000, int64_t{limits::kSocketSinkBytesMax} + 20'000);
  }
  EXPECT_EQ(*outcome, Outcome::kBlocked);
  ASSERT_TRUE(task.RunFor(milliseconds(50)).ok());
  EXPECT_EQ(*task.Write(1), Outcome::kNeedInput);
}

TEST_F(SocketSinkTest, LinesThatWereOnTheirWayFailTheAttempt) {
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.RunFor(milliseconds(50)).ok());
  ASSERT_TRUE(task.Write(1).ok());
  const auto taken = *task.Barrier(1);
  server.Reset();
  const Status status = task.RunFor(milliseconds(50));
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            "connection to there:7: connection reset; lines were on their way: what came behind "
            "the newest checkpoint is sent again");
  EXPECT_EQ(Acknowledged(*taken), status);
  EXPECT_EQ(task.Write(2).status(), status);
  EXPECT_EQ(task.Barrier(2).status(), status);
}

TEST_F(SocketSinkTest, WithNothingOnItsWayItConnectsAgain) {
  const SocketSinkFactory patient(
      {.host = "there", .port = 7, .max_retries = 1, .retry_pause = milliseconds(10)});
  SinkTask other(machine, patient);
  ASSERT_TRUE(other.Start().ok());
  ASSERT_TRUE(other.Write(1).ok());
  const auto taken = *other.Barrier(1);
  ASSERT_TRUE(other.RunFor(milliseconds(50)).ok());
  EXPECT_EQ(Acknowledged(*taken), OkStatus());
  server.Reset();
  ASSERT_TRUE(other.RunFor(milliseconds(50)).ok());
  ASSERT_TRUE(other.Write(2).ok());
  ASSERT_TRUE(other.RunFor(milliseconds(50)).ok());
  EXPECT_EQ(server.heard(), (std::vector<std::string>{"1\n", "2\n"}));
}

TEST_F(SocketSinkTest, WhatTheOtherSideSaysIsThrownAwayAndItsSilenceIsNoEnd) {
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.RunFor(milliseconds(50)).ok());
  for (int i = 0; i < 10; ++i) server.Say(std::string(100'000, 'x'));
  ASSERT_TRUE(task.RunFor(milliseconds(50)).ok());
  server.End();
  ASSERT_TRUE(task.RunFor(milliseconds(50)).ok());
  ASSERT_TRUE(task.Write(1).ok());
  ASSERT_TRUE(task.RunFor(milliseconds(50)).ok());
  EXPECT_EQ(server.heard(), std::vector<std::string>{"1\n"});
}

TEST_F(SocketSinkTest, WhereNobodyListensItSaysWhatToDo) {
  server.SetListening(false);
  ASSERT_TRUE(task.Start().ok());
  EXPECT_EQ(task.RunFor(milliseconds(50)).message(),
            "connect to there:7: connection refused (failed 1 time in a row); let a server listen "
            "there, or let it be tried more often with max_retries");
}

TEST_F(SocketSinkTest, BehindARestoreItAsksForNobodyBeforeThereIsALine) {
  SinkTask restored(machine, factory, {.restored = 3});
  server.SetListening(false);
  ASSERT_TRUE(restored.Start().ok());
  ASSERT_TRUE(restored.RunFor(milliseconds(50)).ok());
  EXPECT_EQ((*restored.Barrier(4))->holds, 0u);
  ASSERT_TRUE(restored.Write(1).ok());
  EXPECT_FALSE(restored.RunFor(milliseconds(50)).ok());
}

TEST_F(SocketSinkTest, OptionsAreCheckedWhereTheyAreGiven) {
  Pipeline p;
  p.Name("job");
  p.FromElements<int64_t>({1}).WriteToSocket("h", 0);
  EXPECT_NE(p.Plan().status().message().find("WriteToSocket: port: is 0"), std::string::npos);
}

TEST(SocketSink, NoLineIsMissingHoweverRoughTheWorld) {
  constexpr uint64_t kCount = 500;
  uint64_t resumes = 0, twice = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    testing::SimulatedJob job(
        [&](Pipeline& p) {
          p.Name("lines");
          p.Generate({.count = kCount, .rate = 500}, [](Draw& draw) { return draw.number(); })
              .WriteToSocket({.host = "there",
                              .port = 7,
                              .max_retries = static_cast<int64_t>(seed % 3) - 1,
                              .retry_pause = milliseconds(5)});
        },
        {.seed = seed, .workers = 1 + static_cast<uint32_t>(seed % 3), .rough = true});
    sim::ByteServer server(job.world(), "there", 7);
    ASSERT_EQ(job.Run(), OkStatus()) << seed;
    std::multiset<uint64_t> heard;
    for (const std::string& connection : server.heard()) {
      // The last line may be cut: then it is there once more.
      std::istringstream lines(connection.substr(0, connection.rfind('\n') + 1));
      for (uint64_t number = 0; lines >> number;) heard.insert(number);
    }
    for (uint64_t number = 0; number < kCount; ++number)
      ASSERT_TRUE(heard.contains(number)) << seed << " " << number;
    resumes += job.resumes();
    twice += heard.size() - kCount;
  }
  EXPECT_GT(resumes, 20u);
  EXPECT_GT(twice, 0u);  // it is no more than at least once
}

}  // namespace
}  // namespace weir::connectors
