#include "weir/sim/outside.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/sim/answer.h"
#include "weir/sim/incarnation.h"

namespace weir::sim {
namespace {

constexpr Duration kBreakDelayMax = milliseconds(5);

}  // namespace

// One connection, of a process to a server.
struct Outside::Wire {
  Incarnation* owner = nullptr;
  ByteServer* server = nullptr;
  size_t number = 0;  // in what the server heard
  std::string address;

  std::string arrived;  // and not read
  bool ended = false;   // behind `arrived` nothing follows
  bool broken = false;
  base::Instant last_down, last_up;  // when the newest bytes arrive
  size_t unconfirmed = 0;            // bytes under way to the server
  std::optional<Answer<StatusOr<std::string>>> reading;
  std::optional<Answer<Status>> draining;

  Status BrokenStatus() const {
    return UnavailableError("connection to ", address, ": connection reset");
  }
};

// What a program holds of a connection.
class SimByteStream final : public env::ByteStream {
 public:
  SimByteStream(Outside& outside, Outside::WirePtr wire)
      : outside_(outside), wire_(std::move(wire)) {}
  ~SimByteStream() override { outside_.Close(wire_); }

  void Read(env::ResultCallback<std::string> done) override {
    outside_.Read(wire_, std::move(done));
  }
  void Write(std::string bytes, env::StatusCallback done) override {
    outside_.Write(wire_, std::move(bytes), std::move(done));
  }
  void Drain(env::StatusCallback done) override { outside_.Drain(wire_, std::move(done)); }

 private:
  Outside& outside_;
  const Outside::WirePtr wire_;
};

void SimDialer::Dial(std::string host, uint16_t port,
                     env::ResultCallback<std::unique_ptr<env::ByteStream>> done) {
  incarnation_.world().outside().Dial(incarnation_, host, port, std::move(done));
}

Outside::Outside(World& world) : world_(world), prng_(world.Stream("outside")) {}
Outside::~Outside() = default;

void Outside::Dial(Incarnation& owner, const std::string& host, uint16_t port, Dialed done) {
  using Result = StatusOr<std::unique_ptr<env::ByteStream>>;
  Answer<Result> answer(world_, &owner, std::move(done));
  if (!owner.BeginOperation()) return;
  world_.Schedule(world_.Now() + Latency(), EventKind::kOutside, nullptr, ActorId{0},
                  [this, &owner, host, port, answer] {
                    if (!owner.reaches_world()) return;
                    StatusOr<WirePtr> wire = Connect(owner, host, port);
                    if (!wire.ok()) return answer.Give(Latency(), wire.status());
                    answer.Give(Latency(), std::make_unique<SimByteStream>(*this, *wire));
                    ByteServer& server = *(*wire)->server;
                    if (server.on_connect_) server.on_connect_();
                  });
}

StatusOr<Outside::WirePtr> Outside::Connect(Incarnation& owner, const std::string& host,
                                            uint16_t port) {
  const std::string address = env::HostAndPort(host, port);
  const auto found = servers_.find(address);
  const bool refused = world_.Strikes(prng_, world_.options().network.refuse, "outside.refused");
  if (found == servers_.end() || !found->second->listening_ || refused)
    return UnavailableError("connect to ", address, ": connection refused");
  auto wire = std::make_shared<Wire>();
  wire->owner = &owner;
  wire->server = found->second;
  wire->number = wire->server->heard_.size();
  wire->server->heard_.emplace_back();
  wire->address = address;
  wires_.push_back(wire);
  return wire;
}

void Outside::Read(const WirePtr& wire, env::ResultCallback<std::string> done) {
  Answer<StatusOr<std::string>> answer(world_, wire->owner, std::move(done));
  if (!wire->owner->BeginOperation()) return;
  WEIR_CHECK(!wire->reading);  // one at a time
  if (wire->broken) return answer.Give(Latency(), wire->BrokenStatus());
  wire->reading = std::move(answer);
  Deliver(wire);
}

void Outside::Write(const WirePtr& wire, std::string bytes, env::StatusCallback done) {
  Answer<Status> answer(world_, wire->owner, std::move(done));
  if (!wire->owner->BeginOperation()) return;
  if (wire->broken) return answer.Give(Latency(), wire->BrokenStatus());
  wire->unconfirmed += bytes.size();
  wire->last_up = std::max(world_.Now() + Latency(), wire->last_up + Duration(1));
  world_.Schedule(wire->last_up, EventKind::kOutside, nullptr, ActorId{0},
                  [this, wire, bytes = std::move(bytes)] {
                    if (wire->broken) return;
                    wire->server->heard_[wire->number] += bytes;
                    wire->unconfirmed -= bytes.size();
                    if (wire->unconfirmed > 0 || !wire->draining) return;
                    std::exchange(wire->draining, std::nullopt)->Give(Latency(), Status());
                  });
  answer.Give(Latency(), Status());
  BreakByChance(wire);
}

void Outside::Drain(const WirePtr& wire, env::StatusCallback done) {
  Answer<Status> answer(world_, wire->owner, std::move(done));
  if (!wire->owner->BeginOperation()) return;
  WEIR_CHECK(!wire->draining);  // one at a time
  if (wire->broken) return answer.Give(Latency(), wire->BrokenStatus());
  if (wire->unconfirmed == 0) return answer.Give(Latency(), Status());
  wire->draining = std::move(answer);
}

// What was written arrives; nobody reads any more.
void Outside::Close(const WirePtr& wire) {
  if (!wire->owner->BeginOperation()) return;  // its death decides what arrives
  std::erase(wires_, wire);
}

void Outside::CloseAll(const Incarnation& owner) {
  std::erase_if(wires_, [&](const WirePtr& wire) { return wire->owner == &owner; });
}

void Outside::OnDeath(const Incarnation& owner) {
  const std::vector<WirePtr> wires = wires_;  // breaking forgets some
  for (const WirePtr& wire : wires) {
    if (wire->owner == &owner) Break(wire);
  }
}

void Outside::Say(const WirePtr& wire, std::string bytes) {
  wire->last_down = std::max(world_.Now() + Latency(), wire->last_down + Duration(1));
  world_.Schedule(wire->last_down, EventKind::kOutside, nullptr, ActorId{0},
                  [this, wire, bytes = std::move(bytes)] {
                    wire->arrived += bytes;
                    Deliver(wire);
                  });
  BreakByChance(wire);
}

void Outside::End(const WirePtr& wire) {
  wire->last_down = std::max(world_.Now() + Latency(), wire->last_down + Duration(1));
  world_.Schedule(wire->last_down, EventKind::kOutside, nullptr, ActorId{0}, [this, wire] {
    wire->ended = true;
    Deliver(wire);
  });
}

void Outside::Break(const WirePtr& wire) {
  wire->broken = true;
  wire->arrived.clear();
  if (wire->reading)
    std::exchange(wire->reading, std::nullopt)->Give(Latency(), wire->BrokenStatus());
  if (wire->draining)
    std::exchange(wire->draining, std::nullopt)->Give(Latency(), wire->BrokenStatus());
  std::erase(wires_, wire);
}

void Outside::BreakByChance(const WirePtr& wire) {
  if (!world_.Strikes(prng_, world_.options().network.break_send, "outside.broken")) return;
  world_.Schedule(world_.Now() + prng_.Between({}, kBreakDelayMax), EventKind::kOutside, nullptr,
                  ActorId{0}, [this, wire] { Break(wire); });
}

// Any number of the bytes that are there: where a program's text was cut says nothing.
void Outside::Deliver(const WirePtr& wire) {
  if (!wire->reading || wire->broken || (wire->arrived.empty() && !wire->ended)) return;
  const size_t there = std::min(wire->arrived.size(), limits::kStreamReadBytesMax);
  const size_t given =
      there == 0 || prng_.Chance(0.5) ? there : static_cast<size_t>(prng_.Below(there) + 1);
  std::string bytes = wire->arrived.substr(0, given);
  wire->arrived.erase(0, given);
  std::exchange(wire->reading, std::nullopt)->Give(Latency(), std::move(bytes));
}

Duration Outside::Latency() {
  const NetworkOptions& options = world_.options().network;
  return prng_.Skewed(options.latency_min, options.latency_max);
}

ByteServer::ByteServer(World& world, const std::string& host, uint16_t port)
    : outside_(world.outside()), address_(env::HostAndPort(host, port)) {
  WEIR_CHECK(outside_.servers_.emplace(address_, this).second);
}

ByteServer::~ByteServer() {
  outside_.servers_.erase(address_);
  const std::vector<Outside::WirePtr> wires = outside_.wires_;  // breaking forgets some
  for (const Outside::WirePtr& wire : wires) {
    if (wire->server == this) outside_.Break(wire);
  }
}

Outside::WirePtr ByteServer::Newest() const {
  for (auto wire = outside_.wires_.rbegin(); wire != outside_.wires_.rend(); ++wire) {
    if ((*wire)->server == this) return *wire;
  }
  return nullptr;
}

bool ByteServer::Say(std::string_view bytes) {
  const Outside::WirePtr wire = Newest();
  if (wire != nullptr) outside_.Say(wire, std::string(bytes));
  return wire != nullptr;
}

bool ByteServer::End() {
  const Outside::WirePtr wire = Newest();
  if (wire != nullptr) outside_.End(wire);
  return wire != nullptr;
}

bool ByteServer::Reset() {
  const Outside::WirePtr wire = Newest();
  if (wire != nullptr) outside_.Break(wire);
  return wire != nullptr;
}

}  // namespace weir::sim
