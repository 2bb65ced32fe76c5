// The golden values were computed with the xxHash library (0.8.1), XXH3_64bits_withSeed. They are
// the format: a test that fails here has found a change that would lose state.
#include "weir/base/hash.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <string>

#include "weir/base/limits.h"

namespace weir::base {
namespace {

constexpr HashSeed kSeed = 0x0123456789ABCDEF;
constexpr uint64_t kMinusOne = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kMostNegative = uint64_t{1} << 63;

// The bytes 0, 1, … 255, 0, 1, …
std::string Ramp(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i & 0xFF);
  return bytes;
}

TEST(KeyHash, GoldenIntegers) {
  EXPECT_EQ(HashU64(0, 0), 0xC77B3ABB6F87ACD9u);
  EXPECT_EQ(HashU64(0, 1), 0x2FBC593564DB792Eu);
  EXPECT_EQ(HashU64(0, 42), 0xD5A6F8C838DF27C8u);
  EXPECT_EQ(HashU64(0, kMinusOne), 0x5111C7E47D784413u);
  EXPECT_EQ(HashU64(0, kMostNegative), 0x828F2476789A0E5Fu);
  EXPECT_EQ(HashU64(kSeed, 0), 0x84C4077B5BA88A78u);
  EXPECT_EQ(HashU64(kSeed, 1), 0x62DA9B4ECF9E94BCu);
  EXPECT_EQ(HashU64(kSeed, 42), 0xBCEA5640F79D5702u);
  EXPECT_EQ(HashU64(kSeed, kMinusOne), 0x1C90F36D547002F0u);
  EXPECT_EQ(HashU64(kSeed, kMostNegative), 0x8CB9DF8BF77DF33Du);
}

TEST(KeyHash, GoldenStringsOfEachLengthClass) {
  EXPECT_EQ(HashBytes(0, ""), 0x2D06800538D394C2u);
  EXPECT_EQ(HashBytes(0, "a"), 0xE6C632B61E964E1Fu);
  EXPECT_EQ(HashBytes(0, "account-17"), 0xC3C330E1E6F2EA4Fu);
  EXPECT_EQ(HashBytes(0, Ramp(17)), 0x9EF341A99DE37328u);
  EXPECT_EQ(HashBytes(0, Ramp(300)), 0xD44052F5A3485425u);
  EXPECT_EQ(HashBytes(kSeed, ""), 0xCC1CA35A1B089C5Cu);
  EXPECT_EQ(HashBytes(kSeed, "a"), 0xFCF369F9E7541D1Bu);
  EXPECT_EQ(HashBytes(kSeed, "account-17"), 0x14769FF1DD833465u);
  EXPECT_EQ(HashBytes(kSeed, Ramp(17)), 0xEBCE4845F0C75F02u);
  EXPECT_EQ(HashBytes(kSeed, Ramp(129)), 0x75BC8ED192C9CC73u);
  EXPECT_EQ(HashBytes(kSeed, Ramp(240)), 0x4B1593EE9603224Au);
  EXPECT_EQ(HashBytes(kSeed, Ramp(241)), 0xACE3AFE84C9ADF7Cu);
  EXPECT_EQ(HashBytes(kSeed, Ramp(300)), 0xFD940E0E1C79AE80u);
}

TEST(KeyHash, TheInlinedIntegerHashIsTheLibrarys) {
  uint64_t state = 1;
  const auto next = [&state] {
    return std::rotl(state = state * 6364136223846793005u + 1442695040888963407u, 32);
  };
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t seed = next();
    const uint64_t key = next() >> (i % 64);
    ASSERT_EQ(HashU64(seed, key), XXH3_64bits_withSeed(&key, sizeof key, seed))
        << key << " seed " << seed;
  }
}

TEST(KeyGroup, IsTheTopBits) {
  EXPECT_EQ(KeyGroupOf(kMinusOne, 1), KeyGroup(0));
  EXPECT_EQ(KeyGroupOf(kMostNegative, 2), KeyGroup(1));
  EXPECT_EQ(KeyGroupOf(kMostNegative - 1, 2), KeyGroup(0));
  EXPECT_EQ(KeyGroupOf(0xABCDEF0123456789, 256), KeyGroup(0xAB));
  EXPECT_EQ(KeyGroupOf(kMinusOne, limits::kMaxParallelismMax),
            KeyGroup(limits::kMaxParallelismMax - 1));
}

TEST(KeyGroups, OfAllSubtasksCoverEachGroupOnceAndEvenly) {
  for (const uint32_t max_parallelism : {1u, 2u, 8u, 256u, 1024u}) {
    for (uint32_t parallelism = 1; parallelism <= max_parallelism;
         parallelism += (parallelism < 20 ? 1 : 37)) {
      KeyGroup next(0);
      for (uint32_t i = 0; i < parallelism; ++i) {
        const KeyGroupRange range = KeyGroupsOf(SubtaskIndex(i), parallelism, max_parallelism);
        ASSERT_EQ(range.first, next);
        ASSERT_GE(range.count(), max_parallelism / parallelism);
        ASSERT_LE(range.count(), (max_parallelism + parallelism - 1) / parallelism);
        next = range.end;
      }
      ASSERT_EQ(next, KeyGroup(max_parallelism));
    }
  }
}

TEST(KeyGroups, OwnerOfIsTheInverse) {
  for (const uint32_t parallelism : {1u, 2u, 3u, 7u, 100u, 256u}) {
    for (uint32_t group = 0; group < 256; ++group) {
      const SubtaskIndex owner = OwnerOf(KeyGroup(group), parallelism, 256);
      ASSERT_LT(owner.number(), parallelism);
      ASSERT_TRUE(KeyGroupsOf(owner, parallelism, 256).Contains(KeyGroup(group)));
    }
  }
}

TEST(KeyGroupRange, OverlapsWhenAGroupIsInBoth) {
  const KeyGroupRange range{KeyGroup(2), KeyGroup(5)};
  EXPECT_FALSE(range.Contains(KeyGroup(1)));
  EXPECT_TRUE(range.Contains(KeyGroup(4)));
  EXPECT_FALSE(range.Contains(KeyGroup(5)));
  EXPECT_TRUE(range.Overlaps({KeyGroup(4), KeyGroup(9)}));
  EXPECT_FALSE(range.Overlaps({KeyGroup(5), KeyGroup(9)}));
}

TEST(KeyGroupsDeathTest, RefusesASubtaskThatIsNotThere) {
  EXPECT_DEATH(KeyGroupsOf(SubtaskIndex(2), 2, 256), "check failed");
  EXPECT_DEATH(KeyGroupsOf(SubtaskIndex(0), 257, 256), "check failed");
  EXPECT_DEATH(static_cast<void>(OwnerOf(KeyGroup(256), 2, 256)), "check failed");
}

}  // namespace
}  // namespace weir::base
