// How the segments of a keyed table grow, split, overflow and shrink. Each operation rebuilds one
// segment; the rows keep their generations and marks, and rows of deleted keys that nothing needs
// any more are left behind.
#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "weir/base/check.h"
#include "weir/state/keyed_table.h"

namespace weir::state {

namespace {

// 2^18 segments in one key group are 10 GiB; a directory of that size is doubled in less than 1 ms.
constexpr uint32_t kDepthMax = 18;
// The hash has 32 bits for key group and directory; the other 32 place the row.
constexpr uint32_t kDirectoryBits = 32;
// Fewer deletions are not worth a rebuild, unless they are all there was.
constexpr uint32_t kDeletedMin = 8;

// A rebuilt segment takes an eighth more rows than it has.
uint32_t WithHeadroom(uint32_t rows) { return rows + rows / 8 + 1; }

}  // namespace

Segment* KeyedTable::SegmentWithRoom(uint32_t group_index, uint64_t hash) {
  for (;;) {
    Segment* segment = EntryAt(groups_[group_index], hash).segment();
    for (; segment != nullptr; segment = segment->overflow) {
      if (segment->HasRoom()) return segment;
    }
    MakeRoom(group_index, hash);
  }
}

// The rows at which a group's segments split: between half of what the largest segment takes and
// all, different from group to group. Otherwise all segments would grow and split at the same time,
// all be least full together, and leave blocks of a size that nobody needs at that moment.
uint32_t KeyedTable::RowsMax(uint32_t group_index) const {
  const uint32_t most =
      Segment::UsedMax(static_cast<uint32_t>(limits::kSegmentBytesMax), row_bytes_);
  const uint32_t spread = ((first_group_ + group_index) * 0x9E37'79B9u) >> 24;
  return most * 256 / (256 + spread);
}

Segment* KeyedTable::MakeSegment(uint32_t group_index, uint32_t kept, uint32_t depth) {
  const uint32_t most = RowsMax(group_index);
  return Segment::Make(arena_,
                       {.rows = std::min(WithHeadroom(kept), most),
                        .rows_max = most,
                        .depth = static_cast<uint8_t>(depth)},
                       row_bytes_);
}

// One step towards room for a row: a segment may have to be split several times.
void KeyedTable::MakeRoom(uint32_t group_index, uint64_t hash) {
  Group& group = groups_[group_index];
  Segment* segment = EntryAt(group, hash).segment();
  if (segment == &empty_segment_.head) {
    if (group.entries() == reinterpret_cast<DirectoryEntry*>(&empty_directory_[1])) {
      auto words = std::make_unique<uint64_t[]>(2);
      std::memcpy(words.get(), empty_directory_, sizeof empty_directory_);
      SetDirectory(group, reinterpret_cast<DirectoryEntry*>(words.release() + 1), /*depth=*/0);
    }
    ++SegmentsOf(group);
    segment = MakeSegment(group_index, /*kept=*/0, group.depth());
    return SetEntries(group_index, hash, segment->depth, segment);
  }
  if (segment->overflow != nullptr) return Overflow(group_index, hash, segment);
  const uint32_t kept = CountKept(segment);
  if (kept + kept / 16 < RowsMax(group_index)) return Resize(group_index, hash, segment, kept);
  if (CanSplit(segment)) return Split(group_index, hash, segment);
  Overflow(group_index, hash, segment);
}

void KeyedTable::Deleted(uint32_t group_index, uint64_t hash, const Row* row) {
  Segment* segment = EntryAt(groups_[group_index], hash).segment();
  const auto holds = [row](const Segment* s) {
    const char* at = row->At(0);
    const char* begin = reinterpret_cast<const char*>(s);
    return at >= begin && at < begin + s->bytes;
  };
  while (!holds(segment)) segment = segment->overflow;
  ++segment->deleted;
  // Once a snapshot has begun the walk does this: before, nothing could be forgotten.
  if (deletions_matter_ && !options_.faults.tombstone_dropped) return;
  if (segment->deleted < std::min<uint32_t>(kDeletedMin, segment->used)) return;
  if (segment->deleted * 2u <= segment->used) return;
  DropForgotten(group_index, hash, segment);
}

// Rebuilds the segment without the rows that may be forgotten, if they are a quarter of it or more.
void KeyedTable::DropForgotten(uint32_t group_index, uint64_t hash, Segment* segment) {
  const uint32_t kept = CountKept(segment);
  if (kept * 4 > segment->used * 3u) return;
  Rebuild(group_index, hash, segment, kept);
}

void KeyedTable::Rebuild(uint32_t group_index, uint64_t hash, Segment* segment, uint32_t kept) {
  const bool chained = EntryAt(groups_[group_index], hash).overflows();
  if (chained && kept > 0) return ReplaceInChain(group_index, hash, segment, segment);
  if (chained) return ReplaceInChain(group_index, hash, segment, nullptr);
  Resize(group_index, hash, segment, kept);
}

uint32_t KeyedTable::Evict(uint64_t hash, base::UniqueFunction<void(const Row&)> write_back) {
  const auto group_index = static_cast<uint32_t>(GroupIndexOf(hash));
  WEIR_CHECK(group_index < group_count_);
  Segment* first = EntryAt(groups_[group_index], hash).segment();
  if (first == &empty_segment_.head) return 0;
  evicting_ = write_back ? Evicting::kAll : Evicting::kClean;
  uint32_t dropped = 0;
  std::vector<Segment*> links;
  for (Segment* link = first; link != nullptr; link = link->overflow) links.push_back(link);
  for (Segment* link : links) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < link->capacity; ++i) {
      const Row* row = link->RowAt(i, row_bytes_);
      if (row->tag == 0) continue;
      if (!MayForget(*row)) {
        ++kept;
      } else if (Dirty(*row) && write_back) {
        write_back(*row);
      }
    }
    dropped += link->used - kept;
    if (kept < link->used) Rebuild(group_index, hash, link, kept);
  }
  evicting_ = Evicting::kNone;
  return dropped;
}

// Rebuilds a segment without overflow at the size for the rows that are kept.
void KeyedTable::Resize(uint32_t group_index, uint64_t hash, Segment* segment, uint32_t kept) {
  Group& group = groups_[group_index];
  RowsWillMove(group_index, hash);
  HashRows(segment);
  Segment* rebuilt = kept == 0 ? nullptr : MakeSegment(group_index, kept, segment->depth);
  MoveRows(group_index, segment, rebuilt, rebuilt);
  SetEntries(group_index, hash, segment->depth, rebuilt);
  Segment::Drop(arena_, segment);
  if (rebuilt == nullptr && --SegmentsOf(group) == 0) FreeDirectory(group);
}

// Some bit that the directory can still look at differs between the rows. Fills hashes_.
bool KeyedTable::CanSplit(Segment* segment) {
  HashRows(segment);
  const uint32_t depth_max = std::min(kDepthMax, kDirectoryBits - group_bits_);
  const uint64_t* first = nullptr;
  uint64_t differing = 0;
  for (uint32_t i = 0; i < segment->capacity; ++i) {
    if (segment->RowAt(i, row_bytes_)->tag == 0) continue;
    if (first == nullptr) first = &hashes_[i];
    differing |= hashes_[i] ^ *first;
  }
  const auto equal_bits = static_cast<uint32_t>(std::countl_zero(differing));
  return equal_bits < group_bits_ + depth_max;
}

// After CanSplit, which left the hashes.
void KeyedTable::Split(uint32_t group_index, uint64_t hash, Segment* segment) {
  Group& group = groups_[group_index];
  const uint8_t depth = segment->depth;
  if (depth == group.depth()) DoubleDirectory(group_index);
  RowsWillMove(group_index, hash);

  const uint64_t bit = uint64_t{1} << (63 - group_bits_ - depth);
  uint32_t counts[2] = {0, 0};
  for (uint32_t i = 0; i < segment->capacity; ++i) {
    const Row* row = segment->RowAt(i, row_bytes_);
    if (row->tag != 0 && !MayForget(*row)) ++counts[(hashes_[i] & bit) != 0 ? 1 : 0];
  }
  Segment* halves[2] = {nullptr, nullptr};
  for (int side = 0; side < 2; ++side) {
    if (counts[side] == 0) continue;
    halves[side] = MakeSegment(group_index, counts[side], depth + 1u);
    ++SegmentsOf(group);
  }
  MoveRows(group_index, segment, halves[0], halves[1]);
  SetEntries(group_index, hash & ~bit, depth + 1u, halves[0]);
  SetEntries(group_index, hash | bit, depth + 1u, halves[1]);
  Segment::Drop(arena_, segment);
  --SegmentsOf(group);
}

// Makes room where hashes cannot be told apart: without forgotten rows, or with one more segment.
void KeyedTable::Overflow(uint32_t group_index, uint64_t hash, Segment* first) {
  for (Segment* link = first; link != nullptr; link = link->overflow) {
    if (CountKept(link) * 8 <= link->used * 7u) {
      return ReplaceInChain(group_index, hash, link, link);
    }
  }
  Segment* more = MakeSegment(group_index, first->used, first->depth);
  RowsWillMove(group_index, hash);
  more->overflow = std::exchange(first->overflow, more);
  SetEntries(group_index, hash, first->depth, first);
}

// Rebuilds `old`, a part of a chain, at its size (`by` is `old`), or removes it (`by` is null).
void KeyedTable::ReplaceInChain(uint32_t group_index, uint64_t hash, Segment* old, Segment* by) {
  RowsWillMove(group_index, hash);
  HashRows(old);
  if (by != nullptr) by = MakeSegment(group_index, old->used, old->depth);
  MoveRows(group_index, old, by, by);
  Segment* rest = old->overflow;
  if (by != nullptr) by->overflow = rest;
  Segment* first = EntryAt(groups_[group_index], hash).segment();
  if (first == old) {
    first = by != nullptr ? by : rest;
  } else {
    Segment* before = first;
    while (before->overflow != old) before = before->overflow;
    before->overflow = by != nullptr ? by : rest;
  }
  SetEntries(group_index, hash, old->depth, first);
  Segment::Drop(arena_, old);
}

void KeyedTable::HashRows(Segment* segment) {
  if (hashes_.size() < segment->capacity) hashes_.resize(segment->capacity);
  constexpr uint32_t kAhead = 8;
  for (uint32_t i = 0; i < segment->capacity; ++i) {
    const Row* row = segment->RowAt(i, row_bytes_);
    if (layout().key_inline_bytes == 0 && i + kAhead < segment->capacity) {
      __builtin_prefetch(segment->RowAt(i + kAhead, row_bytes_)->BlockAt(RowLayout::kKeyOffset));
    }
    if (row->tag == 0) continue;
    // Checked when the row was made.
    WEIR_CHECK(options_.key.hash(options_.hash_seed, layout().KeyOf(*row), hashes_[i]));
  }
}

bool KeyedTable::MayEvict(const Row& row) const {
  if (snapshot_ != nullptr && row.generation != generation_) return false;
  return evicting_ == Evicting::kAll || (evicting_ == Evicting::kClean && !Dirty(row));
}

bool KeyedTable::MayForget(const Row& row) const {
  if (evicting_ != Evicting::kNone) return MayEvict(row);
  if (row.presence != 0) return false;
  return !deletions_matter_ || !Dirty(row) || options_.faults.tombstone_dropped;
}

uint32_t KeyedTable::CountKept(Segment* segment) const {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < segment->capacity; ++i) {
    const Row* row = segment->RowAt(i, row_bytes_);
    kept += row->tag != 0 && !MayForget(*row) ? 1u : 0u;
  }
  return kept;
}

// Of a row that is left behind: one that was deleted, or that is evicted.
void KeyedTable::FreeBlocks(uint32_t group_index, const Row& row) {
  if (row.presence != 0) {
    --rows_;
    for (uint32_t state = 0; state < options_.values.size(); ++state) {
      if (options_.values[state].is_map) {
        DropMap(group_index, row, state);
      } else if (options_.values[state].inline_bytes == 0) {
        SlabOf(group_index).Free(row.BlockAt(layout().offsets[state]));
      }
    }
  }
  if (layout().key_inline_bytes == 0) {
    SlabOf(group_index).Free(row.BlockAt(RowLayout::kKeyOffset));
  }
}

// After HashRows. `zeros` and `ones` may be the same; a side without kept rows may be null.
void KeyedTable::MoveRows(uint32_t group_index, Segment* from, Segment* zeros, Segment* ones) {
  const uint64_t bit = uint64_t{1} << (63 - group_bits_ - from->depth);
  for (uint32_t i = 0; i < from->capacity; ++i) {
    Row* row = from->RowAt(i, row_bytes_);
    if (row->tag == 0) continue;
    if (MayForget(*row)) {
      FreeBlocks(group_index, *row);
      continue;
    }
    Segment* to = (hashes_[i] & bit) != 0 ? ones : zeros;
    std::memcpy(static_cast<void*>(to->FreeRow(hashes_[i], row_bytes_)), row, row_bytes_);
    ++to->used;
    to->deleted = static_cast<uint16_t>(to->deleted + (row->presence == 0 ? 1 : 0));
  }
}

// The walk starts again on a chain whose rows it was in the middle of; those encoded are passed by.
void KeyedTable::RowsWillMove(uint32_t group_index, uint64_t hash) {
  if (snapshot_ == nullptr || cursor_.group != group_index) return;
  const Group& group = groups_[group_index];
  if (cursor_.entry >= uint64_t{1} << group.depth()) return;
  if (group.entries()[cursor_.entry] != EntryAt(group, hash)) return;
  cursor_.link = cursor_.row = 0;
}

// All entries of hashes that share `depth` bits with `hash`; null is no segment.
void KeyedTable::SetEntries(uint32_t group_index, uint64_t hash, uint32_t depth,
                            const Segment* segment) {
  const Group& group = groups_[group_index];
  const uint64_t count = uint64_t{1} << (group.depth() - depth);
  const uint64_t first = EntryIndexOf(group, hash) & ~(count - 1);
  std::fill_n(group.entries() + first, count,
              segment == nullptr ? empty_entry() : DirectoryEntry(segment));
}

void KeyedTable::DoubleDirectory(uint32_t group_index) {
  Group& group = groups_[group_index];
  const uint32_t depth = group.depth();
  const size_t count = size_t{1} << depth;
  auto words = std::make_unique<uint64_t[]>(1 + 2 * count);
  words[0] = SegmentsOf(group);
  auto* entries = reinterpret_cast<DirectoryEntry*>(words.get() + 1);
  for (size_t i = 0; i < count; ++i) entries[2 * i] = entries[2 * i + 1] = group.entries()[i];
  words.release();
  FreeDirectory(group);
  SetDirectory(group, entries, depth + 1);
  if (snapshot_ != nullptr && cursor_.group == group_index) cursor_.entry *= 2;
}

uint64_t& KeyedTable::SegmentsOf(const Group& group) {
  return reinterpret_cast<uint64_t*>(group.entries())[-1];
}

void KeyedTable::SetDirectory(Group& group, DirectoryEntry* entries, uint32_t depth) {
  group.directory = reinterpret_cast<uint64_t>(entries) | uint64_t{63 - depth} << 48;
  directory_bytes_ += (1 + (size_t{1} << depth)) * sizeof(uint64_t);
}

// Leaves the group as one without rows; its slab too, if nothing lies in it.
void KeyedTable::FreeDirectory(Group& group) {
  auto* none = reinterpret_cast<DirectoryEntry*>(&empty_directory_[1]);
  if (group.directory != 0 && group.entries() != none) {
    directory_bytes_ -= (1 + (size_t{1} << group.depth())) * sizeof(uint64_t);
    const std::unique_ptr<uint64_t[]> words(&SegmentsOf(group));
  }
  group.directory = reinterpret_cast<uint64_t>(none) | uint64_t{63} << 48;
  if (group.slab != nullptr && group.slab->blocks() == 0) {
    group.slab.reset();
    --slab_count_;
  }
}

}  // namespace weir::state
