// The maps of a table's rows: their changes, their part of a snapshot, and how large ones go.
#include <utility>

#include "weir/base/check.h"
#include "weir/state/keyed_table.h"

namespace weir::state {

namespace {

// What a page counts in the budget of a step, besides its bytes when they are encoded.
constexpr int64_t kPageWork = 64;
// With each change of a map, some pages of those that were cleared are freed.
constexpr int64_t kFreedWithChange = 4 * kPageWork;

}  // namespace

// Hands the items of a page on as an entry of its own.
class KeyedTable::MapFreezer final : public MapTree::Freezer {
 public:
  MapFreezer(KeyedTable& table, uint32_t group_index, uint32_t state, std::string_view key)
      : table_(table), group_index_(group_index), state_(state), key_(key) {}

  void Freeze(std::string_view run) override {
    if (table_.options_.faults.map_page_unfrozen) return;
    table_.snapshot_->Add(group_index_, state_, key_, run);
  }

 private:
  KeyedTable& table_;
  const uint32_t group_index_;
  const uint32_t state_;
  const std::string_view key_;
};

MapTree::Change KeyedTable::ChangeOf(uint32_t group_index, MapFreezer& freezer) {
  return {.slab = SlabOf(group_index),
          .generation = generation_,
          .freezer = snapshot_ != nullptr ? &freezer : nullptr,
          .scratch = map_scratch_};
}

template <class F>
auto KeyedTable::ChangeMap(Row* row, uint64_t hash, uint32_t state, F change) {
  ++map_changes_;
  if (int64_t work = kFreedWithChange; !dropped_maps_.empty()) FreeDroppedMaps(work);
  const auto group_index = static_cast<uint32_t>(GroupIndexOf(hash));
  MapFreezer freezer(*this, group_index, state, layout().KeyOf(*row));
  MapTree map = MapOf(row, state);
  const auto result = change(map, ChangeOf(group_index, freezer));
  row->SetBlockAt(layout().offsets[state], map.root());
  return result;
}

void KeyedTable::PutInMap(Row* row, uint64_t hash, uint32_t state, std::string_view key,
                          std::string_view value) {
  ChangeMap(row, hash, state, [&](MapTree& map, const MapTree::Change& change) {
    return map.Put(change, key, value), true;
  });
}

void KeyedTable::PutRunInMap(Row* row, uint64_t hash, uint32_t state, std::string_view run) {
  ChangeMap(row, hash, state, [&](MapTree& map, const MapTree::Change& change) {
    return map.PutRun(change, run), true;
  });
}

bool KeyedTable::RemoveFromMap(Row* row, uint64_t hash, uint32_t state, std::string_view key) {
  return ChangeMap(row, hash, state, [&](MapTree& map, const MapTree::Change& change) {
    return map.Remove(change, key);
  });
}

// The caller lets go of the map.
void KeyedTable::DropMap(uint32_t group_index, const Row& row, uint32_t state) {
  ++map_changes_;
  const MapTree map = MapOf(&row, state);
  if (map.is_small()) return SlabOf(group_index).Free(map.root());
  dropped_maps_.push_back({.group_index = group_index,
                           .state = state,
                           .key = std::string(layout().KeyOf(row)),
                           .generation = generation_,
                           .pages = {map.root()}});
}

// A large map is encoded later, page by page: those that are changed before are frozen then.
void KeyedTable::EncodeMap(const Row& row, uint32_t group_index, uint32_t state) {
  const MapTree map = MapOf(&row, state);
  const std::string_view key = layout().KeyOf(row);
  if (map.is_small()) return snapshot_->Add(group_index, state, key, map.run());
  pending_maps_.push_back(
      {.group_index = group_index, .state = state, .key = std::string(key), .after = {}});
}

// False when the work is used up.
bool KeyedTable::EncodePendingMaps(int64_t& work) {
  if (!FreeDroppedMaps(work)) return false;
  for (; !pending_maps_.empty(); pending_maps_.pop_back()) {
    PendingMap& pending = pending_maps_.back();
    uint64_t hash = 0;
    WEIR_CHECK(options_.key.hash(options_.hash_seed, pending.key, hash));
    const Row* row = FindEncoded(hash, pending.key);
    if (row == nullptr) continue;  // dropped, and encoded with its pages
    // A map that is small by now was frozen when it became so.
    const MapTree map = MapOf(row, pending.state);
    if (map.is_small()) continue;
    MapFreezer freezer(*this, pending.group_index, pending.state, pending.key);
    const MapTree::Change change = ChangeOf(pending.group_index, freezer);
    for (;;) {
      const MapTree::Position at =
          pending.after ? map.Above(*pending.after) : map.AtOrAbove(std::string_view());
      if (at.leaf == nullptr) break;
      if (work <= 0) return false;
      const std::string_view run = MapTree::RunOf(at.leaf);
      work -= kPageWork + static_cast<int64_t>(run.size());
      MapTree::Thaw(change, at.leaf);
      MapItem item;
      for (RunReader reader(run, at.offset); reader.Next(item);) {
      }
      pending.after = std::string(item.key);
    }
  }
  return true;
}

bool KeyedTable::FreeDroppedMaps(int64_t& work) {
  for (; !dropped_maps_.empty(); dropped_maps_.pop_back()) {
    DroppedMap& map = dropped_maps_.back();
    const bool matters = snapshot_ != nullptr && map.generation == generation_;
    MapFreezer freezer(*this, map.group_index, map.state, map.key);
    const MapTree::Change change = ChangeOf(map.group_index, freezer);
    while (!map.pages.empty()) {
      if (work <= 0) return false;
      work -= kPageWork;
      Block* page = map.pages.back();
      map.pages.pop_back();
      if (matters && MapTree::LevelOf(page) == 0) {
        work -= static_cast<int64_t>(MapTree::RunOf(page).size());
        MapTree::Thaw(change, page);
      }
      MapTree::FreePage(SlabOf(map.group_index), page, map.pages);
    }
  }
  return true;
}

}  // namespace weir::state
