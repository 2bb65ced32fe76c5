#include "weir/runtime/watermark_merge.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace weir::runtime {
namespace {

// Plays "0w5" (watermark 5 on channel 0), "1i" idle, "1a" active, "1e" ended; answers "5" the
// merged watermark rose, "i"/"a" became idle/active, "-" nothing.
std::string Play(uint32_t channels, const std::string& events, Timestamp restored = kMinTimestamp) {
  WatermarkMerge merge(channels, restored);
  std::istringstream in(events);
  std::string event, out;
  while (in >> event) {
    const base::ChannelIndex channel(static_cast<uint32_t>(event[0] - '0'));
    WatermarkChange change;
    switch (event[1]) {
      case 'w':
        change = merge.OnWatermark(channel, std::stoll(event.substr(2)));
        break;
      case 'i':
        change = merge.OnIdle(channel);
        break;
      case 'a':
        change = merge.OnActive(channel);
        break;
      default:
        change = merge.OnEndOfInput(channel);
    }
    std::string said;
    if (change.watermark) said += std::to_string(*change.watermark);
    if (change.idle) said += *change.idle ? "i" : "a";
    out += (out.empty() ? "" : " ") + (said.empty() ? "-" : said);
  }
  return out;
}

TEST(WatermarkMerge, OneInputPassesItOn) { EXPECT_EQ(Play(1, "0w5 0w7"), "5 7"); }
TEST(WatermarkMerge, SmallestOfAllInputs) { EXPECT_EQ(Play(2, "0w5 1w3 1w9"), "- 3 5"); }
TEST(WatermarkMerge, NeverFalls) { EXPECT_EQ(Play(1, "0w5 0w3 0w6"), "5 - 6"); }
TEST(WatermarkMerge, NeverFallsBelowTheRestoredOne) { EXPECT_EQ(Play(1, "0w5 0w11", 10), "- 11"); }
TEST(WatermarkMerge, IdleInputIsLeftOut) { EXPECT_EQ(Play(2, "0w5 1i 0w6"), "- 5 6"); }
TEST(WatermarkMerge, AllIdleIsSaidOnce) { EXPECT_EQ(Play(2, "0i 1i 1i 0a"), "- i - a"); }
TEST(WatermarkMerge, InputThatWakesHoldsItBackAgain) {
  EXPECT_EQ(Play(2, "0w5 1i 1a 0w9 1w7"), "- 5 - - 7");
}
// A source that ended says the last watermark of all in front of its end. It says nothing for one
// that is idle and has rows to come.
TEST(WatermarkMerge, TheLastWatermarkOfOneInputIsNotThatOfAnIdleOne) {
  const std::string last = std::to_string(kMaxTimestamp);
  EXPECT_EQ(Play(2, "0w10 1i 0w" + last + " 0e 1a 1w12"), "- 10 i - a 12");
}

TEST(WatermarkMerge, EndedInputIsLeftOut) { EXPECT_EQ(Play(2, "0w5 1e 0w6"), "- 5 6"); }
TEST(WatermarkMerge, AllEndedSaysNothing) { EXPECT_EQ(Play(2, "0w5 0e 1e"), "- - -"); }

}  // namespace
}  // namespace weir::runtime
