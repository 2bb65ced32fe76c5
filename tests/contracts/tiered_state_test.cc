// Sketch: keyed state larger than memory. RocksDB below, the hash backend's table above it as the
// place where rows are resident.
//
// What it asks of the contracts: handles that do not know where a row came from; a row that is put
// into the table without being marked as changed; a deletion that hides what lies below; a
// snapshot in the same logical chunks.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <optional>
#include <string>

#include "tests/contracts/stage.h"
#include "weir/state/value_state.h"

namespace weir::contracts {
namespace {

/// What RocksDB would hold: (key, state) to bytes, both encoded.
using Below = std::map<std::pair<std::string, std::string>, std::string>;

/// The keyed state of one operator, in two places.
class TieredState final : private state::SnapshotSink {
 public:
  explicit TieredState(Below& below)
      : below_(below), backend_(BackendOptionsOf<int64_t>(ContextOf("tiered", 0, 1))) {}

  state::KeyedBackend& backend() { return backend_; }

  /// After the declarations. From the first snapshot on the table remembers deletions.
  void Open() {
    backend_.Open();
    WriteBack();
  }

  /// The one branch: the row is resident, or is asked for below.
  void Bind(const int64_t& key) {
    const uint64_t hash = TypeTraits<int64_t>::Hash(0, key);
    backend_.Bind(hash, key);
    if (backend_.row() != nullptr) return;
    if (Load(hash, key)) backend_.Bind(hash, key);
  }

  /// Brings what lies below up to date, as a flush or a snapshot does.
  void WriteBack() {
    ASSERT_TRUE(backend_.BeginSnapshot(++checkpoint_, *this).ok());
    while (!backend_.EncodeSome(64 << 10)) {
    }
  }

 private:
  static std::string Encoded(const int64_t& key) {
    base::ByteWriter out;
    TypeTraits<int64_t>::Encode(key, out);
    return out.Take();
  }

  bool Load(uint64_t hash, const int64_t& key) {
    const std::string encoded = Encoded(key);
    state::Row* row = nullptr;
    const auto& states = backend_.states().states;
    for (uint32_t i = 0; i < states.size(); ++i) {
      const auto found = below_.find({encoded, states[i].name});
      if (found == below_.end()) continue;
      state::KeyedTable& table = backend_.table();
      if (row == nullptr) row = table.FindOrInsertEncoded(hash, encoded);
      if (states[i].value.kind == record::TypeKind::kString) {
        table.AssignBytes(row, hash, i, found->second);
      } else {
        std::memcpy(row->At(table.layout().offsets[i]), found->second.data(), sizeof(int64_t));
      }
      table.SetPresent(row, i);
    }
    return row != nullptr;
  }

  void Add(state::SnapshotChunk chunk) override {
    const StatusOr<state::ChunkReader> opened = state::ChunkReader::Open(chunk.bytes);
    ASSERT_TRUE(opened.ok());
    state::ChunkReader reader = *opened;
    for (state::ChunkReader::Entry entry; reader.Next(entry);) {
      below_[{std::string(entry.key), backend_.states().states[chunk.state].name}] = entry.value;
    }
  }

  struct Checkpoints {
    base::CheckpointId operator++() { return id = id.Next(); }
    base::CheckpointId id;
  };
  Below& below_;
  state::KeyedBackend backend_;
  Checkpoints checkpoint_;
};

// A bound key outlives the use of the handles.
constexpr int64_t kOne = 1;
constexpr int64_t kTwo = 2;

struct Tiered : ::testing::Test {
  // A process: its table is empty, what lies below is as the last one left it.
  struct Process {
    explicit Process(Below& below) : state(below) {
      count = *ValueState<int64_t>::DeclareIn(state.backend(), "count");
      name = *ValueState<std::string>::DeclareIn(state.backend(), "name");
      state.Open();
    }
    TieredState state;
    ValueState<int64_t> count;
    ValueState<std::string> name;
  };
  Below below;
};

TEST_F(Tiered, HandlesReadARowThatIsNotResident) {
  {
    Process process(below);
    process.state.Bind(kOne);
    process.count.Update(41);
    process.name.Update("ann");
    process.state.WriteBack();
  }
  Process process(below);
  process.state.Bind(kOne);
  EXPECT_EQ(process.count.Get(), 41);
  EXPECT_EQ(process.name.Get(), "ann");
  process.count.Update(*process.count.Get() + 1);
  EXPECT_EQ(process.count.Get(), 42);
  EXPECT_TRUE(process.state.backend().status().ok());
}

TEST_F(Tiered, ALoadedRowIsNotMarkedAsChanged) {
  {
    Process process(below);
    process.state.Bind(kOne);
    process.count.Update(41);
    process.state.WriteBack();
  }
  Process process(below);
  process.state.Bind(kOne);
  ASSERT_NE(process.state.backend().row(), nullptr);
  EXPECT_EQ(process.state.backend().row()->marks, 0);
  process.count.Update(42);
  EXPECT_NE(process.state.backend().row()->marks, 0);
}

TEST_F(Tiered, ADeletedRowDoesNotComeBackFromBelow) {
  {
    Process process(below);
    process.state.Bind(kOne);
    process.count.Update(41);
    process.state.WriteBack();
  }
  Process process(below);
  process.state.Bind(kOne);
  process.count.Clear();
  process.state.Bind(kTwo);
  process.state.Bind(kOne);
  EXPECT_FALSE(process.count.Has());
}

}  // namespace
}  // namespace weir::contracts
