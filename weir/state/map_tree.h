// MapTree: one map of a keyed row, of any size: encoded keys to encoded values.
//
//   small   cell ─▶ leaf                        (a page of items, at most 2 KiB: most maps)
//   large   cell ─▶ inner ─▶ inner … ─▶ leaf    (a tree of pages, ordered by key)
//
// All pages are blocks of the slab of the row's key group, and each is a run of items
// (state/map_run.h); in inner pages the value is the address of the page below, whose keys are not
// below the item's key (the first key of an inner page is empty). A change touches a page, and when
// it splits or merges those above it: nothing takes time in proportion to the map.
//
// Snapshots. A small map is a value of its row and is frozen with it. The leaves of a large one
// have generations of their own: who changes a leaf of an older generation hands its items to the
// running snapshot first. New leaves are born with the present generation.
// Threads: the task's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "weir/base/bytes.h"
#include "weir/state/map_run.h"
#include "weir/state/slab.h"

namespace weir::state {

class MapTree {
 public:
  /// Gets the items of a leaf that the running snapshot does not have yet.
  class Freezer {
   public:
    virtual ~Freezer() = default;
    virtual void Freeze(std::string_view run) = 0;
  };

  /// What a change needs to know.
  struct Change {
    Slab& slab;
    uint32_t generation;        // of the table
    Freezer* freezer;           // null: no snapshot is running
    base::ByteWriter& scratch;  // bytes that nobody else uses
  };

  /// A position between two items. It is lost with the next change of the map.
  struct Position {
    Block* leaf = nullptr;  // null: behind the last item
    size_t offset = 0;      // in the leaf's run
  };

  /// The map whose first page is `root`; null is the empty map. Changes may make another page the
  /// first: put `root()` back.
  explicit MapTree(Block* root) : root_(root) {}
  Block* root() const { return root_; }

  /// Its items lie in one page.
  bool is_small() const { return root_ == nullptr || LevelOf(root_) == 0; }
  /// Of a small map: all items.
  std::string_view run() const { return root_ == nullptr ? std::string_view() : RunOf(root_); }

  /// The number of items. Constant time but for small maps, which are counted.
  uint64_t size() const;

  std::optional<std::string_view> Find(std::string_view key) const;

  /// Before the first item whose key is above `key`, or not below it.
  Position Above(std::string_view key) const { return Seek(key, /*or_equal=*/false); }
  Position AtOrAbove(std::string_view key) const { return Seek(key, /*or_equal=*/true); }

  /// The item has this value afterwards.
  /// Shapes: key and value together at most limits::kMapItemBytesMax; they lie outside of the map.
  void Put(const Change& change, std::string_view key, std::string_view value);

  /// Whether there was such an item. A map without items has no page.
  bool Remove(const Change& change, std::string_view key);

  /// Puts all items of a run; one that lies behind the last item at once.
  /// Shapes: CheckRun(run) is OK; each item is as Put wants it.
  void PutRun(const Change& change, std::string_view run);

  /// Hands the leaf on unless it is of the present generation.
  static void Thaw(const Change& change, Block* leaf);

  /// For whoever drops a large map page by page: frees `page` and appends those below it to
  /// `below`.
  static void FreePage(Slab& slab, Block* page, std::vector<Block*>& below);

  static uint32_t LevelOf(const Block* page);  // 0: a leaf
  static std::string_view RunOf(const Block* page);

 private:
  // From the root to a leaf: each page and where in its run the item of the next one begins.
  struct Step {
    Block* page;
    size_t item;
  };
  struct Path {
    // Inner pages have two items at least: more pages than there is memory.
    static constexpr uint32_t kDepthMax = 40;
    std::array<Step, kDepthMax> steps;
    uint32_t depth = 0;

    Step& leaf() { return steps[depth - 1]; }
    void Push(Step step);
  };

  // Where a key is, or belongs.
  struct Place {
    size_t begin = 0, end = 0;  // of its item; equal when it is not there
    bool found = false;
  };

  static Path PathTo(Block* root, std::string_view key);
  static Place PlaceIn(std::string_view run, std::string_view key);
  static Step StepInto(Block* page, std::string_view key);
  static Block* ChildAt(const Block* page, size_t item);
  static void SetChildAt(Block* page, size_t item, Block* child);
  static Block* NewPage(const Change& change, uint32_t level, std::string_view run);

  void BeforeChange(const Change& change, Block* leaf) const;
  Position Seek(std::string_view key, bool or_equal) const;
  void Splice(const Change& change, Path& path, uint32_t depth, size_t begin, size_t end,
              std::string_view by);
  void SplitFull(const Change& change, Path& path, size_t changed);
  void AddBehind(const Change& change, Path& path, uint32_t depth, std::string_view key,
                 Block* page);
  void Shrink(const Change& change, Path& path);
  void RemoveChild(const Change& change, Path& path, uint32_t depth);
  bool MergeRight(const Change& change, Path& path, uint32_t depth, size_t left);
  void Collapse(const Change& change);
  void AddToSize(int64_t items);

  Block* root_;
};

}  // namespace weir::state
