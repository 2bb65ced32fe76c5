#include "weir/record/batch_codec.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "weir/record/typed_ops.h"

namespace weir::record {
namespace {

struct Click {
  std::string user;
  int64_t at = 0;
};
WEIR_RECORD(Click, user, at);

enum class Columns { kNone, kAll };

BatchPtr Clicks(uint32_t count, size_t name_bytes, Columns columns) {
  auto batch = std::make_unique<AnyBatch>(TypeOpsOf<Click>());
  for (uint32_t i = 0; i < count; ++i) batch->Rows<Click>()[i] = {std::string(name_bytes, 'u'), i};
  batch->set_size(count);
  for (uint32_t i = 0; columns == Columns::kAll && i < count; ++i) {
    batch->AddTimestamps()[i] = 1000 + i;
    batch->AddHashes()[i] = i << 20;
    batch->AddKinds()[i] = static_cast<RowKind>(i % 4);
  }
  return batch;
}

BatchPtr Numbers(uint32_t count) {
  auto batch = std::make_unique<AnyBatch>(TypeOpsOf<int64_t>());
  for (uint32_t i = 0; i < count; ++i) batch->Rows<int64_t>()[i] = i;
  batch->set_size(count);
  return batch;
}

std::string Encoded(const AnyBatch& batch) {
  base::ByteWriter out;
  EXPECT_EQ(EncodeRows(batch, 0, 1 << 20, out), batch.size());
  return out.Take();
}

Status Decode(std::string_view bytes, AnyBatch& batch) {
  base::ByteReader in(bytes);
  WEIR_RETURN_IF_ERROR(DecodeRows(in, batch));
  return in.Check("run", base::ByteReader::Rest::kMustBeEmpty);
}

void ExpectSame(const AnyBatch& a, const AnyBatch& b) {
  ASSERT_EQ(a.size(), b.size());
  ASSERT_EQ(a.timestamps() != nullptr, b.timestamps() != nullptr);
  ASSERT_EQ(a.hashes() != nullptr, b.hashes() != nullptr);
  ASSERT_EQ(a.kinds() != nullptr, b.kinds() != nullptr);
  for (uint32_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(TypeTraits<Click>::Equal(a.Rows<Click>()[i], b.Rows<Click>()[i])) << i;
    EXPECT_TRUE(!a.timestamps() || a.timestamps()[i] == b.timestamps()[i]) << i;
    EXPECT_TRUE(!a.hashes() || a.hashes()[i] == b.hashes()[i]) << i;
    EXPECT_TRUE(!a.kinds() || a.kinds()[i] == b.kinds()[i]) << i;
  }
}

TEST(BatchCodec, ARunSurvivesWithItsColumns) {
  for (const Columns columns : {Columns::kNone, Columns::kAll}) {
    const BatchPtr batch = Clicks(1000, 20, columns);
    AnyBatch decoded(batch->type());
    ASSERT_TRUE(Decode(Encoded(*batch), decoded).ok());
    ExpectSame(*batch, decoded);
    EXPECT_EQ(decoded.heap_bytes(), 1000u * 21);
  }
}

TEST(BatchCodec, RunsWithinALimitTogetherAreTheBatch) {
  for (const Columns columns : {Columns::kNone, Columns::kAll}) {
    const BatchPtr batch = Clicks(1024, 20, columns);
    for (const size_t bytes_max :
         {size_t{0}, size_t{33}, size_t{100}, size_t{5'000}, size_t{32} << 10}) {
      AnyBatch decoded(batch->type());
      for (uint32_t row = 0; row < batch->size();) {
        base::ByteWriter out;
        const uint32_t next = EncodeRows(*batch, row, bytes_max, out);
        ASSERT_GT(next, row);
        ASSERT_TRUE(out.size() <= bytes_max || next == row + 1)
            << out.size() << " bytes of " << bytes_max;
        ASSERT_TRUE(Decode(out.bytes(), decoded).ok());
        row = next;
      }
      ExpectSame(*batch, decoded);
    }
  }
}

TEST(BatchCodec, ALimitIsUsedWell) {
  const BatchPtr batch = Clicks(1024, 20, Columns::kAll);
  base::ByteWriter out;
  EncodeRows(*batch, 0, 32 << 10, out);
  EXPECT_GT(out.size(), 31u << 10);
}

TEST(BatchCodec, ARecordLargerThanTheLimitTravelsAlone) {
  const BatchPtr batch = Clicks(4, 10, Columns::kAll);
  batch->Rows<Click>()[2].user = std::string(100'000, 'x');
  base::ByteWriter first, second, third;
  EXPECT_EQ(EncodeRows(*batch, 0, 1000, first), 2u);
  EXPECT_EQ(EncodeRows(*batch, 2, 1000, second), 3u);
  EXPECT_EQ(EncodeRows(*batch, 3, 1000, third), 4u);
}

TEST(BatchCodec, AppendsBehindWhatTheWriterHolds) {
  const BatchPtr batch = Numbers(3);
  base::ByteWriter out(std::string("frame header"));
  EXPECT_EQ(EncodeRows(*batch, 0, 12 + 4 + 16, out), 2u);
  EXPECT_EQ(out.size(), 32u);
  AnyBatch decoded(batch->type());
  EXPECT_TRUE(Decode(std::string_view(out.bytes()).substr(12), decoded).ok());
  EXPECT_EQ(decoded.size(), 2u);
}

TEST(BatchCodec, GoldenBytes) {  // the worked examples of docs/formats/record.md
  const BatchPtr batch = Clicks(2, 0, Columns::kNone);
  batch->Rows<Click>()[0] = {"bob", 5};
  batch->Rows<Click>()[1] = {"", -1};
  batch->AddTimestamps()[0] = 1000;
  batch->timestamps()[1] = -1;
  batch->AddKinds()[1] = RowKind::kDelete;
  const std::string golden(
      "\1\5\2\0"                            // version, columns: timestamps and kinds, count
      "\3bob\5\0\0\0\0\0\0\0"               // row 0
      "\0\xff\xff\xff\xff\xff\xff\xff\xff"  // row 1
      "\xe8\3\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"
      "\0\3",
      43);
  EXPECT_EQ(Encoded(*batch), golden);
  AnyBatch decoded(batch->type());
  ASSERT_TRUE(Decode(golden, decoded).ok());
  ExpectSame(*batch, decoded);
}

TEST(BatchCodec, CutShortAnywhereIsDataLossAndTheBatchIsAsBefore) {
  const std::string bytes = Encoded(*Clicks(5, 20, Columns::kAll));
  AnyBatch batch(TypeOpsOf<Click>());
  ASSERT_TRUE(Decode(Encoded(*Clicks(1, 3, Columns::kNone)), batch).ok());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(Decode(std::string_view(bytes).substr(0, size), batch).code(), StatusCode::kDataLoss)
        << size;
    EXPECT_EQ(batch.size(), 1u);
    EXPECT_EQ(batch.heap_bytes(), 0u);
    EXPECT_EQ(batch.timestamps(), nullptr);
    EXPECT_EQ(batch.Rows<Click>()[0].user, "uuu");
  }
}

TEST(BatchCodec, RefusesWhatItDoesNotKnow) {
  const std::string right = Encoded(*Clicks(2, 3, Columns::kAll));
  const auto with = [&](size_t at, char value) {
    std::string bytes = right;
    bytes[at] = value;
    AnyBatch batch(TypeOpsOf<Click>());
    return Decode(bytes, batch);
  };
  EXPECT_EQ(with(0, 2), DataLossError("run of records has an unknown version: 2"));
  EXPECT_EQ(with(1, 8), DataLossError("run of records has unknown columns: 8"));
  EXPECT_EQ(with(2, 0), DataLossError("run of records does not fit: 0 rows, room for 1024"));
  EXPECT_EQ(with(right.size() - 1, 4),
            DataLossError("columns of a run of records is cut short or malformed"));
  EXPECT_EQ(with(right.size() - 1, 3), OkStatus());
}

TEST(BatchCodec, RefusesMoreRowsThanThereIsRoomFor) {
  AnyBatch batch(TypeOpsOf<int64_t>());
  const std::string bytes = Encoded(*Numbers(1000));
  EXPECT_TRUE(Decode(bytes, batch).ok());
  EXPECT_EQ(Decode(bytes, batch),
            DataLossError("run of records does not fit: 1000 rows, room for 24"));
  EXPECT_TRUE(Decode(Encoded(*Numbers(24)), batch).ok());
  EXPECT_TRUE(batch.full());
}

TEST(BatchCodec, RunsWithAndWithoutColumnsMeetInOneBatch) {
  AnyBatch batch(TypeOpsOf<Click>());
  ASSERT_TRUE(Decode(Encoded(*Clicks(1, 1, Columns::kNone)), batch).ok());
  ASSERT_TRUE(Decode(Encoded(*Clicks(2, 1, Columns::kAll)), batch).ok());
  ASSERT_TRUE(Decode(Encoded(*Clicks(1, 1, Columns::kNone)), batch).ok());
  ASSERT_EQ(batch.size(), 4u);
  EXPECT_EQ(batch.timestamps()[0], kNoTimestamp);
  EXPECT_EQ(batch.timestamps()[2], 1001);
  EXPECT_EQ(batch.timestamps()[3], kNoTimestamp);
  EXPECT_EQ(batch.kinds()[2], RowKind::kUpdateBefore);
  EXPECT_EQ(batch.kinds()[3], RowKind::kInsert);
  EXPECT_EQ(batch.hashes()[3], 0u);
}

}  // namespace
}  // namespace weir::record
