#include "weir/record/control_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::record {
namespace {

std::string Encoded(const ControlElement& element) {
  base::ByteWriter out;
  EncodeControl(element, out);
  return out.Take();
}

StatusOr<ControlElement> Decoded(std::string_view bytes) {
  base::ByteReader in(bytes);
  return DecodeControl(in);
}

const std::vector<ControlElement>& AllElements() {
  static const std::vector<ControlElement> kAll = {
      Watermark{0},
      Watermark{kMinTimestamp},
      Watermark{kMaxTimestamp},
      Barrier{base::CheckpointId(7), base::CheckpointId(6), CheckpointMode::kUnaligned, false},
      Barrier{base::CheckpointId(8), base::CheckpointId(0), CheckpointMode::kAligned, true},
      Barrier{base::CheckpointId(~uint64_t{0}), base::CheckpointId(1), CheckpointMode::kAtLeastOnce,
              false},
      Idle{},
      Active{},
      EndOfInput{},
  };
  return kAll;
}

TEST(ControlCodec, EveryElementSurvives) {
  for (const ControlElement& element : AllElements()) {
    const StatusOr<ControlElement> decoded = Decoded(Encoded(element));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, element);
  }
}

TEST(ControlCodec, CutShortAnywhereIsDataLoss) {
  for (const ControlElement& element : AllElements()) {
    const std::string bytes = Encoded(element);
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(Decoded(std::string_view(bytes).substr(0, size)).status(),
                DataLossError("control element is cut short or malformed"));
    }
  }
}

TEST(ControlCodec, GoldenBytes) {  // the worked examples of docs/formats/record.md
  EXPECT_EQ(Encoded(Watermark{1000}), std::string("\1\xe8\3\0\0\0\0\0\0", 9));
  EXPECT_EQ(Encoded(Barrier{base::CheckpointId(7), base::CheckpointId(6),
                            CheckpointMode::kUnaligned, false}),
            std::string("\2\7\0\0\0\0\0\0\0\6\0\0\0\0\0\0\0\1\0", 19));
  EXPECT_EQ(Encoded(Idle{}), "\3");
  EXPECT_EQ(Encoded(Active{}), "\4");
  EXPECT_EQ(Encoded(EndOfInput{}), "\5");
}

TEST(ControlCodec, RefusesUnknownTagsModesAndFlags) {
  EXPECT_FALSE(Decoded(std::string(1, '\0')).ok());
  EXPECT_FALSE(Decoded("\6").ok());
  std::string barrier = Encoded(Barrier{});
  barrier[17] = 3;
  EXPECT_FALSE(Decoded(barrier).ok());
  barrier[17] = 2;
  EXPECT_TRUE(Decoded(barrier).ok());
  barrier[18] = 2;
  EXPECT_FALSE(Decoded(barrier).ok());
}

TEST(ControlCodec, LeavesWhatFollows) {
  base::ByteReader in("\3\4");
  EXPECT_EQ(*DecodeControl(in), ControlElement(Idle{}));
  EXPECT_EQ(*DecodeControl(in), ControlElement(Active{}));
  EXPECT_TRUE(in.AtEnd());
}

}  // namespace
}  // namespace weir::record
