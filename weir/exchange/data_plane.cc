#include "weir/exchange/data_plane.h"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>
#include <vector>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/env/mutex.h"
#include "weir/exchange/network_reader.h"
#include "weir/exchange/network_writer.h"

namespace weir::exchange {

// The routes. One mutex guards all of them: it is held for a look-up a frame, and never while a
// connection, an end or the transport is called.
class DataPlane::Core final : public env::Acceptor, public std::enable_shared_from_this<Core> {
 public:
  Core(env::Transport& transport, env::Chaos& chaos) : transport_(transport), chaos_(chaos) {}

  Status Listen(const std::string& address);
  void Close() WEIR_EXCLUDES(mutex_);

  const std::string& address() const { return address_; }
  Counters counters() const WEIR_EXCLUDES(mutex_);

  std::unique_ptr<ChannelWriter> OpenWriter(const ChannelKey& key, const std::string& peer,
                                            const record::TypeOps& type) WEIR_EXCLUDES(mutex_);
  std::unique_ptr<ChannelReader> OpenReader(const ChannelKey& key, const std::string& peer,
                                            const record::TypeOps& type) WEIR_EXCLUDES(mutex_);

  std::shared_ptr<env::ConnectionHandler> Accept(
      std::shared_ptr<env::Connection> connection) override WEIR_EXCLUDES(mutex_);

 private:
  class Wire;
  class Sink;

  // Numbers wires as they are made. (Their addresses would have no order that can be replayed.)
  using WireId = uint64_t;

  // A connection that stands. A wire without a link is over: what it says is ignored.
  struct Link {
    std::string peer;                               // empty until it has said hello
    std::shared_ptr<env::Connection> connection{};  // null while it is being made
    // Frames that other threads sent meanwhile: the peer's grants may be here before Connect is
    // back. Bounded by credit.
    std::vector<std::string> early{};
  };
  // An end of a channel.
  // Owners: the end itself and this route.
  template <class End>
  struct Route {
    std::string peer;
    std::shared_ptr<End> end;
  };
  struct Ends {
    std::vector<std::shared_ptr<SendWindow>> windows;
    std::vector<std::shared_ptr<ReceiveQueue>> receive_queues;
    void Break(const Status& reason) const;
  };
  enum class Which : uint8_t { kAll, kUsed };

  void OnFrame(WireId wire, std::string bytes) WEIR_EXCLUDES(mutex_);
  Status OnHello(WireId wire, const HelloFrame& hello) WEIR_EXCLUDES(mutex_);
  Status OnElement(WireId wire, ArrivedFrame frame) WEIR_EXCLUDES(mutex_);
  Status OnCredit(WireId wire, const CreditFrame& frame) WEIR_EXCLUDES(mutex_);
  Status KeepEarly(const CreditFrame& frame) WEIR_REQUIRES(mutex_);
  void Drop(WireId wire, const Status& reason) WEIR_EXCLUDES(mutex_);

  void EnsureConnected(const std::string& peer) WEIR_EXCLUDES(mutex_);
  void SendEarly(WireId wire, std::shared_ptr<env::Connection> connection) WEIR_EXCLUDES(mutex_);
  void Send(const std::string& peer, std::string frame) WEIR_EXCLUDES(mutex_);
  void SendCredits(const std::string& peer) WEIR_EXCLUDES(mutex_);
  void Refuse(const std::string& peer, const Status& reason) WEIR_EXCLUDES(mutex_);
  void RemoveWindow(const ChannelKey& key) WEIR_EXCLUDES(mutex_);
  void RemoveInbox(const ChannelKey& key) WEIR_EXCLUDES(mutex_);
  void NoteAttempt(const ChannelKey& key) WEIR_REQUIRES(mutex_);
  Ends EndsOf(const std::string& peer, Which which) WEIR_REQUIRES(mutex_);

  env::Transport& transport_;
  env::Chaos& chaos_;
  std::string address_;  // set by Listen, before any end is opened or any connection accepted
  std::unique_ptr<env::Listener> listener_;

  mutable env::Mutex mutex_;
  bool closed_ WEIR_GUARDED_BY(mutex_) = false;
  std::map<WireId, Link> links_ WEIR_GUARDED_BY(mutex_);
  WireId last_wire_ WEIR_GUARDED_BY(mutex_) = 0;
  std::map<std::string, WireId> wire_of_peer_ WEIR_GUARDED_BY(mutex_);  // those with a link
  std::map<ChannelKey, Route<SendWindow>> windows_ WEIR_GUARDED_BY(mutex_);
  std::map<ChannelKey, Route<ReceiveQueue>> receive_queues_ WEIR_GUARDED_BY(mutex_);
  std::pair<base::Epoch, base::Attempt> newest_ WEIR_GUARDED_BY(mutex_);
  std::map<ChannelKey, Credit> early_credits_ WEIR_GUARDED_BY(mutex_);  // none older than newest_
  Counters counters_ WEIR_GUARDED_BY(mutex_);
};

// One connection's handler.
class DataPlane::Core::Wire final : public env::ConnectionHandler {
 public:
  Wire(std::shared_ptr<Core> core, WireId id) : core_(std::move(core)), id_(id) {}
  void OnFrame(std::string frame) override { core_->OnFrame(id_, std::move(frame)); }
  void OnClosed(Status reason) override { core_->Drop(id_, reason); }

 private:
  const std::shared_ptr<Core> core_;  // owners: see data_plane.h
  const WireId id_;
};

// One end's way to its peer; the end's route lasts as long.
class DataPlane::Core::Sink final : public FrameSink {
 public:
  using Remove = void (Core::*)(const ChannelKey&);
  Sink(std::shared_ptr<Core> core, const ChannelKey& key, std::string peer, Remove remove)
      : core_(std::move(core)), key_(key), peer_(std::move(peer)), remove_(remove) {}
  ~Sink() override { (*core_.*remove_)(key_); }
  void Send(std::string frame) override { core_->Send(peer_, std::move(frame)); }
  void Refuse(const Status& reason) override { core_->Refuse(peer_, reason); }

 private:
  const std::shared_ptr<Core> core_;  // owners: see data_plane.h
  const ChannelKey key_;
  const std::string peer_;
  const Remove remove_;
};

// --- The ends ---

std::unique_ptr<ChannelWriter> DataPlane::Core::OpenWriter(const ChannelKey& key,
                                                           const std::string& peer,
                                                           const record::TypeOps& type) {
  WEIR_CHECK(peer != address_);
  auto window = std::make_shared<SendWindow>();
  {
    const env::MutexLock lock(mutex_);
    NoteAttempt(key);
    WEIR_CHECK(windows_.try_emplace(key, peer, window).second);
    if (const auto early = early_credits_.extract(key)) window->Grant(early.mapped());
    if (closed_) window->Break(CancelledError("data plane is closed"));
  }
  auto writer = std::make_unique<NetworkWriter>(
      NetworkWriter::Options{.key = key, .type = type, .chaos = chaos_}, std::move(window),
      std::make_unique<Sink>(shared_from_this(), key, peer, &Core::RemoveWindow));
  EnsureConnected(peer);
  return writer;
}

std::unique_ptr<ChannelReader> DataPlane::Core::OpenReader(const ChannelKey& key,
                                                           const std::string& peer,
                                                           const record::TypeOps& type) {
  WEIR_CHECK(peer != address_);
  auto receive_queue = std::make_shared<ReceiveQueue>();
  {
    const env::MutexLock lock(mutex_);
    NoteAttempt(key);
    WEIR_CHECK(receive_queues_.try_emplace(key, peer, receive_queue).second);
    if (closed_) receive_queue->Break(CancelledError("data plane is closed"));
  }
  auto reader = std::make_unique<NetworkReader>(
      NetworkReader::Options{.key = key, .type = type, .chaos = chaos_}, std::move(receive_queue),
      std::make_unique<Sink>(shared_from_this(), key, peer, &Core::RemoveInbox));
  EnsureConnected(peer);
  return reader;
}

void DataPlane::Core::NoteAttempt(const ChannelKey& key) {
  const std::pair attempt(key.epoch, key.attempt);
  if (attempt <= newest_) return;
  newest_ = attempt;
  const ChannelKey first{.epoch = key.epoch, .attempt = key.attempt};
  early_credits_.erase(early_credits_.begin(), early_credits_.lower_bound(first));
}

void DataPlane::Core::RemoveWindow(const ChannelKey& key) {
  const env::MutexLock lock(mutex_);
  windows_.erase(key);
}

void DataPlane::Core::RemoveInbox(const ChannelKey& key) {
  const env::MutexLock lock(mutex_);
  receive_queues_.erase(key);
}

DataPlane::Core::Ends DataPlane::Core::EndsOf(const std::string& peer, Which which) {
  Ends ends;
  for (const auto& [key, route] : windows_) {
    const bool used = route.end->granted() != Credit{};
    if (route.peer == peer && (used || which == Which::kAll)) ends.windows.push_back(route.end);
  }
  for (const auto& [key, route] : receive_queues_) {
    const bool used = route.end->used();
    if (route.peer == peer && (used || which == Which::kAll))
      ends.receive_queues.push_back(route.end);
  }
  return ends;
}

void DataPlane::Core::Ends::Break(const Status& reason) const {
  for (const auto& window : windows) window->Break(reason);
  for (const auto& receive_queue : receive_queues) receive_queue->Break(reason);
}

// --- Connections ---

Status DataPlane::Core::Listen(const std::string& address) {
  WEIR_ASSIGN_OR_RETURN(listener_, transport_.Listen(address, *this));
  const env::MutexLock lock(mutex_);
  address_ = listener_->address();
  return OkStatus();
}

void DataPlane::Core::EnsureConnected(const std::string& peer) {
  if (peer < address_) return;  // it connects to us
  WireId wire = 0;
  {
    const env::MutexLock lock(mutex_);
    if (closed_ || wire_of_peer_.contains(peer)) return;
    wire = ++last_wire_;
    wire_of_peer_.try_emplace(peer, wire);
    links_.try_emplace(wire, Link{.peer = peer});
  }
  auto connection = transport_.Connect(peer, std::make_shared<Wire>(shared_from_this(), wire));
  connection->Send(EncodeHello({.address = address_}));
  SendEarly(wire, std::move(connection));
  SendCredits(peer);
}

// Opens a link's connection to all threads once everything is sent that has waited for it: no frame
// may pass one that was there before.
void DataPlane::Core::SendEarly(WireId wire, std::shared_ptr<env::Connection> connection) {
  for (;;) {
    std::vector<std::string> early;
    {
      const env::MutexLock lock(mutex_);
      const auto link = links_.find(wire);
      if (link == links_.end()) return;
      early.swap(link->second.early);
      if (early.empty()) {
        link->second.connection = std::move(connection);
        return;
      }
    }
    for (std::string& frame : early) connection->Send(std::move(frame));
  }
}

std::shared_ptr<env::ConnectionHandler> DataPlane::Core::Accept(
    std::shared_ptr<env::Connection> connection) {
  const env::MutexLock lock(mutex_);
  const auto strangers = static_cast<size_t>(
      std::ranges::count_if(links_, [](const auto& link) { return link.second.peer.empty(); }));
  if (address_.empty() || closed_ || strangers >= limits::kUnknownPeersMax) return nullptr;
  const WireId wire = ++last_wire_;
  links_.try_emplace(wire, Link{.peer = "", .connection = std::move(connection)});
  return std::make_shared<Wire>(shared_from_this(), wire);
}

// A peer that connects again has lost the connection before, whether or not that was noticed here.
// Ends that nothing has passed over yet do not mind.
Status DataPlane::Core::OnHello(WireId wire, const HelloFrame& hello) {
  std::shared_ptr<env::Connection> replaced;
  Ends ends;
  {
    const env::MutexLock lock(mutex_);
    const auto link = links_.find(wire);
    if (link == links_.end()) return OkStatus();
    if (!link->second.peer.empty()) return DataLossError("second hello on a connection");
    if (hello.address >= address_) {
      return DataLossError("hello from a peer that should wait for us: ", hello.address);
    }
    link->second.peer = hello.address;
    WireId& current = wire_of_peer_[hello.address];
    if (current != 0) {
      ends = EndsOf(hello.address, Which::kUsed);
      replaced = std::move(links_.extract(current).mapped().connection);
      ++counters_.connections_lost;
    }
    current = wire;
  }
  ends.Break(UnavailableError("worker at ", hello.address, " has connected again"));
  SendCredits(hello.address);
  return OkStatus();
}

void DataPlane::Core::Drop(WireId wire, const Status& reason) {
  std::shared_ptr<env::Connection> dropped;
  std::string peer;
  Ends ends;
  {
    const env::MutexLock lock(mutex_);
    auto link = links_.extract(wire);
    if (link.empty()) return;
    dropped = std::move(link.mapped().connection);
    peer = std::move(link.mapped().peer);
    if (reason.code() == StatusCode::kDataLoss) ++counters_.refused_frames;
    if (peer.empty()) return;
    wire_of_peer_.erase(peer);
    ends = EndsOf(peer, Which::kAll);
    ++counters_.connections_lost;
  }
  ends.Break(reason.Annotated(Concat("connection to the worker at ", peer)));
}

void DataPlane::Core::Refuse(const std::string& peer, const Status& reason) {
  WireId wire = 0;
  {
    const env::MutexLock lock(mutex_);
    const auto found = wire_of_peer_.find(peer);
    if (found == wire_of_peer_.end()) return;
    wire = found->second;
  }
  Drop(wire, reason);
}

void DataPlane::Core::Close() {
  listener_.reset();
  std::map<WireId, Link> links;  // connections are destroyed without the lock
  Ends ends;
  {
    const env::MutexLock lock(mutex_);
    closed_ = true;
    links.swap(links_);
    wire_of_peer_.clear();
    for (const auto& [key, route] : windows_) ends.windows.push_back(route.end);
    for (const auto& [key, route] : receive_queues_) ends.receive_queues.push_back(route.end);
  }
  ends.Break(CancelledError("data plane is closed"));
}

// --- Frames ---

void DataPlane::Core::Send(const std::string& peer, std::string frame) {
  std::shared_ptr<env::Connection> connection;
  {
    const env::MutexLock lock(mutex_);
    const auto wire = wire_of_peer_.find(peer);
    if (wire == wire_of_peer_.end()) return;
    Link& link = links_.find(wire->second)->second;
    ++counters_.frames_sent;
    if (link.connection == nullptr) {
      link.early.push_back(std::move(frame));
      return;
    }
    connection = link.connection;
  }
  connection->Send(std::move(frame));
}

// A new connection knows nothing of what was granted before it stood.
void DataPlane::Core::SendCredits(const std::string& peer) {
  std::vector<std::pair<ChannelKey, std::shared_ptr<ReceiveQueue>>> receive_queues;
  {
    const env::MutexLock lock(mutex_);
    for (const auto& [key, route] : receive_queues_) {
      if (route.peer == peer) receive_queues.emplace_back(key, route.end);
    }
  }
  for (const auto& [key, receive_queue] : receive_queues) {
    const Credit granted = receive_queue->granted();
    if (granted != Credit{}) Send(peer, EncodeCredit({.key = key, .credit = granted}));
  }
}

void DataPlane::Core::OnFrame(WireId wire, std::string bytes) {
  Status handled;
  if (StatusOr<Frame> frame = DecodeFrame(bytes); !frame.ok()) {
    handled = std::move(frame).status();
  } else if (const auto* hello = std::get_if<HelloFrame>(&*frame)) {
    handled = OnHello(wire, *hello);
  } else if (const auto* credit = std::get_if<CreditFrame>(&*frame)) {
    handled = OnCredit(wire, *credit);
  } else {
    handled = OnElement(wire, {.head = std::get<ElementFrame>(*frame), .bytes = std::move(bytes)});
  }
  if (!handled.ok()) Drop(wire, handled);
}

Status DataPlane::Core::OnElement(WireId wire, ArrivedFrame frame) {
  std::shared_ptr<ReceiveQueue> receive_queue;
  {
    const env::MutexLock lock(mutex_);
    const auto link = links_.find(wire);
    if (link == links_.end()) return OkStatus();
    if (link->second.peer.empty()) return DataLossError("frame before hello");
    ++counters_.frames_received;
    const auto route = receive_queues_.find(frame.head.key);
    if (route == receive_queues_.end() || route->second.peer != link->second.peer) {
      ++counters_.stale_frames;
      return OkStatus();
    }
    receive_queue = route->second.end;
  }
  const ChannelKey key = frame.head.key;
  return receive_queue->Push(std::move(frame)).Annotated(Concat("channel ", key.ToString()));
}

Status DataPlane::Core::OnCredit(WireId wire, const CreditFrame& frame) {
  std::shared_ptr<SendWindow> window;
  {
    const env::MutexLock lock(mutex_);
    const auto link = links_.find(wire);
    if (link == links_.end()) return OkStatus();
    if (link->second.peer.empty()) return DataLossError("frame before hello");
    ++counters_.frames_received;
    const auto route = windows_.find(frame.key);
    if (route == windows_.end()) return KeepEarly(frame);
    if (route->second.peer != link->second.peer) {
      ++counters_.stale_frames;
      return OkStatus();
    }
    window = route->second.end;
  }
  window->Grant(frame.credit);
  return OkStatus();
}

// A reader may be opened, and grant, before its writer is.
Status DataPlane::Core::KeepEarly(const CreditFrame& frame) {
  if (std::pair(frame.key.epoch, frame.key.attempt) < newest_) {
    ++counters_.stale_frames;
    return OkStatus();
  }
  if (early_credits_.size() >= limits::kEarlyGrantsMax && !early_credits_.contains(frame.key)) {
    return ResourceExhaustedError("credit for more than ", limits::kEarlyGrantsMax,
                                  " channels that are not there");
  }
  Credit& early = early_credits_[frame.key];
  early = {.frames = std::max(early.frames, frame.credit.frames),
           .controls = std::max(early.controls, frame.credit.controls)};
  return OkStatus();
}

DataPlane::Counters DataPlane::Core::counters() const {
  const env::MutexLock lock(mutex_);
  return counters_;
}

// --- DataPlane ---

StatusOr<std::unique_ptr<DataPlane>> DataPlane::Open(const Options& options) {
  auto core = std::make_shared<Core>(options.transport, options.chaos);
  WEIR_RETURN_IF_ERROR(core->Listen(options.listen_address));
  return std::unique_ptr<DataPlane>(new DataPlane(std::move(core)));
}

DataPlane::DataPlane(std::shared_ptr<Core> core) : core_(std::move(core)) {}
DataPlane::~DataPlane() { core_->Close(); }

const std::string& DataPlane::address() const { return core_->address(); }

std::unique_ptr<ChannelWriter> DataPlane::OpenWriter(const ChannelKey& key, const std::string& peer,
                                                     const record::TypeOps& type) {
  return core_->OpenWriter(key, peer, type);
}

std::unique_ptr<ChannelReader> DataPlane::OpenReader(const ChannelKey& key, const std::string& peer,
                                                     const record::TypeOps& type) {
  return core_->OpenReader(key, peer, type);
}

DataPlane::Counters DataPlane::counters() const { return core_->counters(); }

}  // namespace weir::exchange
