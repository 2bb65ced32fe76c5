#include "weir/cluster/snapshot_upload.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/base/limits.h"
#include "weir/sim/memory_blob_store.h"
#include "weir/sim/test_machine.h"

namespace weir::cluster {
namespace {

const base::SubtaskId kSubtask{base::ChainIndex(1), base::SubtaskIndex(2)};

UploadedSnapshot WithItemOf(size_t bytes) {
  UploadedSnapshot snapshot;
  snapshot.state.items.push_back({.uid = "source",
                                  .state = "offsets",
                                  .redistribution = state::Redistribution::kSplit,
                                  .bytes = std::string(bytes, 'x')});
  return snapshot;
}

TEST(SnapshotNews, WhatFitsIntoAMessageIsAcknowledged) {
  const proto::ToCoordinator news =
      SnapshotNews(kSubtask, base::CheckpointId(7), WithItemOf(limits::kMessageBytesMax - 2048));
  ASSERT_TRUE(news.has_acknowledge());
  EXPECT_EQ(news.acknowledge().checkpoint(), 7u);
  EXPECT_LE(news.ByteSizeLong(), limits::kMessageBytesMax);
}

TEST(SnapshotNews, WhatDoesNotFitIsDeclinedWithTheCure) {
  const proto::ToCoordinator news =
      SnapshotNews(kSubtask, base::CheckpointId(7), WithItemOf(limits::kMessageBytesMax - 1024));
  ASSERT_TRUE(news.has_decline());
  EXPECT_EQ(news.decline().checkpoint(), 7u);
  EXPECT_EQ(FromProto(news.decline().subtask()), kSubtask);
  const Status status = FromProto(news.decline().status());
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("fewer or larger splits"), std::string::npos);
}

TEST(SnapshotNews, AFailureIsDeclined) {
  const proto::ToCoordinator news =
      SnapshotNews(kSubtask, base::CheckpointId(7), UnavailableError("the store is away"));
  ASSERT_TRUE(news.has_decline());
  EXPECT_EQ(FromProto(news.decline().status()).code(), StatusCode::kUnavailable);
}

struct NoMailbox final : runtime::Mailbox {
  void Post(base::Closure) override {}
};

// One chunk of each size, of an operator with many states of long names: whatever goes into the
// acknowledgement fits there.
TEST(SnapshotUpload, ASmallSnapshotCountsTheNamesOfItsStates) {
  sim::TestMachine machine(sim::CalmOptions(1));
  sim::MemoryBlobStore store(machine.world, "store");
  env::Env env = machine.process.env();
  const checkpoint::JobFiles files("job");
  const std::vector<checkpoint::PackState> states(16,
                                                  {std::string(100, 'u'), std::string(26, 's')});
  for (size_t bytes = 0; bytes < limits::kInlinePackBytesMax; bytes += 97) {
    std::optional<StatusOr<UploadedSnapshot>> answer;
    auto upload = std::make_unique<SnapshotUpload>(SnapshotUpload::Options{
        .store = store,
        .env = env,
        .files = files,
        .pack = {base::Epoch(1), base::Attempt(1), base::CheckpointId(bytes + 1),
                 base::ChainIndex(0), base::SubtaskIndex(0), 7},
        .states = states,
        .first_state = {0},
        .key_groups = {base::KeyGroup(0), base::KeyGroup(8)},
        .mailbox = std::make_shared<NoMailbox>(),
        .done = [&](StatusOr<UploadedSnapshot> uploaded) { answer = std::move(uploaded); }});
    upload->Write(0, {.group = base::KeyGroup(1), .state = 3, .bytes = std::string(bytes, 'x')});
    upload->Finish({}, {});
    ASSERT_TRUE(
        machine.world.RunUntil([&] { return answer.has_value(); }, std::chrono::seconds(9)));
    ASSERT_TRUE(answer->ok()) << answer->status();
    ASSERT_EQ((*answer)->packs.size(), 1u);
    EXPECT_LE((*answer)->packs[0].inlined.size(), limits::kInlinePackBytesMax);
  }
}

}  // namespace
}  // namespace weir::cluster
