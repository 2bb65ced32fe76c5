// SocketSink: one line a record over a TCP connection: an object of JSON for records, the bare
// value for numbers and strings.
//
// At least once: a checkpoint is acknowledged when the other machine has every line in front of its
// barrier, and a connection that breaks with lines on their way fails the attempt: what came behind
// the newest checkpoint is sent again, over a new connection. What the other machine has and its
// program never read is lost.
// Threads: as Operator.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/connectors/redial.h"
#include "weir/runtime/operator.h"

namespace weir {
inline namespace v0 {

/// Where WriteToSocket writes, and how.
struct SocketSinkOptions {
  std::string host;   // its name or address
  uint16_t port = 0;  // on which it listens

  /// How often in a row a connection that cannot be made is tried again before the attempt fails.
  /// 0 is never, -1 without end.
  int64_t max_retries = 0;

  /// Before the first retry; doubled with each one in a row, up to 30 s.
  Duration retry_pause = std::chrono::milliseconds(500);
};

}  // namespace v0
}  // namespace weir

namespace weir::connectors {

/// Errors: InvalidArgument naming the option, with the cure.
Status CheckSocketSinkOptions(const SocketSinkOptions& options);

class SocketSink final : public runtime::Operator {
 public:
  explicit SocketSink(const SocketSinkOptions& options);

  Status Open(const runtime::OperatorContext& context) override;
  Status Start() override;
  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override;
  StatusOr<runtime::Outcome> OnEnd(runtime::Output& output) override;
  Status Snapshot(runtime::SnapshotContext& snapshot) override;
  Status OnTick() override;

 private:
  bool IsClean() const { return lines_.empty() && !calling_ && !unconfirmed_; }
  bool NeedsConnection() const;
  Status GoOn();
  void Read(env::ByteStream& stream);
  void OnRead(const StatusOr<std::string>& bytes);
  void OnWritten(const Status& status);
  void OnDrained(const Status& status);
  void Broke(const Status& reason);
  base::UniqueFunction<void(Status)> Answer(void (SocketSink::*method)(const Status&));

  Redial redial_;
  runtime::OperatorContext context_;

  std::string lines_;         // not written yet
  bool calling_ = false;      // a Write or a Drain is under way
  bool unconfirmed_ = false;  // the other machine may not have all that was written
  bool ending_ = false;
  bool reading_ = false;
  uint64_t read_from_ = 0;  // the connection that is read, or has said all that it will say
  // Of checkpoints that wait until the other machine has everything. No row is taken meanwhile, so
  // that the last byte comes.
  std::vector<base::UniqueFunction<void(Status)>> holds_;
  Status failure_;
};

class SocketSinkFactory final : public runtime::OperatorFactory {
 public:
  explicit SocketSinkFactory(SocketSinkOptions options) : options_(std::move(options)) {}
  std::unique_ptr<runtime::Operator> New() const override {
    return std::make_unique<SocketSink>(options_);
  }
  std::vector<const record::TypeOps*> output_types() const override { return {}; }
  std::string kind() const override { return "socket-sink"; }

 private:
  const SocketSinkOptions options_;
};

}  // namespace weir::connectors
