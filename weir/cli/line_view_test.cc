// The lines that other programs read (docs/configuration.md, "Events").
#include "weir/cli/line_view.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "weir/cli/json_view.h"
#include "weir/cli/status_view.h"

namespace weir::cli {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""min;

checkpoint::HistoryRecord RecordOfCheckpoint(uint64_t id, int64_t written_unix_ms) {
  checkpoint::HistoryRecord record;
  record.written_unix_ms = written_unix_ms;
  record.checkpoint.emplace();
  record.checkpoint->id = base::CheckpointId(id);
  return record;
}

// What a view writes when it is told of an event.
template <class View, class Event>
std::string Written(const JobPicture& picture, Event event) {
  testing::internal::CaptureStderr();
  Console console({}, Console::Notes::kShown);
  View view(picture, console);
  event(view);
  return testing::internal::GetCapturedStderr();
}

template <class Event>
std::string Line(Event event) {
  JobPicture picture;
  picture.job = "clicks";
  picture.now_unix_ms = 12'000;
  picture.progress = {.rows_in = 5'000'000, .rows_out = 4'999'999};
  return Written<LineView>(picture, event);
}

TEST(LineView, Start) {
  EXPECT_EQ(Line([](JobView& view) { view.OnStart(base::Attempt(1), {}, 3ms); }),
            "started empty\n");
  EXPECT_EQ(Line([](JobView& view) {
              view.OnStart(base::Attempt(1), RecordOfCheckpoint(7, 10'000), 21ms);
            }),
            "resumed from checkpoint 7 in 21 ms (2 s old)\n");
}

TEST(LineView, Checkpoint) {
  EXPECT_EQ(
      Line([](JobView& view) {
        view.OnCheckpoint(
            base::CheckpointId(7),
            {.took = 12ms, .longest_step = 300us, .bytes_written = 1'834'022, .state_bytes = 5});
      }),
      "checkpoint 7 complete in 12 ms, 1834022 bytes, longest step 0.3 ms\n");
  EXPECT_EQ(Line([](JobView& view) {
              view.OnCheckpointFailed(base::CheckpointId(8), UnavailableError("no answer"), 1, 3);
            }),
            "checkpoint 8 failed (1 in a row, 3 tolerated): no answer\n");
}

TEST(LineView, RestartAndEnd) {
  EXPECT_EQ(Line([](JobView& view) { view.OnRestart(UnknownError("boom"), 1, 10, 50ms); }),
            "restart 1 of 10 in 50 ms: boom\n");
  EXPECT_EQ(Line([](JobView& view) { view.OnRestart(UnknownError("boom"), 7, 0, 50ms); }),
            "restart 7 in 50 ms: boom\n");
  EXPECT_EQ(Line([](JobView& view) { view.OnEnd({.kind = JobEnd::Kind::kFinished}); }),
            "finished: 5000000 rows in, 4999999 rows out\n");
  JobPicture picture;
  picture.progress = {.rows_in = 5, .rows_out = 5, .rows_skipped = 2};
  EXPECT_EQ(Written<LineView>(picture,
                              [](JobView& view) { view.OnEnd({.kind = JobEnd::Kind::kFinished}); }),
            "finished: 5 rows in, 5 rows out, 2 skipped that were no records\n");
  EXPECT_EQ(Line([](JobView& view) { view.OnEnd({.kind = JobEnd::Kind::kStopped, .signal = 2}); }),
            "stopped: the next run resumes from the newest checkpoint\n");
  EXPECT_EQ(Line([](JobView& view) { view.OnState(cluster::JobState::kDegraded); }),
            "degraded: no checkpoint was completed for three intervals\n");
}

TEST(StatusView, OneLineHasEverything) {
  JobPicture picture;
  picture.job = "clicks";
  picture.state = cluster::JobState::kRunning;
  picture.began = base::Instant(10s);
  picture.now = base::Instant(10s + 4min + 12s);
  picture.rows_in_per_second = 1'203'400;
  picture.rows_out_per_second = 12;
  picture.progress.state_bytes = 182'000'000;
  EXPECT_EQ(StatusLine(picture), "clicks  RUNNING 00:04:12  in 1.20 M/s  out 12/s  182 MB");
  picture.checkpoint = {
      base::CheckpointId(251), {.took = 48ms, .bytes_written = 3'100'000}, picture.now - 900ms};
  EXPECT_EQ(StatusLine(picture),
            "clicks  RUNNING 00:04:12  in 1.20 M/s  out 12/s  182 MB  #251 48 ms, 0.9 s ago");
  EXPECT_LE(StatusLine(picture).size(), 80u);
}

TEST(JsonView, EachEventIsOneObject) {
  JobPicture picture;
  picture.job = "clicks";
  picture.now_unix_ms = 12'000;
  EXPECT_EQ(Written<JsonView>(
                picture,
                [](JobView& view) { view.OnRestart(UnknownError("a \"b\" \xff"), 1, 10, 50ms); }),
            "{\"event\":\"restart\",\"job\":\"clicks\",\"at_unix_ms\":12000,\"restart\":1,"
            "\"restarts_max\":10,\"delay_ms\":50.0,\"reason\":\"a \\\"b\\\" \xef\xbf\xbd\"}\n");
}

TEST(JsonView, ProgressHasEverythingThatTheLineHas) {
  JobPicture picture;
  picture.job = "clicks";
  picture.state = cluster::JobState::kRunning;
  picture.now = base::Instant(10s);
  picture.now_unix_ms = 12'000;
  picture.rows_in_per_second = 1.6;
  const cluster::JobProgress progress = {.rows_in = 7, .rows_out = 6, .state_bytes = 5};
  const auto written = [&] {
    return Written<JsonView>(picture, [&](JobView& view) { view.OnProgress(progress); });
  };
  const std::string before =
      R"({"event":"progress","job":"clicks","at_unix_ms":12000,"state":"RUNNING","rows_in":7,)"
      R"("rows_out":6,"rows_skipped":0,"rows_in_per_second":2,"rows_out_per_second":0,)"
      R"("state_bytes":5)";
  EXPECT_EQ(written(), before + "}\n");
  picture.checkpoint = {base::CheckpointId(251), {.took = 48ms}, picture.now - 900ms};
  EXPECT_EQ(written(),
            before + R"(,"checkpoint":{"id":251,"age_ms":900.0,"took_ms":48.0}})" + "\n");
}

TEST(JsonView, HowARunEnds) {
  JobPicture picture;
  picture.job = "clicks";
  const auto end = [&](const JobEnd& how) {
    return Written<JsonView>(picture, [&](JobView& view) { view.OnEnd(how); });
  };
  const std::string begin = R"({"event":")";
  const std::string rest = R"(","job":"clicks","at_unix_ms":0)";
  EXPECT_EQ(end({.kind = JobEnd::Kind::kStopped, .status = {}, .signal = 15}),
            begin + "stopped" + rest + ",\"signal\":15}\n");
  EXPECT_EQ(end({.kind = JobEnd::Kind::kStopped}), begin + "stopped" + rest + "}\n");
  EXPECT_EQ(end({.kind = JobEnd::Kind::kCancelled}), begin + "cancelled" + rest + "}\n");
}

TEST(LineView, TheEndOnDemand) {
  EXPECT_EQ(Line([](JobView& view) { view.OnState(cluster::JobState::kStopping); }),
            "stopping: one more checkpoint is taken\n");
  EXPECT_EQ(Line([](JobView& view) { view.OnEnd({.kind = JobEnd::Kind::kCancelled}); }),
            "cancelled: the next run resumes from the newest checkpoint\n");
}

TEST(JsonView, ProgressIsWrittenOnceASecond) {
  JobPicture picture;
  const std::string written = Written<JsonView>(picture, [&](JobView& view) {
    for (int half = 0; half < 4; ++half) {
      picture.now += 500ms;
      view.OnProgress({});
    }
  });
  EXPECT_EQ(std::ranges::count(written, '\n'), 2);
}

}  // namespace
}  // namespace weir::cli
