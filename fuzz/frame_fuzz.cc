// Lets a reader hear any bytes as frames: whatever a peer sends, it is decoded, refused or ignored.
//
// The input is frames, each behind its length as two bytes. Between frames the reader is polled.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "weir/base/bytes.h"
#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/exchange/frame.h"
#include "weir/exchange/network_reader.h"
#include "weir/exchange/test_chaos.h"
#include "weir/record/typed_ops.h"

namespace weir::exchange {
namespace {

class NoPeer final : public FrameSink {
 public:
  void Send(std::string) override {}
  void Refuse(const Status&) override {}
};

// A hello or credit frame that decodes must encode to the bytes that it came from.
void CheckEncoding(const Frame& frame, std::string_view bytes) {
  if (const auto* hello = std::get_if<HelloFrame>(&frame)) WEIR_CHECK(EncodeHello(*hello) == bytes);
  if (const auto* credit = std::get_if<CreditFrame>(&frame)) {
    WEIR_CHECK(EncodeCredit(*credit) == bytes);
  }
}

void PollAll(NetworkReader& reader) {
  while (auto element = reader.Poll()) {
    auto* const batch = std::get_if<record::BatchPtr>(&*element);
    if (batch == nullptr) continue;
    WEIR_CHECK(!(*batch)->empty());
    reader.Recycle(std::move(*batch));
  }
}

void Hear(base::ByteReader in) {
  TestChaos chaos;
  const auto receive_queue =
      std::make_shared<ReceiveQueue>();  // owners: this function and the reader
  NetworkReader reader({.key = {}, .type = TypeOpsOf<std::string>(), .chaos = chaos}, receive_queue,
                       std::make_unique<NoPeer>());
  while (in.ok() && !in.AtEnd() && reader.status().ok()) {
    std::string bytes(in.Raw(in.U16()));
    if (!in.ok()) break;
    auto frame = DecodeFrame(bytes);
    if (!frame.ok()) {
      WEIR_CHECK(frame.status().code() == StatusCode::kDataLoss);
      continue;
    }
    CheckEncoding(*frame, bytes);
    if (const auto* head = std::get_if<ElementFrame>(&*frame)) {
      const Status pushed = receive_queue->Push({.head = *head, .bytes = std::move(bytes)});
      WEIR_CHECK(pushed.ok() || pushed.code() == StatusCode::kDataLoss);
    }
    static_cast<void>(reader.ForEachQueued([](const record::StreamElement&) {}));
    PollAll(reader);
  }
}

}  // namespace
}  // namespace weir::exchange

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  weir::exchange::Hear(weir::base::ByteReader(bytes));
  return 0;
}
