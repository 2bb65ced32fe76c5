// Key hash v1: the 64-bit hash that decides where a key lives. It is part of the format
// (docs/formats/key-hash.md): a change of one bit would lose state, so it is XXH3 (64 bits, seeded)
// with golden values in hash_test.cc and never the standard library's or Abseil's.
//
// An integer is hashed as its 64 bits, a string as its bytes, a record field by field: the hash of
// one field is the seed of the next.
// Threads: pure.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "weir/base/ids.h"

namespace weir::base {

/// Drawn when a job starts empty, kept in every history record and inherited by resumes.
using HashSeed = uint64_t;

/// XXH3_64bits_withSeed over the 8 little-endian bytes of `key`. Inlined here because it runs once
/// a record.
inline uint64_t HashU64(HashSeed seed, uint64_t key) {
  // Bytes 8..24 of XXH3's default secret.
  constexpr uint64_t kSecret = 0x1CAD21F72C81017Cu ^ 0xDB979083E96DD4DEu;
  constexpr uint64_t kPrime = 0x9FB21C651E98DF25u;
  seed ^= static_cast<uint64_t>(__builtin_bswap32(static_cast<uint32_t>(seed))) << 32;
  uint64_t h = std::rotl(key, 32) ^ (kSecret - seed);
  h ^= std::rotl(h, 49) ^ std::rotl(h, 24);
  h *= kPrime;
  h ^= (h >> 35) + 8;
  h *= kPrime;
  return h ^ (h >> 28);
}

/// XXH3_64bits_withSeed over `bytes`.
uint64_t HashBytes(HashSeed seed, std::string_view bytes);

/// The key group of a hash: its top bits.
/// Shapes: max_parallelism a power of two in [1, 32768]; result in [0, max_parallelism).
inline KeyGroup KeyGroupOf(uint64_t hash, uint32_t max_parallelism) {
  const int bits = std::countr_zero(max_parallelism);
  return KeyGroup(bits == 0 ? 0u : static_cast<uint32_t>(hash >> (64 - bits)));
}

/// A contiguous range of key groups, `first` to before `end`.
struct KeyGroupRange {
  KeyGroup first;
  KeyGroup end;
  uint32_t count() const { return end.number() - first.number(); }
  bool Contains(KeyGroup group) const { return first <= group && group < end; }
  bool Overlaps(KeyGroupRange other) const { return first < other.end && other.first < end; }
  friend bool operator==(const KeyGroupRange&, const KeyGroupRange&) = default;
};

/// The key groups of a subtask. The ranges of all subtasks cover [0, max_parallelism) without a gap
/// or an overlap; their sizes differ by one at most.
/// Shapes: parallelism in [1, max_parallelism]; subtask in [0, parallelism).
/// Source: Flink's KeyGroupRangeAssignment.
KeyGroupRange KeyGroupsOf(SubtaskIndex subtask, uint32_t parallelism, uint32_t max_parallelism);

/// The subtask that owns a key group: the inverse of KeyGroupsOf.
SubtaskIndex OwnerOf(KeyGroup group, uint32_t parallelism, uint32_t max_parallelism);

}  // namespace weir::base
