#include "weir/base/checksum.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::base {
namespace {

TEST(Checksum, GoldenValues) {  // computed with the xxHash library (0.8.1), XXH3_64bits
  EXPECT_EQ(ChecksumOf(""), 0x2D06800538D394C2u);
  EXPECT_EQ(ChecksumOf("weir"), 0x09831DC741817118u);
}

TEST(Checksum, OfPiecesIsTheChecksumOfTheWhole) {
  std::string bytes(1000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 & 0xFF);
  for (const size_t piece :
       {size_t{1}, size_t{3}, size_t{64}, size_t{240}, size_t{999}, size_t{1000}}) {
    Checksum checksum;
    for (size_t at = 0; at < bytes.size(); at += piece)
      checksum.Add(std::string_view(bytes).substr(at, piece));
    EXPECT_EQ(checksum.value(), ChecksumOf(bytes)) << piece;
  }
}

TEST(Checksum, OfNothingIsThatOfNoBytes) { EXPECT_EQ(Checksum().value(), ChecksumOf("")); }

TEST(Checksum, ReadingTheValueDoesNotEndIt) {
  Checksum checksum;
  checksum.Add("we");
  EXPECT_EQ(checksum.value(), ChecksumOf("we"));
  checksum.Add("ir");
  EXPECT_EQ(checksum.value(), ChecksumOf("weir"));
}

TEST(Checksum, MovesWithItsState) {
  Checksum first;
  first.Add("we");
  Checksum second = std::move(first);
  second.Add("ir");
  EXPECT_EQ(second.value(), ChecksumOf("weir"));
}

TEST(Checksum, ChangesWithEachBit) {
  std::string bytes = "a block of a pack";
  const uint64_t right = ChecksumOf(bytes);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(ChecksumOf(bytes), right);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  }
}

}  // namespace
}  // namespace weir::base
