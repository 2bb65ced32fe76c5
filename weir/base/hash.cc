#include "weir/base/hash.h"

// g++ 12 calls its own AVX-512 intrinsics uninitialised once they are inlined (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "weir/base/check.h"

namespace weir::base {

uint64_t HashBytes(HashSeed seed, std::string_view bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

KeyGroupRange KeyGroupsOf(SubtaskIndex subtask, uint32_t parallelism, uint32_t max_parallelism) {
  WEIR_CHECK(parallelism >= 1 && parallelism <= max_parallelism && subtask.number() < parallelism);
  const uint64_t index = subtask.number();
  const auto at = [&](uint64_t i) {
    return KeyGroup(static_cast<uint32_t>((i * max_parallelism + parallelism - 1) / parallelism));
  };
  return {at(index), at(index + 1)};
}

SubtaskIndex OwnerOf(KeyGroup group, uint32_t parallelism, uint32_t max_parallelism) {
  WEIR_CHECK(group.number() < max_parallelism);
  return SubtaskIndex(
      static_cast<uint32_t>(uint64_t{group.number()} * parallelism / max_parallelism));
}

}  // namespace weir::base
