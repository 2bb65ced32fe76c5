#include "weir/operators/timers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include "weir/operators/keyed_timers.h"
#include "weir/testing/collected.h"
#include "weir/testing/operator_harness.h"
#include "weir/testing/simulated_job.h"

namespace weir::operators {
namespace {

using std::chrono::milliseconds;
using testing::Collected;
using testing::OperatorHarness;
using testing::SimulatedJob;

// Against a set of timers and a wake-up that is never after the earliest of them.
TEST(DomainTimers, FireAsASetOfTimersWould) {
  std::mt19937_64 random(1);
  for (int run = 0; run < 200; ++run) {
    std::vector<int64_t> times;
    DomainTimers timers(times);
    std::set<int64_t> model, wakes;
    for (int64_t now = 0; now < 200; ++now) {
      for (int i = 0; i < 3; ++i) {
        const auto time = static_cast<int64_t>(random() % 200);
        if (random() % 3 == 0) {
          timers.Remove(time);
          model.erase(time);
        } else if (time > now) {
          if (timers.Add(time)) wakes.insert(time);
          model.insert(time);
        }
      }
      if (!wakes.contains(now)) {
        ASSERT_FALSE(model.contains(now)) << "nobody would have looked";
        continue;
      }
      const DomainTimers::Look look = timers.LookAt(now);
      ASSERT_EQ(look.fires, model.erase(now) == 1);
      if (look.armed) wakes.insert(*look.armed);
    }
  }
}

TEST(DomainTimers, AMovedTimerLeavesTheKeyArmed) {
  std::vector<int64_t> times;
  DomainTimers timers(times);
  EXPECT_TRUE(timers.Add(10));
  for (int64_t time = 11; time < 20; ++time) {
    timers.Remove(time - 1);
    EXPECT_FALSE(timers.Add(time));
  }
  DomainTimers::Look look = timers.LookAt(10);
  EXPECT_FALSE(look.fires);
  EXPECT_EQ(look.armed, 19);
  look = timers.LookAt(10);
  EXPECT_FALSE(look.fires || look.armed);
  EXPECT_TRUE(timers.LookAt(19).fires);
  EXPECT_TRUE(times.empty());
}

struct Command {
  int64_t key;
  std::string what;  // "p" or "e": registers a timer; "xp", "xe": deletes one; "again"
  int64_t time;
};
WEIR_RECORD(Command, key, what, time);

struct Fired {
  int64_t key;
  int64_t time;
  int64_t count;  // of timers of the key so far
};
WEIR_RECORD(Fired, key, time, count);

class Obey : public KeyedProcessFunction<int64_t, Command, Fired> {
 public:
  void ProcessElement(const Command& in, Context& context, Collector<Fired>&) override {
    auto& timers = context.Timers();
    if (in.what == "p") timers.RegisterProcessingTimeTimer(in.time);
    if (in.what == "e") timers.RegisterEventTimeTimer(in.time);
    if (in.what == "xp") timers.DeleteProcessingTimeTimer(in.time);
    if (in.what == "xe") timers.DeleteEventTimeTimer(in.time);
    if (in.what == "again") again_.Update(in.time);
  }
  void OnTimer(Timestamp time, Context& context, Collector<Fired>& out) override {
    count_.Update(count_.ValueOr(0) + 1);
    out.Collect({context.CurrentKey(), time, count_.ValueOr(0)});
    if (const auto every = again_.Get())
      context.Timers().RegisterProcessingTimeTimer(time + *every);
  }

 private:
  ValueState<int64_t> count_{this, "count"};
  ValueState<int64_t> again_{this, "again"};
};

OperatorHarness<Command, Fired> Harness(const testing::HarnessOptions& options = {}) {
  return OperatorHarness<Command, Fired>(
      [](Stream<Command> in) { return in.KeyBy(&Command::key).Process<Obey>("obey"); }, options);
}

TEST(Timers, FireInTheOrderOfTimeWithTheStateOfTheirKey) {
  auto harness = Harness();
  EXPECT_EQ(harness.Play("+ 1 p 30 + 2 p 10 + 1 p 20 + 1 p 20 + 3 p 50"), "");
  EXPECT_EQ(harness.AdvanceProcessingTime(9), "");
  EXPECT_EQ(harness.AdvanceProcessingTime(30), "+ 2 10 1 + 1 20 1 + 1 30 2");
  EXPECT_EQ(harness.AdvanceProcessingTime(49), "");
  EXPECT_EQ(harness.AdvanceProcessingTime(1000), "+ 3 50 1");
}

TEST(Timers, ADeletedOneDoesNotFire) {
  auto harness = Harness();
  EXPECT_EQ(harness.Play("+ 1 p 10 + 1 p 20 + 1 xp 10 + 2 p 10 + 2 xp 10 + 2 p 15 + 3 xp 10"), "");
  EXPECT_EQ(harness.AdvanceProcessingTime(100), "+ 2 15 1 + 1 20 1");
}

TEST(Timers, OneThatIsOverFiresAtOnce) {
  auto harness = Harness();
  harness.AdvanceProcessingTime(100);
  harness.Play("+ 1 p 10");
  EXPECT_EQ(harness.AdvanceProcessingTime(100), "+ 1 10 1");
}

TEST(Timers, OneOfEventTimeFiresBeforeTheWatermarkAndHasItsTime) {
  auto harness = Harness();
  EXPECT_EQ(harness.Play("+ 1 e 20 + 2 e 10 + 1 p 5 W 9 W 20"),
            "W 9 | + 2 10 1 @10 + 1 20 1 @20 | W 20");
}

TEST(Timers, TheTwoDomainsAreApart) {
  auto harness = Harness();
  EXPECT_EQ(harness.Play("+ 1 e 10 + 1 p 10 W 10"), "+ 1 10 1 @10 | W 10");
  EXPECT_EQ(harness.AdvanceProcessingTime(10), "+ 1 10 2");
}

TEST(Timers, AllOfEventTimeFireAtTheEndAndNoneOfProcessingTime) {
  auto harness = Harness();
  EXPECT_EQ(harness.Play("+ 1 e 10 + 2 e 5 + 1 p 10 E"), "+ 2 5 1 @5 + 1 10 1 @10 | E");
}

TEST(Timers, OneThatIsAlwaysDueComesOnceInEachRound) {
  auto harness = Harness();
  harness.Play("+ 1 again 0 + 1 p 5 + 2 p 7");
  EXPECT_EQ(harness.AdvanceProcessingTime(10), "+ 1 5 1 + 2 7 1");
  EXPECT_EQ(harness.AdvanceProcessingTime(10), "+ 1 5 2");
}

TEST(Timers, OneThatIsAlwaysDueLeavesTheOthersOfItsKeyAlone) {
  auto harness = Harness();
  harness.Play("+ 1 again 0 + 1 p 5 + 1 p 20");
  EXPECT_EQ(harness.AdvanceProcessingTime(30), "+ 1 5 1 + 1 20 2");
}

// Registers the next timer of event time in OnTimer.
class Heartbeat : public KeyedProcessFunction<int64_t, Command, Fired> {
 public:
  void ProcessElement(const Command& in, Context& context, Collector<Fired>&) override {
    every_.Update(in.time);
    context.Timers().RegisterEventTimeTimer(in.time);
  }
  void OnTimer(Timestamp time, Context& context, Collector<Fired>& out) override {
    out.Collect({context.CurrentKey(), time, 1});
    context.Timers().RegisterEventTimeTimer(time + every_.ValueOr(0));
  }

 private:
  ValueState<int64_t> every_{this, "every"};
};

TEST(Timers, AHeartbeatOfEventTimeEndsWithTheInput) {
  OperatorHarness<Command, Fired> harness(
      [](Stream<Command> in) { return in.KeyBy(&Command::key).Process<Heartbeat>("beat"); });
  EXPECT_EQ(harness.Play("+ 1 x 10 W 35"), "+ 1 10 1 @10 + 1 20 1 @20 + 1 30 1 @30 | W 35");
  EXPECT_EQ(harness.Play("E"), "+ 1 40 1 @40 | E");
}

TEST(Timers, OneOfEventTimeThatIsAlwaysDueComesOnceWithEachWatermark) {
  OperatorHarness<Command, Fired> harness(
      [](Stream<Command> in) { return in.KeyBy(&Command::key).Process<Heartbeat>("beat"); });
  EXPECT_EQ(harness.Play("+ 1 x 0 W 5 W 6"), "+ 1 0 1 @0 | W 5 | + 1 0 1 @0 | W 6");
}

TEST(TimerOrder, AFarTimerBehindManyNearOnesIsThereOnce) {
  TimerOrder<int64_t> order;
  std::vector<int64_t> times;
  DomainTimers timers(times);
  ASSERT_TRUE(timers.Add(1'000'000));
  order.Push(1'000'000, /*hash=*/7, /*key=*/1);
  for (int64_t near = 1; near < 100'000; ++near) {
    if (timers.Add(near)) order.PushNew(near, 7, 1);
    const auto due = order.PopDue(near);
    ASSERT_TRUE(due);
    const DomainTimers::Look look = timers.LookAt(due->time);
    ASSERT_TRUE(look.fires);
    if (look.armed) order.Push(*look.armed, 7, 1);
  }
  EXPECT_LT(order.size(), 2000u);
}

// Puts the time of its timers out beside.
class Late : public KeyedProcessFunction<int64_t, Command, Fired> {
 public:
  static constexpr OutputTag<Fired> kBeside{"beside"};
  void ProcessElement(const Command& in, Context& context, Collector<Fired>&) override {
    context.Timers().RegisterEventTimeTimer(in.time);
  }
  void OnTimer(Timestamp time, Context& context, Collector<Fired>&) override {
    context.Output(kBeside, Fired{context.CurrentKey(), time, 1});
  }
};

// Shows the event time of what it gets.
class ShowTime : public ProcessFunction<Fired, int64_t> {
 public:
  void ProcessElement(const Fired&, Context& context, Collector<int64_t>& out) override {
    out.Collect(context.Timestamp());
  }
};

TEST(Timers, WhatATimerPutsOutBesideHasItsTime) {
  const Collected<int64_t> out;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("job");
        auto main = p.Generate({.count = 1},
                               [](Draw&) {
                                 return Command{1, "e", 17};
                               })
                        .KeyBy(&Command::key)
                        .Process<Late>("late");
        main.SideOutput(Late::kBeside).Process<ShowTime>("show").SinkTo(out.sink());
      },
      {});
  ASSERT_EQ(job.Run(), OkStatus());
  EXPECT_EQ(out.records(), std::vector<int64_t>{17});
}

TEST(Timers, SurviveARescale) {
  auto before = Harness({.parallelism = 2});
  before.Play("+ 1 p 30 + 2 p 10 + 3 e 20 + 4 p 5 + 4 xp 5 + 5 p 40 | B 1");
  for (const uint32_t parallelism : {1u, 3u}) {
    auto after = Harness({.parallelism = parallelism});
    ASSERT_TRUE(after.Restore(before.snapshot()).ok());
    EXPECT_EQ(after.Play("W 20"), "+ 3 20 1 @20 | W 20");
    std::string fired = after.AdvanceProcessingTime(30);
    for (const char* each : {"+ 1 30 1", "+ 2 10 1"})
      EXPECT_NE(fired.find(each), std::string::npos) << fired;
    EXPECT_EQ(std::ranges::count(fired, '+'), 2);
    EXPECT_EQ(after.AdvanceProcessingTime(40), "+ 5 40 1");
  }
}

TEST(Timers, AHundredThousandForOneInstantFireOnceEach) {
  auto harness = OperatorHarness<Command, Fired>(
      [](Stream<Command> in) { return in.KeyBy(&Command::key).Process<Obey>("obey"); });
  constexpr int64_t kMany = 100'000;
  std::vector<Command> commands;
  commands.reserve(kMany);
  for (int64_t key = 0; key < kMany; ++key) commands.push_back({key, "p", 1000});
  ASSERT_TRUE(harness.Feed(commands).ok());
  EXPECT_EQ(harness.AdvanceProcessingTime(999), "");
  EXPECT_EQ(std::ranges::count(harness.AdvanceProcessingTime(1000), '+'), kMany);
  EXPECT_EQ(harness.AdvanceProcessingTime(2000), "");
}

class NoOnTimer : public KeyedProcessFunction<int64_t, Command, Fired> {
 public:
  void ProcessElement(const Command&, Context& context, Collector<Fired>&) override {
    context.Timers().RegisterProcessingTimeTimer(1);
  }
};

TEST(Timers, OfAFunctionWithoutOnTimerFailTheJob) {
  OperatorHarness<Command, Fired> harness(
      [](Stream<Command> in) { return in.KeyBy(&Command::key).Process<NoOnTimer>("obey"); });
  EXPECT_EQ(harness.Play("+ 1 p 1"),
            "error: obey: a timer without OnTimer: give the process function `void "
            "OnTimer(weir::Timestamp, Context&, weir::Collector<Out>&)`");
}

// Sums what comes within 50 ms of the first record of a key, and puts it out when they are over.
struct Reading {
  int64_t key;
  int64_t value;
};
WEIR_RECORD(Reading, key, value);

class SumForAWhile : public KeyedProcessFunction<int64_t, Reading, Reading> {
 public:
  void ProcessElement(const Reading& in, Context& context, Collector<Reading>&) override {
    if (!sum_.Has()) {
      auto& timers = context.Timers();
      timers.RegisterProcessingTimeTimer(timers.CurrentProcessingTime() + 50);
    }
    sum_.Update(sum_.ValueOr(0) + in.value);
  }
  void OnTimer(Timestamp, Context& context, Collector<Reading>& out) override {
    out.Collect({context.CurrentKey(), sum_.ValueOr(0)});
    sum_.Clear();
  }

 private:
  ValueState<int64_t> sum_{this, "sum"};
};

TEST(Timers, LoseAndDoubleNothingInRoughWorlds) {
  static constexpr int64_t kCount = 300;
  uint64_t resumes = 0;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const Collected<Reading> out;
    SimulatedJob job(
        [&](Pipeline& p) {
          p.Name("sums");
          // Without end: a timer that is open when the input ends never fires.
          auto readings = p.Generate({.rate = 50}, [](Draw& draw) {
            const auto number = static_cast<int64_t>(draw.number());
            return number < kCount ? Reading{number % 10, 1} : Reading{10, 0};
          });
          readings.KeyBy(&Reading::key).Process<SumForAWhile>("sum").SinkTo(out.sink());
        },
        {.seed = seed,
         .workers = 1 + static_cast<uint32_t>(seed % 2),
         .rough = true,
         .checkpoint_interval = milliseconds(500)});
    const auto sum = [&] {
      int64_t total = 0;
      for (const Reading& reading : out.records()) total += reading.value;
      return total;
    };
    // Clocks of machines differ by up to a minute: a timer may be taken over by a slow one.
    ASSERT_TRUE(job.RunUntil([&] { return sum() >= kCount; }, std::chrono::minutes(3))) << sum();
    job.RunFor(std::chrono::seconds(2));
    EXPECT_EQ(sum(), kCount) << seed;
    resumes += job.resumes();
  }
  EXPECT_GT(resumes, 3u);
}

}  // namespace
}  // namespace weir::operators
