#include "weir/stores/file_store.h"

#include <utility>

#include "weir/stores/file_store_core.h"

namespace weir::stores {
namespace {

// The store keeps names of its own in the root.
Status CheckName(const std::string& name) {
  WEIR_RETURN_IF_ERROR(env::CheckBlobName(name));
  if (name.starts_with(".tmp-")) {
    return InvalidArgumentError("blob names beginning with .tmp- are the store's own: ", name);
  }
  return {};
}

}  // namespace

// A blob being put. Its calls come one at a time, so its state has one user at a time.
class FileStore::Writer final : public env::BlobWriter {
 public:
  Writer(std::shared_ptr<Core> core, std::string name)
      : state_(std::make_shared<State>(std::move(core), std::move(name))) {}
  ~Writer() override {
    // What was written so far goes, unless Finish made a blob of it.
    state_->core->pool().Post([state = std::move(state_)] { state->Drop(); });
  }

  void Append(std::string bytes, env::StatusCallback done) override {
    state_->core->pool().Post([state = state_, bytes = std::move(bytes),
                               done = std::move(done)]() mutable { done(state->Append(bytes)); });
  }

  void Finish(env::StatusCallback done) override {
    state_->core->pool().Post(
        [state = state_, done = std::move(done)]() mutable { done(state->Finish()); });
  }

 private:
  struct State {
    State(std::shared_ptr<Core> the_core, std::string the_name)
        : core(std::move(the_core)), name(std::move(the_name)) {}

    Status Begin() {
      if (temporary.file) return {};
      WEIR_RETURN_IF_ERROR(CheckName(name));
      WEIR_ASSIGN_OR_RETURN(temporary, core->NewTemporary());
      return {};
    }
    Status Append(const std::string& bytes) {
      WEIR_RETURN_IF_ERROR(Begin());
      return temporary.file->Append(bytes);
    }
    Status Finish() {
      WEIR_RETURN_IF_ERROR(Begin());
      return core->Publish(temporary, name);
    }
    void Drop() {
      if (!temporary.file) return;
      temporary.file.reset();
      core->Drop(temporary);  // after a rename there is nothing of this name
    }

    const std::shared_ptr<Core> core;
    const std::string name;
    Core::Temporary temporary;
  };
  std::shared_ptr<State> state_;  // shared with the job under way
};

FileStore::FileStore(env::FileSystem& files, env::Executor& pool, env::Random& random,
                     env::Chaos& chaos, std::string root)
    : core_(std::make_shared<Core>(files, pool, random, chaos, std::move(root))) {}

FileStore::~FileStore() = default;

std::string FileStore::Describe() const { return "file://" + core_->root(); }

std::unique_ptr<env::BlobWriter> FileStore::Put(std::string name) {
  return std::make_unique<Writer>(core_, std::move(name));
}

void FileStore::Get(std::string name, uint64_t offset, uint64_t size,
                    env::ResultCallback<std::string> done) {
  core_->pool().Post(
      [core = core_, name = std::move(name), offset, size, done = std::move(done)]() mutable {
        if (Status status = CheckName(name); !status.ok()) return done(std::move(status));
        done(core->Get(name, offset, size));
      });
}

void FileStore::CreateIfAbsent(std::string name, std::string bytes, env::StatusCallback done) {
  core_->pool().Post([core = core_, name = std::move(name), bytes = std::move(bytes),
                      done = std::move(done)]() mutable {
    if (Status status = CheckName(name); !status.ok()) return done(std::move(status));
    done(core->CreateIfAbsent(name, bytes));
  });
}

void FileStore::List(std::string prefix, env::ResultCallback<std::vector<env::BlobInfo>> done) {
  core_->pool().Post([core = core_, prefix = std::move(prefix), done = std::move(done)]() mutable {
    done(core->List(prefix));
  });
}

void FileStore::Delete(std::string name, env::StatusCallback done) {
  core_->pool().Post([core = core_, name = std::move(name), done = std::move(done)]() mutable {
    if (Status status = CheckName(name); !status.ok()) return done(std::move(status));
    done(core->Delete(name));
  });
}

}  // namespace weir::stores
