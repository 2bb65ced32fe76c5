// Outside: what lies beyond the simulated processes and is none of them: servers of bytes, as a job
// meets them through env::Dialer.
//
// Bytes arrive late and in order, in pieces of any size; connections are refused and break by
// chance (NetworkOptions::refuse, break_send), by the test, and with their process. What was under
// way when one breaks is lost, also what had arrived and was not read.
// Threads: the world's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/env/byte_stream.h"
#include "weir/sim/prng.h"
#include "weir/sim/world.h"

namespace weir::sim {

class ByteServer;
class Incarnation;

class Outside {
 public:
  explicit Outside(World& world);
  ~Outside();
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

  /// The process ends by itself: what it wrote still arrives.
  void CloseAll(const Incarnation& owner);
  /// The process died: its connections break.
  void OnDeath(const Incarnation& owner);

 private:
  friend class ByteServer;
  friend class SimDialer;
  friend class SimByteStream;
  struct Wire;
  using WirePtr = std::shared_ptr<Wire>;  // owners: the streams, events, and the list of the living
  using Dialed = env::ResultCallback<std::unique_ptr<env::ByteStream>>;

  void Dial(Incarnation& owner, const std::string& host, uint16_t port, Dialed done);
  StatusOr<WirePtr> Connect(Incarnation& owner, const std::string& host, uint16_t port);
  void Read(const WirePtr& wire, env::ResultCallback<std::string> done);
  void Write(const WirePtr& wire, std::string bytes, env::StatusCallback done);
  void Drain(const WirePtr& wire, env::StatusCallback done);
  void Close(const WirePtr& wire);

  void Say(const WirePtr& wire, std::string bytes);
  void End(const WirePtr& wire);
  void Break(const WirePtr& wire);
  void BreakByChance(const WirePtr& wire);
  void Deliver(const WirePtr& wire);
  Duration Latency();

  World& world_;
  Prng prng_;
  std::map<std::string, ByteServer*> servers_;  // by host and port
  std::vector<WirePtr> wires_;                  // that live
};

/// Somebody who listens on a port outside, and does what the test says. It has no faults but those
/// of its connections, and no process dies with it.
class ByteServer {
 public:
  ByteServer(World& world, const std::string& host, uint16_t port);
  /// Its connections break.
  ~ByteServer();
  ByteServer(const ByteServer&) = delete;
  ByteServer& operator=(const ByteServer&) = delete;

  /// Whether it listens: otherwise connections are refused.
  void SetListening(bool listening) { listening_ = listening; }
  /// Called for each connection when it is there, in an event.
  void OnConnect(std::function<void()> call) { on_connect_ = std::move(call); }

  /// To the newest connection that lives; false when there is none.
  bool Say(std::string_view bytes);
  /// Says no more on it.
  bool End();
  bool Reset();

  /// What it was told on each connection so far, in the order in which they came.
  const std::vector<std::string>& heard() const { return heard_; }

 private:
  friend class Outside;
  Outside::WirePtr Newest() const;

  Outside& outside_;
  const std::string address_;
  bool listening_ = true;
  std::function<void()> on_connect_;
  std::vector<std::string> heard_;
};

/// The outside as one incarnation of a process sees it.
class SimDialer final : public env::Dialer {
 public:
  explicit SimDialer(Incarnation& incarnation) : incarnation_(incarnation) {}
  void Dial(std::string host, uint16_t port,
            env::ResultCallback<std::unique_ptr<env::ByteStream>> done) override;

 private:
  Incarnation& incarnation_;
};

}  // namespace weir::sim
