// AsyncMap in whole programs, in calm and rough worlds.
#include "weir/operators/async_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "weir/sim/test_machine.h"
#include "weir/testing/collected.h"
#include "weir/testing/simulated_job.h"

namespace weir::operators {
namespace {

using testing::Collected;
using testing::SimulatedJob;

constexpr uint64_t kCount = 1'500;

uint64_t Number(Draw& draw) { return draw.number(); }

// A service that answers a call when a later one comes, the latest first, and each third call not
// at all. What it was asked twice it answers at once.
class Service {
 public:
  void Ask(uint64_t number, const AsyncResult<uint64_t>& result) {
    if (++asked_[number] > 1) return result.Complete(number * 10);
    if (number % 3 == 0) return;  // forgotten
    waiting_.emplace_back(number, result);
    if (waiting_.size() < 5) return;
    while (!waiting_.empty()) {
      waiting_.back().second.Complete(waiting_.back().first * 10);
      waiting_.pop_back();
    }
  }

 private:
  std::map<uint64_t, int> asked_;
  std::vector<std::pair<uint64_t, AsyncResult<uint64_t>>> waiting_;
};

void ExpectAll(std::vector<uint64_t> results) {
  ASSERT_EQ(results.size(), kCount);
  std::ranges::sort(results);
  for (uint64_t i = 0; i < kCount; ++i) ASSERT_EQ(results[i], i * 10);
}

AsyncOptions Patient(bool ordered) {
  return {.capacity = 20,
          .ordered = ordered,
          .timeout = std::chrono::hours(1),
          .attempts = 1'000,
          .backoff = std::chrono::milliseconds(5)};
}

TEST(AsyncMap, ResultsComeOnceAndInOrderWhateverTheServiceDoes) {
  for (const bool ordered : {true, false}) {
    Collected<uint64_t> out;
    SimulatedJob job(
        [&](Pipeline& p) {
          p.Name("asks");
          auto service = std::make_shared<Service>();
          std::vector<uint64_t> numbers(kCount);
          std::iota(numbers.begin(), numbers.end(), 0);
          p.FromElements<uint64_t>(std::move(numbers))
              .AsyncMap("ask",
                        [service](const uint64_t& number, AsyncResult<uint64_t> result) {
                          service->Ask(number, result);
                        },
                        // The last calls wait for others that never come: they are made again.
                        {.capacity = 20,
                         .ordered = ordered,
                         .timeout = std::chrono::seconds(5),
                         .attempts = 5,
                         .backoff = std::chrono::milliseconds(5)})
              .SinkTo(out.sink());
        },
        {.parallelism = 1, .restarts = 3});
    ASSERT_EQ(job.Run(), OkStatus());
    EXPECT_EQ(std::ranges::is_sorted(out.records()), ordered);
    ExpectAll(out.records());
  }
}

TEST(AsyncMap, EachResultIsCommittedOnceHoweverRoughTheWorld) {
  uint64_t resumes = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    Collected<uint64_t> out;
    SimulatedJob job(
        [&](Pipeline& p) {
          p.Name("asks");
          p.Generate({.count = kCount, .rate = 1'000}, Number)
              .Rebalance()
              .AsyncMap(
                  "ask",
                  [calls = std::make_shared<uint64_t>(0)](const uint64_t& number) {
                    if (++*calls % 7 == 0) throw std::runtime_error("busy");
                    return number * 10;
                  },
                  Patient(seed % 2 == 0))
              .SinkTo(out.sink());
        },
        {.seed = seed, .workers = 1 + static_cast<uint32_t>(seed % 3), .rough = true});
    ASSERT_EQ(job.Run(), OkStatus()) << seed;
    ExpectAll(out.records());
    resumes += job.resumes();
  }
  EXPECT_GT(resumes, 8u);
}

TEST(AsyncMap, WhatIsInFlightIsAskedAgainAtAnotherParallelism) {
  Collected<uint64_t> out;
  auto answering = std::make_shared<bool>(false);
  std::vector<AsyncResult<uint64_t>> unanswered;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("asks");
        p.Generate({.count = kCount, .rate = 1'000}, Number)
            .Rebalance()
            .AsyncMap(
                "ask",
                [&](const uint64_t& number, AsyncResult<uint64_t> result) {
                  if (number < 10 && !*answering) return unanswered.push_back(result);
                  result.Complete(number * 10);
                },
                Patient(false))
            .SinkTo(out.sink());
      },
      {.parallelism = 3});
  job.RunFor(std::chrono::seconds(1));
  EXPECT_GT(job.checkpoints(), 2u);
  EXPECT_LT(out.records().size(), kCount);
  *answering = true;
  job.RestartAt(2);
  ASSERT_EQ(job.Run(), OkStatus());
  ExpectAll(out.records());
}

TEST(AsyncMap, AFunctionThatThrowsIsCalledAgain) {
  Collected<uint64_t> out;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("asks");
        p.Generate({.count = 20}, Number)
            .AsyncMap("ask",
                      [calls = std::make_shared<int>(0)](const uint64_t& number,
                                                         AsyncResult<uint64_t> result) {
                        if (++*calls % 2 == 1) throw std::runtime_error("busy");
                        result.Complete(number);
                      },
                      {.attempts = 20, .backoff = std::chrono::milliseconds(1)})
            .SinkTo(out.sink());
      },
      {});
  ASSERT_EQ(job.Run(), OkStatus());
  EXPECT_EQ(out.records().size(), 20u);
}

TEST(AsyncMap, TakesNoMoreBytesThanACheckpointCanHold) {
  uint64_t asked_at_once = 0;
  std::vector<AsyncResult<uint64_t>> unanswered;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("asks");
        p.Generate({.count = 40}, [](Draw&) { return std::string(1 << 20, 'x'); })
            .AsyncMap("ask",
                      [&](const std::string&, AsyncResult<uint64_t> result) {
                        unanswered.push_back(std::move(result));
                        asked_at_once = std::max<uint64_t>(asked_at_once, unanswered.size());
                      })
            .Print();
      },
      {.parallelism = 1});
  job.RunFor(std::chrono::seconds(5));
  EXPECT_EQ(asked_at_once, limits::kAsyncBytesMax >> 20);
  unanswered.clear();
}

TEST(AsyncMap, ACallThatFailsForGoodFailsTheJob) {
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("asks");
        p.Generate({.count = 10}, Number)
            .AsyncMap("ask",
                      [](const uint64_t& number, AsyncResult<uint64_t> result) {
                        number == 7 ? result.Fail("nobody knows 7") : result.Complete(number);
                      },
                      {.attempts = 2})
            .Print();
      },
      {});
  const Status status = job.Run();
  EXPECT_NE(status.message().find("ask"), std::string::npos) << status;
  EXPECT_NE(status.message().find("nobody knows 7 (call 2 of 2)"), std::string::npos) << status;
}

TEST(AsyncMap, ACallThatIsNeverAnsweredFailsTheJobWhenItsTimeIsOver) {
  std::vector<AsyncResult<uint64_t>> unanswered;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("asks");
        p.Generate({.count = 10}, Number)
            .AsyncMap("ask",
                      [&](const uint64_t&, AsyncResult<uint64_t> result) {
                        unanswered.push_back(std::move(result));
                      },
                      {.timeout = std::chrono::seconds(3)})
            .Print();
      },
      {});
  const Status status = job.Run();
  EXPECT_NE(status.message().find("no answer within 3000 ms"), std::string::npos) << status;
  unanswered.clear();  // behind the end of everything
}

TEST(AsyncMap, OneThatIsDroppedUnansweredHasFailed) {
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("asks");
        p.Generate({.count = 1}, Number)
            .AsyncMap<uint64_t>("ask", [](const uint64_t&, auto) {})
            .Print();
      },
      {});
  const Status status = job.Run();
  EXPECT_NE(status.message().find("without an answer"), std::string::npos) << status;
}

TEST(AsyncMap, OptionsThatCannotWorkAreNamedBeforeTheStart) {
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("asks");
        p.Generate({.count = 1}, Number)
            .AsyncMap("ask", [](const uint64_t& n) { return n; }, {.capacity = 0})
            .Print();
      },
      {});
  const Status status = job.Run();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("capacity"), std::string::npos) << status;
}

// What a subtask does with its closures, when the test says so.
struct HeldMailbox : runtime::Mailbox {
  void Post(base::Closure closure) override { closures.push_back(std::move(closure)); }
  void RunAll() {
    for (base::Closure& closure : std::exchange(closures, {})) closure();
  }
  std::vector<base::Closure> closures;
};

TEST(AsyncMap, EventTimeStaysBehindTheRecordsInFlight) {
  sim::TestMachine machine{sim::Options{}};
  auto mailbox = std::make_shared<HeldMailbox>();
  std::vector<AsyncResult<uint64_t>> asked;
  const auto ask = [&](const uint64_t&, AsyncResult<uint64_t> result) { asked.push_back(result); };
  AsyncMap<uint64_t, uint64_t, decltype(ask)> op({ask, {.capacity = 3}});
  runtime::OperatorContext context;
  env::Env env = machine.process.env();
  context.env = &env;
  context.mailbox = mailbox;
  ASSERT_EQ(op.Open(context), OkStatus());
  op.RestoreWatermark({base::KeyGroup(0), base::KeyGroup(1)}, 5);
  ASSERT_EQ(op.Start(), OkStatus());
  ASSERT_EQ(op.OnTick(), OkStatus());
  EXPECT_EQ(op.event_time().watermark, 5);

  const record::TypeOps* type = &TypeOpsOf<uint64_t>();
  runtime::Output output(std::span(&type, 1));
  record::AnyBatch batch(*type);
  for (uint64_t i = 0; i < 4; ++i) batch.Rows<uint64_t>()[i] = i;
  batch.set_size(4);
  runtime::Input input{base::PortIndex(0), batch};
  EXPECT_EQ(op.Process(input, output).value(), runtime::Outcome::kBlocked);
  EXPECT_EQ(asked.size(), 3u);
  op.OnIdle(true);
  EXPECT_FALSE(op.event_time().idle);
  asked[0].Complete(100);
  mailbox->RunAll();
  EXPECT_EQ(op.Process(input, output).value(), runtime::Outcome::kNeedInput);
  EXPECT_EQ(op.OnWatermark({7}, output).value(), runtime::Outcome::kNeedInput);
  EXPECT_EQ(op.OnWatermark({kMaxTimestamp}, output).value(), runtime::Outcome::kMoreOutput);
  EXPECT_NE(output.TakeBatch(base::PortIndex(0), runtime::Output::Take::kAny), nullptr);
  EXPECT_EQ(op.OnWatermark({kMaxTimestamp}, output).value(), runtime::Outcome::kBlocked);
  EXPECT_EQ(op.event_time(), (runtime::EventTime{.watermark = 5, .idle = false}));
  for (AsyncResult<uint64_t>& result : asked) result.CompleteAll({});
  mailbox->RunAll();
  EXPECT_TRUE(op.next_timer_unix_ms().has_value());
  EXPECT_EQ(op.OnProcessingTime(0, output).value(), runtime::Outcome::kNeedInput);
  EXPECT_FALSE(op.next_timer_unix_ms().has_value());
  EXPECT_EQ(op.event_time(), (runtime::EventTime{.watermark = 7, .idle = true}));
}

}  // namespace
}  // namespace weir::operators
