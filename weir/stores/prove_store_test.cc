#include "weir/stores/prove_store.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

namespace weir::stores {
namespace {

class FixedRandom final : public env::Random {
 public:
  uint64_t Next() override { return 7; }
};

// Answers inside the call; breaks the promise of CreateIfAbsent in the way it is told.
class LyingStore final : public env::BlobStore {
 public:
  enum class Lie : uint8_t { kNone, kAcceptsTwice, kReplacesSilently };
  explicit LyingStore(Lie lie) : lie_(lie) {}

  void Get(std::string name, uint64_t, uint64_t, env::ResultCallback<std::string> done) override {
    done(blobs.at(name));
  }
  std::unique_ptr<env::BlobWriter> Put(std::string) override { return nullptr; }
  void CreateIfAbsent(std::string name, std::string bytes, env::StatusCallback done) override {
    const bool exists = blobs.contains(name);
    if (!exists || lie_ != Lie::kNone) blobs[name] = bytes;
    done(exists && lie_ != Lie::kAcceptsTwice ? AlreadyExistsError("blob exists") : Status());
  }
  void List(std::string, env::ResultCallback<std::vector<env::BlobInfo>>) override {}
  void Delete(std::string name, env::StatusCallback done) override {
    blobs.erase(name);
    done(Status());
  }
  std::string Describe() const override { return "liar"; }

  std::map<std::string, std::string> blobs;

 private:
  const Lie lie_;
};

Status Prove(LyingStore::Lie lie) {
  LyingStore store(lie);
  FixedRandom random;
  std::optional<Status> result;
  ProveCreateIfAbsent(store, random, [&](Status status) { result = std::move(status); });
  EXPECT_TRUE(store.blobs.empty());
  return *result;
}

TEST(ProveCreateIfAbsent, AnHonestStorePasses) { EXPECT_TRUE(Prove(LyingStore::Lie::kNone).ok()); }

TEST(ProveCreateIfAbsent, StoresThatIgnoreTheConditionAreRefused) {
  for (const auto lie : {LyingStore::Lie::kAcceptsTwice, LyingStore::Lie::kReplacesSilently}) {
    const Status status = Prove(lie);
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_NE(status.message().find("liar"), std::string::npos) << status;
  }
}

}  // namespace
}  // namespace weir::stores
