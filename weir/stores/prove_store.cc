#include "weir/stores/prove_store.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

namespace weir::stores {
namespace {

constexpr const char* kFirst = "first";
constexpr const char* kSecond = "second, which must lose";

// Owns itself through the call under way.
class Proof : public std::enable_shared_from_this<Proof> {
 public:
  Proof(env::BlobStore& store, std::string name, env::StatusCallback done)
      : store_(store), name_(std::move(name)), done_(std::move(done)) {}

  void Begin() {
    store_.CreateIfAbsent(name_, kFirst, [self = shared_from_this()](Status status) {
      if (!status.ok()) return self->End(status);
      self->CreateAgain();
    });
  }

 private:
  void CreateAgain() {
    store_.CreateIfAbsent(name_, kSecond, [self = shared_from_this()](Status status) {
      if (status.ok()) return self->End(self->Broken("a second create was accepted"));
      if (status.code() != StatusCode::kAlreadyExists) return self->End(status);
      self->Read();
    });
  }

  void Read() {
    store_.Get(name_, 0, UINT64_MAX, [self = shared_from_this()](StatusOr<std::string> bytes) {
      if (!bytes.ok()) return self->End(bytes.status());
      self->End(*bytes == kFirst ? Status() : self->Broken("a second create replaced the first"));
    });
  }

  Status Broken(std::string_view how) const {
    return FailedPreconditionError("the store does not keep create-if-absent (", how,
                                   "), so checkpoints in it would not be safe; use another");
  }

  // The scratch blob goes whatever the result is; a failure to remove it changes nothing.
  void End(const Status& status) {
    store_.Delete(name_, [self = shared_from_this(), status](const Status&) {
      self->done_(status.Annotated("try " + self->store_.Describe()));
    });
  }

  env::BlobStore& store_;
  const std::string name_;
  env::StatusCallback done_;
};

}  // namespace

void ProveCreateIfAbsent(env::BlobStore& store, env::Random& random, env::StatusCallback done) {
  char name[40];
  std::snprintf(name, sizeof name, "proof-of-create-%016llx",
                static_cast<unsigned long long>(random.Next()));
  std::make_shared<Proof>(store, name, std::move(done))->Begin();
}

}  // namespace weir::stores
