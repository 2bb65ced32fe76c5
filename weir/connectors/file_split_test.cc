#include "weir/connectors/file_split.h"

#include <gtest/gtest.h>

namespace weir::connectors {
namespace {

TEST(FileSplit, PositionsAreThoseOfTheirVersion) {
  FileSplit split{.file = "a:b-c.csv", .begin = 10, .end = 20, .next = 12, .file_bytes = 30};
  split.head_digest = 0x1112131415161718;
  split.tail_digest = 0x0102030405060708;
  const runtime::Split encoded = EncodeFileSplit(split);
  EXPECT_EQ(encoded.id, "a:b-c.csv:10-20");
  EXPECT_EQ(encoded.position,
            "\x01\x0c\x1e\x18\x17\x16\x15\x14\x13\x12\x11\x08\x07\x06\x05\x04\x03\x02\x01");
  EXPECT_EQ(*DecodeFileSplit(encoded), split);
}

TEST(FileSplit, PositionsThatMakeNoSenseAreRefused) {
  const std::string digests = "0123456789abcdef";
  const auto code = [](const std::string& id, const std::string& position) {
    return DecodeFileSplit({id, position}).status().code();
  };
  EXPECT_EQ(code("a:10-20", "\x01\x0c\x1e" + digests), StatusCode::kOk);
  EXPECT_EQ(code("a:10-20", "\x02\x0c\x1e" + digests), StatusCode::kFailedPrecondition);
  EXPECT_EQ(code("a:10-20", ""), StatusCode::kDataLoss);
  EXPECT_EQ(code("a:10-20", "\x01\x0c"), StatusCode::kDataLoss);
  EXPECT_EQ(code("a:10-20", "\x01\x0c\x1e"), StatusCode::kDataLoss);
  EXPECT_EQ(code("a:10-20", "\x01\x0c\x1e" + digests.substr(1)), StatusCode::kDataLoss);
  EXPECT_EQ(code("a:10-20", "\x01\x0c\x1e" + digests + "1"), StatusCode::kDataLoss);
  EXPECT_EQ(code("a:10-20", "\x01\x09\x1e" + digests), StatusCode::kDataLoss);  // before the range
  EXPECT_EQ(code("a:10-20", "\x01\x1f\x1e" + digests), StatusCode::kDataLoss);  // behind the file
  EXPECT_EQ(code("a:20-10", "\x01\x14\x1e" + digests), StatusCode::kDataLoss);
  EXPECT_EQ(code("10-20", "\x01\x0c\x1e" + digests), StatusCode::kDataLoss);
  EXPECT_EQ(code("../a:10-20", "\x01\x0c\x1e" + digests), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir::connectors
