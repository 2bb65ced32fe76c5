// KeyedBackend: the keyed state of one operator of one subtask: its declared states, their table,
// and the row of the key that is being processed.
//
//   declare states ─▶ Open ─▶ restore chunks ─▶ ( Bind a key ─▶ use handles | snapshot )*
//
// Below the table may lie something larger (a tiered backend derives from this one): `load` brings
// the rows that it holds into the table, `Evict` lets them go, and snapshots are its own.
//
// A key's row is made by the first write, not by reading. References into it die with the record.
// Invariants: states are declared before Open, with one name for each; handles act on the bound
//   key. Errors of handles have no way back through user code: the first is kept in `status`, which
//   the driver looks at once a batch; after it nothing is written any more.
// Threads: one caller at a time: the task.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/base/hash.h"
#include "weir/base/ids.h"
#include "weir/base/status.h"
#include "weir/state/faults.h"
#include "weir/state/key_ops.h"
#include "weir/state/keyed_table.h"
#include "weir/state/snapshot_writer.h"
#include "weir/state/state_descriptor.h"

namespace weir::state {

class KeyedBackend;

/// Where a handle finds its state in the row of the bound key.
struct StateCell {
  KeyedBackend* backend = nullptr;
  uint32_t offset = 0;
  uint16_t index = 0;
  uint16_t mask = 0;
};

class KeyedBackend {
 public:
  struct Options {
    std::string uid;             // of the operator
    base::KeyGroupRange groups;  // not empty, below max_parallelism
    uint32_t max_parallelism = limits::kMaxParallelismDefault;
    base::HashSeed hash_seed = 0;  // the job's, inherited by resumes
    KeyOps key;                    // KeyOpsOf<K>()
    Faults faults = {};
    env::Executor* pool = nullptr;  // touches memory ahead of its use; outlives the backend
    uint32_t first_generation = 1;
    // Longer values are encoded in pieces.
    size_t whole_value_bytes_max = limits::kSnapshotChunkBytes;
    bool deletions_matter = false;  // from the start: they hide what lies below the table
    // Asked when a bound key has no row in the table: puts the row that lies below into `table()`
    // and returns it, without BeforeWrite, for nothing changed; null when there is none. Not set:
    // nothing lies below.
    std::function<Row*(uint64_t hash, std::string_view key)> load;
  };

  explicit KeyedBackend(Options options);
  virtual ~KeyedBackend() = default;
  KeyedBackend(const KeyedBackend&) = delete;
  KeyedBackend& operator=(const KeyedBackend&) = delete;

  /// Adds a state, or finds the one of the same name, kind and type.
  /// Errors: InvalidArgument: another kind or type has the name, or there are too many states;
  ///   FailedPrecondition: after Open.
  StatusOr<StateCell> Declare(const StateDescriptor& state, const ValueOps& value);

  /// What was declared; for plans and for the records of checkpoints.
  const OperatorStates& states() const { return states_; }

  /// Ends declaration. An operator without states may be opened too.
  void Open();
  bool is_open() const { return table_.has_value(); }

  /// Fetches the row of a key that will be bound in 16 records.
  void Prefetch(uint64_t hash) const { table_->Prefetch(hash); }

  /// Makes `key` the one that handles act on. It outlives the use of the handles.
  /// Shapes: hash is the key hash of `key` with this backend's seed. After Open; K is the type of
  ///   the options' KeyOps.
  template <class K>
  void Bind(uint64_t hash, const K& key) {
    row_ = table_->Find(hash, key);
    hash_ = hash;
    key_ = &key;
    if (row_ == nullptr && loads_) [[unlikely]]
      row_ = Load(hash, key);
  }
  void Unbind() { row_ = nullptr, key_ = nullptr; }

  /// For handles: the row of the bound key, or null when it has no state.
  const Row* row() const { return row_; }

  /// For handles: the row of the bound key, ready to be changed; null after an error.
  Row* RowForWrite() {
    if (row_ == nullptr) [[unlikely]]
      return MakeRow();
    table_->BeforeWrite(row_, hash_);
    return row_;
  }
  void SetPresent(Row* row, const StateCell& cell) { table_->SetPresent(row, cell.index); }
  bool Has(const StateCell& cell) const {
    return row_ != nullptr && (row_->presence & cell.mask) != 0;
  }

  /// For handles: states that lie in the slab.
  /// Shapes: BytesOf: the state is there.
  std::string_view BytesOf(const StateCell& cell) const {
    return table_->BytesOfState(row_, cell.index);
  }
  void AssignBytes(const StateCell& cell, std::string_view bytes);
  /// Appends one element to a list, whose bytes are the number of elements (u32) and the elements.
  void AppendElement(const StateCell& cell, std::string_view element);
  /// For handles: maps, of encoded keys and values. Shapes: MapOf: for reading, empty where there
  ///   is none; its positions hold as long as `map_changes` stays.
  MapTree MapOf(const StateCell& cell) const {
    return Has(cell) ? table_->MapOf(row_, cell.index) : MapTree(nullptr);
  }
  uint64_t map_changes() const { return table_->map_changes(); }
  void PutInMap(const StateCell& cell, std::string_view key, std::string_view value);
  bool RemoveFromMap(const StateCell& cell, std::string_view key);
  void Clear(const StateCell& cell);
  /// The bytes of a state did not decode.
  void FailDecode(const StateCell& cell);
  base::ByteWriter& scratch() { return scratch_.bytes().clear(), scratch_; }

  /// Begins the snapshot of `checkpoint`: the state as it is now. Constant time. The chunks go to
  /// `sink`, which outlives the snapshot.
  /// Shapes: no snapshot is running; checkpoint is above all begun before.
  /// Errors: ResourceExhausted after 2^32 snapshots: start the attempt again.
  virtual Status BeginSnapshot(base::CheckpointId checkpoint, SnapshotSink& sink);

  /// Works on the snapshot until about `bytes` were looked at or encoded (a megabyte takes about a
  /// millisecond); true when all chunks were handed on. Nothing is bound afterwards.
  virtual bool EncodeSome(size_t bytes);

  /// Gives the snapshot of `checkpoint` up, if it is running. Constant time.
  virtual void AbortSnapshot(base::CheckpointId checkpoint);

  /// `checkpoint` is complete: told by its completion, or as the base of the next one and before
  /// that begins. Those not begun here, and those before the newest begun, are ignored.
  void CheckpointCompleted(base::CheckpointId checkpoint);

  bool snapshot_running() const { return table_->snapshot_running(); }
  size_t snapshot_bytes_buffered() const { return table_->snapshot_bytes_buffered(); }

  /// KeyedTable::Evict; nothing is bound afterwards.
  uint32_t Evict(uint64_t hash, base::UniqueFunction<void(const Row&)> write_back) {
    Unbind();
    return table_->Evict(hash, std::move(write_back));
  }

  enum class Restored { kTaken, kNotOurs };
  /// Inserts what a chunk holds of the state `name`, unless its key group is another subtask's.
  /// Shapes: after Open; no snapshot is running; the stored schemas were compared (CompareStates).
  /// Errors: DataLoss: the bytes make no sense, or a key does not belong into the chunk's key
  ///   group; NotFound: no state has the name. After an error the backend is not to be used.
  StatusOr<Restored> RestoreChunk(std::string_view name, std::string_view bytes);

  /// Keys with state, and bytes held for them.
  uint64_t rows() const { return table_->rows(); }
  size_t bytes_reserved() const { return table_->bytes_reserved(); }
  /// The first error of a handle, naming operator and state.
  Status status() const;

  KeyedTable& table() { return *table_; }
  const KeyedTable& table() const { return *table_; }

 private:
  template <class K>
  [[gnu::noinline]] Row* Load(uint64_t hash, const K& key) {
    return options_.load(hash, KeyProbe<K>(key, scratch_).encoded());
  }
  Row* MakeRow();
  void Fail(Status status);
  std::string NameOf(uint32_t state) const;
  Status RestoreEntry(uint32_t state, const ChunkHeader& header, const ChunkReader::Entry& entry);
  bool IsOurs(base::KeyGroup group) const;

  const Options options_;
  const bool loads_;
  OperatorStates states_;
  RowLayout layout_;
  std::vector<ValueOps> values_;

  std::optional<KeyedTable> table_;  // from Open on
  Row* row_ = nullptr;
  uint64_t hash_ = 0;
  const void* key_ = nullptr;
  base::ByteWriter scratch_;
  Status status_;
  base::CheckpointId begun_;  // the newest
};

}  // namespace weir::state
