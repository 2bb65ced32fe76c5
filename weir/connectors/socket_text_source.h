// SocketTextSource: the lines that somebody sends over a TCP connection.
//
// One split, which one reader has: it connects, reads, and connects again when told to. Nothing can
// be read again: what was sent and is not in a checkpoint is lost with a failure, and so is what
// comes while nobody is connected.
// Threads: as Source and SourceReader.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weir/base/limits.h"
#include "weir/connectors/on_error.h"
#include "weir/connectors/redial.h"
#include "weir/connectors/stream_lines.h"
#include "weir/runtime/source.h"

namespace weir {
inline namespace v0 {

/// What it means that the other end closes the connection in good order.
enum class SocketEnd : uint8_t {
  kEndsInput,   // the input is over
  kReconnects,  // it comes back: connected again after `retry_pause`
};

/// What SocketTextStream reads, and how.
struct SocketTextOptions {
  std::string host;   // its name or address
  uint16_t port = 0;  // on which it listens

  std::string delimiter = "\n";  // with "\n", a \r in front of it goes too

  SocketEnd at_end = SocketEnd::kEndsInput;  // when the other end closes in good order

  /// How often in a row a connection that cannot be made, or broke, is tried again before the
  /// attempt fails. As in Flink: 0 is never, -1 without end.
  int64_t max_retries = 0;

  /// Before the first retry; doubled with each one in a row, up to 30 s.
  Duration retry_pause = std::chrono::milliseconds(500);

  /// A longer line is no record, and falls to `on_error`.
  size_t line_bytes_max = 1 << 20;
  OnError on_error = OnError::kFail;
};

}  // namespace v0
}  // namespace weir

namespace weir::connectors {

/// Errors: InvalidArgument naming the option, with the cure.
Status CheckSocketTextOptions(const SocketTextOptions& options);

class SocketTextSource final : public runtime::Source {
 public:
  explicit SocketTextSource(SocketTextOptions options) : options_(std::move(options)) {}

  std::string kind() const override { return "socket-source"; }
  const record::TypeOps& type() const override;
  std::vector<const record::TypeOps*> output_types() const override;
  bool bounded() const override { return false; }
  bool can_replay() const override { return false; }
  std::unique_ptr<runtime::SplitEnumerator> NewEnumerator(env::Env& env) const override;
  std::unique_ptr<runtime::SourceReader> NewReader() const override;

 private:
  const SocketTextOptions options_;
};

class SocketTextReader final : public runtime::SourceReader {
 public:
  explicit SocketTextReader(const SocketTextOptions& options);

  Status Start(const runtime::OperatorContext& context) override;
  Status AddSplits(std::vector<runtime::Split> splits) override;
  void NoMoreSplits() override { no_more_splits_ = true; }
  StatusOr<runtime::PollResult> Poll(runtime::Output& output) override;
  bool WantsSplit() const override { return !has_split_; }
  std::vector<runtime::Split> Snapshot(base::CheckpointId checkpoint) override;
  std::vector<std::string> TakeFinished() override { return std::exchange(finished_, {}); }
  uint64_t rows_skipped() const override { return rows_skipped_; }

 private:
  Status TakeLines(runtime::Output& output);
  Status RefuseLine(std::string_view beginning, runtime::Output& output);
  void Read(env::ByteStream& stream);
  void OnRead(StatusOr<std::string> bytes);

  const SocketTextOptions options_;
  Redial redial_;
  StreamLines lines_;
  std::shared_ptr<runtime::Mailbox> mailbox_;

  bool has_split_ = false;
  bool no_more_splits_ = false;
  bool reading_ = false;     // a read is under way on the connection
  bool input_over_ = false;  // behind the lines that are there
  uint64_t connection_ = 0;  // that was read last
  uint64_t line_ = 0;        // of it, from 1 on
  uint64_t rows_skipped_ = 0;
  std::vector<std::string> finished_;
};

}  // namespace weir::connectors
