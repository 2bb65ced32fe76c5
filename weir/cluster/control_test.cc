#include "weir/cluster/control.h"

#include <gtest/gtest.h>

namespace weir::cluster {
namespace {

// What users' functions throw and what files are called need not be UTF-8.
TEST(Control, CarriesAnyBytes) {
  const std::string odd = "o\xe9\xff";
  proto::ToCoordinator message;
  *message.mutable_failed()->mutable_status() = ToProto(InvalidArgumentError(odd));
  proto::ToCoordinator read;
  ASSERT_TRUE(read.ParseFromString(message.SerializeAsString()));
  EXPECT_EQ(FromProto(read.failed().status()), InvalidArgumentError(odd));
}

TEST(Control, ReadsTheStateOfASubtaskThatItWrote) {
  runtime::SubtaskState state;
  state.splits = {{"a", "position", "time"}, {"b\xe9", "", ""}};
  state.finished_splits = {"c"};
  state.items = {{"uid", "list", state::Redistribution::kUnion, "bytes"}};
  state.committables = {
      {"sink", {base::SubtaskIndex(3), base::Lineage(7), base::CheckpointId(9), "payload"}}};
  state.event_times = {{"uid", {base::KeyGroup(2), base::KeyGroup(5)}, -4}};
  state.ended = true;
  EXPECT_EQ(FromProto(ToProto(state)), state);
}

}  // namespace
}  // namespace weir::cluster
