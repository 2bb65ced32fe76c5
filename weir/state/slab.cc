#include "weir/state/slab.h"

#include <algorithm>

#include "weir/base/check.h"
#include "weir/base/limits.h"

namespace weir::state {

namespace {

// Sizes of small blocks, their 8-byte head included.
constexpr std::array<uint16_t, Slab::kClasses> kClassBytes = {
    16,  32,  48,  64,  80,  96,  112, 128,  160,  192,  224,  256,
    320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048};
constexpr uint32_t kLarge = 0x8000'0000;
constexpr uint32_t kClassBits = 8;
constexpr uint32_t kDistanceUnit = 8;
// A page holds eight blocks at least, and is at least this large: less would be all head.
constexpr size_t kPageBytesMin = 1024;
constexpr size_t kBlocksPerPageMin = 8;

uint32_t ClassOf(size_t bytes) {
  const auto at = std::ranges::lower_bound(kClassBytes, bytes);
  return static_cast<uint32_t>(at - kClassBytes.begin());
}

}  // namespace

struct Slab::Page {
  Page* next;
  Page* previous;
  Block* free;      // blocks freed, linked through their bytes
  uint32_t unused;  // where the part begins that was never handed out
  uint32_t bytes;
  uint16_t live;
  uint16_t size_class;
  bool open;  // in the list of pages with room
};

uint32_t Block::capacity() const {
  const uint32_t bytes = (where & kLarge) != 0
                             ? (where & ~kLarge) * static_cast<uint32_t>(Arena::kUnitBytes)
                             : kClassBytes[where & ((1u << kClassBits) - 1)];
  return bytes - static_cast<uint32_t>(sizeof(Block));
}

Block* Slab::Allocate(size_t capacity) {
  WEIR_CHECK(capacity <= limits::kValueBytesMax);
  const size_t bytes = capacity + sizeof(Block);
  ++blocks_;
  if (bytes > kClassBytes.back()) {
    const size_t units = (bytes + Arena::kUnitBytes - 1) / Arena::kUnitBytes;
    Block* block = static_cast<Block*>(arena_.Allocate(units * Arena::kUnitBytes));
    *block = {.length = 0, .where = kLarge | static_cast<uint32_t>(units)};
    return block;
  }
  const uint32_t size_class = ClassOf(bytes);
  Page* page = open_[size_class] != nullptr ? open_[size_class] : AddPage(size_class);
  Block* block = page->free;
  if (block != nullptr) {
    std::memcpy(&page->free, block->data(), sizeof page->free);
  } else {
    block = reinterpret_cast<Block*>(reinterpret_cast<char*>(page) + page->unused);
    page->unused += kClassBytes[size_class];
  }
  ++page->live;
  if (page->free == nullptr && page->unused + kClassBytes[size_class] > page->bytes) Unlink(page);
  const auto distance =
      static_cast<uint32_t>(reinterpret_cast<char*>(block) - reinterpret_cast<char*>(page));
  *block = {.length = 0, .where = (distance / kDistanceUnit) << kClassBits | size_class};
  return block;
}

void Slab::Free(Block* block) {
  if (block == nullptr) return;
  --blocks_;
  if ((block->where & kLarge) != 0) {
    arena_.Free(block, (block->where & ~kLarge) * Arena::kUnitBytes);
    return;
  }
  char* at = reinterpret_cast<char*>(block);
  Page* page = reinterpret_cast<Page*>(at - (block->where >> kClassBits) * kDistanceUnit);
  if (--page->live == 0) {
    if (page->open) Unlink(page);
    arena_.Free(page, page->bytes);
    return;
  }
  std::memcpy(block->data(), &page->free, sizeof page->free);
  page->free = block;
  if (page->open) return;
  page->open = true;
  page->previous = nullptr;
  page->next = open_[page->size_class];
  if (page->next != nullptr) page->next->previous = page;
  open_[page->size_class] = page;
}

void Slab::Assign(Block*& cell, std::string_view bytes) {
  const bool fits = cell != nullptr && bytes.size() <= cell->capacity() &&
                    (bytes.size() + sizeof(Block)) * 4 >= cell->capacity();
  if (!fits || bytes.empty()) {
    Free(cell);
    cell = bytes.empty() ? nullptr : Allocate(bytes.size());
  }
  if (cell == nullptr) return;
  std::memcpy(cell->data(), bytes.data(), bytes.size());
  cell->length = static_cast<uint32_t>(bytes.size());
}

void Slab::Append(Block*& cell, std::string_view bytes) {
  const std::string_view before = BytesOf(cell);
  const size_t length = before.size() + bytes.size();
  if (cell == nullptr || length > cell->capacity()) {
    const size_t grown = std::min(length + before.size() / 2, limits::kValueBytesMax);
    Block* larger = Allocate(std::max(length, grown));
    if (!before.empty()) std::memcpy(larger->data(), before.data(), before.size());
    Free(cell);
    cell = larger;
  }
  if (!bytes.empty()) std::memcpy(cell->data() + before.size(), bytes.data(), bytes.size());
  cell->length = static_cast<uint32_t>(length);
}

Slab::Page* Slab::AddPage(uint32_t size_class) {
  const size_t want = sizeof(Page) + kBlocksPerPageMin * kClassBytes[size_class];
  const size_t units = (std::max(want, kPageBytesMin) + Arena::kUnitBytes - 1) / Arena::kUnitBytes;
  const size_t bytes = units * Arena::kUnitBytes;
  Page* page = static_cast<Page*>(arena_.Allocate(bytes));
  *page = {.next = nullptr,
           .previous = nullptr,
           .free = nullptr,
           .unused = sizeof(Page),
           .bytes = static_cast<uint32_t>(bytes),
           .live = 0,
           .size_class = static_cast<uint16_t>(size_class),
           .open = true};
  open_[size_class] = page;  // called when there is no other
  return page;
}

void Slab::Unlink(Page* page) {
  page->open = false;
  (page->previous != nullptr ? page->previous->next : open_[page->size_class]) = page->next;
  if (page->next != nullptr) page->next->previous = page->previous;
}

}  // namespace weir::state
