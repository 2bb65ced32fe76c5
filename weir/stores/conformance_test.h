// The suite that every store passes: the promises of env/blob_store.h, one after the other. What
// happens in a crash is tested where a store can crash.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/env/blob_store.h"
#include "weir/env/random.h"
#include "weir/stores/prove_store.h"

namespace weir::stores {

class StoreWorld {
 public:
  virtual ~StoreWorld() = default;

  /// An empty store, and the same as another process sees it.
  virtual env::BlobStore& store() = 0;
  virtual env::BlobStore& other() = 0;
  virtual env::Random& random() = 0;

  /// Lets things happen until `done()`; false when it takes too long.
  virtual bool WaitFor(const std::function<bool()>& done) = 0;
};

/// The answer to `call(done)`.
template <class Result, class Call>
Result Await(StoreWorld& world, Call call) {
  struct Answer {
    std::atomic<bool> there = false;
    std::optional<Result> result;
  };
  const auto answer = std::make_shared<Answer>();  // owners: the callback and this
  call([answer](Result result) {
    answer->result = std::move(result);
    answer->there = true;
  });
  const bool answered = world.WaitFor([&] { return answer->there.load(); });
  if (!answered) return Result(DeadlineExceededError("no answer"));
  return *std::move(answer->result);
}

class StoreConformance : public testing::TestWithParam<std::unique_ptr<StoreWorld> (*)()> {
 protected:
  Status Create(env::BlobStore& store, const std::string& name, const std::string& bytes) {
    return Await<Status>(*world_,
                         [&](auto done) { store.CreateIfAbsent(name, bytes, std::move(done)); });
  }
  Status Append(env::BlobWriter& writer, const std::string& bytes) {
    return Await<Status>(*world_, [&](auto done) { writer.Append(bytes, std::move(done)); });
  }
  Status Finish(env::BlobWriter& writer) {
    return Await<Status>(*world_, [&](auto done) { writer.Finish(std::move(done)); });
  }
  Status Put(env::BlobStore& store, const std::string& name, const std::string& bytes) {
    const std::unique_ptr<env::BlobWriter> writer = store.Put(name);
    if (Status status = Append(*writer, bytes); !status.ok()) return status;
    return Finish(*writer);
  }
  Status Delete(env::BlobStore& store, const std::string& name) {
    return Await<Status>(*world_, [&](auto done) { store.Delete(name, std::move(done)); });
  }
  StatusOr<std::string> Get(env::BlobStore& store, const std::string& name, uint64_t offset = 0,
                            uint64_t size = UINT64_MAX) {
    return Await<StatusOr<std::string>>(
        *world_, [&](auto done) { store.Get(name, offset, size, std::move(done)); });
  }
  /// "name:bytes name:bytes".
  std::string List(env::BlobStore& store, const std::string& prefix) {
    const auto blobs = Await<StatusOr<std::vector<env::BlobInfo>>>(
        *world_, [&](auto done) { store.List(prefix, std::move(done)); });
    if (!blobs.ok()) return blobs.status().ToString();
    std::string text;
    for (const env::BlobInfo& blob : *blobs) {
      text += Concat(text.empty() ? "" : " ", blob.name, ":", blob.bytes);
    }
    return text;
  }

  const std::unique_ptr<StoreWorld> world_ = GetParam()();
  env::BlobStore& a_ = world_->store();
  env::BlobStore& b_ = world_->other();
};

TEST_P(StoreConformance, AnEmptyStoreHasNothing) {
  EXPECT_EQ(List(a_, ""), "");
  EXPECT_EQ(List(a_, "job/history/"), "");
  EXPECT_EQ(Get(a_, "job/history/1").status().code(), StatusCode::kNotFound);
}

TEST_P(StoreConformance, WhatIsPutIsSeenByAll) {
  ASSERT_TRUE(Put(a_, "job/data/x.pack", "hello").ok());
  EXPECT_EQ(Get(a_, "job/data/x.pack").value(), "hello");
  EXPECT_EQ(Get(b_, "job/data/x.pack").value(), "hello");
  EXPECT_EQ(List(b_, "job/"), "job/data/x.pack:5");
}

TEST_P(StoreConformance, ABlobBeingPutIsNotSeen) {
  const std::unique_ptr<env::BlobWriter> writer = a_.Put("x");
  ASSERT_TRUE(Append(*writer, "hello ").ok());
  EXPECT_EQ(List(b_, ""), "");
  EXPECT_EQ(Get(b_, "x").status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(Append(*writer, "world").ok());
  ASSERT_TRUE(Finish(*writer).ok());
  EXPECT_EQ(Get(b_, "x").value(), "hello world");
}

TEST_P(StoreConformance, ABlobThatIsNotFinishedLeavesNothing) {
  {
    const std::unique_ptr<env::BlobWriter> writer = a_.Put("x");
    ASSERT_TRUE(Append(*writer, "hello").ok());
  }
  ASSERT_TRUE(Put(a_, "y", "other").ok());
  EXPECT_EQ(List(a_, ""), "y:5");
}

TEST_P(StoreConformance, EmptyBlobsAreBlobs) {
  const std::unique_ptr<env::BlobWriter> writer = a_.Put("put");
  ASSERT_TRUE(Finish(*writer).ok());
  ASSERT_TRUE(Create(a_, "created", "").ok());
  EXPECT_EQ(List(b_, ""), "created:0 put:0");
  EXPECT_EQ(Get(b_, "put").value(), "");
}

TEST_P(StoreConformance, PutReplaces) {
  ASSERT_TRUE(Put(a_, "x", "long old text").ok());
  ASSERT_TRUE(Put(b_, "x", "new").ok());
  EXPECT_EQ(Get(a_, "x").value(), "new");
}

TEST_P(StoreConformance, LargeBlobsInPieces) {
  const std::unique_ptr<env::BlobWriter> writer = a_.Put("large");
  std::string all;
  for (size_t i = 0; i < 5; ++i) {
    const std::string piece((1 << 20) + i, "abcde"[i]);
    all += piece;
    ASSERT_TRUE(Append(*writer, piece).ok());
  }
  ASSERT_TRUE(Finish(*writer).ok());
  EXPECT_TRUE(Get(b_, "large").value() == all);
  EXPECT_TRUE(Get(b_, "large", 1'000'000, 2'000'000).value() == all.substr(1'000'000, 2'000'000));
}

TEST_P(StoreConformance, RangesEndWhereTheBlobEnds) {
  ASSERT_TRUE(Put(a_, "x", "0123456789").ok());
  EXPECT_EQ(Get(a_, "x", 3, 4).value(), "3456");
  EXPECT_EQ(Get(a_, "x", 7, 100).value(), "789");
  EXPECT_EQ(Get(a_, "x", 9, UINT64_MAX).value(), "9");
  EXPECT_EQ(Get(a_, "x", 10, 1).value(), "");
  EXPECT_EQ(Get(a_, "x", UINT64_MAX, UINT64_MAX).value(), "");
  EXPECT_EQ(Get(a_, "x", 0, 0).value(), "");
}

TEST_P(StoreConformance, OnlyTheFirstCreateWins) {
  ASSERT_TRUE(Create(a_, "job/history/1", "first").ok());
  EXPECT_EQ(Create(a_, "job/history/1", "second").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Create(b_, "job/history/1", "first").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Get(b_, "job/history/1").value(), "first");
  EXPECT_EQ(List(b_, "job/history/"), "job/history/1:5");
}

TEST_P(StoreConformance, OfRacingCreatesExactlyOneWins) {
  for (int round = 0; round < 10; ++round) {
    const std::string name = Concat("job/history/", round);
    struct Race {
      std::atomic<int> answered = 0;
      std::atomic<int> winner = -1;
      std::atomic<int> winners = 0;
    };
    const auto race = std::make_shared<Race>();  // owners: the callbacks and this
    for (int i = 0; i < 8; ++i) {
      (i % 2 == 0 ? a_ : b_).CreateIfAbsent(name, Concat("bytes of ", i), [race, i](Status status) {
        if (status.ok()) race->winner = i, ++race->winners;
        EXPECT_TRUE(status.ok() || status.code() == StatusCode::kAlreadyExists) << status;
        ++race->answered;
      });
    }
    ASSERT_TRUE(world_->WaitFor([&] { return race->answered == 8; }));
    EXPECT_EQ(race->winners, 1);
    EXPECT_EQ(Get(a_, name).value(), Concat("bytes of ", race->winner));
  }
}

TEST_P(StoreConformance, ListsByPrefixSorted) {
  for (const char* name : {"b/10", "b/9", "a", "b/c/1", "bc", "b/1"}) {
    ASSERT_TRUE(Create(a_, name, name).ok());
  }
  EXPECT_EQ(List(b_, ""), "a:1 b/1:3 b/10:4 b/9:3 b/c/1:5 bc:2");
  EXPECT_EQ(List(b_, "b"), "b/1:3 b/10:4 b/9:3 b/c/1:5 bc:2");
  EXPECT_EQ(List(b_, "b/"), "b/1:3 b/10:4 b/9:3 b/c/1:5");
  EXPECT_EQ(List(b_, "b/1"), "b/1:3 b/10:4");
  EXPECT_EQ(List(b_, "b/c/"), "b/c/1:5");
  EXPECT_EQ(List(b_, "z/"), "");
  EXPECT_EQ(List(b_, "a/"), "");
}

TEST_P(StoreConformance, AFolderIsNoBlob) {
  ASSERT_TRUE(Create(a_, "b/c", "x").ok());
  EXPECT_EQ(Get(a_, "b").status().code(), StatusCode::kNotFound);
}

TEST_P(StoreConformance, DeletesOnceAndAgain) {
  ASSERT_TRUE(Create(a_, "job/x", "1").ok());
  EXPECT_TRUE(Delete(b_, "job/x").ok());
  EXPECT_EQ(Get(a_, "job/x").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(List(a_, ""), "");
  EXPECT_TRUE(Delete(a_, "job/x").ok());
  EXPECT_TRUE(Delete(a_, "never/was").ok());
  EXPECT_TRUE(Create(a_, "job/x", "2").ok());
  EXPECT_EQ(Get(b_, "job/x").value(), "2");
}

TEST_P(StoreConformance, NamesThatLeaveTheStoreAreRefused) {
  for (const char* name : {"", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".", "a b"}) {
    EXPECT_EQ(Get(a_, name).status().code(), StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(Create(a_, name, "x").code(), StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(Put(a_, name, "x").code(), StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(Delete(a_, name).code(), StatusCode::kInvalidArgument) << name;
  }
  EXPECT_NE(List(a_, "../"), "");  // refused, too
  EXPECT_EQ(List(a_, ""), "");
}

TEST_P(StoreConformance, ProvesCreateIfAbsentAndLeavesNothing) {
  const Status proof = Await<Status>(
      *world_, [&](auto done) { ProveCreateIfAbsent(a_, world_->random(), std::move(done)); });
  EXPECT_TRUE(proof.ok()) << proof;
  EXPECT_EQ(List(b_, ""), "");
}

}  // namespace weir::stores
