// KeyedTable: the rows of one keyed operator of one subtask, one row per (key, namespace).
//
//   key group (16 bytes each) ─▶ directory (on the hash bits below) ─▶ segment (≤ 64 KiB) ─▶ row
//
// A row is found with one cache line of its own: the directory entry has the segment's address and
// capacity, hence the row's. Rows move only when their segment is rebuilt (it grows by an eighth,
// splits, or drops deleted rows), which touches one segment; nothing here takes time in proportion
// to the state.
//
// Snapshots. Beginning one increments the table's generation. A row of an older generation is not
// yet encoded; it is encoded when the walk (EncodeSome) meets it or just before it is changed,
// whichever is first, and takes the new generation. New rows are born with it. A rebuilt segment
// keeps the generations of its rows and so needs no encoding.
//
// Marks. A row says in two bits whether it changed in its generation, and whether it changed before
// that but after the last completed snapshot: what a delta would hold. They are brought up to date
// when the row's generation is.
//
// A map of a row is a tree of pages of its own (state/map_tree.h). A large one is frozen page by
// page: what freezes its row notes it, and the walk comes back to it. One that is cleared goes page
// by page, too.
//
// The file keyed_table.cc has rows and snapshots, keyed_table_growth.cc how segments are rebuilt,
// keyed_table_maps.cc the maps.
// Threads: one caller at a time: the task.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/function.h"
#include "weir/base/hash.h"
#include "weir/base/status.h"
#include "weir/state/arena.h"
#include "weir/state/faults.h"
#include "weir/state/key_ops.h"
#include "weir/state/map_tree.h"
#include "weir/state/row.h"
#include "weir/state/segment.h"
#include "weir/state/slab.h"
#include "weir/state/snapshot_writer.h"

namespace weir::state {

class KeyedTable {
 public:
  struct Options {
    base::KeyGroupRange groups;  // not empty, below max_parallelism
    uint32_t max_parallelism = 0;
    base::HashSeed hash_seed = 0;
    KeyOps key;
    RowLayout layout;
    std::vector<ValueOps> values;  // one for each of the layout's states
    Faults faults = {};
    env::Executor* pool = nullptr;  // touches memory ahead of its use; outlives the table
    uint32_t first_generation = 1;
    // Longer values are encoded in pieces of what is left of a step.
    size_t whole_value_bytes_max = limits::kSnapshotChunkBytes;
    // A deleted row is remembered from the start, not from the first snapshot: it hides what lies
    // below the table.
    bool deletions_matter = false;
  };

  explicit KeyedTable(Options options);
  ~KeyedTable();
  KeyedTable(const KeyedTable&) = delete;
  KeyedTable& operator=(const KeyedTable&) = delete;

  const RowLayout& layout() const { return options_.layout; }
  const base::KeyGroupRange& groups() const { return options_.groups; }

  /// Fetches the row of a key that will be looked for in 16 records: the line of its home and, as
  /// half of the rows begin or end there, the one behind.
  void Prefetch(uint64_t hash) const {
    const Row* home = EntryOf(hash).Home(hash, row_bytes_);
    __builtin_prefetch(home, /*rw=*/1);
    __builtin_prefetch(home->At(64), /*rw=*/1);
    // g++ 12 takes a function that only prefetches for one without effect and drops its calls.
    asm volatile("" : : "r"(home));
  }

  /// The row of `key`, or null. It may be one without a present state.
  /// Shapes: hash is the key hash of `key` with this table's seed.
  template <class K>
  Row* Find(uint64_t hash, const K& key) {
    return FindProbe(hash, KeyProbe<K>(key, key_scratch_));
  }

  /// The row of `key`, made without a present state or a mark when it is not there. Rows found
  /// before may have moved. Null after an error, which `status` has: a hash that is not the key's
  /// or outside of the groups, a key that is too long or must not be one.
  template <class K>
  Row* FindOrInsert(uint64_t hash, const K& key) {
    const KeyProbe<K> probe(key, key_scratch_);
    Row* row = FindProbe(hash, probe);
    return row != nullptr ? row : Insert(hash, probe.encoded());
  }

  /// As FindOrInsert, for the encoding of a key.
  Row* FindOrInsertEncoded(uint64_t hash, std::string_view key);

  /// Must be called before a cell or the presence of a row is changed: the running snapshot gets
  /// the old value, and the row is marked.
  void BeforeWrite(Row* row, uint64_t hash) {
    if (row->generation != generation_) [[unlikely]]
      Freeze(row, hash);
    row->marks |= kDirtyNewer;
  }

  /// Says that the state has a value now; after BeforeWrite.
  void SetPresent(Row* row, uint32_t state) {
    if (row->presence == 0) [[unlikely]]
      ++rows_;
    row->presence = static_cast<uint16_t>(row->presence | 1u << state);
  }

  /// Replaces, or appends to, the bytes of a state that lies in the slab; after BeforeWrite.
  /// Shapes: what results is at most limits::kValueBytesMax.
  void AssignBytes(Row* row, uint64_t hash, uint32_t state, std::string_view bytes);
  void AppendBytes(Row* row, uint64_t hash, uint32_t state, std::string_view bytes);
  std::string_view BytesOfState(const Row* row, uint32_t state) const {
    return BytesOf(row->BlockAt(layout().offsets[state]));
  }

  /// The map of a row, for reading.
  MapTree MapOf(const Row* row, uint32_t state) const {
    return MapTree(row->BlockAt(layout().offsets[state]));
  }

  /// Changes the map of a row; after BeforeWrite. Keys and values are encodings.
  /// Shapes: an item is at most limits::kMapItemBytesMax; a run is sound (CheckRun). Remove:
  ///   whether the item was there; a map that became empty must be cleared.
  void PutInMap(Row* row, uint64_t hash, uint32_t state, std::string_view key,
                std::string_view value);
  void PutRunInMap(Row* row, uint64_t hash, uint32_t state, std::string_view run);
  bool RemoveFromMap(Row* row, uint64_t hash, uint32_t state, std::string_view key);

  /// Rises with each change of any map: positions in maps are lost.
  uint64_t map_changes() const { return map_changes_; }

  /// The state has no value any more. A row that loses its last one must not be used again.
  /// Shapes: returns whether the row still has a state.
  bool Clear(Row* row, uint64_t hash, uint32_t state);

  /// Begins a snapshot of the state as it is now. Constant time.
  /// `sink` outlives the snapshot.
  /// Errors: ResourceExhausted after 2^32 snapshots: start the attempt again.
  Status BeginSnapshot(SnapshotSink& sink);

  /// Encodes rows until about `bytes` were looked at or encoded; true when the snapshot is done.
  /// Rows found before may have moved.
  bool EncodeSome(size_t bytes);

  /// Gives the running snapshot up; marks stay as they are. Constant time.
  void AbortSnapshot();

  bool snapshot_running() const { return snapshot_ != nullptr; }
  size_t snapshot_bytes_buffered() const {
    return snapshot_ == nullptr ? 0 : snapshot_->bytes_buffered();
  }

  /// The generation: that of the snapshot begun last, or the first one.
  uint32_t generation() const { return generation_; }

  /// The snapshot that began this generation is complete: deltas build on it from now on.
  /// Shapes: not older than the one told before. One that is older than the newest begun is
  ///   allowed; then some rows that did not change since stay marked.
  void SnapshotCompleted(uint32_t generation);

  /// True when the row changed since the last completed snapshot began; always when there is none.
  bool Dirty(const Row& row) const {
    const bool newer = (row.marks & kDirtyNewer) != 0 && row.generation >= completed_;
    const bool older = (row.marks & kDirtyOlder) != 0 && row.generation > completed_;
    return newer || older;
  }

  /// Drops the rows of the segment where `hash` belongs, so that their memory is free; returns how
  /// many. For a table that is the upper part of something larger: those that are Dirty go to
  /// `write_back` first, deleted ones too, or stay when it is null. Those that the running snapshot
  /// has not encoded stay. Rows found before may have moved.
  /// Shapes: hash belongs to one of the groups.
  uint32_t Evict(uint64_t hash, base::UniqueFunction<void(const Row&)> write_back);

  /// Calls `visit` for each row, with and without present states, in no order.
  void VisitRows(base::UniqueFunction<void(const Row&)> visit) const;

  /// Keys with a present state in this table.
  uint64_t rows() const { return rows_; }
  /// Bytes that the table holds, directories included.
  size_t bytes_reserved() const;
  /// The first error; then the state is not to be used.
  const Status& status() const { return status_; }

 private:
  // An array of 2^depth entries; in front of it a word with the number of segments.
  struct Group {
    uint64_t directory = 0;      // its address, and 63 - depth in the top 16 bits
    std::unique_ptr<Slab> slab;  // made at the first need

    DirectoryEntry* entries() const {
      return reinterpret_cast<DirectoryEntry*>(directory & 0xFFFF'FFFF'FFFF);
    }
    uint32_t depth() const { return 63 - static_cast<uint32_t>(directory >> 48); }
  };
  static_assert(sizeof(Group) == 16);

  // Where the walk is: before row `row` of the `link`-th segment of the chain at entry `entry`.
  struct Cursor {
    uint32_t group = 0, entry = 0, link = 0, row = 0;
  };

  // A long value that is encoded up to some byte. Its row keeps the old generation, so whoever
  // writes the row ends it first; the row is known again by the block, wherever it has moved.
  struct LongValue {
    const Block* block = nullptr;  // null: none
    uint32_t state = 0;
    size_t done = 0;
  };

  // A large map of which the running snapshot has what comes before `after`, or nothing.
  struct PendingMap {
    uint32_t group_index;
    uint32_t state;
    std::string key;  // of its row
    std::optional<std::string> after;
  };

  // Pages of a large map that was cleared. Those of leaves that the snapshot of this generation
  // does not have go to it, if it is still running.
  struct DroppedMap {
    uint32_t group_index;
    uint32_t state;
    std::string key;
    uint32_t generation;
    std::vector<Block*> pages;
  };

  // >> 1 >> 63 instead of >> 64, for one key group and for directories of one entry.
  uint64_t GroupIndexOf(uint64_t hash) const { return (hash >> 1 >> group_shift_) - first_group_; }
  uint64_t EntryIndexOf(const Group& group, uint64_t hash) const {
    return (hash << group_bits_) >> 1 >> (group.directory >> 48);
  }
  DirectoryEntry& EntryAt(const Group& group, uint64_t hash) const {
    return group.entries()[EntryIndexOf(group, hash)];
  }
  DirectoryEntry EntryOf(uint64_t hash) const {
    const uint64_t index = GroupIndexOf(hash);
    if (index >= group_count_) [[unlikely]]
      return empty_entry();
    return EntryAt(groups_[index], hash);
  }

  template <class Probe>
  Row* FindProbe(uint64_t hash, const Probe& probe) const {
    const DirectoryEntry entry = EntryOf(hash);
    const uint32_t row_bytes = row_bytes_;
    const uint8_t tag = TagOf(hash);
    Row* row = entry.Home(hash, row_bytes);
    for (;;) {
      if (row->tag == tag && probe.Matches(*row)) return row;
      if (row->tag == 0) break;
      row = reinterpret_cast<Row*>(row->At(row_bytes));
      const char* end = entry.first() + size_t{entry.capacity()} * row_bytes;
      if (row->At(0) == end) row = reinterpret_cast<Row*>(entry.first());
    }
    if (!entry.overflows()) [[likely]]
      return nullptr;
    return FindInOverflow(entry.segment()->overflow, hash, probe);
  }

  template <class Probe>
  Row* FindInOverflow(Segment* segment, uint64_t hash, const Probe& probe) const {
    for (; segment != nullptr; segment = segment->overflow) {
      for (uint32_t index = HomeOf(hash, segment->capacity);;) {
        Row* row = segment->RowAt(index, row_bytes_);
        if (row->tag == TagOf(hash) && probe.Matches(*row)) return row;
        if (row->tag == 0) break;
        index = index + 1 == segment->capacity ? 0 : index + 1;
      }
    }
    return nullptr;
  }

  Row* FindEncoded(uint64_t hash, std::string_view key) const;
  Row* Insert(uint64_t hash, std::string_view key);
  Status CheckKey(uint64_t hash, std::string_view key) const;
  void Fail(Status status);
  void Freeze(Row* row, uint64_t hash);
  void BringUpToDate(Row* row);
  bool EncodeRow(const Row& row, uint32_t group_index, size_t at_most);
  bool EncodeLong(const Row& row, uint32_t group_index, uint32_t state, size_t& at_most);
  Slab& SlabOf(uint32_t group_index);
  bool MayForget(const Row& row) const;
  bool MayEvict(const Row& row) const;
  bool WalkSegment(Segment* segment, int64_t& work);
  void NextEntry(const Group& group, const Segment* segment);

  // keyed_table_maps.cc
  class MapFreezer;
  template <class F>
  auto ChangeMap(Row* row, uint64_t hash, uint32_t state, F change);
  MapTree::Change ChangeOf(uint32_t group_index, MapFreezer& freezer);
  void DropMap(uint32_t group_index, const Row& row, uint32_t state);
  void EncodeMap(const Row& row, uint32_t group_index, uint32_t state);
  bool EncodePendingMaps(int64_t& work);
  bool FreeDroppedMaps(int64_t& work);

  DirectoryEntry empty_entry() const { return DirectoryEntry(&empty_segment_.head); }

  // keyed_table_growth.cc
  Segment* SegmentWithRoom(uint32_t group_index, uint64_t hash);
  void MakeRoom(uint32_t group_index, uint64_t hash);
  uint32_t RowsMax(uint32_t group_index) const;
  Segment* MakeSegment(uint32_t group_index, uint32_t kept, uint32_t depth);
  void Deleted(uint32_t group_index, uint64_t hash, const Row* row);
  void DropForgotten(uint32_t group_index, uint64_t hash, Segment* segment);
  void Rebuild(uint32_t group_index, uint64_t hash, Segment* segment, uint32_t kept);
  void FreeBlocks(uint32_t group_index, const Row& row);
  void Resize(uint32_t group_index, uint64_t hash, Segment* segment, uint32_t kept);
  void Split(uint32_t group_index, uint64_t hash, Segment* segment);
  void Overflow(uint32_t group_index, uint64_t hash, Segment* first);
  bool CanSplit(Segment* segment);
  void HashRows(Segment* segment);
  uint32_t CountKept(Segment* segment) const;
  void MoveRows(uint32_t group_index, Segment* from, Segment* zeros, Segment* ones);
  void SetEntries(uint32_t group_index, uint64_t hash, uint32_t depth, const Segment* segment);
  void ReplaceInChain(uint32_t group_index, uint64_t hash, Segment* old, Segment* by);
  void RowsWillMove(uint32_t group_index, uint64_t hash);
  void DoubleDirectory(uint32_t group_index);
  void SetDirectory(Group& group, DirectoryEntry* entries, uint32_t depth);
  void FreeDirectory(Group& group);
  static uint64_t& SegmentsOf(const Group& group);

  const Options options_;
  const uint32_t row_bytes_;
  const uint32_t group_bits_;   // of the hash
  const uint32_t group_shift_;  // 63 - group_bits_
  const uint32_t first_group_;
  const uint32_t group_count_;

  EmptySegment empty_segment_;
  uint64_t empty_directory_[2];  // no segments; one entry, for the empty segment
  std::unique_ptr<Group[]> groups_;
  Arena arena_;
  uint64_t rows_ = 0;
  size_t directory_bytes_ = 0;
  size_t slab_count_ = 0;
  std::vector<uint64_t> hashes_;  // of the rows of the segment that is being rebuilt
  base::ByteWriter key_scratch_;
  Status status_;

  uint32_t generation_;
  uint32_t completed_ = 0;  // generation of the last completed snapshot
  bool deletions_matter_;   // as asked, or a snapshot has begun: a delta may build on it
  // Which rows leave their segment besides the forgotten ones, while it is rebuilt.
  enum class Evicting : uint8_t { kNone, kClean, kAll };
  Evicting evicting_ = Evicting::kNone;
  std::unique_ptr<SnapshotWriter> snapshot_;
  base::ByteWriter value_scratch_;
  Cursor cursor_;
  LongValue long_;
  std::vector<PendingMap> pending_maps_;
  std::vector<DroppedMap> dropped_maps_;
  base::ByteWriter map_scratch_;
  uint64_t map_changes_ = 0;
};

template <class K>
KeyOps KeyOpsOf() {
  return {.schema = TypeTraits<K>::MakeSchema(),
          .inline_bytes = kInlineKeyBytes<K>,
          .hash = &HashEncodedKey<K>,
          .find_or_insert = [](KeyedTable& table, uint64_t hash, const void* key) {
            return table.FindOrInsert(hash, *static_cast<const K*>(key));
          }};
}

}  // namespace weir::state
