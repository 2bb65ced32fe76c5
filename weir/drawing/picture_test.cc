// The pictures of job graphs. The SVG and the graph for Graphviz are compared with files in
// weir/drawing/golden; look at them with a browser before they are changed.
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "weir/drawing/dot_picture.h"
#include "weir/drawing/drawn_jobs.h"
#include "weir/drawing/svg_picture.h"
#include "weir/drawing/text_picture.h"
#include "weir/env/posix_file_system.h"

namespace weir::drawing {
namespace {

using enum runtime::Partitioning;

JobOutline Outline(DrawnJob job) { return OutlineOf(job.graph()).value(); }

std::string Text(DrawnJob job, size_t columns = 100) {
  return "\n" + TextPicture(Outline(std::move(job)), columns);
}

std::string Golden(const std::string& name) {
  env::PosixFileSystem files;
  const auto file = files.Open("weir/drawing/golden/" + name);
  if (!file.ok()) return file.status().ToString();
  return env::ReadExactly(**file, 0, static_cast<size_t>((*file)->Size().value())).value();
}

TEST(TextPicture, OfALine) {
  EXPECT_EQ(Text(Clicks()), R"(
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
)");
}

TEST(TextPicture, OfAGraph) {
  EXPECT_EQ(Text(Shop()), R"(
                ╭───────────────────────────────╮     ╭───────────────────────────╮
                │ old-orders (csv-source)    ×2 │     │ orders (csv-source)    ×2 │
                ╰───────────────┬───────────────╯     ╰──────┬─────────────┬──────╯
                                ╰─────╮             ╭────────╯    ╭────────╯
                                      │ rebalance   │ rebalance   │
                                      ▼             ▼             │
╭─────────────────────────╮     ╭─────────────────────────╮       │
│ rules (csv-source)   ×1 │     │ map                  ×4 │       │
╰────────────┬────────────╯     ╰────────────┬────────────╯       │
             ╰────────╮                   ╭──╯                ╭───╯
                      │ in 2: broadcast   │ in 1: hash        │
                      ▼                   ▼                   │
             ╭─────────────────────────────────────╮          │
             │ judged (co-process)              ×4 │          │
             ╰────────┬───────────────────┬────────╯          │
                 ╭────╯                   ╰────╮              ╰────╮
                 │ forward                     │ out 2: rebalance  │ rebalance
                 ▼                             ▼                   ▼
   ╭───────────────────────────╮     ╭───────────────────────────────────────╮
   │ accepted (csv-sink)    ×4 │     │ refused (print-sink)               ×1 │
   ╰───────────────────────────╯     ╰───────────────────────────────────────╯
)");
}

TEST(TextPicture, OfOneChain) {
  DrawnJob job("one");
  job.Add(job.Source("numbers", 1), "print-sink", {.kind = "print-sink", .outputs = 0});
  EXPECT_EQ(Text(std::move(job)), R"(
╭───────────────────────────╮
│ numbers (csv-source)   ×1 │
│ print-sink                │
╰───────────────────────────╯
)");
}

TEST(TextPicture, AChainThatOnlyHashesKeys) {
  DrawnJob job("keys");
  const DrawnJob::Chain keys =
      job.Behind(job.Source("csv-source", 1), kRebalance, "", {.kind = "key-by"}, 4);
  job.Behind(keys, kHash, "sink", {.kind = "sink", .outputs = 0}, 4);
  EXPECT_EQ(Text(std::move(job)), R"(
╭─────────────────╮
│ csv-source   ×1 │
╰────────┬────────╯
         │ rebalance
         ▼
  ╭─────────────╮
  │ key-by   ×4 │
  ╰──────┬──────╯
         │ hash
         ▼
   ╭───────────╮
   │ sink   ×4 │
   ╰───────────╯
)");
}

TEST(TextPicture, LinesThatCrossHaveNoRoundCorner) {
  DrawnJob job("crossing");
  const DrawnJob::Chain a = job.Source("a", 1);
  const DrawnJob::Chain b = job.Source("b", 1);
  const DrawnJob::Chain x = job.Behind(a, kForward, "x", {.kind = "x", .outputs = 0}, 1);
  const DrawnJob::Chain y = job.Behind(a, kForward, "y", {.kind = "y", .outputs = 0}, 1);
  job.Join(b, x, kForward);
  job.Join(b, y, kForward);
  EXPECT_EQ(Text(std::move(job)), R"(
╭─────────────────────╮     ╭─────────────────────╮
│ a (csv-source)   ×1 │     │ b (csv-source)   ×1 │
╰────┬───────────┬────╯     ╰────┬───────────┬────╯
     │           ╰───────────────┼╮          ╰╮
     │           ╭───────────────╯│           │
     │ forward   │ forward        │ forward   │ forward
     ▼           ▼                ▼           ▼
╭─────────────────────╮      ╭─────────────────────╮
│ x                ×1 │      │ y                ×1 │
╰─────────────────────╯      ╰─────────────────────╯
)");
}

TEST(TextPicture, WhatIsTooWideIsALineForEachEdge) {
  DrawnJob job = Clicks();
  job.Source("alone", 3);
  EXPECT_EQ(Text(std::move(job), 32), R"(
[csv-source ▸ filter ▸ key-by] ×2 ──hash──▶ [per-page ▸ csv-sink] ×2
[alone] ×3
)");
}

// A picture as rows of characters, and the lines in it.
class Tracer {
 public:
  explicit Tracer(const std::string& picture) {
    rows_.emplace_back();
    for (size_t at = 0; at < picture.size();) {
      size_t end = at + 1;
      while (end < picture.size() && (static_cast<unsigned char>(picture[end]) & 0xC0) == 0x80)
        ++end;
      if (picture[at] == '\n') {
        rows_.emplace_back();
      } else {
        rows_.back().push_back(picture.substr(at, end - at));
      }
      at = end;
    }
  }

  std::vector<std::pair<size_t, size_t>> Find(const std::string& character) const {
    std::vector<std::pair<size_t, size_t>> found;
    for (size_t y = 0; y < rows_.size(); ++y) {
      for (size_t x = 0; x < rows_[y].size(); ++x) {
        if (rows_[y][x] == character) found.emplace_back(x, y);
      }
    }
    return found;
  }

  // The arrow head to which a line leads; fails where it breaks off.
  std::pair<size_t, size_t> Follow(std::pair<size_t, size_t> at) const {
    auto [x, y] = at;
    int dx = 0;
    for (int steps = 0; steps < 10'000; ++steps) {
      if (dx == 0) ++y;
      x = static_cast<size_t>(static_cast<ptrdiff_t>(x) + dx);
      const std::string here = y < rows_.size() && x < rows_[y].size() ? rows_[y][x] : "nothing";
      if (here == "▼" && dx == 0) return {x, y};
      const bool on = here == "┼" || here == (dx == 0 ? "│" : "─");
      if (on) continue;
      if (dx == 0 && (here == "╰" || here == "╯")) {
        dx = here == "╰" ? 1 : -1;
      } else if ((dx == 1 && here == "╮") || (dx == -1 && here == "╭")) {
        dx = 0;
      } else {
        ADD_FAILURE() << "the line from " << at.first << ", " << at.second << " meets " << here;
        break;
      }
    }
    return {};
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

// Whatever the graph: as many lines as edges, each unbroken from a box to an arrow head of its own.
TEST(TextPicture, EveryLineLeadsSomewhere) {
  int drawn = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 chance(seed);
    const auto below = [&](uint32_t end) { return static_cast<uint32_t>(chance() % end); };
    DrawnJob job("random");
    const uint32_t chains = 2 + below(9);
    size_t edges = 0;
    for (uint32_t i = 0; i < chains; ++i) {
      const DrawnJob::Chain chain = job.New(1 + below(3));
      job.Add(chain, "op-" + std::to_string(i), {.kind = "map"});
      for (uint32_t count = i == 0 ? 0 : below(3); count > 0; --count, ++edges)
        job.Join(below(i), chain, below(2) == 0 ? kHash : kForward);
    }
    const std::string picture = TextPicture(Outline(std::move(job)), 1000);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + picture);
    if (picture.starts_with("[")) continue;  // lines that cannot be kept apart
    ++drawn;
    const Tracer tracer(picture);
    std::set<std::pair<size_t, size_t>> heads;
    for (const auto& begin : tracer.Find("┬")) heads.insert(tracer.Follow(begin));
    EXPECT_EQ(tracer.Find("┬").size(), edges);
    EXPECT_EQ(tracer.Find("▼").size(), edges);
    EXPECT_EQ(heads.size(), edges);
    if (HasFailure()) return;
  }
  EXPECT_GT(drawn, 250);
}

TEST(DotPicture, IsAsItWas) {
  EXPECT_EQ(DotPicture(Outline(Shop())), Golden("shop.dot"));
  EXPECT_EQ(DotPicture(Outline(Clicks())), Golden("clicks.dot"));
}

TEST(DotPicture, QuotesWhatItMust) {
  DrawnJob job("a\"b");
  job.Add(job.New(1), "", {.kind = "say \"hi\" \\o"});
  const std::string dot = DotPicture(Outline(std::move(job)));
  EXPECT_NE(dot.find("digraph \"a\\\"b\" {"), std::string::npos) << dot;
  EXPECT_NE(dot.find("say \\\"hi\\\" \\\\o"), std::string::npos) << dot;
}

TEST(SvgPicture, IsAsItWas) {
  EXPECT_EQ(SvgPicture(Outline(Shop())), Golden("shop.svg"));
  EXPECT_EQ(SvgPicture(Outline(Clicks())), Golden("clicks.svg"));
}

TEST(SvgPicture, EscapesWhatItMust) {
  DrawnJob job("a<b & \"c\"");
  job.Add(job.New(1), "", {.kind = "map<int>"});
  const std::string svg = SvgPicture(Outline(std::move(job)));
  EXPECT_NE(svg.find("<title>a&lt;b &amp; &quot;c&quot;</title>"), std::string::npos) << svg;
  EXPECT_NE(svg.find("map&lt;int&gt;"), std::string::npos) << svg;
}

TEST(SvgPicture, NeedsNothingElse) {
  const std::string svg = SvgPicture(Outline(Shop()));
  EXPECT_EQ(svg.find("href"), std::string::npos);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(svg.find("url("), std::string::npos);
  EXPECT_NE(svg.find("prefers-color-scheme: dark"), std::string::npos);
}

}  // namespace
}  // namespace weir::drawing
