// The handle of user code: MapState.
#include "weir/state/map_state.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "weir/state/state_model.h"

namespace weir::state {
namespace {

using base::KeyGroup;
using Backend = TestBackend<int64_t>;

constexpr base::KeyGroupRange kAll{KeyGroup(0), KeyGroup(8)};

class MapStateTest : public testing::Test {
 protected:
  MapStateTest() { b.Bind(1); }
  std::vector<uint64_t> Keys() const {
    std::vector<uint64_t> keys;
    for (const auto& [key, value] : b.map) keys.push_back(key);
    return keys;
  }
  Backend b{Backend::Options(kAll, 8)};
};

TEST_F(MapStateTest, ReadingMakesNoRow) {
  EXPECT_EQ(b.map.Get(1), std::nullopt);
  EXPECT_EQ(b.map.ValueOr(1, "none"), "none");
  EXPECT_FALSE(b.map.Contains(1));
  EXPECT_FALSE(b.map.Remove(1));
  EXPECT_TRUE(b.map.Empty());
  EXPECT_EQ(b.map.Size(), 0u);
  EXPECT_TRUE(Keys().empty());
  b.map.Clear();
  EXPECT_EQ(b.backend.rows(), 0u);
}

TEST_F(MapStateTest, BelongsToTheKey) {
  b.map.Put(7, "seven");
  b.map.Put(8, "eight");
  b.Bind(2);
  EXPECT_TRUE(b.map.Empty());
  b.map.Put(7, "sieben");
  b.Bind(1);
  EXPECT_EQ(b.map.Get(7), "seven");
  EXPECT_EQ(b.map.Size(), 2u);
  b.map.Put(7, "");
  EXPECT_EQ(b.map.Get(7), "");
  EXPECT_TRUE(b.map.Remove(7));
  EXPECT_FALSE(b.map.Empty());
  EXPECT_EQ(b.backend.rows(), 2u);
  EXPECT_TRUE(b.map.Remove(8));
  EXPECT_TRUE(b.map.Empty());
  EXPECT_EQ(b.backend.rows(), 1u);
  b.map.Put(9, "again");
  EXPECT_EQ(Keys(), std::vector<uint64_t>{9});
  EXPECT_EQ(b.backend.status(), OkStatus());
}

TEST_F(MapStateTest, MayBeChangedWhileItIsGoneThrough) {
  for (uint64_t key = 0; key < 2'000; ++key) b.map.Put(key, "value");
  uint64_t seen = 0;
  for (const auto& [key, value] : b.map) {
    ++seen;
    EXPECT_EQ(value, "value");
    if (key % 3 != 0) continue;
    EXPECT_TRUE(b.map.Remove(key));
  }
  EXPECT_EQ(seen, 2'000u);
  EXPECT_EQ(b.map.Size(), 1'333u);
  for (const auto& [key, value] : b.map) {
    EXPECT_NE(key % 3, 0u);
    b.map.Clear();
  }
  EXPECT_TRUE(b.map.Empty());
}

TEST_F(MapStateTest, ALargeOneThatIsClearedGivesItsMemoryBack) {
  for (uint64_t key = 0; key < 400'000; ++key) b.map.Put(key, "value");
  const size_t large = b.backend.bytes_reserved();
  b.map.Clear();
  EXPECT_TRUE(b.map.Empty());
  // Others are changed, and so much of it goes each time.
  b.Bind(2);
  for (int i = 0; i < 4'000; ++i) b.map.Put(1, "other");
  EXPECT_LT(b.backend.bytes_reserved(), large / 2);
}

TEST_F(MapStateTest, AnItemThatIsTooLongFailsTheJobAndNothingIsWritten) {
  b.map.Put(1, std::string(limits::kMapItemBytesMax, 'x'));
  EXPECT_EQ(b.backend.status().code(), StatusCode::kResourceExhausted);
  EXPECT_NE(b.backend.status().ToString().find("op.map"), std::string::npos);
  EXPECT_TRUE(b.map.Empty());
}

TEST_F(MapStateTest, BytesOfASnapshotThatAreNoMapAreFound) {
  b.map.Put(1, "one");
  const std::vector<SnapshotChunk> chunks = Snapshot(b);
  ASSERT_EQ(chunks.size(), 1u);
  for (size_t at = ChunkHeader::kBytes; at < chunks[0].bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bytes = chunks[0].bytes;
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
      Backend restored(Backend::Options(kAll, 8));
      if (!restored.backend.RestoreChunk("map", bytes).ok()) continue;
      restored.Bind(1);
      for (const auto& [key, value] : restored.map) EXPECT_LT(value.size(), 100u);
    }
  }
  Backend restored(Backend::Options(kAll, 8));
  ASSERT_EQ(RestoreAll(chunks, restored), OkStatus());
  restored.Bind(1);
  EXPECT_EQ(restored.map.Get(1), "one");
}

}  // namespace
}  // namespace weir::state
