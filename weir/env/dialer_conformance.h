// What every Dialer must keep (byte_stream.h): real sockets and simulated ones.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/base/limits.h"
#include "weir/env/byte_stream.h"
#include "weir/env/mutex.h"

namespace weir::env {

/// A dialer, and a server outside that does what the test says.
class DialerWorld {
 public:
  virtual ~DialerWorld() = default;
  virtual Dialer& dialer() = 0;
  virtual std::string host() = 0;
  virtual uint16_t port() = 0;       // where the server listens
  virtual uint16_t dead_port() = 0;  // where nobody does
  virtual bool WaitFor(const std::function<bool()>& done) = 0;
  virtual void Settle() = 0;

  // Of the server, to whoever connected last.
  virtual void Say(const std::string& bytes) = 0;
  virtual void End() = 0;    // says no more, and goes on to listen
  virtual void Reset() = 0;  // breaks the connection
  /// All that it was told so far.
  virtual std::string Heard() = 0;
};

/// One answer, remembered.
/// Threads: any thread.
template <class Result>
class Kept {
 public:
  base::UniqueFunction<void(Result)> callback() {
    return [kept = kept_](Result result) {
      const MutexLock lock(kept->mutex);
      kept->results.push_back(std::move(result));
    };
  }
  bool there() const { return count() > 0; }
  size_t count() const {
    const MutexLock lock(kept_->mutex);
    return kept_->results.size();
  }
  Result Take() {
    const MutexLock lock(kept_->mutex);
    Result result = std::move(kept_->results.back());
    kept_->results.pop_back();
    return result;
  }

 private:
  struct Shared {
    mutable Mutex mutex;
    std::vector<Result> results WEIR_GUARDED_BY(mutex);
  };
  std::shared_ptr<Shared> kept_ = std::make_shared<Shared>();  // owners: this and its callbacks
};

class DialerConformance
    : public ::testing::TestWithParam<std::function<std::unique_ptr<DialerWorld>()>> {
 protected:
  StatusOr<std::unique_ptr<ByteStream>> Dial(uint16_t port) {
    Kept<StatusOr<std::unique_ptr<ByteStream>>> dialed;
    world->dialer().Dial(world->host(), port, dialed.callback());
    if (!world->WaitFor([&] { return dialed.there(); })) return DeadlineExceededError("dial");
    return dialed.Take();
  }
  void Connect() {
    auto dialed = Dial(world->port());
    ASSERT_TRUE(dialed.ok()) << dialed.status();
    stream = *std::move(dialed);
  }
  StatusOr<std::string> Read() {
    Kept<StatusOr<std::string>> read;
    stream->Read(read.callback());
    if (!world->WaitFor([&] { return read.there(); })) return DeadlineExceededError("read");
    return read.Take();
  }
  Status Write(std::string bytes) {
    Kept<Status> written;
    stream->Write(std::move(bytes), written.callback());
    if (!world->WaitFor([&] { return written.there(); })) return DeadlineExceededError("write");
    return written.Take();
  }
  Status Drain() {
    Kept<Status> drained;
    stream->Drain(drained.callback());
    if (!world->WaitFor([&] { return drained.there(); })) return DeadlineExceededError("drain");
    return drained.Take();
  }
  // Reads until there is nothing more to come, or so many bytes.
  StatusOr<std::string> ReadBytes(size_t bytes) {
    std::string all;
    while (all.size() < bytes) {
      WEIR_ASSIGN_OR_RETURN(const std::string some, Read());
      EXPECT_LE(some.size(), limits::kStreamReadBytesMax);
      if (some.empty()) break;
      all += some;
    }
    return all;
  }

  std::unique_ptr<DialerWorld> world = GetParam()();
  std::unique_ptr<ByteStream> stream;
};

TEST_P(DialerConformance, BytesArriveInOrderHoweverManyAtOnce) {
  Connect();
  std::string all;
  for (int i = 0; i < 200; ++i) {
    const std::string piece(static_cast<size_t>(i * 7 % 1000) + 1, static_cast<char>('a' + i % 26));
    world->Say(piece);
    all += piece;
  }
  EXPECT_EQ(*ReadBytes(all.size()), all);
}

TEST_P(DialerConformance, ALongTextArrivesWhole) {
  Connect();
  const std::string text(300'000, 'x');
  world->Say(text);
  EXPECT_EQ(*ReadBytes(text.size()), text);
}

TEST_P(DialerConformance, AReadWaitsForBytes) {
  Connect();
  Kept<StatusOr<std::string>> read;
  stream->Read(read.callback());
  world->Settle();
  EXPECT_FALSE(read.there());
  world->Say("x");
  ASSERT_TRUE(world->WaitFor([&] { return read.there(); }));
  EXPECT_EQ(*read.Take(), "x");
}

TEST_P(DialerConformance, AnEndIsAnEmptyReadAndComesBehindTheLastByte) {
  Connect();
  world->Say("last");
  world->End();
  EXPECT_EQ(*ReadBytes(1000), "last");
  const auto behind = Read();
  ASSERT_TRUE(behind.ok()) << behind.status();
  EXPECT_EQ(*behind, "");
}

TEST_P(DialerConformance, AResetIsUnavailable) {
  Connect();
  world->Reset();
  EXPECT_EQ(Read().status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(Drain().code(), StatusCode::kUnavailable);
}

TEST_P(DialerConformance, WhereNobodyListensItSaysSo) {
  const Status status = Dial(world->dead_port()).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(status.message().ends_with("refused")) << status;
}

TEST_P(DialerConformance, WhatIsDrainedHasArrived) {
  Connect();
  std::string all;
  for (int i = 0; i < 20; ++i) {
    const std::string piece(static_cast<size_t>(i + 1) * 10, static_cast<char>('a' + i % 26));
    ASSERT_EQ(Write(piece), OkStatus());
    all += piece;
  }
  ASSERT_EQ(Drain(), OkStatus());
  EXPECT_EQ(world->Heard(), all);
}

TEST_P(DialerConformance, WhatWasWrittenBeforeTheStreamWentArrives) {
  Connect();
  ASSERT_EQ(Write("goodbye"), OkStatus());
  stream = nullptr;
  EXPECT_TRUE(world->WaitFor([&] { return world->Heard() == "goodbye"; }));
}

TEST_P(DialerConformance, OneThatGoesWhileACallIsUnderWayAnswersUnavailableOrNotAtAll) {
  Connect();
  Kept<StatusOr<std::string>> read;
  stream->Read(read.callback());
  stream = nullptr;
  world->Settle();
  if (read.there()) {
    EXPECT_EQ(read.Take().status().code(), StatusCode::kUnavailable);
  }
  Connect();  // the next one has nothing of it
  world->Say("new");
  EXPECT_EQ(*ReadBytes(3), "new");
}

}  // namespace weir::env
