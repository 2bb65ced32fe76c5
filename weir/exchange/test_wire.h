// TestWire: a channel between processes for tests, with nothing but the test between its ends.
// Threads: one caller at a time.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "weir/exchange/network_reader.h"
#include "weir/exchange/network_writer.h"

namespace weir::exchange {

/// Frames and credit lie on it until they are carried over; the first grant is carried already.
class TestWire {
 public:
  /// The ends are moved away and die before the wire.
  std::unique_ptr<ChannelWriter> writer;
  std::unique_ptr<ChannelReader> reader;

  TestWire(const record::TypeOps& type, env::Chaos& chaos) {
    writer = std::make_unique<NetworkWriter>(
        NetworkWriter::Options{.key = {}, .type = type, .chaos = chaos}, window_,
        std::make_unique<Sink>(down_));
    reader = std::make_unique<NetworkReader>(
        NetworkReader::Options{.key = {}, .type = type, .chaos = chaos}, receive_queue_,
        std::make_unique<Sink>(up_));
    CarryUp();
  }

  /// Frames, to the reader: the oldest `frames` of them.
  void CarryDown(size_t frames = SIZE_MAX) {
    for (; frames > 0 && !down_.empty(); --frames, down_.pop_front()) {
      auto decoded = DecodeFrame(down_.front());
      ASSERT_TRUE(decoded.ok());
      ASSERT_EQ(
          receive_queue_->Push({.head = std::get<ElementFrame>(*decoded), .bytes = down_.front()}),
          OkStatus());
    }
  }
  /// Credit, to the writer.
  void CarryUp() {
    for (; !up_.empty(); up_.pop_front()) {
      window_->Grant(std::get<CreditFrame>(*DecodeFrame(up_.front())).credit);
    }
  }

 private:
  class Sink final : public FrameSink {
   public:
    explicit Sink(std::deque<std::string>& frames) : frames_(frames) {}
    void Send(std::string frame) override { frames_.push_back(std::move(frame)); }
    void Refuse(const Status& reason) override { ADD_FAILURE() << reason; }

   private:
    std::deque<std::string>& frames_;
  };

  std::deque<std::string> down_, up_;
  // Owners: writer, this.
  const std::shared_ptr<SendWindow> window_ = std::make_shared<SendWindow>();
  const std::shared_ptr<ReceiveQueue> receive_queue_ =
      std::make_shared<ReceiveQueue>();  // owners: reader, this
};

}  // namespace weir::exchange
