#include "weir/state/slab.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "weir/base/limits.h"
#include "weir/state/state_model.h"

namespace weir::state {
namespace {

TEST(Slab, NoBytesNeedNoBlock) {
  Arena arena;
  Slab slab(arena);
  Block* cell = nullptr;
  slab.Assign(cell, "");
  EXPECT_EQ(cell, nullptr);
  EXPECT_EQ(BytesOf(cell), "");
  EXPECT_EQ(arena.bytes_reserved(), 0u);
}

TEST(Slab, HoldsBytesOfEverySize) {
  Arena arena;
  Slab slab(arena);
  std::vector<Block*> cells;
  std::vector<std::string> contents;
  for (size_t bytes = 1; bytes < (4u << 20); bytes += 1 + bytes / 7) {
    contents.push_back(std::string(bytes, static_cast<char>('a' + bytes % 26)));
    slab.Assign(cells.emplace_back(nullptr), contents.back());
    EXPECT_GE(cells.back()->capacity(), bytes);
    EXPECT_LE(cells.back()->capacity(), bytes + bytes / 4 + 512);
  }
  EXPECT_EQ(slab.blocks(), cells.size());
  for (size_t i = 0; i < cells.size(); ++i) ASSERT_EQ(BytesOf(cells[i]), contents[i]);
  for (Block*& cell : cells) slab.Assign(cell, "");
  EXPECT_EQ(slab.blocks(), 0u);
  EXPECT_EQ(arena.bytes_used(), 0u);
}

TEST(Slab, TakesTheLongestValue) {
  Arena arena;
  Slab slab(arena);
  Block* block = slab.Allocate(limits::kValueBytesMax);
  EXPECT_GE(block->capacity(), limits::kValueBytesMax);
  slab.Free(block);
  EXPECT_EQ(arena.bytes_used(), 0u);
}

TEST(Slab, ShrinksAndGrowsInPlaceWithinReason) {
  Arena arena;
  Slab slab(arena);
  Block* cell = nullptr;
  slab.Assign(cell, std::string(1'000, 'x'));
  const Block* before = cell;
  slab.Assign(cell, std::string(900, 'y'));
  EXPECT_EQ(cell, before);
  slab.Assign(cell, "short");
  EXPECT_LT(cell->capacity(), 64u);
}

TEST(Slab, AppendsAgreeWithAString) {
  Arena arena;
  Slab slab(arena);
  TestRandom random(5);
  Block* cell = nullptr;
  std::string expected;
  for (int i = 0; i < 2'000; ++i) {
    const std::string piece(random.Below(40), static_cast<char>('a' + i % 26));
    slab.Append(cell, piece);
    expected += piece;
    ASSERT_EQ(BytesOf(cell), expected);
  }
}

TEST(Slab, RandomUseAgrees) {
  Arena arena;
  Slab slab(arena);
  TestRandom random(9);
  std::vector<std::pair<Block*, std::string>> cells(300);
  for (int i = 0; i < 30'000; ++i) {
    auto& [cell, content] = cells[random.Below(cells.size())];
    ASSERT_EQ(BytesOf(cell), content);
    content = std::string(random.Below(random.OneIn(30) ? 5'000 : 300), static_cast<char>(i));
    slab.Assign(cell, content);
  }
  for (auto& [cell, content] : cells) slab.Assign(cell, "");
  EXPECT_EQ(arena.bytes_used(), 0u);
}

}  // namespace
}  // namespace weir::state
