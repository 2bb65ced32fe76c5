#include "weir/state/map_tree.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "weir/base/check.h"

namespace weir::state {

namespace {

// In front of a page's run. Inner pages have the size of the map behind it, kept up in the root.
struct Head {
  uint32_t generation;
  uint32_t level;
};
constexpr size_t kLeafHeadBytes = sizeof(Head);
constexpr size_t kInnerHeadBytes = sizeof(Head) + sizeof(uint64_t);

// With its heads a full page fills the largest block that shares a page of the slab.
constexpr size_t kRunBytesMax = 2048 - sizeof(Block) - kInnerHeadBytes;
// A leaf with less is put together with its neighbour if that makes no full one.
constexpr size_t kRunBytesMin = kRunBytesMax / 4;
constexpr size_t kMergedBytesMax = kRunBytesMax / 4 * 3;
// A restored run that is longer does not become a page as it is.
constexpr size_t kWholeRunBytesMax = 2 * kRunBytesMax;

Head HeadOf(const Block* page) {
  Head head;
  std::memcpy(&head, page->data(), sizeof head);
  return head;
}
size_t HeadBytesOf(const Block* page) {
  return HeadOf(page).level == 0 ? kLeafHeadBytes : kInnerHeadBytes;
}
uint64_t SizeIn(const Block* inner) {
  uint64_t size;
  std::memcpy(&size, inner->data() + sizeof(Head), sizeof size);
  return size;
}
void SetSizeIn(Block* inner, uint64_t size) {
  std::memcpy(inner->data() + sizeof(Head), &size, sizeof size);
}

std::string_view AddressOf(Block* const& page) {
  return {reinterpret_cast<const char*>(&page), sizeof page};
}
Block* PageAt(std::string_view address) {
  Block* page;
  std::memcpy(&page, address.data(), sizeof page);
  return page;
}

MapItem FirstItem(std::string_view run, size_t offset = 0) {
  MapItem item;
  RunReader(run, offset).Next(item);
  return item;
}

// Where to split a run so that each side has `items_min` items: behind all others that were there
// when the last one is new, for then more will come behind it; else in the middle. The run's end
// when it has too few.
size_t SplitPoint(std::string_view run, uint64_t items_min, size_t changed) {
  const uint64_t items = CountItems(run);
  if (items < 2 * items_min) return run.size();
  RunReader reader(run, changed);
  MapItem item;
  reader.Next(item);
  const size_t wanted = reader.AtEnd() ? run.size() : run.size() / 2;
  size_t best = run.size();
  reader = RunReader(run);
  for (uint64_t left = 1; left + items_min <= items; ++left) {
    reader.Next(item);
    const size_t at = reader.offset();
    const auto distance = [&](size_t point) {
      return point < wanted ? wanted - point : point - wanted;
    };
    if (left >= items_min && (best == run.size() || distance(at) < distance(best))) best = at;
  }
  return best;
}

// The shortest key above `left` and not above `right`.
std::string Separator(std::string_view left, std::string_view right) {
  size_t common = 0;
  while (common < left.size() && left[common] == right[common]) ++common;
  return std::string(right.substr(0, common + 1));
}

std::string_view LastKey(std::string_view run) {
  MapItem item;
  for (RunReader reader(run); reader.Next(item);) {
  }
  return item.key;
}

}  // namespace

uint32_t MapTree::LevelOf(const Block* page) { return HeadOf(page).level; }

std::string_view MapTree::RunOf(const Block* page) {
  return BytesOf(page).substr(HeadBytesOf(page));
}

Block* MapTree::ChildAt(const Block* page, size_t item) {
  return PageAt(FirstItem(RunOf(page), item).value);
}

void MapTree::SetChildAt(Block* page, size_t item, Block* child) {
  const std::string_view address = FirstItem(RunOf(page), item).value;
  std::memcpy(page->data() + (address.data() - page->data()), &child, sizeof child);
}

Block* MapTree::NewPage(const Change& change, uint32_t level, std::string_view run) {
  const size_t head_bytes = level == 0 ? kLeafHeadBytes : kInnerHeadBytes;
  Block* page = change.slab.Allocate(head_bytes + run.size());
  page->length = static_cast<uint32_t>(head_bytes + run.size());
  const Head head{.generation = change.generation, .level = level};
  std::memcpy(page->data(), &head, sizeof head);
  if (level > 0) SetSizeIn(page, 0);
  std::memcpy(page->data() + head_bytes, run.data(), run.size());
  return page;
}

void MapTree::Thaw(const Change& change, Block* leaf) {
  Head head = HeadOf(leaf);
  if (head.generation == change.generation) return;
  if (change.freezer != nullptr) change.freezer->Freeze(RunOf(leaf));
  head.generation = change.generation;
  std::memcpy(leaf->data(), &head, sizeof head);
}

// A small map was frozen with its row; its page may be that of a large one from now on.
void MapTree::BeforeChange(const Change& change, Block* leaf) const {
  Thaw(is_small() ? Change{change.slab, change.generation, nullptr, change.scratch} : change, leaf);
}

void MapTree::FreePage(Slab& slab, Block* page, std::vector<Block*>& below) {
  if (LevelOf(page) > 0) {
    MapItem item;
    for (RunReader reader(RunOf(page)); reader.Next(item);) below.push_back(PageAt(item.value));
  }
  slab.Free(page);
}

uint64_t MapTree::size() const { return is_small() ? CountItems(run()) : SizeIn(root_); }

void MapTree::AddToSize(int64_t items) {
  if (!is_small()) SetSizeIn(root_, SizeIn(root_) + static_cast<uint64_t>(items));
}

void MapTree::Path::Push(Step step) {
  WEIR_CHECK(depth < kDepthMax);
  steps[depth++] = step;
}

// The last item whose key is not above.
MapTree::Step MapTree::StepInto(Block* page, std::string_view key) {
  size_t at = 0;
  MapItem item;
  for (RunReader reader(RunOf(page)); reader.Next(item);) {
    if (CompareMapKeys(item.key, key) > 0) break;
    at = reader.item_offset();
  }
  return {.page = page, .item = at};
}

MapTree::Path MapTree::PathTo(Block* root, std::string_view key) {
  Path path;
  Block* page = root;
  while (LevelOf(page) > 0) {
    path.Push(StepInto(page, key));
    page = ChildAt(page, path.leaf().item);
  }
  path.Push({.page = page, .item = 0});
  return path;
}

MapTree::Place MapTree::PlaceIn(std::string_view run, std::string_view key) {
  MapItem item;
  RunReader reader(run);
  while (reader.Next(item)) {
    const int order = CompareMapKeys(item.key, key);
    if (order < 0) continue;
    const size_t begin = reader.item_offset();
    return {.begin = begin, .end = order == 0 ? reader.offset() : begin, .found = order == 0};
  }
  return {.begin = run.size(), .end = run.size(), .found = false};
}

std::optional<std::string_view> MapTree::Find(std::string_view key) const {
  if (root_ == nullptr) return std::nullopt;
  Block* page = root_;
  while (LevelOf(page) > 0) page = ChildAt(page, StepInto(page, key).item);
  const std::string_view run = RunOf(page);
  const Place place = PlaceIn(run, key);
  if (!place.found) return std::nullopt;
  return FirstItem(run, place.begin).value;
}

MapTree::Position MapTree::Seek(std::string_view key, bool or_equal) const {
  if (root_ == nullptr) return {};
  Path path = PathTo(root_, key);
  Block* leaf = path.leaf().page;
  const Place place = PlaceIn(RunOf(leaf), key);
  const size_t offset = or_equal ? place.begin : place.end;
  if (offset < RunOf(leaf).size()) return {.leaf = leaf, .offset = offset};
  for (uint32_t depth = path.depth - 1; depth-- > 0;) {
    const Step& step = path.steps[depth];
    RunReader reader(RunOf(step.page), step.item);
    MapItem item;
    reader.Next(item);
    if (!reader.Next(item)) continue;
    Block* page = PageAt(item.value);
    while (LevelOf(page) > 0) page = ChildAt(page, 0);
    return {.leaf = page, .offset = 0};
  }
  return {};
}

void MapTree::Put(const Change& change, std::string_view key, std::string_view value) {
  base::ByteWriter& item = change.scratch;
  item.bytes().clear();
  AppendItem(item, key, value);
  if (root_ == nullptr) {
    root_ = NewPage(change, 0, item.bytes());
    return;
  }
  Path path = PathTo(root_, key);
  Block* leaf = path.leaf().page;
  BeforeChange(change, leaf);
  const Place place = PlaceIn(RunOf(leaf), key);
  if (!place.found) AddToSize(1);
  Splice(change, path, path.depth - 1, place.begin, place.end, item.bytes());
  SplitFull(change, path, place.begin);
}

// Replaces bytes of the run of the page at `depth` by others, which lie elsewhere.
void MapTree::Splice(const Change& change, Path& path, uint32_t depth, size_t begin, size_t end,
                     std::string_view by) {
  Block* page = path.steps[depth].page;
  const size_t head_bytes = HeadBytesOf(page);
  begin += head_bytes;
  end += head_bytes;
  const size_t length = page->length - (end - begin) + by.size();
  const bool fits = length <= page->capacity() && (length + sizeof(Block)) * 2 >= page->capacity();
  Block* to = fits ? page : change.slab.Allocate(length);
  if (!fits) std::memcpy(to->data(), page->data(), begin);
  std::memmove(to->data() + begin + by.size(), page->data() + end, page->length - end);
  if (!by.empty()) std::memcpy(to->data() + begin, by.data(), by.size());
  to->length = static_cast<uint32_t>(length);
  if (fits) return;
  change.slab.Free(page);
  path.steps[depth].page = to;
  if (depth == 0) {
    root_ = to;
  } else {
    SetChildAt(path.steps[depth - 1].page, path.steps[depth - 1].item, to);
  }
}

// From the leaf upwards, splits each page that is full. `changed` is where the leaf's new item is.
void MapTree::SplitFull(const Change& change, Path& path, size_t changed) {
  for (uint32_t depth = path.depth; depth-- > 0;) {
    Block* page = path.steps[depth].page;
    const std::string_view run = RunOf(page);
    if (run.size() <= kRunBytesMax) return;
    const uint32_t level = LevelOf(page);
    const size_t at = SplitPoint(run, level == 0 ? 1 : 2, changed);
    if (at == run.size()) return;
    RunReader reader(run, at);
    MapItem first;
    reader.Next(first);
    std::string separator;
    Block* right = nullptr;
    if (level == 0) {
      separator = Separator(LastKey(run.substr(0, at)), first.key);
      right = NewPage(change, level, run.substr(at));
    } else {
      separator = first.key;
      change.scratch.bytes().clear();
      AppendItem(change.scratch, {}, first.value);
      change.scratch.Raw(run.substr(reader.offset()));
      right = NewPage(change, level, change.scratch.bytes());
    }
    Splice(change, path, depth, at, run.size(), {});
    AddBehind(change, path, depth, separator, right);
    if (depth > 0) {
      reader = RunReader(RunOf(path.steps[depth - 1].page), path.steps[depth - 1].item);
      reader.Next(first);
      changed = reader.offset();
    }
  }
}

// Makes `page` the neighbour to the right of the one at `depth`.
void MapTree::AddBehind(const Change& change, Path& path, uint32_t depth, std::string_view key,
                        Block* page) {
  base::ByteWriter& item = change.scratch;
  item.bytes().clear();
  if (depth == 0) {
    const uint32_t level = LevelOf(root_);
    const uint64_t size =
        level == 0 ? CountItems(RunOf(root_)) + CountItems(RunOf(page)) : SizeIn(root_);
    AppendItem(item, {}, AddressOf(root_));
    AppendItem(item, key, AddressOf(page));
    root_ = NewPage(change, level + 1, item.bytes());
    SetSizeIn(root_, size);
    return;
  }
  const Step& above = path.steps[depth - 1];
  RunReader reader(RunOf(above.page), above.item);
  MapItem neighbour;
  reader.Next(neighbour);
  AppendItem(item, key, AddressOf(page));
  Splice(change, path, depth - 1, reader.offset(), reader.offset(), item.bytes());
}

bool MapTree::Remove(const Change& change, std::string_view key) {
  if (root_ == nullptr) return false;
  Path path = PathTo(root_, key);
  Block* leaf = path.leaf().page;
  const Place place = PlaceIn(RunOf(leaf), key);
  if (!place.found) return false;
  BeforeChange(change, leaf);
  AddToSize(-1);
  Splice(change, path, path.depth - 1, place.begin, place.end, {});
  Shrink(change, path);
  return true;
}

// Puts the path's leaf, of which something was removed, in order.
void MapTree::Shrink(const Change& change, Path& path) {
  uint32_t depth = path.depth - 1;
  const size_t left = RunOf(path.steps[depth].page).size();
  while (RunOf(path.steps[depth].page).empty()) {
    change.slab.Free(path.steps[depth].page);
    if (depth == 0) {
      root_ = nullptr;
      return;
    }
    RemoveChild(change, path, --depth);
  }
  if (path.depth > 1 && left > 0 && left < kRunBytesMin) {
    const Step above = path.steps[depth - 1];
    if (!MergeRight(change, path, depth - 1, above.item) && above.item > 0) {
      size_t before = 0;  // where the neighbour to the left begins
      MapItem item;
      RunReader reader(RunOf(above.page));
      while (reader.offset() < above.item) reader.Next(item), before = reader.item_offset();
      MergeRight(change, path, depth - 1, before);
    }
  }
  Collapse(change);
}

// Removes the path's item from the inner page at `depth`; the page below is gone.
void MapTree::RemoveChild(const Change& change, Path& path, uint32_t depth) {
  const Step step = path.steps[depth];
  RunReader reader(RunOf(step.page), step.item);
  MapItem item;
  reader.Next(item);
  change.scratch.bytes().clear();
  // The first key of an inner page stays empty.
  if (step.item == 0 && reader.Next(item)) AppendItem(change.scratch, {}, item.value);
  Splice(change, path, depth, step.item, reader.offset(), change.scratch.bytes());
}

// Puts the leaf of the item at `left` of the inner page at `depth` together with the next one,
// unless there is none or both are too much for one.
bool MapTree::MergeRight(const Change& change, Path& path, uint32_t depth, size_t left) {
  RunReader reader(RunOf(path.steps[depth].page), left);
  MapItem item;
  reader.Next(item);
  Block* into = PageAt(item.value);
  if (!reader.Next(item)) return false;
  Block* from = PageAt(item.value);
  const size_t begin = reader.item_offset(), end = reader.offset();
  if (RunOf(into).size() + RunOf(from).size() > kMergedBytesMax) return false;
  Thaw(change, into);
  Thaw(change, from);
  path.steps[depth].item = left;
  path.steps[depth + 1] = {.page = into, .item = 0};
  const size_t into_bytes = RunOf(into).size();
  Splice(change, path, depth + 1, into_bytes, into_bytes, RunOf(from));
  change.slab.Free(from);
  Splice(change, path, depth, begin, end, {});
  return true;
}

// An inner root with one page below is not needed. A leaf that becomes the root is frozen first:
// from then on it counts as frozen with its row.
void MapTree::Collapse(const Change& change) {
  while (!is_small()) {
    Block* above = root_;
    MapItem item;
    RunReader reader(RunOf(above));
    reader.Next(item);
    if (!reader.AtEnd()) return;
    root_ = PageAt(item.value);
    if (is_small()) {
      Thaw(change, root_);
    } else {
      SetSizeIn(root_, SizeIn(above));
    }
    change.slab.Free(above);
  }
}

void MapTree::PutRun(const Change& change, std::string_view run) {
  const bool behind = root_ == nullptr || AtOrAbove(FirstItem(run).key).leaf == nullptr;
  if (!behind || run.size() < kRunBytesMin || run.size() > kWholeRunBytesMax) {
    MapItem item;
    for (RunReader reader(run); reader.Next(item);) Put(change, item.key, item.value);
    return;
  }
  Block* page = NewPage(change, 0, run);
  if (root_ == nullptr) {
    root_ = page;
    return;
  }
  AddToSize(static_cast<int64_t>(CountItems(run)));
  const std::string_view first = FirstItem(run).key;
  Path path = PathTo(root_, first);
  BeforeChange(change, path.leaf().page);
  const uint32_t depth = path.depth - 1;
  AddBehind(change, path, depth, Separator(LastKey(RunOf(path.leaf().page)), first), page);
  if (depth == 0) return;
  path.depth = depth;  // the page above it may be full now
  const Step& above = path.steps[depth - 1];
  RunReader reader(RunOf(above.page), above.item);
  MapItem item;
  reader.Next(item);
  SplitFull(change, path, reader.offset());
}

}  // namespace weir::state
