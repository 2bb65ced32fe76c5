// Restores any bytes as chunks of keyed state and as operator lists. What was taken is snapshot,
// restored again, and must be snapshot to the same entries.
//
// The first byte says which state the chunk is for, or that it is an operator list.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/base/bytes.h"
#include "weir/base/check.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/list_state.h"
#include "weir/state/map_state.h"
#include "weir/state/value_state.h"

namespace {

using weir::base::KeyGroup;
using weir::state::ChunkReader;
using weir::state::KeyedBackend;

struct Chunks : weir::state::SnapshotSink {
  void Add(weir::state::SnapshotChunk chunk) override { all.push_back(std::move(chunk)); }
  std::vector<weir::state::SnapshotChunk> all;
};

// One value in the row, one that is encoded differently from how it lies, one in the slab, a list,
// a map.
template <class K>
class Backend {
 public:
  Backend()
      : backend_({.uid = "fuzz",
                  .groups = {KeyGroup(0), KeyGroup(2)},
                  .max_parallelism = 4,
                  .hash_seed = 1,
                  .key = weir::state::KeyOpsOf<K>()}) {
    WEIR_CHECK(weir::ValueState<int64_t>::DeclareIn(backend_, "n").ok());
    WEIR_CHECK(weir::ValueState<bool>::DeclareIn(backend_, "b").ok());
    WEIR_CHECK(weir::ValueState<std::string>::DeclareIn(backend_, "t").ok());
    WEIR_CHECK(weir::ListState<std::string>::DeclareIn(backend_, "l").ok());
    WEIR_CHECK((weir::MapState<std::string, std::string>::DeclareIn(backend_, "m").ok()));
    backend_.Open();
  }

  bool Restore(std::string_view name, std::string_view bytes) {
    return backend_.RestoreChunk(name, bytes).ok();
  }

  std::vector<weir::state::SnapshotChunk> Snapshot() {
    Chunks chunks;
    WEIR_CHECK(backend_.BeginSnapshot(weir::base::CheckpointId(1), chunks).ok());
    while (!backend_.EncodeSome(100)) {
    }
    return std::move(chunks.all);
  }

  const std::string& NameOf(uint32_t state) { return backend_.states().states[state].name; }

 private:
  KeyedBackend backend_;
};

constexpr uint32_t kMapState = 4;

using Entries = std::set<std::pair<std::string, std::string>>;

Entries EntriesOf(const std::vector<weir::state::SnapshotChunk>& chunks) {
  Entries entries;
  for (const auto& chunk : chunks) {
    auto reader = ChunkReader::Open(chunk.bytes);
    WEIR_CHECK(reader.ok());
    ChunkReader::Entry entry;
    while (reader->Next(entry)) {
      if (chunk.state != kMapState) {
        entries.emplace(entry.key, entry.value);
        continue;
      }
      // The items of a map may be dealt out to its entries in any way.
      weir::state::MapItem item;
      for (weir::state::RunReader run(entry.value); run.Next(item);) {
        weir::base::ByteWriter whole;
        weir::state::AppendItem(whole, entry.key, item.key);
        WEIR_CHECK(entries.emplace(whole.Take(), item.value).second);
      }
    }
    WEIR_CHECK(reader->Finish().ok());
  }
  return entries;
}

template <class K>
void FuzzChunk(std::string_view name, std::string_view bytes) {
  Backend<K> backend;
  if (!backend.Restore(name, bytes)) return;
  const auto chunks = backend.Snapshot();
  Backend<K> again;
  for (const auto& chunk : chunks) {
    WEIR_CHECK(again.Restore(again.NameOf(chunk.state), chunk.bytes));
  }
  WEIR_CHECK(EntriesOf(again.Snapshot()) == EntriesOf(chunks));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'n':
    case 'b':
    case 't':
    case 'l':
    case 'm':
      FuzzChunk<int64_t>({reinterpret_cast<const char*>(data), 1}, bytes);
      break;
    case 'N':
      FuzzChunk<std::string>("n", bytes);
      break;
    case 'T':
      FuzzChunk<std::string>("t", bytes);
      break;
    default:
      break;
  }
  return 0;
}
