#include "weir/checkpoint/chunk_window.h"

#include <gtest/gtest.h>

#include <optional>

namespace weir::checkpoint {
namespace {

struct ChunkWindowTest : ::testing::Test {
  void Wait(size_t bytes) {
    window->WaitForRoom(bytes, [this, owned = alive] { ++went_on; });
  }
  std::shared_ptr<ChunkWindow> window = std::make_shared<ChunkWindow>(100);
  std::shared_ptr<int> alive = std::make_shared<int>();  // owners: the test, and who waits
  int went_on = 0;
};

TEST_F(ChunkWindowTest, WhatFitsGoesOnAtOnce) {
  ChunkWindow::Place place = window->Put(60);
  Wait(40);
  EXPECT_EQ(went_on, 1);
  place.Free();
  EXPECT_EQ(went_on, 1);
}

TEST_F(ChunkWindowTest, WhatDoesNotFitWaitsForTheChunksBeforeIt) {
  ChunkWindow::Place first = window->Put(30), second = window->Put(30);
  Wait(71);
  first.Free();
  EXPECT_EQ(went_on, 0);
  second.Free();
  EXPECT_EQ(went_on, 1);
  EXPECT_EQ(window->bytes(), 0u);
}

TEST_F(ChunkWindowTest, WhatIsLongerThanTheWindowPassesAlone) {
  ChunkWindow::Place place = window->Put(1);
  Wait(1000);
  EXPECT_EQ(went_on, 0);
  place.Free();
  EXPECT_EQ(went_on, 1);
  Wait(1000);
  EXPECT_EQ(went_on, 2);
}

TEST_F(ChunkWindowTest, WhenAChunkIsDroppedNobodyGoesOn) {
  std::optional<ChunkWindow::Place> place = window->Put(60);
  Wait(60);
  place.reset();
  EXPECT_EQ(alive.use_count(), 1);
  Wait(1);
  EXPECT_EQ(alive.use_count(), 1);
  EXPECT_EQ(went_on, 0);
}

}  // namespace
}  // namespace weir::checkpoint
