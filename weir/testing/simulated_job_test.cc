#include "weir/testing/simulated_job.h"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>

#include "weir/testing/collected.h"

namespace weir::testing {
namespace {

struct Reading {
  int64_t key;
  int64_t value;
};
WEIR_RECORD(Reading, key, value);

constexpr uint64_t kCount = 2000;

Reading Make(Draw& draw) {
  return {static_cast<int64_t>(draw.number() % 10), static_cast<int64_t>(draw.Below(100))};
}

// For each key, its counts from 1 on, once each.
void ExpectEachOnce(const std::vector<KeyCount<int64_t>>& counts) {
  ASSERT_EQ(counts.size(), kCount);
  std::map<std::pair<int64_t, int64_t>, int> seen;
  for (const auto& count : counts) ++seen[{count.key, count.count}];
  for (int64_t key = 0; key < 10; ++key) {
    for (int64_t count = 1; count <= static_cast<int64_t>(kCount / 10); ++count)
      ASSERT_EQ((seen[{key, count}]), 1) << key << " " << count;
  }
}

TEST(SimulatedJob, AMistakeOfTheProgramEndsIt) {
  SimulatedJob job([](Pipeline& p) { p.Name("counts").Generate({.count = 1}, Make); }, {});
  const Status status = job.Run();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("nothing reads what this generator makes"), std::string::npos)
      << status;
}

TEST(SimulatedJob, SaysWhatEndedAJob) {
  Collected<int64_t> out;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("fails");
        p.Generate({.count = 10}, Make)
            .Map([](const Reading& in) -> int64_t {
              if (in.key == 7) throw std::runtime_error("seven");
              return in.value;
            })
            .SinkTo(out.sink());
      },
      {});
  EXPECT_NE(job.Run().message().find("seven"), std::string::npos);
  EXPECT_TRUE(out.records().empty());
}

TEST(SimulatedJob, EachRecordIsCommittedOnceHoweverRoughTheWorld) {
  uint64_t resumes = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Collected<KeyCount<int64_t>> out;
    SimulatedJob job(
        [&](Pipeline& p) {
          p.Name("counts");
          p.Generate({.count = kCount, .rate = 1000}, Make)
              .KeyBy(&Reading::key)
              .Count("count")
              .SinkTo(out.sink());
        },
        {.seed = seed, .workers = 1 + static_cast<uint32_t>(seed % 3), .rough = true});
    ASSERT_EQ(job.Run(), OkStatus()) << seed;
    ExpectEachOnce(out.records());
    resumes += job.resumes();
  }
  EXPECT_GT(resumes, 20u);
}

TEST(SimulatedJob, GoesOnAtAnotherParallelism) {
  Collected<KeyCount<int64_t>> out;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("counts");
        p.Generate({.count = kCount, .rate = 1000}, Make)
            .KeyBy(&Reading::key)
            .Count("count")
            .SinkTo(out.sink());
      },
      {.parallelism = 3});
  job.RunFor(std::chrono::milliseconds(700));
  const size_t before = out.records().size();
  EXPECT_GT(before, 0u);
  EXPECT_LT(before, kCount);
  job.RestartAt(5);
  ASSERT_EQ(job.Run(), OkStatus());
  EXPECT_EQ(job.resumes(), 1u);
  ExpectEachOnce(out.records());
}

}  // namespace
}  // namespace weir::testing
