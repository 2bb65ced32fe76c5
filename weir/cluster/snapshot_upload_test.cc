#include "weir/cluster/snapshot_upload.h"

#include <gtest/gtest.h>

#include "weir/base/limits.h"

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

}  // namespace
}  // namespace weir::cluster
