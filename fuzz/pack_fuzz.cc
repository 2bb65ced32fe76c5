// Decodes any bytes as packs and their footers. Nothing may be read beyond them, whatever they say.
//
// The first byte says as what the rest is read: 'p' a pack whose record says of it what its own
// trailer says, 'f' the footer of a pack whose blocks have 1,000 bytes.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/checkpoint/pack.h"
#include "weir/checkpoint/pack_reader.h"

namespace {

using weir::Status;
using weir::checkpoint::Chunk;
using weir::checkpoint::PackIndex;
using weir::checkpoint::PackRef;
using weir::checkpoint::PackState;
using weir::checkpoint::PackTrailer;

// Packs that are inlined are read without a store.
class NoStore final : public weir::env::BlobStore {
 public:
  void Get(std::string, uint64_t, uint64_t, weir::env::ResultCallback<std::string>) override {
    WEIR_CHECK(false);
  }
  std::unique_ptr<weir::env::BlobWriter> Put(std::string) override { return nullptr; }
  void CreateIfAbsent(std::string, std::string, weir::env::StatusCallback) override {}
  void List(std::string, weir::env::ResultCallback<std::vector<weir::env::BlobInfo>>) override {}
  void Delete(std::string, weir::env::StatusCallback) override {}
  std::string Describe() const override { return "none"; }
};

void FuzzPack(std::string_view bytes) {
  if (bytes.size() < weir::checkpoint::kPackTrailerBytes) return;
  const auto trailer = PackTrailer::Decode(
      bytes.substr(bytes.size() - weir::checkpoint::kPackTrailerBytes), bytes.size());
  if (!trailer.ok()) return;
  PackRef ref;
  ref.inlined = bytes;
  ref.bytes = bytes.size();
  ref.footer_offset = trailer->footer_offset;
  ref.footer_checksum = trailer->footer_checksum;
  const weir::base::KeyGroupRange all{weir::base::KeyGroup(0),
                                      weir::base::KeyGroup(weir::limits::kMaxParallelismMax)};
  NoStore store;
  size_t chunk_bytes = 0;
  int answers = 0;
  const auto sink = [&](const PackState&, const Chunk& chunk) {
    chunk_bytes += chunk.bytes.size();
    return Status();
  };
  ReadPack(store, weir::checkpoint::JobFiles("job"), {ref, {{"op", all}, {"", all}}, sink},
           [&](const Status&) { ++answers; });
  WEIR_CHECK(answers == 1);
  WEIR_CHECK(chunk_bytes <= bytes.size());
}

void FuzzFooter(std::string_view bytes) {
  const uint64_t end = weir::checkpoint::kPackHeaderBytes + 1000;
  const auto index = PackIndex::Decode(bytes, end);
  if (!index.ok()) return;
  uint64_t payload = 0;
  for (const PackIndex::Entry& entry : index->entries) {
    WEIR_CHECK(entry.offset == payload && entry.state < index->states.size());
    payload += entry.bytes;
  }
  WEIR_CHECK(payload == 1000);
  WEIR_CHECK(index->Encode() == bytes);  // one footer has one form
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'p') FuzzPack(bytes);
  if (data[0] == 'f') FuzzFooter(bytes);
  return 0;
}
