#include "weir/sim/network.h"

#include <algorithm>

#include "weir/base/limits.h"
#include "weir/sim/incarnation.h"
#include "weir/sim/process.h"
#include "weir/sim/world.h"

namespace weir::sim {
namespace {

// How long an end takes to notice a break that nobody can tell it of.
constexpr Duration kSilenceMin = seconds(1);
constexpr Duration kSilenceMax = seconds(20);
constexpr Duration kGhostLifeMax = seconds(1);
constexpr Duration kBreakDelayMax = milliseconds(5);
constexpr int64_t kSlowBytesPerSecond = 1'000'000;

}  // namespace

// What a program holds of an end.
class SimConnection final : public env::Connection {
 public:
  SimConnection(Network& network, Network::LinkPtr link, size_t end)
      : network_(network), link_(std::move(link)), end_(end) {}
  ~SimConnection() override { network_.CloseEnd(link_, end_); }

  void Send(std::string frame) override {
    WEIR_CHECK(frame.size() <= limits::kMessageBytesMax);
    network_.Send(link_, end_, std::move(frame));
  }

 private:
  Network& network_;
  const Network::LinkPtr link_;
  const size_t end_;
};

class SimListener final : public env::Listener {
 public:
  SimListener(Network& network, std::string address, uint64_t port)
      : network_(network), address_(std::move(address)), port_(port) {}
  ~SimListener() override { network_.StopListening(address_, port_); }
  std::string address() const override { return address_; }

 private:
  Network& network_;
  const std::string address_;
  const uint64_t port_;
};

StatusOr<std::unique_ptr<env::Listener>> SimTransport::Listen(const std::string& address,
                                                              env::Acceptor& acceptor) {
  Network& network = incarnation_.world().network();
  WEIR_ASSIGN_OR_RETURN(const uint64_t port, network.Listen(incarnation_, address, acceptor));
  return std::make_unique<SimListener>(network, address, port);
}

std::shared_ptr<env::Connection> SimTransport::Connect(
    const std::string& address, std::shared_ptr<env::ConnectionHandler> handler) {
  Network& network = incarnation_.world().network();
  return std::make_shared<SimConnection>(
      network, network.Connect(incarnation_, address, std::move(handler)), 0);
}

Network::Network(World& world) : world_(world), prng_(world.Stream("network")) {}
Network::~Network() = default;

void Network::Block(const Process& from, const Process& to) {
  world_.Hit("network.blocked");
  blocked_.insert({&from, &to});
}

void Network::Partition(const Process& a, const Process& b) {
  Block(a, b);
  Block(b, a);
}

void Network::Heal(const Process& a, const Process& b) {
  blocked_.erase({&a, &b});
  blocked_.erase({&b, &a});
  for (const auto& [number, link] : links_) {
    for (const size_t from : {size_t{0}, size_t{1}}) ReleaseWaiting(link, from);
  }
}

void Network::HealAll() {
  blocked_.clear();
  for (const auto& [number, link] : links_) {
    for (const size_t from : {size_t{0}, size_t{1}}) ReleaseWaiting(link, from);
  }
}

void Network::Break(const Process& a, const Process& b) {
  const std::map<uint64_t, LinkPtr> links = links_;  // breaking forgets some
  for (const auto& [number, link] : links) {
    const std::array<End, 2>& ends = link->ends;
    if (ends[0].owner == nullptr || ends[1].owner == nullptr) continue;
    const Process* const from = &ends[0].owner->process();
    const Process* const to = &ends[1].owner->process();
    if ((from == &a && to == &b) || (from == &b && to == &a))
      BreakLink(link, "connection reset", Loss::kSome);
  }
}

void Network::BreakOne() {
  if (links_.empty()) return;
  const auto chosen = std::next(links_.begin(), static_cast<ptrdiff_t>(prng_.Below(links_.size())));
  const LinkPtr link = chosen->second;
  BreakLink(link, "connection reset", Loss::kSome);
}

StatusOr<uint64_t> Network::Listen(Incarnation& owner, const std::string& address,
                                   env::Acceptor& acceptor) {
  if (address.empty()) return InvalidArgumentError("listen: the address is empty");
  if (!owner.BeginOperation()) return UnavailableError("listen on ", address, ": dying");
  const auto [port, added] = ports_.try_emplace(address, Port{&owner, &acceptor, last_number_ + 1});
  if (!added) return AlreadyExistsError("listen on ", address, ": address is taken");
  return ++last_number_;
}

void Network::StopListening(const std::string& address, uint64_t port) {
  const auto found = ports_.find(address);
  if (found != ports_.end() && found->second.number == port) ports_.erase(found);
}

Network::LinkPtr Network::NewLink(const std::string& address) {
  auto link = std::make_shared<Link>();
  link->number = ++last_number_;
  link->address = address;
  links_.emplace(link->number, link);
  return link;
}

Network::LinkPtr Network::Connect(Incarnation& owner, const std::string& address,
                                  std::shared_ptr<env::ConnectionHandler> handler) {
  LinkPtr link = NewLink(address);
  link->ends[0].owner = &owner;
  if (!owner.BeginOperation()) {
    link->broken = true;
    ForgetIfOver(*link);
    return link;
  }
  link->ends[0].handler = std::move(handler);
  if (world_.Strikes(prng_, world_.options().network.slow, "network.slow")) {
    link->bytes_per_second = kSlowBytesPerSecond;
  }
  world_.Schedule(world_.Now() + Latency(), EventKind::kOutside, nullptr, ActorId{0},
                  [this, link] { Arrive(link); });
  return link;
}

// The wish to connect has crossed the network, or has not.
void Network::Arrive(const LinkPtr& link) {
  if (link->broken) return;
  const auto found = ports_.find(link->address);
  if (found == ports_.end()) return BreakLink(link, "connection refused", Loss::kSome);
  const Port port = found->second;
  End& accepting = link->ends[1];
  if (IsBlocked(link->ends[0].owner, port.owner) || IsBlocked(port.owner, link->ends[0].owner)) {
    return BreakLink(link, "connection timed out", Loss::kSome, kSilenceMin);
  }
  if (world_.Strikes(prng_, world_.options().network.refuse, "network.refused")) {
    return BreakLink(link, "connection refused", Loss::kSome);
  }
  accepting.owner = port.owner;
  if (world_.Strikes(prng_, world_.options().network.ghost, "network.ghost")) AddGhost(link);
  world_.Schedule(world_.Now() + Latency(), EventKind::kAccept, port.owner, ActorId{0},
                  [this, link, number = port.number] { RunAccept(link, number); });
}

// The same client again, as the acceptor sees it; the client itself knows of one connection only.
void Network::AddGhost(const LinkPtr& link) {
  const LinkPtr ghost = NewLink(link->address);
  ghost->ends[0].owner = link->ends[0].owner;
  ghost->ends[1].owner = link->ends[1].owner;
  const uint64_t port = ports_.at(link->address).number;
  world_.Schedule(world_.Now() + Latency(), EventKind::kAccept, ghost->ends[1].owner, ActorId{0},
                  [this, ghost, port] { RunAccept(ghost, port); });
  world_.Schedule(world_.Now() + prng_.Between(Duration(), kGhostLifeMax), EventKind::kOutside,
                  nullptr, ActorId{0},
                  [this, ghost] { BreakLink(ghost, "connection reset", Loss::kSome); });
}

void Network::RunAccept(const LinkPtr& link, uint64_t port) {
  if (link->broken) return;
  const auto found = ports_.find(link->address);
  if (found == ports_.end() || found->second.number != port) {
    return BreakLink(link, "connection refused", Loss::kSome);
  }
  env::Acceptor& acceptor = *found->second.acceptor;
  auto handler = acceptor.Accept(std::make_shared<SimConnection>(*this, link, 1));
  if (link->broken) return;  // closed by the acceptor
  if (handler == nullptr) return BreakLink(link, "connection refused", Loss::kSome);
  link->ends[1].handler = std::move(handler);
  link->accepted = true;
  for (const size_t from : {size_t{0}, size_t{1}}) ReleaseWaiting(link, from);
}

void Network::Send(const LinkPtr& link, size_t from, std::string frame) {
  Incarnation* const owner = link->ends[from].owner;
  if (!owner->BeginOperation() || link->broken) return;
  if (world_.Strikes(prng_, world_.options().network.break_send, "network.broken")) {
    const Duration soon = prng_.Between(Duration(), kBreakDelayMax);
    world_.Schedule(world_.Now() + soon, EventKind::kOutside, nullptr, ActorId{0},
                    [this, link] { BreakLink(link, "connection reset", Loss::kSome); });
  }
  if (!link->accepted) {
    link->directions[from].waiting.push_back(std::move(frame));
  } else {
    Dispatch(link, from, std::move(frame));
  }
}

void Network::Dispatch(const LinkPtr& link, size_t from, std::string frame) {
  Direction& direction = link->directions[from];
  Duration takes = Latency();
  if (link->bytes_per_second > 0) {
    const auto bytes = static_cast<int64_t>(frame.size());
    takes += Duration(seconds(1)) * bytes / link->bytes_per_second;
  }
  const base::Instant soonest = world_.Now() + takes;
  direction.last = std::max(soonest, direction.last + Duration(1));
  direction.under_way.push_back(
      world_.Schedule(direction.last, EventKind::kFrame, link->ends[1 - from].owner, ActorId{0},
                      [this, link, from, frame = std::move(frame)]() mutable {
                        Deliver(link, from, std::move(frame));
                      }));
}

void Network::Deliver(const LinkPtr& link, size_t from, std::string frame) {
  Direction& direction = link->directions[from];
  direction.under_way.pop_front();  // this one: they arrive in order
  direction.waiting.push_back(std::move(frame));
  if (direction.waiting.size() == 1) DeliverWaiting(link, from);
}

// What waits goes first: whatever arrives meanwhile queues up behind it.
void Network::DeliverWaiting(const LinkPtr& link, size_t from) {
  std::deque<std::string>& waiting = link->directions[from].waiting;
  while (!waiting.empty() && !IsBlocked(*link, from)) {
    std::string frame = std::move(waiting.front());
    waiting.pop_front();
    const std::shared_ptr<env::ConnectionHandler> handler = link->ends[1 - from].handler;
    if (handler != nullptr) handler->OnFrame(std::move(frame));
  }
}

void Network::ReleaseWaiting(const LinkPtr& link, size_t from) {
  Direction& direction = link->directions[from];
  if (!link->accepted || direction.waiting.empty() || IsBlocked(*link, from)) return;
  direction.last = std::max(world_.Now() + Latency(), direction.last + Duration(1));
  world_.Schedule(direction.last, EventKind::kFrame, link->ends[1 - from].owner, ActorId{0},
                  [this, link, from] { DeliverWaiting(link, from); });
}

void Network::CloseEnd(const LinkPtr& link, size_t end) {
  const std::shared_ptr<env::ConnectionHandler> dropped = std::move(link->ends[end].handler);
  link->ends[end].handler = nullptr;
  // A dying process closes nothing: its death does, and decides what still arrives.
  if (!link->ends[end].owner->reaches_world()) return;
  if (link->broken) return ForgetIfOver(*link);
  BreakLink(link, "closed by the other end", Loss::kNone);
}

// The ends hear of it after `at_least`; an end that is cut off, only after long silence.
void Network::BreakLink(const LinkPtr& link, const std::string& reason, Loss loss,
                        Duration at_least) {
  if (link->broken) return;
  link->broken = true;
  for (const size_t end : {size_t{0}, size_t{1}}) {
    Direction& incoming = link->directions[1 - end];
    const bool cut_off = IsBlocked(*link, 1 - end);
    if (loss == Loss::kSome || cut_off || !link->accepted) CutFrames(incoming);
    if (link->ends[end].handler == nullptr) continue;
    const Duration takes =
        at_least + (cut_off ? prng_.Between(kSilenceMin, kSilenceMax) : Latency());
    const base::Instant time = std::max(world_.Now() + takes, incoming.last + Duration(1));
    Status status = UnavailableError("connection to ", link->address, ": ", reason);
    world_.Schedule(
        time, EventKind::kClosed, link->ends[end].owner, ActorId{0},
        [this, link, end, status = std::move(status)] { TellClosed(link, end, status); });
  }
  ForgetIfOver(*link);
}

// A beginning of what is under way arrives, perhaps all, perhaps nothing.
void Network::CutFrames(Direction& direction) {
  const size_t arriving = static_cast<size_t>(prng_.Below(direction.under_way.size() + 1));
  if (arriving < direction.under_way.size() || !direction.waiting.empty()) {
    world_.Hit("network.lost_frames");
  }
  direction.waiting.clear();
  while (direction.under_way.size() > arriving) {
    world_.queue().Erase(direction.under_way.back());
    direction.under_way.pop_back();
  }
}

void Network::TellClosed(const LinkPtr& link, size_t end, Status reason) {
  const std::shared_ptr<env::ConnectionHandler> handler = std::move(link->ends[end].handler);
  link->ends[end].handler = nullptr;
  if (handler != nullptr) handler->OnClosed(std::move(reason));
  ForgetIfOver(*link);
}

void Network::ForgetIfOver(const Link& link) {
  if (!link.broken || link.ends[0].handler != nullptr || link.ends[1].handler != nullptr) return;
  links_.erase(link.number);
}

void Network::CloseAll(const Incarnation& owner) {
  const std::map<uint64_t, LinkPtr> links = links_;  // closing forgets some
  for (const auto& [number, link] : links) {
    for (const size_t end : {size_t{0}, size_t{1}}) {
      if (link->ends[end].owner == &owner) CloseEnd(link, end);
    }
  }
}

void Network::OnDeath(const Incarnation& owner) {
  std::erase_if(ports_, [&](const auto& port) { return port.second.owner == &owner; });
  const std::map<uint64_t, LinkPtr> links = links_;  // breaking forgets some
  for (const auto& [number, link] : links) {
    for (End& end : link->ends) {
      if (end.owner != &owner) continue;
      const std::shared_ptr<env::ConnectionHandler> dropped = std::move(end.handler);
      end.handler = nullptr;
    }
    if (link->ends[0].owner == &owner || link->ends[1].owner == &owner) {
      BreakLink(link, "connection reset", Loss::kSome);
      ForgetIfOver(*link);
    }
  }
}

bool Network::IsBlocked(const Link& link, size_t from) const {
  return IsBlocked(link.ends[from].owner, link.ends[1 - from].owner);
}

bool Network::IsBlocked(const Incarnation* from, const Incarnation* to) const {
  if (from == nullptr || to == nullptr) return false;
  return blocked_.contains({&from->process(), &to->process()});
}

Duration Network::Latency() {
  const NetworkOptions& options = world_.options().network;
  return prng_.Skewed(options.latency_min, options.latency_max);
}

}  // namespace weir::sim
