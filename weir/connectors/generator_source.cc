#include "weir/connectors/generator_source.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "weir/base/bytes.h"

namespace weir {
inline namespace v0 {

namespace {

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;

uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

}  // namespace

Draw::Draw(uint64_t seed, uint64_t number)
    : number_(number), state_(Mix(seed + kGolden) ^ Mix(number + kGolden)) {}

uint64_t Draw::Next() { return Mix(state_ += kGolden); }

}  // namespace v0
}  // namespace weir

namespace weir::connectors {
namespace {

constexpr uint8_t kVersion = 1;

// The bytes are a version (1) and, as varints, the next record, and of what the program says count,
// seed and splits.
struct Position {
  uint64_t next = 0;
  GeneratorOptions options;
};

runtime::Split Encode(uint32_t split, const Position& position) {
  base::ByteWriter bytes;
  bytes.U8(kVersion);
  bytes.Varint(position.next);
  bytes.Varint(position.options.count);
  bytes.Varint(position.options.seed);
  bytes.Varint(position.options.splits);
  return {.id = std::to_string(split), .position = bytes.Take()};
}

StatusOr<Position> Decode(const runtime::Split& split) {
  base::ByteReader bytes(split.position);
  if (const uint8_t version = bytes.U8(); bytes.ok() && version > kVersion) {
    return FailedPreconditionError(
        "the position of a generator was written by a newer Weir (version ", int{version},
        "); run that one");
  }
  Position position;
  position.next = bytes.Varint();
  position.options.count = bytes.Varint();
  position.options.seed = bytes.Varint();
  position.options.splits = static_cast<uint32_t>(bytes.Varint());
  WEIR_RETURN_IF_ERROR(
      bytes.Check("the position of a generator", base::ByteReader::Rest::kMustBeEmpty));
  return position;
}

uint64_t EndOf(const GeneratorOptions& options) {
  return options.count == 0 ? UINT64_MAX : options.count;
}

}  // namespace

void GeneratorEnumerator::Discover(base::UniqueFunction<void(StatusOr<runtime::Discovery>)> done) {
  runtime::Discovery discovery;
  for (uint32_t split = 0; split < options_.splits; ++split)
    discovery.splits.push_back(Encode(split, {.next = split, .options = options_}));
  done(std::move(discovery));
}

void GeneratorSplits::Start(const runtime::OperatorContext& context) {
  env_ = context.env;
  parallelism_ = context.parallelism;
  rate_.emplace(options_.rate / parallelism_, env_->clock.Now());
}

Status GeneratorSplits::Add(const std::vector<runtime::Split>& splits) {
  for (const runtime::Split& split : splits) {
    WEIR_ASSIGN_OR_RETURN(const Position position, Decode(split));
    if (position.options.count != options_.count || position.options.seed != options_.seed ||
        position.options.splits != options_.splits) {
      return FailedPreconditionError(
          "the generator of the checkpoint had count ", position.options.count, ", seed ",
          position.options.seed, " and ", position.options.splits, " splits, that of the program ",
          options_.count, ", ", options_.seed, " and ", options_.splits,
          ": give it what it had, or start anew with --fresh");
    }
    uint32_t number = 0;
    const char* end = split.id.data() + split.id.size();
    const auto parsed = std::from_chars(split.id.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end || number >= options_.splits ||
        position.next % options_.splits != number)
      return DataLossError("the position of a generator makes no sense: split ", split.id, " at ",
                           position.next);
    open_.push_back({number, position.next});
  }
  std::ranges::make_heap(open_, std::ranges::greater(), &Open::next);
  return {};
}

// A reader has its share of splits from the beginning: a generator without end never finishes one.
bool GeneratorSplits::WantsMore() const {
  return open_.size() < (options_.splits + parallelism_ - 1) / parallelism_;
}

std::vector<runtime::Split> GeneratorSplits::Snapshot() const {
  std::vector<runtime::Split> splits;
  splits.reserve(open_.size());
  for (const Open& open : open_)
    splits.push_back(Encode(open.split, {.next = open.next, .options = options_}));
  return splits;
}

uint32_t GeneratorSplits::Allowed() { return rate_->Allowed(env_->clock.Now()); }

std::optional<uint64_t> GeneratorSplits::Next() {
  while (!open_.empty()) {
    std::ranges::pop_heap(open_, std::ranges::greater(), &Open::next);
    Open& open = open_.back();
    if (open.next < EndOf(options_)) {
      const uint64_t number = open.next;
      open.next += options_.splits;
      std::ranges::push_heap(open_, std::ranges::greater(), &Open::next);
      rate_->Spend(1);
      return number;
    }
    finished_.push_back(std::to_string(open.split));
    open_.pop_back();
  }
  return std::nullopt;
}

}  // namespace weir::connectors
