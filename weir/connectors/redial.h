// Redial: one address outside, and the connection to it: dials until somebody answers, waits longer
// from try to try, gives up after so many in a row.
//
// Nothing here waits: whoever asks for the stream gets none yet, and is woken through its mailbox.
// Threads: the subtask's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "weir/base/status.h"
#include "weir/base/time.h"
#include "weir/env/byte_stream.h"
#include "weir/env/env.h"
#include "weir/runtime/operator.h"

namespace weir::connectors {

class Redial {
 public:
  struct Options {
    std::string host;
    uint16_t port = 0;
    int64_t retries_max = 0;  // in a row; below 0: without end
    Duration pause{0};        // before the first retry
  };
  /// Errors: InvalidArgument naming the option as programs do, with the cure.
  static Status Check(const Options& options);

  explicit Redial(Options options)
      : options_(std::move(options)), address_(env::HostAndPort(options_.host, options_.port)) {}

  /// Dials when it is asked for the first time.
  void Start(const runtime::OperatorContext& context);

  /// The connection; null while there is none.
  /// Errors: Unavailable with the cure when too many tries in a row have failed.
  StatusOr<env::ByteStream*> Stream();

  /// There is a connection.
  bool connected() const { return stream_ != nullptr; }

  /// The connection broke.
  void Lost(const Status& reason);

  /// The connection was ended, and another one is wanted.
  void Again();

  /// No connection is wanted any more.
  void Close();

  /// Something came of the connection: failures are counted anew.
  void Works() { failures_ = 0; }

  const std::string& address() const { return address_; }
  /// Of the connection, or of the next one.
  uint64_t number() const { return number_; }

 private:
  void Dial();
  void OnDialed(StatusOr<std::unique_ptr<env::ByteStream>> dialed);
  void Failed(const Status& reason);
  void Drop();

  const Options options_;
  const std::string address_;
  env::Env* env_ = nullptr;
  std::shared_ptr<runtime::Mailbox> mailbox_;

  std::unique_ptr<env::ByteStream> stream_;
  uint64_t number_ = 1;
  bool dialing_ = false;
  int64_t failures_ = 0;  // in a row
  base::Instant next_;    // not dialed before
  Status failure_;
};

}  // namespace weir::connectors
