#include "weir/env/blob_store.h"

#include <gtest/gtest.h>

#include <optional>

#include "weir/sim/faulty_blob_store.h"
#include "weir/sim/memory_blob_store.h"
#include "weir/sim/test_machine.h"

namespace weir::sim {
namespace {

// A store in a world, and calls that wait for their answer.
struct Stores {
  explicit Stores(const Options& options)
      : world(options),
        memory(world, "memory"),
        faulty(world, memory, FaultyBlobStore::Reach::kRemote, "faulty") {}

  Status Create(env::BlobStore& store, const std::string& name, const std::string& bytes) {
    return Wait<Status>([&](auto done) { store.CreateIfAbsent(name, bytes, std::move(done)); });
  }
  StatusOr<std::string> Get(env::BlobStore& store, const std::string& name, uint64_t offset = 0,
                            uint64_t size = 1000) {
    return Wait<StatusOr<std::string>>(
        [&](auto done) { store.Get(name, offset, size, std::move(done)); });
  }
  StatusOr<std::vector<env::BlobInfo>> List(env::BlobStore& store, const std::string& prefix) {
    return Wait<StatusOr<std::vector<env::BlobInfo>>>(
        [&](auto done) { store.List(prefix, std::move(done)); });
  }
  Status Delete(env::BlobStore& store, const std::string& name) {
    return Wait<Status>([&](auto done) { store.Delete(name, std::move(done)); });
  }

  template <class Result, class Call>
  Result Wait(Call call) {
    std::optional<Result> answer;
    call([&answer](Result result) {
      EXPECT_FALSE(answer.has_value());
      answer = std::move(result);
    });
    EXPECT_FALSE(answer.has_value());  // never inside the call
    EXPECT_TRUE(world.RunUntil([&] { return answer.has_value(); }, seconds(100)));
    return *std::move(answer);
  }

  World world;
  MemoryBlobStore memory;
  FaultyBlobStore faulty;
};

TEST(MemoryBlobStore, OneCreateWinsItsBytesIntact) {
  Stores stores(CalmOptions(1));
  EXPECT_TRUE(stores.Create(stores.memory, "a", "first").ok());
  EXPECT_EQ(stores.Create(stores.memory, "a", "second").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(*stores.Get(stores.memory, "a"), "first");
  EXPECT_EQ(*stores.Get(stores.memory, "a", 1, 3), "irs");
  EXPECT_EQ(*stores.Get(stores.memory, "a", 5, 3), "");
  EXPECT_EQ(stores.Get(stores.memory, "b").status().code(), StatusCode::kNotFound);
}

TEST(MemoryBlobStore, ListsByPrefixAndDeletes) {
  Stores stores(CalmOptions(1));
  for (const char* name : {"x/2", "x/1", "y/1", "w"}) {
    EXPECT_TRUE(stores.Create(stores.memory, name, "12").ok());
  }
  EXPECT_EQ(*stores.List(stores.memory, "x/"),
            (std::vector<env::BlobInfo>{{"x/1", 2}, {"x/2", 2}}));
  EXPECT_TRUE(stores.Delete(stores.memory, "x/1").ok());
  EXPECT_TRUE(stores.Delete(stores.memory, "x/1").ok());
  EXPECT_EQ(stores.List(stores.memory, "x/")->size(), 1u);
}

TEST(MemoryBlobStore, APutIsSeenWhenFinished) {
  Stores stores(CalmOptions(1));
  const auto writer = stores.memory.Put("p");
  EXPECT_TRUE(stores.Wait<Status>([&](auto done) { writer->Append("ab", std::move(done)); }).ok());
  EXPECT_TRUE(stores.Wait<Status>([&](auto done) { writer->Append("c", std::move(done)); }).ok());
  EXPECT_TRUE(stores.memory.blobs().empty());
  EXPECT_TRUE(stores.Wait<Status>([&](auto done) { writer->Finish(std::move(done)); }).ok());
  EXPECT_EQ(*stores.Get(stores.memory, "p"), "abc");
}

TEST(MemoryBlobStore, FlipsAByte) {
  Stores stores(CalmOptions(1));
  EXPECT_TRUE(stores.Create(stores.memory, "a", "abc").ok());
  EXPECT_TRUE(stores.memory.FlipByte("a", 0).ok());
  EXPECT_EQ(stores.memory.blobs().at("a")[0], static_cast<char>(~'a'));
  EXPECT_EQ(stores.memory.FlipByte("a", 3).code(), StatusCode::kOutOfRange);
  EXPECT_EQ(stores.memory.FlipByte("b", 0).code(), StatusCode::kNotFound);
}

// A process that creates a blob, and dies or does not before it is answered.
class Creator final : public Program {
 public:
  Creator(env::BlobStore& store, const std::shared_ptr<int>& token) {
    store.CreateIfAbsent("a", "bytes", [token](Status) { ++*token; });
  }
};

TEST(MemoryBlobStore, WhatTheDeadSentHappensAndTheyHearNothing) {
  Stores stores(CalmOptions(1));
  const auto token = std::make_shared<int>(0);
  Process& process = stores.world.Spawn(
      "creator", stores.world.NewDisk("disk"),
      [&](const env::Env&, Process&) { return std::make_unique<Creator>(stores.faulty, token); });
  ASSERT_TRUE(stores.world.RunUntil([&] { return process.program() != nullptr; }, seconds(1)));
  process.Kill();
  EXPECT_EQ(token.use_count(), 1);  // the callback died with its process
  stores.world.RunFor(seconds(10));
  EXPECT_EQ(stores.memory.blobs().count("a"), 1u);
  EXPECT_EQ(*token, 0);
}

TEST(MemoryBlobStore, ACallIsAnOperationAtWhichAProcessMayDie) {
  Stores stores(CalmOptions(1));
  const auto token = std::make_shared<int>(0);
  Process& process = stores.world.Spawn(
      "creator", stores.world.NewDisk("disk"),
      [&](const env::Env&, Process&) { return std::make_unique<Creator>(stores.memory, token); });
  process.KillAtOperation(1);
  stores.world.RunFor(seconds(10));
  EXPECT_TRUE(stores.memory.blobs().empty());
  EXPECT_EQ(*token, 0);
}

TEST(FaultyBlobStore, IsTransparentInACalmWorld) {
  Stores stores(CalmOptions(1));
  EXPECT_TRUE(stores.Create(stores.faulty, "a", "bytes").ok());
  EXPECT_EQ(stores.Create(stores.faulty, "a", "other").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(*stores.Get(stores.faulty, "a"), "bytes");
  EXPECT_EQ(stores.List(stores.faulty, "")->size(), 1u);
  const auto writer = stores.faulty.Put("p");
  EXPECT_TRUE(stores.Wait<Status>([&](auto done) { writer->Append("ab", std::move(done)); }).ok());
  EXPECT_TRUE(stores.Wait<Status>([&](auto done) { writer->Finish(std::move(done)); }).ok());
  EXPECT_EQ(stores.memory.blobs().at("p"), "ab");
  EXPECT_TRUE(stores.Delete(stores.faulty, "a").ok());
  EXPECT_EQ(stores.memory.blobs().size(), 1u);
}

TEST(FaultyBlobStore, UnavailableBeforeMeansNothingHappened) {
  Options options = CalmOptions(1);
  options.store.unavailable_before = 1;
  Stores stores(options);
  EXPECT_EQ(stores.Create(stores.faulty, "a", "x").code(), StatusCode::kUnavailable);
  stores.world.RunFor(seconds(100));
  EXPECT_TRUE(stores.memory.blobs().empty());
  EXPECT_EQ(stores.world.hits("store.unavailable_before"), 1u);
}

TEST(FaultyBlobStore, UnavailableAfterMeansItHappened) {
  Options options = CalmOptions(1);
  options.store.unavailable_after = 1;
  Stores stores(options);
  EXPECT_EQ(stores.Create(stores.faulty, "a", "x").code(), StatusCode::kUnavailable);
  EXPECT_EQ(stores.memory.blobs().count("a"), 1u);
  EXPECT_EQ(stores.Delete(stores.faulty, "a").code(), StatusCode::kUnavailable);
  EXPECT_EQ(stores.memory.blobs().count("a"), 0u);
  EXPECT_EQ(stores.world.hits("store.unavailable_after"), 2u);
}

TEST(FaultyBlobStore, UnavailableMayMeanThatItHappensLater) {
  Options options = CalmOptions(1);
  options.store.unavailable_later = 1;
  int later = 0;
  for (options.seed = 1; options.seed <= 20; ++options.seed) {
    Stores stores(options);
    EXPECT_EQ(stores.Create(stores.faulty, "a", "x").code(), StatusCode::kUnavailable);
    later += stores.memory.blobs().empty() ? 1 : 0;
    stores.world.RunFor(options.store.duplicate_max + seconds(1));
    EXPECT_EQ(stores.memory.blobs().count("a"), 1u);
    EXPECT_EQ(stores.world.hits("store.unavailable_later"), 1u);
  }
  EXPECT_GT(later, 10);
}

TEST(FaultyBlobStore, AnAmbiguousCreateMayLandTwice) {
  Options options = CalmOptions(1);
  options.store.unavailable_after = 1;
  options.store.duplicate = 1;
  int landed_again = 0;
  for (options.seed = 1; options.seed <= 20; ++options.seed) {
    Stores stores(options);
    EXPECT_EQ(stores.Create(stores.faulty, "a", "x").code(), StatusCode::kUnavailable);
    EXPECT_TRUE(stores.Delete(stores.memory, "a").ok());
    stores.world.RunFor(options.store.duplicate_max + seconds(1));
    landed_again += stores.memory.blobs().contains("a") ? 1 : 0;
    EXPECT_EQ(stores.world.hits("store.duplicate"), 1u);
  }
  EXPECT_GT(landed_again, 15);
}

TEST(FaultyBlobStore, AnswersLate) {
  Options options = CalmOptions(1);
  options.store.late = 1;
  Stores stores(options);
  const base::Instant start = stores.world.Now();
  EXPECT_TRUE(stores.Create(stores.faulty, "a", "x").ok());
  EXPECT_GT(stores.world.Now() - start, milliseconds(100));
  EXPECT_GT(stores.world.hits("store.late"), 0u);
}

TEST(FaultyBlobStore, AnswersOutOfOrder) {
  Stores stores(CalmOptions(1));
  std::vector<int> order;
  for (int i = 0; i < 20; ++i) {
    stores.faulty.Delete("a", [&order, i](Status) { order.push_back(i); });
  }
  stores.world.RunFor(seconds(10));
  EXPECT_EQ(order.size(), 20u);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
}

TEST(FaultyBlobStore, IsAwayAndComesBack) {
  Stores stores(CalmOptions(1));
  stores.faulty.SetAway(true);
  EXPECT_EQ(stores.Get(stores.faulty, "a").status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(stores.world.hits("store.away"), 1u);
  stores.faulty.SetAway(false);
  EXPECT_EQ(stores.Get(stores.faulty, "a").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace weir::sim
