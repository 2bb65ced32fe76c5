// Connections to the outside over TCP: one thread for all of them, which begins with the first.
//
// It neither encrypts nor knows who answers: whoever dials says so to the user.
// Threads: any thread; callbacks come from the dialer's one thread.
#pragma once

#include <memory>
#include <string>

#include "weir/env/byte_stream.h"
#include "weir/env/mutex.h"

namespace weir::env {

class SocketThread;

class SocketDialer final : public Dialer {
 public:
  SocketDialer();
  /// Ends every connection; callbacks under way are dropped. Waits for a name that is being looked
  /// up.
  ~SocketDialer() override;

  void Dial(std::string host, uint16_t port,
            ResultCallback<std::unique_ptr<ByteStream>> done) override;

 private:
  class Wire;
  class Stream;
  std::shared_ptr<SocketThread> Thread() WEIR_EXCLUDES(mutex_);

  Mutex mutex_;
  // Owners: the dialer and everything made by it.
  std::shared_ptr<SocketThread> thread_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::env
