// Handlers and acceptors for tests: they remember what they hear.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/env/mutex.h"
#include "weir/env/transport.h"

namespace weir::env {

/// What one end has heard.
/// Threads: any thread.
class Ear final : public ConnectionHandler {
 public:
  void OnFrame(std::string frame) override {
    const MutexLock lock(mutex_);
    frames_.push_back(std::move(frame));
  }
  void OnClosed(Status reason) override {
    const MutexLock lock(mutex_);
    closed_.push_back(std::move(reason));
  }
  std::vector<std::string> frames() const {
    const MutexLock lock(mutex_);
    return frames_;
  }
  std::vector<Status> closed() const {
    const MutexLock lock(mutex_);
    return closed_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> frames_ WEIR_GUARDED_BY(mutex_);
  std::vector<Status> closed_ WEIR_GUARDED_BY(mutex_);
};

/// Accepts everything, or nothing.
/// Threads: any thread.
class Door final : public Acceptor {
 public:
  enum class Mood { kOpen, kShut };
  explicit Door(Mood mood = Mood::kOpen) : mood_(mood) {}

  std::shared_ptr<ConnectionHandler> Accept(std::shared_ptr<Connection> connection) override {
    if (mood_ == Mood::kShut) return nullptr;
    const MutexLock lock(mutex_);
    ends_.push_back({std::make_shared<Ear>(), std::move(connection)});
    return ends_.back().first;
  }
  using End = std::pair<std::shared_ptr<Ear>, std::shared_ptr<Connection>>;
  std::vector<End> ends() const {
    const MutexLock lock(mutex_);
    return ends_;
  }
  void Forget() {
    std::vector<End> dropped;
    const MutexLock lock(mutex_);
    dropped.swap(ends_);
  }

 private:
  const Mood mood_;
  mutable Mutex mutex_;
  std::vector<End> ends_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::env
