// The tree beside a std::map, and what its leaves hand to a running snapshot.
#include "weir/state/map_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "weir/base/limits.h"
#include "weir/state/state_model.h"

namespace weir::state {
namespace {

using Items = std::map<std::string, std::string>;

struct FrozenItems final : MapTree::Freezer {
  void Freeze(std::string_view run) override {
    MapItem item;
    for (RunReader reader(run); reader.Next(item);) {
      EXPECT_TRUE(items.emplace(item.key, item.value).second) << "frozen twice: " << item.key;
    }
  }
  Items items;
};

class TreeTest : public testing::Test {
 protected:
  MapTree::Change Change() { return {slab, generation, freezer, scratch}; }
  void Put(const std::string& key, const std::string& value) {
    tree.Put(Change(), key, value);
    items[key] = value;
  }
  void Remove(const std::string& key) {
    ASSERT_EQ(tree.Remove(Change(), key), items.erase(key) > 0) << key;
  }

  Items ReadAll() const {
    Items all;
    std::string last;
    for (MapTree::Position at = tree.AtOrAbove({}); at.leaf != nullptr; at = tree.Above(last)) {
      MapItem item;
      RunReader reader(MapTree::RunOf(at.leaf), at.offset);
      EXPECT_TRUE(reader.Next(item));
      EXPECT_TRUE(all.empty() || last < item.key) << "order: " << last << ", " << item.key;
      last = item.key;
      all.emplace(item.key, item.value);
    }
    return all;
  }

  // All leaves that are not of this generation, as the walk of a snapshot sees them.
  void FreezeRest() {
    std::string last;
    for (MapTree::Position at = tree.AtOrAbove({}); at.leaf != nullptr; at = tree.Above(last)) {
      MapItem item;
      for (RunReader reader(MapTree::RunOf(at.leaf), at.offset); reader.Next(item);)
        last = item.key;
      MapTree::Thaw(Change(), at.leaf);
    }
  }

  void Drop() {
    std::vector<Block*> pages;
    if (tree.root() != nullptr) pages.push_back(tree.root());
    while (!pages.empty()) {
      Block* page = pages.back();
      pages.pop_back();
      MapTree::FreePage(slab, page, pages);
    }
    tree = MapTree(nullptr);
  }

  Arena arena{nullptr};
  Slab slab{arena};
  base::ByteWriter scratch;
  uint32_t generation = 1;
  MapTree::Freezer* freezer = nullptr;
  MapTree tree{nullptr};
  Items items;
};

TEST_F(TreeTest, AnEmptyMapHasNoPage) {
  EXPECT_EQ(tree.size(), 0u);
  EXPECT_EQ(tree.Find("a"), std::nullopt);
  EXPECT_FALSE(tree.Remove(Change(), "a"));
  Put("a", "1");
  EXPECT_EQ(tree.Find("a"), "1");
  EXPECT_EQ(tree.size(), 1u);
  Remove("a");
  EXPECT_EQ(tree.root(), nullptr);
  EXPECT_EQ(slab.blocks(), 0u);
}

TEST_F(TreeTest, EmptyKeysAndValuesAndKeysThatBeginOthers) {
  for (const char* key : {"", "a", "ab", "abc", "b"}) Put(key, "");
  Put("", "nothing");
  EXPECT_EQ(ReadAll(), items);
  EXPECT_EQ(tree.Find(""), "nothing");
  EXPECT_EQ(tree.Find("abcd"), std::nullopt);
}

TEST_F(TreeTest, AscendingKeysFillTheirPages) {
  constexpr int kItems = 500'000;
  for (int i = 0; i < kItems; ++i) Put(std::to_string(1'000'000 + i), "12345678");
  EXPECT_EQ(tree.size(), static_cast<uint64_t>(kItems));
  EXPECT_EQ(ReadAll(), items);
  // 7 + 8 bytes and two lengths each; a full leaf takes 2 KiB.
  EXPECT_LT(arena.bytes_reserved(), kItems * 17 * 3 / 2);
  Drop();
  EXPECT_EQ(slab.blocks(), 0u);
}

TEST_F(TreeTest, OldestOutNewestIn) {
  for (int i = 0; i < 50'000; ++i) {
    Put(std::to_string(1'000'000 + i), "12345678");
    if (i >= 1'000) Remove(std::to_string(1'000'000 + i - 1'000));
  }
  EXPECT_EQ(ReadAll(), items);
  EXPECT_LT(slab.blocks(), 40u);
}

TEST_F(TreeTest, AgreesWithAMapWhateverIsDone) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    TestRandom random(seed);
    const bool numbers = random.OneIn(2);
    const uint64_t keys = random.OneIn(3) ? 30 : 4'000;
    FrozenItems frozen;
    Items expected;
    items.clear();
    freezer = nullptr;
    for (int i = 0; i < 30'000; ++i) {
      std::string key(8, '\0');
      const uint64_t number = random.Below(keys);
      std::memcpy(key.data(), &number, sizeof number);
      if (!numbers) key = std::string(random.OneIn(100) ? 700 : number % 20, 'k') + key;
      const bool growing = i / 5'000 % 2 == 0;
      if (random.OneIn(growing ? 4 : 2)) {
        Remove(key);
      } else {
        const uint64_t length = random.OneIn(500) ? 6'000 : random.Below(30);
        Put(key, std::string(length, static_cast<char>('a' + i % 26)));
      }
      if (i % 3'000 == 1'000) {  // a snapshot begins: what a small map has is frozen with its row
        frozen.items.clear();
        expected = items;
        freezer = tree.is_small() ? nullptr : &frozen;
        ++generation;
      } else if (i % 3'000 == 2'500 && freezer != nullptr) {
        FreezeRest();
        ASSERT_EQ(frozen.items, expected);
        freezer = nullptr;
      }
    }
    ASSERT_EQ(ReadAll(), items);
    ASSERT_EQ(tree.size(), items.size());
    for (const auto& [key, value] : items) ASSERT_EQ(tree.Find(key), value);
    Drop();
    ASSERT_EQ(slab.blocks(), 0u);
  }
}

TEST_F(TreeTest, RunsOfASnapshotMakeTheSameMap) {
  for (int i = 0; i < 20'000; ++i) Put(std::to_string(i), std::to_string(i * 7));
  std::vector<std::string> runs;
  std::string last;
  for (MapTree::Position at = tree.AtOrAbove({}); at.leaf != nullptr; at = tree.Above(last)) {
    runs.emplace_back(MapTree::RunOf(at.leaf));
    ASSERT_EQ(CheckRun(runs.back()), OkStatus());
    last = std::string();
    MapItem item;
    for (RunReader reader(runs.back()); reader.Next(item);) last = item.key;
  }
  Drop();
  for (const std::string& run : runs) tree.PutRun(Change(), run);
  EXPECT_EQ(ReadAll(), items);
  EXPECT_EQ(tree.size(), items.size());
  const uint64_t blocks = slab.blocks();
  Drop();
  for (size_t i = 0; i < runs.size(); ++i) {  // in another order
    tree.PutRun(Change(), runs[i * 7 % runs.size()]);
  }
  if (runs.size() % 7 != 0) {
    EXPECT_EQ(ReadAll(), items);
    EXPECT_EQ(tree.size(), items.size());
  }
  EXPECT_LT(blocks, slab.blocks() + slab.blocks() / 2);
}

TEST_F(TreeTest, HugeItemsSideBySide) {
  for (int i = 0; i < 5; ++i) {
    Put("huge " + std::to_string(i), std::string(limits::kMapItemBytesMax - 10, 'x'));
    Put("small " + std::to_string(i), "x");
    Put("huge " + std::to_string(i) + " small", "x");
  }
  EXPECT_EQ(ReadAll(), items);
}

TEST(MapRun, ChecksWhatItIsGiven) {
  base::ByteWriter run;
  AppendItem(run, "a", "1");
  AppendItem(run, "b", "2");
  EXPECT_EQ(CheckRun(run.bytes()), OkStatus());
  AppendItem(run, "b", "3");
  EXPECT_EQ(CheckRun(run.bytes()).code(), StatusCode::kDataLoss);
  EXPECT_EQ(CheckRun("").code(), StatusCode::kDataLoss);
  EXPECT_EQ(CheckRun("\x01").code(), StatusCode::kDataLoss);
  EXPECT_EQ(CheckRun("\x01"
                     "a")
                .code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(CheckRun(std::string("\x01"
                                 "a"
                                 "\xff\xff\xff\xff\x7f",
                                 7))
                .code(),
            StatusCode::kDataLoss);
}

TEST(MapRun, OrdersKeysAsUnsignedBytes) {
  const std::string values[] = {"",
                                std::string(1, '\0'),
                                "a",
                                "aaaaaaaa",
                                "aaaaaaaaa",
                                "aaaaaaab",
                                "\x7f",
                                "\x80",
                                "\xff\xff\xff\xff\xff\xff\xff\xff"};
  for (size_t i = 0; i < std::size(values); ++i) {
    for (size_t j = 0; j < std::size(values); ++j) {
      const int order = CompareMapKeys(values[i], values[j]);
      EXPECT_EQ(order < 0, i < j) << i << " " << j;
      EXPECT_EQ(order == 0, i == j) << i << " " << j;
    }
  }
}

}  // namespace
}  // namespace weir::state
