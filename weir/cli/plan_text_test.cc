#include "weir/cli/plan_text.h"

#include <gtest/gtest.h>

#include "weir/drawing/drawn_jobs.h"
#include "weir/env/posix_file_system.h"

namespace weir::cli {
namespace {

using drawing::DrawnJob;

std::string Text(DrawnJob job, const api::JobOptions& options = {}) {
  return PlanText(drawing::OutlineOf(job.graph()).value(), options, "file:///srv/.weir", 100);
}

// What stands below the picture.
std::string Below(DrawnJob job) {
  const std::string text = Text(std::move(job));
  return text.substr(text.find("keyed state\n") - 1);
}

TEST(PlanText, SaysWhatTheJobIsAndPromises) {
  EXPECT_EQ(Text(drawing::Clicks()),
            R"(clicks: 2 chains, 4 subtasks, max parallelism 256
checkpoints every 1 s, in file:///srv/.weir

       ╭─────────────────╮
       │ csv-source   ×2 │
       │ filter          │
       ╰────────┬────────╯
                │ hash
                ▼
╭───────────────────────────────╮
│ per-page (keyed-process)   ×2 │
│ csv-sink                      │
╰───────────────────────────────╯

keyed state
  per-page.clicks   value   int64   by string
  per-page.last     value   int64   by string

guarantee: exactly once, end to end
  csv-sink   exactly once
)");
}

TEST(PlanText, EachSinkHasItsPromise) {
  EXPECT_EQ(Below(drawing::Shop()), R"(
keyed state
  judged.spent   value   int64   by string

guarantee
  accepted   exactly once
  refused    at least once: a restart writes again what came behind the newest checkpoint
)");
}

TEST(PlanText, ASourceThatCannotReplayIsNamed) {
  DrawnJob job("sockets");
  const DrawnJob::Chain read = job.Source("lines", 1, /*can_replay=*/false);
  job.Behind(read, runtime::Partitioning::kForward, "file",
             {.kind = "csv-sink", .outputs = 0, .commits = true}, 1);
  job.Behind(read, runtime::Partitioning::kRebalance, "print", {.kind = "print", .outputs = 0});
  const std::string text = Text(std::move(job));
  EXPECT_EQ(text.substr(text.find("\nno keyed")), R"(
no keyed state

guarantee
  file    at most once: a restart loses what came behind the newest checkpoint
  print   none: what came behind the newest checkpoint may be lost, or written twice
  lines (socket-source) cannot be read again after a failure
)");
}

TEST(PlanText, WithoutPeriodicCheckpointsOrSinks) {
  DrawnJob job("quiet");
  job.Source("numbers", 1);
  api::JobOptions options;
  options.checkpoints.interval = Duration(0);
  EXPECT_EQ(Text(std::move(job), options),
            R"(quiet: 1 chain, 1 subtask, max parallelism 256
checkpoints one at the start, one at the end, in file:///srv/.weir

╭───────────────────────────╮
│ numbers (csv-source)   ×1 │
╰───────────────────────────╯

no keyed state

no sink: nothing leaves the job
)");
}

TEST(PlanJson, IsTheFormatOfItsPage) {
  DrawnJob job = drawing::Shop();
  api::JobPlan plan;
  plan.graph = job.graph();
  plan.graph.digest = "9f3c000000000000";
  env::PosixFileSystem files;
  const auto file = files.Open("docs/formats/golden/plan-v1.json");
  ASSERT_TRUE(file.ok()) << file.status();
  const std::string golden =
      env::ReadExactly(**file, 0, static_cast<size_t>((*file)->Size().value())).value();
  EXPECT_EQ(PlanJson(drawing::OutlineOf(plan.graph).value(), plan, "file:///srv/.weir"), golden);
}

}  // namespace
}  // namespace weir::cli
