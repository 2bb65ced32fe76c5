#include "weir/operators/for_each.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <stdexcept>

#include "weir/testing/simulated_job.h"

namespace weir::operators {
namespace {

using testing::SimulatedJob;

// Written by the program's functions; survives its processes.
using Seen = std::multiset<uint64_t>;

TEST(ForEach, EachRecordOnceWhenNothingFails) {
  Seen seen;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("job");
        p.Generate({.count = 1000}, [](Draw& draw) {
           return draw.number();
         }).ForEach("see", [&](const uint64_t& number) { seen.insert(number); });
      },
      {});
  ASSERT_EQ(job.Run(), OkStatus());
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(std::set<uint64_t>(seen.begin(), seen.end()).size(), 1000u);
}

TEST(ForEach, NoneIsMissingHoweverRoughTheWorld) {
  uint64_t resumes = 0, twice = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Seen seen;
    SimulatedJob job(
        [&](Pipeline& p) {
          p.Name("job");
          p.Generate({.count = 500, .rate = 500}, [](Draw& draw) {
             return draw.number();
           }).ForEach("see", [&](uint64_t number) { seen.insert(number); });
        },
        {.seed = seed, .workers = 1 + static_cast<uint32_t>(seed % 3), .rough = true});
    ASSERT_EQ(job.Run(), OkStatus()) << seed;
    for (uint64_t number = 0; number < 500; ++number)
      ASSERT_TRUE(seen.contains(number)) << seed << " " << number;
    resumes += job.resumes();
    twice += seen.size() - 500;
  }
  EXPECT_GT(resumes, 20u);
  EXPECT_GT(twice, 0u);  // it is no more than at least once
}

TEST(ForEach, AStatusFailsTheAttempt) {
  int calls = 0;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("job");
        p.FromElements<int64_t>({1, 2, 3}).ForEach("tell", [&](int64_t) -> Status {
          return ++calls == 2 ? UnavailableError("the line is busy") : Status();
        });
      },
      {.restarts = 1});
  EXPECT_EQ(job.Run(), OkStatus());
  EXPECT_GE(calls, 4);

  SimulatedJob other(
      [](Pipeline& p) {
        p.Name("job");
        p.FromElements<int64_t>({1}).ForEach(
            "tell", [](int64_t) { return InvalidArgumentError("there is no such line"); });
      },
      {});
  const Status status = other.Run();
  EXPECT_NE(status.message().find("tell: there is no such line"), std::string::npos) << status;
}

TEST(ForEach, RowsMayBeTakenAway) {
  std::vector<std::string> taken;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("job");
        p.FromElements<std::string>({"one", "two"}).ForEach([&](std::string&& row) {
          taken.push_back(std::move(row));
        });
      },
      {.parallelism = 1});
  ASSERT_EQ(job.Run(), OkStatus());
  EXPECT_EQ(taken, (std::vector<std::string>{"one", "two"}));
}

}  // namespace
}  // namespace weir::operators
