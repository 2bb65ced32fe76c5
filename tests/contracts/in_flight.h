// Rows in flight as a checkpoint holds them: state of the operator that they were on their way to.
//
// They lie in a pack like any keyed state, so the record, retirement, verification and the plan of
// a restore know nothing new. There are two such states for each port: "arrived" (what the
// operator's own subtask had in its channels) and "sent" (what a sender had not let go). A sender's
// rows are for all key groups, so its pack is one of its own beside that of its own state. A chunk
// is the rows of one key group, in their order, as runs with their hashes.
// Threads: one caller at a time.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/contracts/stage.h"
#include "weir/checkpoint/pack_reader.h"
#include "weir/record/batch_codec.h"
#include "weir/sim/memory_blob_store.h"

namespace weir::contracts {

inline constexpr const char* kConsumer = "receive";  // the uid of whoever the rows are for

/// Collects rows and makes the pack.
class InFlight {
 public:
  /// Rows of `batch` from `begin` on, which go behind those that are there.
  void Add(const record::AnyBatch& batch, uint32_t begin) {
    base::ByteWriter run;
    ASSERT_EQ(record::EncodeRows(batch, begin, SIZE_MAX, run), batch.size());
    const record::BatchPtr rows = Decode(run.Take());
    std::vector<uint16_t> places;
    std::map<uint32_t, uint16_t> place_of_group;
    for (uint32_t row = 0; row < rows->size(); ++row) {
      const uint32_t group = base::KeyGroupOf(rows->hashes()[row], kKeyGroups).number();
      const auto next = static_cast<uint16_t>(place_of_group.size());
      places.push_back(place_of_group.try_emplace(group, next).first->second);
    }
    std::vector<record::BatchPtr> parts;
    std::vector<record::AnyBatch*> outputs;
    while (parts.size() < place_of_group.size()) {
      parts.push_back(std::make_unique<record::AnyBatch>(type_));
      outputs.push_back(parts.back().get());
    }
    ASSERT_EQ(type_.Scatter(*rows, 0, places, outputs), rows->size());
    for (const auto& [group, place] : place_of_group) {
      base::ByteWriter out;
      ASSERT_EQ(record::EncodeRows(*parts[place], 0, SIZE_MAX, out), parts[place]->size());
      chunks_[group] += out.Take();
    }
  }
  bool empty() const { return chunks_.empty(); }

  checkpoint::PackRef MakePack(const std::string& state) const {
    const base::KeyGroupRange all{base::KeyGroup(0), base::KeyGroup(kKeyGroups)};
    checkpoint::PackEncoder encoder({{kConsumer, state}}, all);
    for (const auto& [group, bytes] : chunks_)
      encoder.Add(0, base::KeyGroup(group), checkpoint::ChunkScope::kWhole, bytes);
    checkpoint::PackRef pack = encoder.Finish();
    pack.inlined = encoder.Take();
    return pack;
  }

  /// Calls `take` for each row of `pack` that is in `key_groups`.
  template <class Row, class Take>
  static void Read(const checkpoint::PackRef& pack, base::KeyGroupRange key_groups, Take take) {
    sim::World world(sim::CalmOptions(1));
    sim::MemoryBlobStore none(world, "none");  // the pack brings its bytes
    Status read;
    checkpoint::ReadPack(
        none, checkpoint::JobFiles("job"),
        {.pack = pack,
         .wants = {{kConsumer, key_groups}},
         .sink = [&](const checkpoint::PackState&, const checkpoint::Chunk& chunk) -> Status {
           base::ByteReader in(chunk.bytes);
           while (in.remaining() > 0) {
             record::AnyBatch batch(TypeOpsOf<Row>());
             WEIR_RETURN_IF_ERROR(record::DecodeRows(in, batch));
             std::for_each_n(batch.Rows<Row>(), batch.size(), take);
           }
           return {};
         }},
        [&](Status status) { read = std::move(status); });
    EXPECT_TRUE(read.ok()) << read;
  }

  explicit InFlight(const record::TypeOps& type) : type_(type) {}

 private:
  record::BatchPtr Decode(const std::string& run) const {
    auto batch = std::make_unique<record::AnyBatch>(type_);
    base::ByteReader in(run);
    EXPECT_TRUE(record::DecodeRows(in, *batch).ok());
    return batch;
  }

  const record::TypeOps& type_;
  std::map<uint32_t, std::string> chunks_;  // by key group
};

}  // namespace weir::contracts
