#include "weir/connectors/input_file.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weir::connectors {
namespace {

class Text final : public env::ReadableFile {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}
  StatusOr<size_t> Read(uint64_t offset, char* buffer, size_t size) const override {
    const std::string piece =
        text_.substr(std::min<size_t>(offset, text_.size()), std::min<size_t>(size, 3));
    std::copy(piece.begin(), piece.end(), buffer);
    return piece.size();
  }
  StatusOr<uint64_t> Size() const override { return text_.size(); }

 private:
  const std::string text_;
};

TEST(PlaceInFile, CountsLinesFromOne) {
  const Text text("a\nb\n\nc");
  EXPECT_EQ(PlaceInFile(text, "t.csv", 0), "t.csv:1");
  EXPECT_EQ(PlaceInFile(text, "t.csv", 1), "t.csv:1");
  EXPECT_EQ(PlaceInFile(text, "t.csv", 2), "t.csv:2");
  EXPECT_EQ(PlaceInFile(text, "t.csv", 5), "t.csv:4");
  EXPECT_EQ(PlaceInFile(Text(std::string(48'210, '\n')), "t.csv", 48'210), "t.csv:48,211");
}

TEST(WithThousands, GroupsByThree) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999), "999");
  EXPECT_EQ(WithThousands(1'000), "1,000");
  EXPECT_EQ(WithThousands(1'234'567), "1,234,567");
}

}  // namespace
}  // namespace weir::connectors
