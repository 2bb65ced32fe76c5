#include "weir/state/keyed_table.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "weir/base/check.h"

namespace weir::state {

namespace {

// What the walk counts for a directory entry and for a group, so that it also ends in an empty
// table.
constexpr int64_t kEntryWork = 16;
// Of a long value, even when the step is used up: each step goes on.
constexpr int64_t kPieceBytesMin = 64;

std::vector<uint32_t> ValueBytesOf(const std::vector<ValueOps>& values) {
  std::vector<uint32_t> bytes;
  bytes.reserve(values.size());
  for (const ValueOps& value : values) {
    bytes.push_back(value.encoded_as_lies ? value.inline_bytes : ChunkHeader::kVariable);
  }
  return bytes;
}

}  // namespace

KeyedTable::KeyedTable(Options options)
    : options_(std::move(options)),
      row_bytes_(options_.layout.row_bytes),
      group_bits_(static_cast<uint32_t>(std::countr_zero(options_.max_parallelism))),
      group_shift_(63 - group_bits_),
      first_group_(options_.groups.first.number()),
      group_count_(options_.groups.count()),
      arena_(options_.pool),
      generation_(options_.first_generation),
      deletions_matter_(options_.deletions_matter) {
  WEIR_CHECK(std::has_single_bit(options_.max_parallelism));
  WEIR_CHECK(options_.max_parallelism <= limits::kMaxParallelismMax);
  WEIR_CHECK(options_.groups.first < options_.groups.end);
  WEIR_CHECK(options_.groups.end.number() <= options_.max_parallelism);
  WEIR_CHECK(options_.layout.offsets.size() == options_.values.size());
  WEIR_CHECK(options_.values.size() <= limits::kStatesPerOperatorMax);
  empty_directory_[0] = 0;
  const DirectoryEntry nothing = empty_entry();
  std::memcpy(&empty_directory_[1], &nothing, sizeof nothing);
  groups_ = std::make_unique<Group[]>(group_count_);
  for (uint32_t index = 0; index < group_count_; ++index) FreeDirectory(groups_[index]);
}

KeyedTable::~KeyedTable() {
  for (uint32_t index = 0; index < group_count_; ++index) FreeDirectory(groups_[index]);
}

void KeyedTable::Fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
}

// A hash that is not the key's would lose the row: it is computed again when the row's segment is
// rebuilt, and decides about the key group at a restore.
Status KeyedTable::CheckKey(uint64_t hash, std::string_view key) const {
  if (GroupIndexOf(hash) >= group_count_) {
    return FailedPreconditionError("key group ", base::KeyGroupOf(hash, options_.max_parallelism),
                                   " is not one of this subtask, which has ", options_.groups.first,
                                   " to before ", options_.groups.end);
  }
  if (key.size() > limits::kValueBytesMax) {
    return ResourceExhaustedError("encoded key longer than ", limits::kValueBytesMax,
                                  " bytes: ", key.size());
  }
  uint64_t expected = 0;
  if (!options_.key.hash(options_.hash_seed, key, expected)) {
    return InvalidArgumentError("value cannot be a key (is it NaN?): ",
                                options_.key.schema.ToString());
  }
  if (hash != expected) {
    return FailedPreconditionError(
        "key does not have the hash that it was routed by: the key selector must give the same key "
        "for the same record each time");
  }
  return OkStatus();
}

Row* KeyedTable::Insert(uint64_t hash, std::string_view key) {
  if (Status status = CheckKey(hash, key); !status.ok()) return Fail(std::move(status)), nullptr;
  const auto group_index = static_cast<uint32_t>(GroupIndexOf(hash));
  Segment* segment = SegmentWithRoom(group_index, hash);
  Row* row = segment->FreeRow(hash, row_bytes_);
  ++segment->used;
  row->tag = TagOf(hash);
  row->generation = generation_;
  if (layout().key_inline_bytes != 0) {
    std::memcpy(row->At(RowLayout::kKeyOffset), key.data(), key.size());
  } else {
    Block* block = nullptr;
    SlabOf(group_index).Assign(block, key);
    row->SetBlockAt(RowLayout::kKeyOffset, block);
  }
  return row;
}

namespace {
// Compares the bytes alone: restored keys were equal in one table before.
struct EncodedProbe {
  const RowLayout& layout;
  std::string_view key;
  bool Matches(const Row& row) const { return layout.KeyOf(row) == key; }
};
}  // namespace

Row* KeyedTable::FindEncoded(uint64_t hash, std::string_view key) const {
  return FindProbe(hash, EncodedProbe{layout(), key});
}

Row* KeyedTable::FindOrInsertEncoded(uint64_t hash, std::string_view key) {
  Row* row = FindEncoded(hash, key);
  return row != nullptr ? row : Insert(hash, key);
}

Slab& KeyedTable::SlabOf(uint32_t group_index) {
  std::unique_ptr<Slab>& slab = groups_[group_index].slab;
  if (slab == nullptr) {
    slab = std::make_unique<Slab>(arena_);
    ++slab_count_;
  }
  return *slab;
}

void KeyedTable::AssignBytes(Row* row, uint64_t hash, uint32_t state, std::string_view bytes) {
  const uint32_t offset = layout().offsets[state];
  Block* block = row->BlockAt(offset);
  SlabOf(static_cast<uint32_t>(GroupIndexOf(hash))).Assign(block, bytes);
  row->SetBlockAt(offset, block);
}

void KeyedTable::AppendBytes(Row* row, uint64_t hash, uint32_t state, std::string_view bytes) {
  const uint32_t offset = layout().offsets[state];
  Block* block = row->BlockAt(offset);
  SlabOf(static_cast<uint32_t>(GroupIndexOf(hash))).Append(block, bytes);
  row->SetBlockAt(offset, block);
}

bool KeyedTable::Clear(Row* row, uint64_t hash, uint32_t state) {
  const auto bit = static_cast<uint16_t>(1u << state);
  if ((row->presence & bit) == 0) return row->presence != 0;
  BeforeWrite(row, hash);
  if (options_.values[state].is_map) {
    DropMap(static_cast<uint32_t>(GroupIndexOf(hash)), *row, state);
    row->SetBlockAt(layout().offsets[state], nullptr);
  } else if (options_.values[state].inline_bytes == 0) {
    AssignBytes(row, hash, state, {});
  }
  row->presence = static_cast<uint16_t>(row->presence & ~bit);
  if (row->presence != 0) return true;
  --rows_;
  Deleted(static_cast<uint32_t>(GroupIndexOf(hash)), hash, row);
  return false;
}

Status KeyedTable::BeginSnapshot(SnapshotSink& sink) {
  WEIR_CHECK(snapshot_ == nullptr);
  if (generation_ == std::numeric_limits<uint32_t>::max()) {
    return ResourceExhaustedError("snapshots of one attempt are used up: ", generation_);
  }
  ++generation_;
  deletions_matter_ = true;
  cursor_ = {};
  long_ = {};
  pending_maps_.clear();
  const uint32_t key_bytes =
      layout().key_inline_bytes != 0 ? layout().key_inline_bytes : ChunkHeader::kVariable;
  snapshot_ = std::make_unique<SnapshotWriter>(sink, options_.groups, key_bytes,
                                               ValueBytesOf(options_.values));
  return OkStatus();
}

void KeyedTable::AbortSnapshot() {
  snapshot_.reset();
  long_ = {};
}

void KeyedTable::SnapshotCompleted(uint32_t generation) {
  WEIR_CHECK(generation >= completed_ && generation <= generation_);
  completed_ = generation;
}

void KeyedTable::Freeze(Row* row, uint64_t hash) {
  if (snapshot_ != nullptr) {
    if (options_.faults.encode_after_write) return;
    EncodeRow(*row, static_cast<uint32_t>(GroupIndexOf(hash)), SIZE_MAX);
  }
  BringUpToDate(row);
}

// What changed in the row's old generation changed before this one.
void KeyedTable::BringUpToDate(Row* row) {
  row->marks = Dirty(*row) && !options_.faults.mark_lost ? kDirtyOlder : 0;
  row->generation = generation_;
}

// Encodes what was not yet of the row; of long values, `at_most` bytes. False when it must come
// again.
bool KeyedTable::EncodeRow(const Row& row, uint32_t group_index, size_t at_most) {
  const std::string_view key = layout().KeyOf(row);
  uint32_t left = row.presence;
  if (long_.block != nullptr && row.BlockAt(layout().offsets[long_.state]) == long_.block) {
    left &= ~0u << long_.state;  // those before it are encoded
  }
  for (; left != 0; left &= left - 1) {
    const auto state = static_cast<uint32_t>(std::countr_zero(left));
    const ValueOps& value = options_.values[state];
    const char* cell = row.At(layout().offsets[state]);
    if (value.is_map) {
      EncodeMap(row, group_index, state);
    } else if (value.inline_bytes == 0) {
      const std::string_view bytes = BytesOfState(&row, state);
      if (bytes.size() <= options_.whole_value_bytes_max) {
        snapshot_->Add(group_index, state, key, bytes);
      } else if (!EncodeLong(row, group_index, state, at_most)) {
        return false;
      }
    } else if (value.encoded_as_lies) {
      snapshot_->Add(group_index, state, key, {cell, value.inline_bytes});
    } else {
      value_scratch_.bytes().clear();
      value.encode(cell, value_scratch_);
      snapshot_->Add(group_index, state, key, value_scratch_.bytes());
    }
  }
  return true;
}

bool KeyedTable::EncodeLong(const Row& row, uint32_t group_index, uint32_t state, size_t& at_most) {
  const Block* block = row.BlockAt(layout().offsets[state]);
  const std::string_view key = layout().KeyOf(row), bytes = BytesOf(block);
  if (long_.block != nullptr && long_.block != block) {  // of a row that is about to be changed
    return snapshot_->Add(group_index, state, key, bytes), true;
  }
  if (long_.block == nullptr) {
    snapshot_->BeginLong(group_index, state, key, bytes.size());
    long_ = {.block = block, .state = state};
  }
  const std::string_view piece = bytes.substr(std::min(long_.done, bytes.size()), at_most);
  snapshot_->AddPiece(piece);
  at_most -= piece.size();
  long_.done += piece.size();
  if (long_.done < bytes.size()) return false;
  snapshot_->EndLong();
  long_ = {};
  return true;
}

bool KeyedTable::EncodeSome(size_t bytes) {
  WEIR_CHECK(snapshot_ != nullptr);
  auto work = static_cast<int64_t>(bytes);
  for (; cursor_.group < group_count_; cursor_ = {.group = cursor_.group + 1}) {
    const Group& group = groups_[cursor_.group];
    while (cursor_.entry < uint64_t{1} << group.depth()) {
      if (work <= 0) return false;
      work -= kEntryWork;
      Segment* first = group.entries()[cursor_.entry].segment();
      Segment* segment = first;
      for (uint32_t link = 0; link < cursor_.link; ++link) segment = segment->overflow;
      for (; segment != nullptr; segment = segment->overflow) {
        if (!WalkSegment(segment, work)) return false;
        ++cursor_.link;
        cursor_.row = 0;
      }
      NextEntry(group, first);
    }
    if (!EncodePendingMaps(work)) return false;
    snapshot_->Flush(cursor_.group);
  }
  if (!EncodePendingMaps(work)) return false;
  snapshot_->FlushAll();
  snapshot_.reset();
  return true;
}

// Encodes rows from the cursor on; false when the work is used up before the segment's end.
bool KeyedTable::WalkSegment(Segment* segment, int64_t& work) {
  if (segment == &empty_segment_.head) return true;
  for (; cursor_.row < segment->capacity; ++cursor_.row) {
    if (work <= 0) return false;
    work -= row_bytes_;
    Row* row = segment->RowAt(cursor_.row, row_bytes_);
    if (row->tag == 0 || row->generation == generation_) continue;
    const uint64_t before = snapshot_->bytes_written() + snapshot_->bytes_buffered();
    const bool whole =
        EncodeRow(*row, cursor_.group, static_cast<size_t>(std::max(work, kPieceBytesMin)));
    work -= static_cast<int64_t>(snapshot_->bytes_written() + snapshot_->bytes_buffered() - before);
    if (!whole) return false;
    BringUpToDate(row);
  }
  return true;
}

// Moves the cursor behind the segment's entries; on the way out its forgotten rows are dropped.
void KeyedTable::NextEntry(const Group& group, const Segment* segment) {
  const Cursor at = cursor_;
  cursor_ = {.group = at.group, .entry = at.entry + 1};
  if (segment == &empty_segment_.head) return;
  cursor_.entry = at.entry + (1u << (group.depth() - segment->depth));
  const uint64_t below = group.depth() == 0 ? 0 : uint64_t{at.entry} << (64 - group.depth());
  const uint64_t above =
      group_bits_ == 0 ? 0 : uint64_t{first_group_ + at.group} << (64 - group_bits_);
  for (Segment* link = group.entries()[at.entry].segment(); link != nullptr;
       link = link->overflow) {
    if (link->deleted * 4u < link->used) continue;
    return DropForgotten(at.group, above | below >> group_bits_, link);  // the others another time
  }
}

void KeyedTable::VisitRows(base::UniqueFunction<void(const Row&)> visit) const {
  for (uint32_t index = 0; index < group_count_; ++index) {
    const Group& group = groups_[index];
    for (uint64_t entry = 0; entry < uint64_t{1} << group.depth();) {
      Segment* segment = group.entries()[entry].segment();
      const bool empty = segment == &empty_segment_.head;
      entry += empty ? 1 : uint64_t{1} << (group.depth() - segment->depth);
      for (; segment != nullptr; segment = segment->overflow) {
        for (uint32_t i = 0; i < segment->capacity; ++i) {
          const Row* row = segment->RowAt(i, row_bytes_);
          if (row->tag != 0) visit(*row);
          if (empty) break;
        }
      }
    }
  }
}

size_t KeyedTable::bytes_reserved() const {
  return arena_.bytes_reserved() + group_count_ * sizeof(Group) + directory_bytes_ +
         slab_count_ * sizeof(Slab) + hashes_.capacity() * sizeof hashes_[0];
}

}  // namespace weir::state
