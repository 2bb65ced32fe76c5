// What an acknowledgement promises: everything that the snapshot names is durable, because somebody
// waited for it and not because it usually is (regression row 3).
#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "weir/base/check.h"
#include "weir/cluster/snapshot_upload.h"
#include "weir/sim/test_machine.h"

namespace weir::contracts {
namespace {

/// Takes bytes at once, and says that a blob is durable only when it is told to.
class HoldingStore final : public env::BlobStore {
 public:
  explicit HoldingStore(env::Executor& pool) : pool_(pool) {}

  std::unique_ptr<env::BlobWriter> Put(std::string) override {
    return std::make_unique<Writer>(*this);
  }
  void Get(std::string, uint64_t, uint64_t, env::ResultCallback<std::string>) override { Never(); }
  void CreateIfAbsent(std::string, std::string, env::StatusCallback) override { Never(); }
  void List(std::string, env::ResultCallback<std::vector<env::BlobInfo>>) override { Never(); }
  void Delete(std::string, env::StatusCallback) override { Never(); }
  std::string Describe() const override { return "held"; }

  size_t held() const { return held_.size(); }
  // The process died: nobody will answer.
  void Forget() { held_.clear(); }
  void Release(Status status) {
    env::StatusCallback done = std::move(held_.front());
    held_.pop_front();
    done(std::move(status));
  }

 private:
  class Writer final : public env::BlobWriter {
   public:
    explicit Writer(HoldingStore& store) : store_(store) {}
    void Append(std::string, env::StatusCallback done) override {
      store_.pool_.Post([done = std::move(done)]() mutable { done({}); });
    }
    void Finish(env::StatusCallback done) override { store_.held_.push_back(std::move(done)); }

   private:
    HoldingStore& store_;
  };
  static void Never() { WEIR_CHECK(false && "an upload puts, and nothing else"); }

  env::Executor& pool_;
  std::deque<env::StatusCallback> held_;
};

class NoMailbox final : public runtime::Mailbox {
 public:
  void Post(base::Closure) override {}
};

struct Acknowledgement : ::testing::Test {
  // A snapshot that is too large for the acknowledgement itself.
  std::unique_ptr<cluster::SnapshotUpload> Upload() {
    auto upload = std::make_unique<cluster::SnapshotUpload>(cluster::SnapshotUpload::Options{
        .store = store,
        .env = env,
        .files = files,
        .pack = {base::Epoch(1), base::Attempt(1), base::CheckpointId(1), {}, {}, /*random=*/7},
        .states = {{"sum", "count"}},
        .first_state = {0},
        .key_groups = {base::KeyGroup(0), base::KeyGroup(8)},
        .mailbox = std::make_shared<NoMailbox>(),
        .done = [this, kept = kept](StatusOr<cluster::UploadedSnapshot> uploaded) {
          answer = std::move(uploaded);
        }});
    upload->Write(0, {.group = base::KeyGroup(3), .state = 0, .bytes = std::string(100'000, 'x')});
    return upload;
  }
  void RunFor(Duration time) { machine.world.RunFor(time); }

  sim::TestMachine machine{sim::CalmOptions(3)};
  env::Env env = machine.process.env();
  HoldingStore store{env.pool};
  const checkpoint::JobFiles files{"job"};
  std::optional<StatusOr<cluster::UploadedSnapshot>> answer;
  std::shared_ptr<int> kept = std::make_shared<int>();  // owners: this and answers to come
};

TEST_F(Acknowledgement, Regression3_ComesOnlyWhenThePackIsDurable) {
  const auto upload = Upload();
  upload->Finish({}, {});
  RunFor(std::chrono::minutes(1));
  ASSERT_EQ(store.held(), 1u);
  EXPECT_FALSE(answer.has_value());
  store.Release({});
  RunFor(std::chrono::seconds(1));
  ASSERT_TRUE(answer.has_value() && answer->ok());
  ASSERT_EQ((*answer)->packs.size(), 1u);
  EXPECT_GE((*answer)->packs[0].bytes, 100'000u);
}

TEST_F(Acknowledgement, WhatWaitsForAnAnswerThatNeverComesIsFreed) {
  auto upload = Upload();
  upload->Finish({}, {});
  while (store.held() == 0) RunFor(std::chrono::milliseconds(1));
  upload.reset();
  store.Forget();
  EXPECT_EQ(kept.use_count(), 1);
}

TEST_F(Acknowledgement, Regression3_ComesOnlyWhenDeferredJobsAreDone) {
  const auto upload = Upload();
  bool done = false;
  upload->Defer([&]() -> Status {
    EXPECT_FALSE(answer.has_value());
    done = true;
    return {};
  });
  upload->Finish({}, {});
  while (store.held() == 0) RunFor(std::chrono::milliseconds(1));
  store.Release({});
  RunFor(std::chrono::seconds(1));
  EXPECT_TRUE(done);
  EXPECT_TRUE(answer.has_value() && answer->ok());
}

TEST_F(Acknowledgement, Regression3_ComesOnlyWhenNothingHoldsIt) {
  const auto upload = Upload();
  base::UniqueFunction<void(Status)> hold = upload->Hold();
  upload->Finish({}, {});
  while (store.held() == 0) RunFor(std::chrono::milliseconds(1));
  store.Release({});
  RunFor(std::chrono::seconds(1));
  EXPECT_FALSE(answer.has_value());
  hold({});
  RunFor(std::chrono::seconds(1));
  EXPECT_TRUE(answer.has_value() && answer->ok());
}

TEST_F(Acknowledgement, Regression3_WhatHeldItAndFailedIsNotAcknowledged) {
  const auto upload = Upload();
  upload->Hold()(UnavailableError("connection reset"));
  upload->Finish({}, {});
  while (store.held() == 0) RunFor(std::chrono::milliseconds(1));
  store.Release({});
  RunFor(std::chrono::seconds(1));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status().code(), StatusCode::kUnavailable);
}

TEST_F(Acknowledgement, Regression3_WhatCouldNotBeMadeDurableIsNotAcknowledged) {
  const auto upload = Upload();
  upload->Finish({}, {});
  while (store.held() == 0) RunFor(std::chrono::milliseconds(1));
  store.Release(ResourceExhaustedError("disk full"));
  RunFor(std::chrono::seconds(1));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status().code(), StatusCode::kResourceExhausted);
}

TEST_F(Acknowledgement, Regression3_AFailedJobIsNotAcknowledged) {
  const auto upload = Upload();
  upload->Defer([]() -> Status { return UnavailableError("fsync failed"); });
  upload->Finish({}, {});
  while (store.held() == 0) RunFor(std::chrono::milliseconds(1));
  store.Release({});
  RunFor(std::chrono::seconds(1));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace weir::contracts
