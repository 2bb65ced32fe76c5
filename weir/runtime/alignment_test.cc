#include "weir/runtime/alignment.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace weir::runtime {
namespace {

// Plays a picture of events on `channels` inputs and returns the picture of decisions.
//   events:    "0b1" barrier 1 on channel 0 · "1e" end of input on channel 1
//              "x2" checkpoint 2 aborted
//   decisions: "#" block this channel · "S1" unblock all and snapshot 1
//              "o" unblock all · "o#" both · "-" nothing
std::string Play(uint32_t channels, const std::string& events) {
  Alignment alignment(channels);
  std::istringstream in(events);
  std::string event, out;
  while (in >> event) {
    const auto channel = base::ChannelIndex(static_cast<uint32_t>(event[0] - '0'));
    AlignmentDecision decision;
    if (event[0] == 'x')
      decision = alignment.OnAbort(base::CheckpointId(static_cast<uint64_t>(event[1] - '0')));
    else if (event[1] == 'e')
      decision = alignment.OnEndOfInput(channel);
    else
      decision =
          alignment.OnBarrier(channel, base::CheckpointId(static_cast<uint64_t>(event[2] - '0')));
    std::string said = decision.snapshot ? "S" + std::to_string(decision.checkpoint.number())
                                         : std::string(decision.unblock_all ? "o" : "") +
                                               (decision.block ? "#" : "");
    out += (out.empty() ? "" : " ") + (said.empty() ? "-" : said);
  }
  return out;
}

TEST(Alignment, OneInputNeverWaits) { EXPECT_EQ(Play(1, "0b1 0b2"), "S1 S2"); }
TEST(Alignment, SnapshotComesWithTheLastBarrier) { EXPECT_EQ(Play(3, "1b1 0b1 2b1"), "# # S1"); }
TEST(Alignment, NewerCheckpointGivesTheOlderUp) { EXPECT_EQ(Play(2, "0b1 1b2 0b2"), "# o# S2"); }
TEST(Alignment, LateBarrierOfAGivenUpCheckpointIsStale) {
  EXPECT_EQ(Play(2, "0b1 1b2 1b1 0b2"), "# o# - S2");
}
TEST(Alignment, EndedInputCountsAsArrived) { EXPECT_EQ(Play(2, "0b1 1e 0b2"), "# S1 S2"); }
TEST(Alignment, EndOutsideAnAlignmentDecidesNothing) { EXPECT_EQ(Play(2, "0e 1b1"), "- S1"); }
TEST(Alignment, BarrierBehindTheEndBlocksNothing) { EXPECT_EQ(Play(2, "0e 0b1 1b1"), "- - S1"); }
TEST(Alignment, AbortOpensTheChannels) { EXPECT_EQ(Play(2, "0b1 x1 0b2 1b2"), "# o # S2"); }
TEST(Alignment, BarriersOfAnAbortedCheckpointAreStale) {
  EXPECT_EQ(Play(2, "x1 0b1 1b1 0b2 1b2"), "- - - # S2");
}
TEST(Alignment, AbortOfAnOlderCheckpointIsIgnored) { EXPECT_EQ(Play(2, "0b2 x1 1b2"), "# - S2"); }

}  // namespace
}  // namespace weir::runtime
