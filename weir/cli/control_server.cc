#include "weir/cli/control_server.h"

#include <utility>

#include "weir/base/limits.h"
#include "weir/cli/control_message.h"

namespace weir::cli {

// One connection: it answers each question, until the other end goes.
class ControlServer::Visitor final : public env::ConnectionHandler {
 public:
  Visitor(ControlServer& server, std::shared_ptr<env::Connection> connection)
      : server_(server), connection_(std::move(connection)) {}

  void OnFrame(std::string frame) override { connection_->Send(server_.Answer(frame)); }
  void OnClosed(Status) override { connection_ = nullptr; }

 private:
  ControlServer& server_;                        // outlives its transport, which calls
  std::shared_ptr<env::Connection> connection_;  // owners: this
};

StatusOr<std::unique_ptr<ControlServer>> ControlServer::Open(Options options) {
  const std::string address = options.address;
  std::unique_ptr<ControlServer> server(new ControlServer(std::move(options)));
  WEIR_ASSIGN_OR_RETURN(server->listener_, server->transport_->Listen(address, *server));
  return server;
}

ControlServer::~ControlServer() {
  Close();
  transport_ = nullptr;
}

void ControlServer::Serve(std::function<JobPicture()> look,
                          std::function<void(cluster::StopHow)> end) {
  const env::MutexLock lock(mutex_);
  look_ = std::move(look);
  end_ = std::move(end);
}

void ControlServer::Close() {
  listener_ = nullptr;
  const env::MutexLock lock(mutex_);
  look_ = nullptr;
  end_ = nullptr;
}

std::shared_ptr<env::ConnectionHandler> ControlServer::Accept(
    std::shared_ptr<env::Connection> connection) {
  const env::MutexLock lock(mutex_);
  std::erase_if(visitors_, [](const auto& visitor) { return visitor.expired(); });
  if (!look_ || visitors_.size() >= limits::kControlConnectionsMax) return nullptr;
  auto visitor = std::make_shared<Visitor>(*this, std::move(connection));
  visitors_.push_back(visitor);
  return visitor;
}

std::string ControlServer::Answer(const std::string& request) {
  const env::MutexLock lock(mutex_);
  if (!look_) return EncodeAnswer(UnavailableError("the process is ending"));
  const StatusOr<ControlRequest> wanted = DecodeRequest(request);
  if (!wanted.ok()) return EncodeAnswer(wanted.status());
  if (*wanted == ControlRequest::kStop) end_(cluster::StopHow::kStop);
  if (*wanted == ControlRequest::kCancel) end_(cluster::StopHow::kCancel);
  return EncodeAnswer(JobSeen::Of(look_(), process_));
}

}  // namespace weir::cli
