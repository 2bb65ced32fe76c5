// SocketThread: the one thread on which sockets of a kind live, and what runs on it.
//
// Sockets need the context to their last breath, so everything that has one owns a share of this.
// Only files that are about sockets include it: asio is large.
// Threads: as said at each method.
#pragma once

#define ASIO_STANDALONE
#define ASIO_NO_DEPRECATED
#include <asio.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "weir/env/thread_name.h"

namespace weir::env {

/// What runs on the thread and holds a socket.
class SocketMember {
 public:
  virtual ~SocketMember() = default;
  /// The thread is ending: closes without telling anybody, so that nothing is left to run.
  virtual void Shut() = 0;
};

class SocketThread {
 public:
  /// `name` is shown by debuggers and profilers.
  explicit SocketThread(const char* name)
      : work_(asio::make_work_guard(context_)), thread_([this, name] {
          NameThisThread(name);
          context_.run();
        }) {}

  asio::io_context& context() { return context_; }

  // Threads: this one.
  void Add(const std::shared_ptr<SocketMember>& member) {
    std::erase_if(members_, [](const std::weak_ptr<SocketMember>& m) { return m.expired(); });
    members_.push_back(member);
  }

  // Closes all members and waits until nothing is left to run.
  // Threads: one caller, not this one.
  void Stop() {
    asio::post(context_, [this] {
      for (const std::weak_ptr<SocketMember>& weak : members_) {
        if (const std::shared_ptr<SocketMember> member = weak.lock()) member->Shut();
      }
      work_.reset();
    });
    thread_.join();
  }

 private:
  asio::io_context context_{/*concurrency_hint=*/1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<std::weak_ptr<SocketMember>> members_;
  std::thread thread_;  // last: runs over the fields above
};

}  // namespace weir::env
