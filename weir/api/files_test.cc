// Programs from files to files: in rough worlds each row comes out exactly once.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "weir/api/pipeline.h"
#include "weir/connectors/compression.h"
#include "weir/testing/simulated_job.h"

namespace weir::api {
namespace {

using connectors::Compressor;
using connectors::Decompressor;
using testing::SimulatedJob;

struct Sale {
  int64_t id;
  std::string what;
};
WEIR_RECORD(Sale, id, what);

constexpr int64_t kRows = 2000;

std::string JsonLines(int64_t from, int64_t to) {
  std::string lines;
  for (int64_t id = from; id < to; ++id) {
    lines += ToJson(Sale{id, "w" + std::to_string(id % 7)}) + "\n";
  }
  return lines;
}

std::string Compressed(Compression compression, std::string_view text) {
  const auto compressor = Compressor::New(compression);
  std::string out;
  compressor->Add(text, out);
  compressor->Finish(out);
  return out;
}

std::string Decompressed(const std::string& bytes, const std::string& name) {
  const Compression compression = connectors::CompressionOf(name);
  if (compression == Compression::kNone) return bytes;
  std::string text(1'000'000, '\0');
  const auto decompressor = Decompressor::New(compression);
  const auto step = decompressor->Run(bytes, text.data(), text.size());
  EXPECT_TRUE(step.ok() && decompressor->at_end() && step->taken == bytes.size()) << name;
  return step.ok() ? text.substr(0, step->made) : "";
}

// The lines of all visible files in a directory, sorted.
std::vector<std::string> OutputOf(SimulatedJob& job, const std::string& directory = "out") {
  std::vector<std::string> lines;
  for (const std::string& path : job.disk().FilesBelow(directory)) {
    if (path.find("/.") != std::string::npos) continue;
    const std::string text = Decompressed(*job.disk().ReadFile(path), path);
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      lines.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }
  std::ranges::sort(lines);
  return lines;
}

std::vector<std::string> Ids() {
  std::vector<std::string> ids;
  for (int64_t id = 0; id < kRows; ++id) ids.push_back(std::to_string(id));
  std::ranges::sort(ids);
  return ids;
}

SimulatedJob::Options Rough(uint64_t seed) {
  return {.seed = seed, .workers = 1 + static_cast<uint32_t>(seed % 2), .rough = true};
}

// Plain files, an archive and rows that are no records come in; files that are rolled go out.
TEST(Files, EachRowOnceFromJsonToTextInRoughWorlds) {
  uint64_t resumes = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SimulatedJob job(
        [](Pipeline& p) {
          p.Name("sales")
              .ReadJson<Sale>(JsonSourceOptions{
                  .path = "in", .split_bytes = 5000, .rate = 1500, .on_error = OnError::kSkip})
              .Map([](const Sale& sale) { return sale.id; })
              .WriteText(FileSinkOptions{.directory = "out", .roll_bytes = 50});
        },
        Rough(seed));
    job.disk().WriteFile("in/a.jsonl", JsonLines(0, 700) + "no json\n" + JsonLines(700, 1000));
    job.disk().WriteFile("in/b.jsonl.gz", Compressed(Compression::kGzip, JsonLines(1000, 1600)));
    job.disk().WriteFile("in/c.jsonl.zst", Compressed(Compression::kZstd, JsonLines(1600, kRows)));
    ASSERT_EQ(job.Run(), OkStatus()) << "seed " << seed;
    EXPECT_EQ(OutputOf(job), Ids()) << "seed " << seed;
    resumes += job.resumes();
  }
  EXPECT_GT(resumes, 5u);
}

TEST(Files, EachRowOnceFromTextToCompressedFilesInRoughWorlds) {
  std::string text;
  for (int64_t id = 0; id < kRows; ++id) text += std::to_string(id) + "\r\n";
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const Compression compression = seed % 2 == 0 ? Compression::kGzip : Compression::kZstd;
    SimulatedJob job(
        [=](Pipeline& p) {
          p.Name("lines")
              .ReadText(TextSourceOptions{.path = "in/*", .split_bytes = 700, .rate = 1500})
              .WriteText(FileSinkOptions{.directory = "out", .compression = compression});
        },
        Rough(seed));
    job.disk().WriteFile("in/lines.log", text);
    ASSERT_EQ(job.Run(), OkStatus()) << "seed " << seed;
    EXPECT_EQ(OutputOf(job), Ids()) << "seed " << seed;
  }
}

// Each row that is no record becomes one letter, with its line, whatever is killed.
TEST(Files, RowsThatAreNoRecordsArePutAsideOnceInRoughWorlds) {
  std::string text = "id,what\n";
  std::vector<std::string> ids, letters;
  for (int64_t id = 0; id < kRows; ++id) {
    if (id % 10 != 3) {
      text += Concat(id, ",w\n");
      ids.push_back(std::to_string(id));
      continue;
    }
    // One kind is met when it is cut, the other when it is parsed.
    const std::string row = Concat(id % 20 == 3 ? "" : "x", id, id % 20 == 3 ? "" : ",w");
    const std::string reason = id % 20 == 3
                                   ? "1 column, the header has 2"
                                   : Concat("column 1 \"id\": \"", "x", id, "\" is not an integer");
    text += row + "\n";
    letters.push_back(ToJson(DeadLetter{"in/a.csv", static_cast<uint64_t>(id + 2), row, reason}));
  }
  std::ranges::sort(ids);
  std::ranges::sort(letters);
  uint64_t resumes = 0;
  for (uint64_t seed = 1; seed <= 16; ++seed) {
    SimulatedJob job(
        [&](Pipeline& p) {
          p.Name("sales")
              .ReadCsv<Sale>(CsvSourceOptions{.path = "in/a.csv",
                                              .split_bytes = seed % 4 * 1000,
                                              .rate = 1500,
                                              .on_error = OnError::DeadLetter("rejected")})
              .Map([](const Sale& sale) { return sale.id; })
              .WriteText("out");
        },
        Rough(seed));
    job.disk().WriteFile("in/a.csv", text);
    ASSERT_EQ(job.Run(), OkStatus()) << "seed " << seed;
    EXPECT_EQ(OutputOf(job), ids) << "seed " << seed;
    EXPECT_EQ(OutputOf(job, "rejected"), letters) << "seed " << seed;
    resumes += job.resumes();
  }
  EXPECT_GT(resumes, 10u);
}

TEST(Files, TheSinkOfLettersIsNamedAfterItsSource) {
  Pipeline p;
  p.Name("two");
  for (const char* name : {"here", "there"}) {
    p.ReadText(TextSourceOptions{.path = name, .on_error = OnError::DeadLetter("rejected")})
        .Named(name)
        .WriteText(std::string("out-") + name)
        .Named(std::string("to-") + name);
  }
  const auto plan = p.Plan();
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto& lines = plan->description;
  EXPECT_TRUE(std::ranges::any_of(lines, [](const std::string& line) {
    return line.starts_with("operator there.dead-letters: json-sink of there port 1");
  })) << ::testing::PrintToString(lines);
}

TEST(Files, WhoReadsOnlyTheLettersIsToldThatNothingReadsTheRecords) {
  Pipeline p;
  p.Name("nothing").ReadText(
      TextSourceOptions{.path = "in", .on_error = OnError::DeadLetter("rejected")});
  EXPECT_NE(p.Plan().status().message().find("nothing reads what this text-source makes"),
            std::string::npos);
}

TEST(Files, LettersNeedADirectory) {
  Pipeline p;
  p.Name("job")
      .ReadText(TextSourceOptions{.path = "in", .on_error = OnError::DeadLetter("")})
      .Print();
  EXPECT_NE(p.Plan().status().message().find("OnError::DeadLetter: the directory is empty"),
            std::string::npos);
}

TEST(Files, NewFilesAreReadOnceWhileTheJobRunsInRoughWorlds) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    SimulatedJob job(
        [](Pipeline& p) {
          p.Name("watch")
              .ReadText(TextSourceOptions{.path = "in",
                                          .split_bytes = 200,
                                          .watch = true,
                                          .watch_interval = std::chrono::milliseconds(200)})
              .WriteText("out");
        },
        Rough(seed));
    for (int64_t first = 0; first < kRows; first += 200) {
      std::string lines;
      for (int64_t id = first; id < first + 200; ++id) lines += std::to_string(id) + "\n";
      job.disk().WriteFile("in/" + std::to_string(first) + ".txt", lines);
      job.RunFor(std::chrono::seconds(2));
    }
    for (int seconds = 0; seconds < 120 && OutputOf(job).size() < Ids().size(); ++seconds) {
      job.RunFor(std::chrono::seconds(1));
    }
    job.RunFor(std::chrono::seconds(2));  // whatever would come twice
    EXPECT_EQ(OutputOf(job), Ids()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir::api
