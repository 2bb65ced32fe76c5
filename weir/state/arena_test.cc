#include "weir/state/arena.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "weir/state/state_model.h"

namespace weir::state {
namespace {

TEST(Arena, HoldsNothingAtFirst) { EXPECT_EQ(Arena().bytes_reserved(), 0u); }

TEST(Arena, ReservesByChunk) {
  Arena arena;
  void* block = arena.Allocate(1);
  EXPECT_EQ(arena.bytes_used(), Arena::kUnitBytes);
  EXPECT_EQ(arena.bytes_reserved(), Arena::kChunkBytes);
  arena.Free(block, 1);
  EXPECT_EQ(arena.bytes_used(), 0u);
}

TEST(Arena, NeighboursGrowTogether) {
  Arena arena;
  std::vector<void*> blocks;
  blocks.reserve(31);
  for (int i = 0; i < 31; ++i) blocks.push_back(arena.Allocate(64 << 10));
  ASSERT_EQ(arena.bytes_reserved(), Arena::kChunkBytes);
  for (size_t i = 0; i < blocks.size(); i += 2) arena.Free(blocks[i], 64 << 10);
  for (size_t i = 1; i < blocks.size(); i += 2) arena.Free(blocks[i], 64 << 10);
  void* large = arena.Allocate(Arena::kChunkBlockBytesMax);  // needs many of them in one piece
  EXPECT_EQ(arena.bytes_reserved(), Arena::kChunkBytes);
  arena.Free(large, Arena::kChunkBlockBytesMax);
}

TEST(Arena, LargeBlocksAreMappedAloneAndGivenBack) {
  Arena arena;
  constexpr size_t kBytes = Arena::kChunkBlockBytesMax + 1;
  char* block = static_cast<char*>(arena.Allocate(kBytes));
  block[0] = block[kBytes - 1] = 'x';
  EXPECT_EQ(arena.bytes_reserved(), Arena::kChunkBlockBytesMax + 4096);
  arena.Free(block, kBytes);
  EXPECT_EQ(arena.bytes_reserved(), 0u);
}

TEST(Arena, GivesChunksBackButTheLast) {
  Arena arena;
  std::vector<void*> blocks;
  blocks.reserve(100);
  for (int i = 0; i < 100; ++i) blocks.push_back(arena.Allocate(100 << 10));
  EXPECT_GT(arena.bytes_reserved(), 4 * Arena::kChunkBytes);
  for (void* block : blocks) arena.Free(block, 100 << 10);
  EXPECT_EQ(arena.bytes_reserved(), Arena::kChunkBytes);
}

TEST(Arena, BlocksNeverOverlap) {
  Arena arena;
  TestRandom random(11);
  struct Piece {
    unsigned char* at;
    size_t bytes;
    unsigned char fill;
  };
  std::vector<Piece> pieces;
  size_t used = 0;
  const auto units = [](size_t bytes) { return (bytes + 511) / 512 * 512; };
  for (int i = 0; i < 20'000; ++i) {
    if (pieces.empty() || random.Below(100) < (i % 4'000 < 2'000 ? 70u : 30u)) {
      const size_t bytes = 1 + random.Below(random.OneIn(20) ? 200'000 : 9'000);
      auto* at = static_cast<unsigned char*>(arena.Allocate(bytes));
      const auto fill = static_cast<unsigned char>(random.Next());
      at[0] = at[bytes - 1] = fill;
      pieces.push_back({at, bytes, fill});
      used += units(bytes);
    } else {
      std::swap(pieces[random.Below(pieces.size())], pieces.back());
      const Piece piece = pieces.back();
      pieces.pop_back();
      ASSERT_EQ(piece.at[0], piece.fill);
      ASSERT_EQ(piece.at[piece.bytes - 1], piece.fill);
      arena.Free(piece.at, piece.bytes);
      used -= units(piece.bytes);
    }
    ASSERT_EQ(arena.bytes_used(), used);
  }
}

// Jobs run when the test says so.
struct LaterPool final : env::Executor {
  void Post(base::Closure job) override { jobs.push_back(std::move(job)); }
  void RunAll() {
    for (base::Closure& job : std::exchange(jobs, {})) job();
  }
  std::vector<base::Closure> jobs;
};

constexpr size_t kBlock = 64 << 10;

TEST(Arena, TheNextChunkIsWantedBeforeItIsNeeded) {
  LaterPool pool;
  Arena arena(&pool);
  size_t allocated = 0;
  for (; pool.jobs.empty(); ++allocated) arena.Allocate(kBlock);
  EXPECT_GT(allocated, 16u);  // a small table wants none
  EXPECT_GE(arena.bytes_reserved(), Arena::kChunkBytes + arena.bytes_used());
  pool.RunAll();
  for (; allocated < 40; ++allocated) arena.Allocate(kBlock);
  EXPECT_EQ(arena.bytes_reserved(), 2 * Arena::kChunkBytes);  // it was taken
  EXPECT_TRUE(pool.jobs.empty());
}

TEST(Arena, AChunkFromThePoolWasTouched) {
  LaterPool pool;
  Arena arena(&pool);
  std::vector<char*> blocks;
  const auto resident = [](char* block) {
    unsigned char page = 0;
    auto* at = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(block) + 8191) & ~4095ull);
    EXPECT_EQ(mincore(at, 4096, &page), 0);
    return (page & 1) != 0;
  };
  while (blocks.size() < 40) {
    blocks.push_back(static_cast<char*>(arena.Allocate(kBlock)));
    pool.RunAll();
  }
  EXPECT_FALSE(resident(blocks.front()));
  EXPECT_TRUE(resident(blocks.back()));
}

TEST(Arena, WithoutTheChunkInTimeItMapsOneItself) {
  LaterPool pool;
  Arena arena(&pool);
  for (int i = 0; i < 40; ++i) arena.Allocate(kBlock);
  EXPECT_EQ(pool.jobs.size(), 1u);
  EXPECT_GE(arena.bytes_reserved(), Arena::kChunkBytes + arena.bytes_used());
  EXPECT_LE(arena.bytes_reserved(), Arena::kChunkBytes + arena.bytes_used() + 2 * kBlock);
  pool.RunAll();
  for (int i = 0; i < 40; ++i) arena.Allocate(kBlock);
  EXPECT_EQ(arena.bytes_reserved(), 3 * Arena::kChunkBytes);
}

TEST(Arena, MayGoBeforeThePoolsJob) {
  LaterPool pool;
  {
    Arena arena(&pool);
    for (int i = 0; i < 40; ++i) arena.Allocate(kBlock);
  }
  ASSERT_EQ(pool.jobs.size(), 1u);
  pool.RunAll();  // its memory goes with the job
}

}  // namespace
}  // namespace weir::state
