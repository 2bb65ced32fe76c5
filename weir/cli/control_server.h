// ControlServer: the socket of a file beside `run.lock` through which other processes of the same
// user see a running job, stop it and cancel it (docs/formats/control.md).
//
// Whoever asks for an end keeps the connection: it closes when the process has let go of the job,
// so that the job can be run again at once. Therefore Close, which takes the socket's name away,
// is called while the lock is held, and the destructor behind it.
// Threads: made, closed and destroyed by the main thread; answers on the transport's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/cli/job_view.h"
#include "weir/cluster/coordinator.h"
#include "weir/env/mutex.h"
#include "weir/env/transport.h"

namespace weir::cli {

class ControlServer final : private env::Acceptor {
 public:
  struct Options {
    std::unique_ptr<env::Transport> transport;
    std::string address;  // "unix:/srv/clicks/.weir/clicks/run.sock"
    std::string process;  // for people: "host-a (pid 4711)"
  };

  /// Takes the address; until Serve whoever connects is refused.
  /// Errors: those of Transport::Listen.
  static StatusOr<std::unique_ptr<ControlServer>> Open(Options options);
  /// Ends every connection.
  ~ControlServer() override;

  /// Answers from now on.
  /// Shapes: the functions are called on the transport's thread, and not after Close.
  void Serve(std::function<JobPicture()> look, std::function<void(cluster::StopHow)> end);

  /// Nobody connects any more, and nobody is answered.
  void Close();

 private:
  class Visitor;

  explicit ControlServer(Options options)
      : process_(std::move(options.process)), transport_(std::move(options.transport)) {}
  std::shared_ptr<env::ConnectionHandler> Accept(
      std::shared_ptr<env::Connection> connection) override;
  std::string Answer(const std::string& request);

  const std::string process_;
  env::Mutex mutex_;
  // Empty: nobody is answered.
  std::function<JobPicture()> look_ WEIR_GUARDED_BY(mutex_);
  std::function<void(cluster::StopHow)> end_ WEIR_GUARDED_BY(mutex_);
  // Owners: the transport while they are connected; looked at to count them.
  std::vector<std::weak_ptr<Visitor>> visitors_ WEIR_GUARDED_BY(mutex_);
  std::unique_ptr<env::Transport> transport_;
  std::unique_ptr<env::Listener> listener_;
};

}  // namespace weir::cli
