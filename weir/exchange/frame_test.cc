#include "weir/exchange/frame.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "weir/base/limits.h"

namespace weir::exchange {
namespace {

const ChannelKey kKey{.epoch = base::Epoch(300),
                      .attempt = base::Attempt(2),
                      .edge = 1,
                      .from = base::SubtaskIndex(4),
                      .to = base::SubtaskIndex(5)};

std::string Hex(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kDigits[static_cast<uint8_t>(c) >> 4];
    hex += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return hex;
}

std::string Element(const ElementFrame& head, const std::string& payload) {
  base::ByteWriter out;
  EncodeElementHead(head, out);
  out.Raw(payload);
  return out.Take();
}

// The examples of docs/formats/frames.md.
TEST(Frame, HelloIsAsWritten) {
  const HelloFrame hello{.address = "w1:7"};
  const std::string bytes = EncodeHello(hello);
  EXPECT_EQ(Hex(bytes),
            "01"
            "77656972"
            "01"
            "04"
            "77313a37");
  EXPECT_EQ(std::get<HelloFrame>(*DecodeFrame(bytes)), hello);
}

TEST(Frame, ElementsAreAsWritten) {
  const ElementFrame head{.kind = FrameKind::kRows, .key = kKey, .sequence = 200};
  const std::string bytes = Element(head, "xyz");
  EXPECT_EQ(Hex(bytes),
            "02"
            "ac02"
            "02"
            "01"
            "04"
            "05"
            "c801"
            "78797a");
  const auto read = std::get<ElementFrame>(*DecodeFrame(bytes));
  EXPECT_EQ(read.key, kKey);
  EXPECT_EQ(read.sequence, 200);
  EXPECT_EQ(bytes.substr(read.payload_offset), "xyz");
}

TEST(Frame, CreditIsAsWritten) {
  const CreditFrame credit{.key = kKey, .credit = {.frames = 8, .controls = 16}};
  const std::string bytes = EncodeCredit(credit);
  EXPECT_EQ(Hex(bytes),
            "05"
            "ac02"
            "02"
            "01"
            "04"
            "05"
            "08"
            "10");
  EXPECT_EQ(std::get<CreditFrame>(*DecodeFrame(bytes)), credit);
}

TEST(Frame, TheHeadIsNeverLongerThanItsBound) {
  const ElementFrame head{.kind = FrameKind::kFragment,
                          .key = {.epoch = base::Epoch(UINT64_MAX),
                                  .attempt = base::Attempt(UINT32_MAX),
                                  .edge = UINT32_MAX,
                                  .from = base::SubtaskIndex(UINT32_MAX),
                                  .to = base::SubtaskIndex(UINT32_MAX)},
                          .sequence = UINT64_MAX};
  const std::string bytes = Element(head, "");
  EXPECT_LE(bytes.size(), kElementHeadBytesMax);
  EXPECT_EQ(std::get<ElementFrame>(*DecodeFrame(bytes)).key, head.key);
}

void ExpectRefused(const std::string& bytes, const std::string& message) {
  const auto frame = DecodeFrame(bytes);
  ASSERT_FALSE(frame.ok()) << Hex(bytes);
  EXPECT_EQ(frame.status().code(), StatusCode::kDataLoss);
  EXPECT_NE(frame.status().message().find(message), std::string::npos) << frame.status();
}

TEST(Frame, WhatIsNoneIsRefused) {
  ExpectRefused("", "unknown kind 0");
  ExpectRefused("\x06", "unknown kind 6");
  ExpectRefused(std::string("\x01weix\x01\x00", 7), "not a worker's");
  ExpectRefused(std::string("\x01weir\x02\x00", 7), "version 2 is not 1");
  ExpectRefused(EncodeHello({.address = "a"}) + "x", "hello frame");
  ExpectRefused(EncodeCredit({.key = kKey, .credit = {}}) + "x", "credit frame");
  ExpectRefused(std::string(limits::kFrameBytesMax + 1, '\x02'), "longer than 32768 bytes");
}

TEST(Frame, ANumberThatIsTooLargeForItsFieldIsRefused) {
  base::ByteWriter out;
  out.U8(static_cast<uint8_t>(FrameKind::kRows));
  for (const uint64_t number :
       {uint64_t{1}, uint64_t{1} << 32, uint64_t{0}, uint64_t{0}, uint64_t{0}, uint64_t{0}}) {
    out.Varint(number);
  }
  ExpectRefused(out.Take(), "element frame");
}

TEST(Frame, EveryBeginningOfAFrameIsRefused) {
  for (const std::string& whole :
       {EncodeHello({.address = "w1:7"}), EncodeCredit({.key = kKey, .credit = {3, 4}}),
        Element({.kind = FrameKind::kControl, .key = kKey, .sequence = 200}, "")}) {
    for (size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(DecodeFrame(whole.substr(0, size)).ok()) << Hex(whole) << " " << size;
    }
  }
}

TEST(Frame, RandomBytesDoNoHarm) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (!bytes.empty()) bytes[0] = static_cast<char>(1 + random() % 5);
    if (const auto frame = DecodeFrame(bytes); !frame.ok()) {
      EXPECT_EQ(frame.status().code(), StatusCode::kDataLoss);
    }
  }
}

}  // namespace
}  // namespace weir::exchange
