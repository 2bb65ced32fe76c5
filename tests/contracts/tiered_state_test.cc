// Sketch: keyed state larger than memory. RocksDB below, the hash backend's table above it as the
// place where rows are resident.
//
// What it asks of the contracts: handles that do not know where a row came from; a row that is put
// into the table without being marked as changed; a deletion that hides what lies below; rows that
// leave the table again; a snapshot in the same logical chunks.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/contracts/stage.h"
#include "weir/checkpoint/example_records.h"
#include "weir/checkpoint/pending_checkpoint.h"
#include "weir/checkpoint/rescale_plan.h"
#include "weir/exchange/test_wire.h"
#include "weir/state/value_state.h"

namespace weir::contracts {
namespace {

/// What RocksDB would hold: (key, state) to bytes, both encoded.
using Below = std::map<std::pair<std::string, std::string>, std::string>;

/// The keyed state of one operator, in two places.
class TieredState final : public state::KeyedBackend {
 public:
  explicit TieredState(Below& below) : KeyedBackend(OptionsFor(*this)), below_(below) {}

  void BindKey(const int64_t& key) { Bind(TypeTraits<int64_t>::Hash(0, key), key); }

  /// Brings what lies below up to date and lets all rows go.
  void Flush() {
    for (const uint64_t hash : Resident())
      Evict(hash, [this](const state::Row& row) { WriteBack(row); });
  }

  std::vector<uint64_t> Resident() const {
    std::vector<uint64_t> hashes;
    table().VisitRows(
        [&](const state::Row& row) { hashes.push_back(HashOf(table().layout().KeyOf(row))); });
    return hashes;
  }

  // All of a snapshot is below from its beginning on: there RocksDB keeps a view of it.
  Status BeginSnapshot(base::CheckpointId, state::SnapshotSink& sink) override {
    Flush();
    frozen_ = below_;
    writer_ = std::make_unique<state::SnapshotWriter>(
        sink, kGroups, sizeof(int64_t),
        std::vector<uint32_t>{sizeof(int64_t), state::ChunkHeader::kVariable});
    return {};
  }
  bool EncodeSome(size_t bytes) override {
    Unbind();
    for (const uint64_t before = Written(); !frozen_.empty(); frozen_.erase(frozen_.begin())) {
      if (Written() - before >= bytes) return false;
      const auto& [place, value] = *frozen_.begin();
      const base::KeyGroup group = base::KeyGroupOf(HashOf(place.first), kGroups.count());
      writer_->Add(group.number(), place.second == "count" ? 0 : 1, place.first, value);
    }
    writer_->FlushAll();
    writer_.reset();
    return true;
  }
  void AbortSnapshot(base::CheckpointId) override { writer_.reset(); }

  int loads = 0;

 private:
  static constexpr base::KeyGroupRange kGroups{base::KeyGroup(0), base::KeyGroup(kKeyGroups)};

  static Options OptionsFor(TieredState& self) {
    Options options = BackendOptionsOf<int64_t>(ContextOf("tiered", 0, 1));
    options.deletions_matter = true;
    options.load = [&self](uint64_t hash, std::string_view key) { return self.Load(hash, key); };
    return options;
  }
  static uint64_t HashOf(std::string_view key) {
    uint64_t hash = 0;
    EXPECT_TRUE(state::HashEncodedKey<int64_t>(0, key, hash));
    return hash;
  }
  uint64_t Written() const { return writer_->bytes_written() + writer_->bytes_buffered(); }

  bool IsText(uint32_t state) const {
    return states().states[state].value.kind == record::TypeKind::kString;
  }
  std::pair<std::string, std::string> PlaceOf(std::string_view key, uint32_t state) const {
    return {std::string(key), states().states[state].name};
  }

  state::Row* Load(uint64_t hash, std::string_view key) {
    ++loads;
    state::Row* row = nullptr;
    for (uint32_t i = 0; i < states().states.size(); ++i) {
      const auto found = below_.find(PlaceOf(key, i));
      if (found == below_.end()) continue;
      if (row == nullptr) row = table().FindOrInsertEncoded(hash, key);
      if (IsText(i)) {
        table().AssignBytes(row, hash, i, found->second);
      } else {
        std::memcpy(row->At(table().layout().offsets[i]), found->second.data(), sizeof(int64_t));
      }
      table().SetPresent(row, i);
    }
    return row;
  }

  void WriteBack(const state::Row& row) {
    const std::string_view key = table().layout().KeyOf(row);
    for (uint32_t i = 0; i < states().states.size(); ++i) {
      if ((row.presence & 1u << i) == 0) {
        below_.erase(PlaceOf(key, i));
      } else if (IsText(i)) {
        below_[PlaceOf(key, i)] = table().BytesOfState(&row, i);
      } else {
        below_[PlaceOf(key, i)] = std::string(row.At(table().layout().offsets[i]), sizeof(int64_t));
      }
    }
  }

  Below& below_;
  Below frozen_;  // of the running snapshot, what is not yet encoded
  std::unique_ptr<state::SnapshotWriter> writer_;
};

struct Chunks final : state::SnapshotSink {
  void Add(state::SnapshotChunk chunk) override { all.push_back(std::move(chunk)); }
  std::vector<state::SnapshotChunk> all;
};

// A bound key outlives the use of the handles.
constexpr int64_t kOne = 1;
constexpr int64_t kTwo = 2;

struct Tiered : ::testing::Test {
  // A process: its table is empty, what lies below is as the last one left it.
  struct Process {
    explicit Process(Below& below) : state(below) {
      count = *ValueState<int64_t>::DeclareIn(state, "count");
      name = *ValueState<std::string>::DeclareIn(state, "name");
      state.Open();
    }
    ~Process() { EXPECT_TRUE(state.status().ok()); }
    TieredState state;
    ValueState<int64_t> count;
    ValueState<std::string> name;
  };
  // One that had a value for kOne.
  void Earlier() {
    Process process(below);
    process.state.BindKey(kOne);
    process.count.Update(41);
    process.name.Update("ann");
    process.state.Flush();
  }
  Below below;
};

TEST_F(Tiered, HandlesReadARowThatIsNotResident) {
  Earlier();
  Process process(below);
  process.state.BindKey(kOne);
  EXPECT_EQ(process.count.Get(), 41);
  EXPECT_EQ(process.name.Get(), "ann");
  process.count.Update(*process.count.Get() + 1);
  EXPECT_EQ(process.count.Get(), 42);
}

TEST_F(Tiered, OnlyARowThatIsNotResidentIsAskedFor) {
  Earlier();
  Process process(below);
  for (int i = 0; i < 3; ++i) process.state.BindKey(kOne);
  EXPECT_EQ(process.state.loads, 1);
}

TEST_F(Tiered, ALoadedRowIsNotMarkedAsChanged) {
  Earlier();
  Process process(below);
  process.state.BindKey(kOne);
  ASSERT_NE(process.state.row(), nullptr);
  EXPECT_EQ(process.state.row()->marks, 0);
  process.count.Update(42);
  EXPECT_NE(process.state.row()->marks, 0);
}

TEST_F(Tiered, ADeletedRowDoesNotComeBackFromBelow) {
  Earlier();
  Process process(below);
  process.state.BindKey(kOne);
  process.count.Clear();
  process.name.Clear();
  process.state.BindKey(kTwo);
  process.state.BindKey(kOne);
  EXPECT_FALSE(process.count.Has());
  process.state.Flush();
  EXPECT_TRUE(below.empty());
}

TEST_F(Tiered, CleanRowsLeaveAndAreReadAgain) {
  Earlier();
  Process process(below);
  process.state.BindKey(kOne);
  process.state.BindKey(kTwo);
  process.count.Update(7);
  for (const uint64_t hash : process.state.Resident()) process.state.Evict(hash, nullptr);
  EXPECT_EQ(process.state.rows(), 1u);  // kTwo, which only the table knows
  process.state.BindKey(kOne);
  EXPECT_EQ(process.name.Get(), "ann");
  EXPECT_EQ(process.state.loads, 3);  // kOne, kTwo in vain, kOne
}

TEST_F(Tiered, ASnapshotIsThatOfAnyBackend) {
  Earlier();
  Process process(below);
  process.state.BindKey(kTwo);
  process.count.Update(7);
  Chunks chunks;
  ASSERT_TRUE(process.state.BeginSnapshot(base::CheckpointId(1), chunks).ok());
  process.state.BindKey(kTwo);
  process.count.Update(8);
  while (!process.state.EncodeSome(1)) {
  }

  state::KeyedBackend restored(BackendOptionsOf<int64_t>(ContextOf("tiered", 0, 1)));
  const auto count = *ValueState<int64_t>::DeclareIn(restored, "count");
  const auto name = *ValueState<std::string>::DeclareIn(restored, "name");
  restored.Open();
  for (const state::SnapshotChunk& chunk : chunks.all)
    ASSERT_TRUE(restored.RestoreChunk(chunk.state == 0 ? "count" : "name", chunk.bytes).ok());
  EXPECT_EQ(restored.rows(), 2u);
  restored.Bind(TypeTraits<int64_t>::Hash(0, kOne), kOne);
  EXPECT_EQ(name.Get(), "ann");
  restored.Bind(TypeTraits<int64_t>::Hash(0, kTwo), kTwo);
  EXPECT_EQ(count.Get(), 7);
}

// An incremental snapshot: each file of the store below is a pack, written once. Both subtasks of a
// job that was rescaled hold the file of their common past.
TEST(FilesBelow, ArePacksThatLaterCheckpointsNameAgain) {
  using checkpoint::Groups, checkpoint::HistoryRecord, checkpoint::NamedPack, checkpoint::PackRef;
  const auto pack_of = [](uint64_t checkpoint, uint32_t subtask, base::KeyGroupRange groups) {
    PackRef pack = NamedPack(1, checkpoint, subtask);
    pack.key_groups = groups;
    return pack;
  };
  HistoryRecord base = checkpoint::CheckpointRecord(2, 1, 2);
  const PackRef of_both = pack_of(2, 0, Groups(0, 8));
  base.checkpoint->packs = {of_both};
  checkpoint::PendingCheckpoint::Options options;
  options.tag = {base::Epoch(1), base::Attempt(1), base::CheckpointId(3)};
  options.chains = base.checkpoint->chains;
  options.base = base;
  for (uint32_t i = 0; i < 2; ++i)
    options.expected.push_back({base::ChainIndex(0), base::SubtaskIndex(i)});
  const std::vector<PackRef> written = {pack_of(3, 0, Groups(0, 4)), pack_of(3, 1, Groups(4, 8))};
  exchange::TestChaos chaos;
  checkpoint::PendingCheckpoint pending(options, chaos);
  for (uint32_t i = 0; i < 2; ++i) {
    checkpoint::Acknowledgement news{
        .tag = options.tag, .subtask = options.expected[i], .packs = {}};
    news.packs = {of_both, written[i]};
    EXPECT_EQ(pending.OnAcknowledge(std::move(news)), i == 1);
  }
  HistoryRecord record = checkpoint::CheckpointRecord(3, 1, 3, {{base.ref(), ""}});
  record.checkpoint->packs = pending.Assemble({}).value().packs;
  EXPECT_EQ(record.checkpoint->packs, (std::vector{of_both, written[0], written[1]}));
  EXPECT_TRUE(checkpoint::CheckRecord(record).ok());
  for (const checkpoint::OperatorRestore& restore :
       checkpoint::PlanRestore(record, "per-page", 4)) {
    ASSERT_EQ(restore.packs.size(), 2u);  // the older first
    EXPECT_EQ(restore.packs[0].pack, of_both);
    EXPECT_EQ(restore.packs[1].pack, written[restore.subtask.number() / 2]);
  }
}

}  // namespace
}  // namespace weir::contracts
