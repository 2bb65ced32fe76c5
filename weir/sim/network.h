// Network: the connections between simulated processes, with the promises of env/transport.h.
//
// Each direction of a connection is a queue with a latency; frames arrive in order. A connection
// breaks by chance, by a test, or with a process; of the frames under way a beginning arrives, and
// both ends hear of it later, each at its own time. Between partitioned processes frames wait, as
// TCP would send them again and again, and an end that breaks hears of it only after a time-out.
// Threads: the world's.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "weir/env/transport.h"
#include "weir/sim/event_queue.h"
#include "weir/sim/prng.h"

namespace weir::sim {

class Incarnation;
class Process;
class World;

class Network {
 public:
  explicit Network(World& world);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// Nothing sent by `from` reaches `to` until Heal.
  void Block(const Process& from, const Process& to);
  /// Block in both directions.
  void Partition(const Process& a, const Process& b);
  void Heal(const Process& a, const Process& b);
  void HealAll();

  /// Breaks the connections between two processes, if there are any.
  void Break(const Process& a, const Process& b);
  /// Breaks one connection by chance.
  void BreakOne();

  /// Connections of which at least one end still listens.
  size_t connections() const { return links_.size(); }

 private:
  friend class SimTransport;
  friend class SimConnection;
  friend class SimListener;
  friend class Incarnation;

  struct End {
    Incarnation* owner = nullptr;
    std::shared_ptr<env::ConnectionHandler> handler;  // owners: here, and a call while it runs
  };
  struct Direction {
    base::Instant last;               // the newest frame arrives then
    std::deque<EventId> under_way;    // in order
    std::deque<std::string> waiting;  // not accepted yet, or partitioned
  };
  struct Link {
    uint64_t number = 0;
    std::string address;
    std::array<End, 2> ends;              // 0 connected, 1 accepted
    std::array<Direction, 2> directions;  // by the sending end
    bool accepted = false;
    bool broken = false;
    int64_t bytes_per_second = 0;  // 0: no limit
  };
  using LinkPtr = std::shared_ptr<Link>;  // owners: the network, the ends' handles, events
  struct Port {
    Incarnation* owner;
    env::Acceptor* acceptor;
    uint64_t number;
  };
  using Pair = std::pair<const Process*, const Process*>;

  // For SimTransport and what it makes.
  StatusOr<uint64_t> Listen(Incarnation& owner, const std::string& address,
                            env::Acceptor& acceptor);
  void StopListening(const std::string& address, uint64_t port);
  LinkPtr Connect(Incarnation& owner, const std::string& address,
                  std::shared_ptr<env::ConnectionHandler> handler);
  void Send(const LinkPtr& link, size_t from, std::string frame);
  void CloseEnd(const LinkPtr& link, size_t end);
  // The process ends by itself: its connections close.
  void CloseAll(const Incarnation& owner);
  // The process died: its ports go, its handlers are destroyed, its connections break.
  void OnDeath(const Incarnation& owner);

  LinkPtr NewLink(const std::string& address);
  void Arrive(const LinkPtr& link);
  void RunAccept(const LinkPtr& link, uint64_t port);
  void AddGhost(const LinkPtr& link);
  void Dispatch(const LinkPtr& link, size_t from, std::string frame);
  void Deliver(const LinkPtr& link, size_t from, std::string frame);
  void DeliverWaiting(const LinkPtr& link, size_t from);
  void ReleaseWaiting(const LinkPtr& link, size_t from);
  enum class Loss : uint8_t { kNone, kSome };  // of the frames under way
  void BreakLink(const LinkPtr& link, const std::string& reason, Loss loss,
                 Duration at_least = Duration());
  void CutFrames(Direction& direction);
  void TellClosed(const LinkPtr& link, size_t end, Status reason);
  void ForgetIfOver(const Link& link);
  bool IsBlocked(const Link& link, size_t from) const;
  bool IsBlocked(const Incarnation* from, const Incarnation* to) const;
  Duration Latency();

  World& world_;
  Prng prng_;
  uint64_t last_number_ = 0;
  std::map<std::string, Port> ports_;
  std::map<uint64_t, LinkPtr> links_;
  std::set<Pair> blocked_;  // asked only, never walked: pointers have no order to rely on
};

/// The network as one incarnation of a process sees it.
class SimTransport final : public env::Transport {
 public:
  explicit SimTransport(Incarnation& incarnation) : incarnation_(incarnation) {}
  StatusOr<std::unique_ptr<env::Listener>> Listen(const std::string& address,
                                                  env::Acceptor& acceptor) override;
  std::shared_ptr<env::Connection> Connect(
      const std::string& address, std::shared_ptr<env::ConnectionHandler> handler) override;

 private:
  Incarnation& incarnation_;
};

}  // namespace weir::sim
