#include "weir/base/bytes.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace weir::base {
namespace {

using Rest = ByteReader::Rest;

std::string Hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto byte = static_cast<uint8_t>(c);
    out.append({kDigits[byte >> 4], kDigits[byte & 15]});
  }
  return out;
}

std::string VarintOf(uint64_t value) {
  ByteWriter out;
  out.Varint(value);
  return out.Take();
}

TEST(ByteWriter, WritesLittleEndian) {
  ByteWriter out;
  out.U8(0x01);
  out.U16(0x0302);
  out.U32(0x07060504);
  out.U64(0x0F0E0D0C0B0A0908);
  EXPECT_EQ(Hex(out.bytes()), "0102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(out.size(), 15u);
}

TEST(ByteWriter, WritesFloatsAsTheyLie) {
  ByteWriter out;
  out.F32(1.5f);
  out.F64(-2.0);
  EXPECT_EQ(Hex(out.bytes()), "0000c03f00000000000000c0");
}

TEST(ByteWriter, AppendsBehindWhatIsThereAndGivesItAway) {
  ByteWriter out(std::string("ab"));
  out.String("cd");
  EXPECT_EQ(out.Take(), std::string("ab\2cd"));
  EXPECT_EQ(out.size(), 0u);
}

TEST(Varint, HasItsShortestForm) {
  EXPECT_EQ(Hex(VarintOf(0)), "00");
  EXPECT_EQ(Hex(VarintOf(127)), "7f");
  EXPECT_EQ(Hex(VarintOf(128)), "8001");
  EXPECT_EQ(Hex(VarintOf(300)), "ac02");
  EXPECT_EQ(Hex(VarintOf(std::numeric_limits<uint64_t>::max())), "ffffffffffffffffff01");
}

TEST(Varint, SurvivesAtEveryWidth) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const uint64_t value :
         {(uint64_t{1} << bit) - 1, uint64_t{1} << bit, (uint64_t{1} << bit) + 1}) {
      const std::string bytes = VarintOf(value);
      ByteReader in(bytes);
      EXPECT_EQ(in.Varint(), value);
      EXPECT_TRUE(in.Check("varint", Rest::kMustBeEmpty).ok());
    }
  }
}

TEST(Varint, SignedOnesAreZigZag) {
  for (const auto& [value, hex] : std::vector<std::pair<int64_t, std::string>>{
           {0, "00"},
           {-1, "01"},
           {1, "02"},
           {-64, "7f"},
           {64, "8001"},
           {std::numeric_limits<int64_t>::min(), "ffffffffffffffffff01"}}) {
    ByteWriter out;
    out.SignedVarint(value);
    EXPECT_EQ(Hex(out.bytes()), hex);
    ByteReader in(out.bytes());
    EXPECT_EQ(in.SignedVarint(), value);
  }
}

TEST(Varint, RefusesWhatIsNotTheShortestFormOrTooLong) {
  const std::string malformed[] = {
      std::string("\x80\x00", 2),                       // 0 in two bytes
      std::string("\xFF\x00", 2),                       // 127 in two bytes
      std::string(9, '\xFF') + '\x02',                  // 65 bits
      std::string(10, '\xFF') + '\x01',                 // 11 bytes
      std::string(3, '\x80'),           std::string(),  // cut short
  };
  for (const std::string& bytes : malformed) {
    ByteReader in(bytes);
    EXPECT_EQ(in.Varint(), 0u);
    EXPECT_FALSE(in.ok()) << Hex(bytes);
  }
}

TEST(ByteReader, ReadsWhatWasWritten) {
  ByteWriter out;
  out.U8(255);
  out.U16(65535);
  out.U32(7);
  out.U64(std::numeric_limits<uint64_t>::max());
  out.F32(-0.0f);
  out.F64(std::numeric_limits<double>::infinity());
  out.String(std::string_view("a\0b", 3));
  out.Raw("tail");
  ByteReader in(out.bytes());
  EXPECT_EQ(in.U8(), 255);
  EXPECT_EQ(in.U16(), 65535);
  EXPECT_EQ(in.U32(), 7u);
  EXPECT_EQ(in.U64(), std::numeric_limits<uint64_t>::max());
  EXPECT_TRUE(std::signbit(in.F32()));
  EXPECT_EQ(in.F64(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(in.String(), std::string_view("a\0b", 3));
  EXPECT_EQ(in.remaining(), 4u);
  EXPECT_EQ(in.Raw(4), "tail");
  EXPECT_TRUE(in.AtEnd());
  EXPECT_TRUE(in.Check("all", Rest::kMustBeEmpty).ok());
}

TEST(ByteReader, KeepsTheBitsOfNan) {
  const double nan = std::bit_cast<double>(uint64_t{0x7FF8000000001234});
  ByteWriter out;
  out.F64(nan);
  ByteReader in(out.bytes());
  EXPECT_EQ(std::bit_cast<uint64_t>(in.F64()), 0x7FF8000000001234u);
}

TEST(ByteReader, NeverReadsPastItsEndAndStaysFailed) {
  ByteReader in("\x01\x02\x03");
  EXPECT_EQ(in.U32(), 0u);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.U8(), 0);  // although three bytes were left
  EXPECT_EQ(in.String(), "");
  EXPECT_EQ(in.Check("header", Rest::kMayFollow),
            DataLossError("header is cut short or malformed"));
}

TEST(ByteReader, DoesNotTrustALength) {
  for (const uint64_t length :
       {uint64_t{3}, uint64_t{1} << 32, std::numeric_limits<uint64_t>::max()}) {
    const std::string bytes = VarintOf(length) + "ab";
    ByteReader in(bytes);
    EXPECT_EQ(in.String(), "");
    EXPECT_FALSE(in.ok());
  }
}

TEST(ByteReader, NamesBytesBehindTheEnd) {
  ByteReader in("abc");
  in.U8();
  EXPECT_TRUE(in.Check("record", Rest::kMayFollow).ok());
  EXPECT_EQ(in.Check("record", Rest::kMustBeEmpty),
            DataLossError("record has bytes behind its end: 2"));
}

}  // namespace
}  // namespace weir::base
