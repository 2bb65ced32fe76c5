#include "weir/record/any_batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "weir/record/typed_ops.h"

namespace weir::record {
namespace {

TEST(AnyBatch, IsEmptyAndWithoutColumnsAtFirst) {
  const AnyBatch batch(TypeOpsOf<int64_t>());
  EXPECT_TRUE(batch.empty());
  EXPECT_FALSE(batch.full());
  EXPECT_EQ(batch.capacity(), 1024u);
  EXPECT_EQ(batch.timestamps(), nullptr);
  EXPECT_EQ(batch.hashes(), nullptr);
  EXPECT_EQ(batch.kinds(), nullptr);
}

TEST(AnyBatch, IsFullInRowsOrInBytes) {
  AnyBatch batch(TypeOpsOf<std::string>());
  batch.set_size(1023);
  EXPECT_FALSE(batch.full());
  batch.set_size(1024);
  EXPECT_TRUE(batch.full());
  batch.set_size(1);
  batch.add_heap_bytes(limits::kBatchBytesMax - 1);
  EXPECT_FALSE(batch.full());
  batch.add_heap_bytes(1);
  EXPECT_TRUE(batch.full());
}

TEST(AnyBatch, ANewColumnHasDefaultsAndAnOldOneItsValues) {
  AnyBatch batch(TypeOpsOf<int64_t>());
  batch.set_size(2);
  EXPECT_EQ(batch.AddTimestamps()[1], kNoTimestamp);
  EXPECT_EQ(batch.AddHashes()[1], 0u);
  EXPECT_EQ(batch.AddKinds()[1], RowKind::kInsert);
  batch.timestamps()[1] = 7;
  EXPECT_EQ(batch.AddTimestamps()[1], 7);
}

TEST(AnyBatch, ClearKeepsWhatTheRowsOwn) {
  AnyBatch batch(TypeOpsOf<std::string>());
  batch.Rows<std::string>()[0] = std::string(100, 'x');
  batch.set_size(1);
  batch.add_heap_bytes(101);
  batch.AddTimestamps();
  const char* const text = batch.Rows<std::string>()[0].data();
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.heap_bytes(), 0u);
  EXPECT_EQ(batch.timestamps(), nullptr);
  batch.Rows<std::string>()[0] = std::string_view("no longer than before");
  EXPECT_EQ(batch.Rows<std::string>()[0].data(), text);
}

TEST(AnyBatch, GivesUpWhatTheRowsOwnOnceInAWhile) {
  AnyBatch batch(TypeOpsOf<std::string>());
  const auto fill_row = [&](uint32_t row, size_t bytes) {
    batch.Clear();
    batch.Rows<std::string>()[row] = std::string(bytes, 'x');
    batch.set_size(row + 1);
    batch.set_heap_bytes(bytes);
  };
  size_t kept_max = 0;
  for (uint32_t row = 0; row < batch.capacity();
       ++row) {  // a long record comes to each row in time
    fill_row(row, 30'000);
    size_t kept = 0;
    for (uint32_t i = 0; i < batch.capacity(); ++i) {
      kept += batch.Rows<std::string>()[i].capacity();
    }
    kept_max = std::max(kept_max, kept);
  }
  EXPECT_LT(kept_max, limits::kBatchTurnoverBytesMax + 2 * 30'000 + 15 * 1024);
  EXPECT_GT(kept_max, limits::kBatchTurnoverBytesMax / 2);
}

TEST(AnyBatch, SwapExchangesRowsAndColumns) {
  AnyBatch a(TypeOpsOf<int64_t>()), b(TypeOpsOf<int64_t>());
  a.Rows<int64_t>()[0] = 1;
  a.set_size(1);
  a.AddTimestamps()[0] = 10;
  a.Swap(b);
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(a.timestamps(), nullptr);
  EXPECT_EQ(b.size(), 1u);
  EXPECT_EQ(b.Rows<int64_t>()[0], 1);
  EXPECT_EQ(b.timestamps()[0], 10);
}

}  // namespace
}  // namespace weir::record
