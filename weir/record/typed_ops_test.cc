#include "weir/record/typed_ops.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir::record {
namespace {

struct Sum {
  int64_t key = 0;
  int64_t sum = 0;
};
WEIR_RECORD(Sum, key, sum);

struct Click {
  std::string user;
  int64_t at = 0;
};
WEIR_RECORD(Click, user, at);

struct Lists {
  std::vector<int64_t> list;
};
WEIR_RECORD(Lists, list);

template <size_t kBytes>
struct Sized {
  int8_t first = 0;

 private:
  [[maybe_unused]] int8_t rest_[kBytes - 1] = {};
};
template <size_t kBytes>
WEIR_RECORD(Sized<kBytes>, first);

// A batch of numbers from `first` on, each its own hash, timestamp ten times that.
BatchPtr Numbers(int64_t first, uint32_t count) {
  auto batch = std::make_unique<AnyBatch>(TypeOpsOf<int64_t>());
  for (uint32_t i = 0; i < count; ++i) batch->Rows<int64_t>()[i] = first + i;
  batch->set_size(count);
  return batch;
}

void AddAllColumns(AnyBatch& batch) {
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const int64_t row = batch.Rows<int64_t>()[i];
    batch.AddTimestamps()[i] = 10 * row;
    batch.AddHashes()[i] = static_cast<uint64_t>(row);
    batch.AddKinds()[i] = static_cast<RowKind>(row % 4);
  }
}

// "1 2 3".
std::string RowsOf(const AnyBatch& batch) {
  std::string out;
  for (uint32_t i = 0; i < batch.size(); ++i) {
    if (i > 0) out += ' ';
    batch.type().AppendJson(batch, i, out);
  }
  return out;
}

std::string TimestampsOf(const AnyBatch& batch) {
  std::string out;
  for (uint32_t i = 0; i < batch.size(); ++i) {
    if (i > 0) out += ' ';
    out += batch.timestamps()[i] == kNoTimestamp ? "-" : std::to_string(batch.timestamps()[i]);
  }
  return out;
}

void ExpectOwnColumns(const AnyBatch& batch) {
  ASSERT_TRUE(batch.timestamps() && batch.hashes() && batch.kinds());
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const int64_t row = batch.Rows<int64_t>()[i];
    EXPECT_EQ(batch.timestamps()[i], 10 * row);
    EXPECT_EQ(batch.hashes()[i], static_cast<uint64_t>(row));
    EXPECT_EQ(batch.kinds()[i], static_cast<RowKind>(row % 4));
  }
}

TEST(TypeOpsOf, IsOneObjectForEachType) {
  EXPECT_EQ(&TypeOpsOf<Sum>(), &TypeOpsOf<Sum>());
  EXPECT_TRUE(TypeOpsOf<Sum>().SameLayout(TypeOpsOf<Sum>()));
  EXPECT_FALSE(TypeOpsOf<Sum>().SameLayout(TypeOpsOf<Click>()));
  EXPECT_FALSE(TypeOpsOf<int64_t>().SameLayout(TypeOpsOf<long long>()));  // one schema, two types
  EXPECT_EQ(TypeOpsOf<int64_t>().schema(), TypeOpsOf<long long>().schema());
}

TEST(TypeOpsOf, CapacityIsWhatFitsIntoABatchAndAtLeastOne) {
  EXPECT_EQ(TypeOpsOf<Sum>().capacity(), 1024u);
  EXPECT_EQ(TypeOpsOf<Sized<64>>().capacity(), 1024u);
  EXPECT_EQ(TypeOpsOf<Sized<65>>().capacity(), 1008u);
  EXPECT_EQ(TypeOpsOf<Sized<65'536>>().capacity(), 1u);
  EXPECT_EQ(TypeOpsOf<Sized<65'537>>().capacity(), 1u);
}

TEST(Scatter, KeepsTheOrderWithinEachOutputAndAllColumns) {
  const BatchPtr batch = Numbers(0, 6);
  AddAllColumns(*batch);
  AnyBatch a(batch->type()), b(batch->type()), c(batch->type());
  AnyBatch* const outputs[] = {&a, &b, &c};
  EXPECT_EQ(batch->type().Scatter(*batch, 0, std::vector<uint16_t>{2, 0, 2, 2, 0, 2}, outputs), 6u);
  EXPECT_EQ(RowsOf(a), "1 4");
  EXPECT_EQ(RowsOf(b), "");
  EXPECT_EQ(RowsOf(c), "0 2 3 5");
  for (const AnyBatch* output : outputs) ExpectOwnColumns(*output);
}

TEST(Scatter, StopsAtTheRowWhoseOutputIsFullAndGoesOnFromThere) {
  const BatchPtr batch = Numbers(1, 4);
  AddAllColumns(*batch);
  const BatchPtr nearly_full = Numbers(0, 1023);
  AddAllColumns(*nearly_full);
  AnyBatch other(batch->type());
  AnyBatch* const outputs[] = {nearly_full.get(), &other};
  const std::vector<uint16_t> destinations = {1, 0, 1, 0};
  EXPECT_EQ(batch->type().Scatter(*batch, 0, destinations, outputs), 3u);
  EXPECT_TRUE(nearly_full->full());
  EXPECT_EQ(RowsOf(other), "1 3");
  EXPECT_EQ(batch->type().Scatter(*batch, 3, destinations, outputs), 3u);  // still full
  nearly_full->Clear();
  EXPECT_EQ(batch->type().Scatter(*batch, 3, destinations, outputs), 4u);
  EXPECT_EQ(RowsOf(*nearly_full), "4");
  ExpectOwnColumns(*nearly_full);
  ExpectOwnColumns(other);
}

TEST(Scatter, ReachesMoreOutputsThanLieOnTheStack) {
  const BatchPtr batch = Numbers(0, 1000);
  AddAllColumns(*batch);
  std::vector<BatchPtr> owned;
  std::vector<AnyBatch*> outputs;
  for (int i = 0; i < 500; ++i) {
    owned.push_back(Numbers(0, 0));
    outputs.push_back(owned.back().get());
  }
  std::vector<uint16_t> destinations;
  for (uint32_t i = 0; i < 1000; ++i) destinations.push_back(static_cast<uint16_t>(i % 500));
  EXPECT_EQ(batch->type().Scatter(*batch, 0, destinations, outputs), 1000u);
  EXPECT_EQ(RowsOf(*outputs[499]), "499 999");
  ExpectOwnColumns(*outputs[499]);
}

TEST(Scatter, GivesDefaultsToRowsThatHadNoColumn) {
  const BatchPtr with = Numbers(1, 2);
  AddAllColumns(*with);
  const BatchPtr without = Numbers(3, 2);
  AnyBatch output(with->type());
  AnyBatch* const outputs[] = {&output};
  const std::vector<uint16_t> destinations = {0, 0};
  with->type().Scatter(*without, 0, destinations, outputs);
  EXPECT_EQ(output.timestamps(), nullptr);
  with->type().Scatter(*with, 0, destinations, outputs);
  with->type().Scatter(*without, 0, destinations, outputs);
  EXPECT_EQ(RowsOf(output), "3 4 1 2 3 4");
  EXPECT_EQ(TimestampsOf(output), "- - 10 20 - -");
  EXPECT_EQ(output.hashes()[5], 0u);
  EXPECT_EQ(output.kinds()[5], RowKind::kInsert);
}

TEST(Scatter, StopsWhenAnOutputIsFullInBytes) {
  AnyBatch batch(TypeOpsOf<Click>()), output(TypeOpsOf<Click>());
  for (uint32_t i = 0; i < 10; ++i) batch.Rows<Click>()[i] = {std::string(20'000, 'u'), i};
  batch.set_size(10);
  AnyBatch* const outputs[] = {&output};
  const std::vector<uint16_t> destinations(10);
  EXPECT_EQ(batch.type().Scatter(batch, 0, destinations, outputs),
            4u);  // 64 KiB are reached with the fourth
  EXPECT_TRUE(output.full());
  EXPECT_EQ(output.size(), 4u);
  EXPECT_EQ(output.Rows<Click>()[3].at, 3);
}

TEST(Move, ExchangesStringsSoThatNoCapacityIsLost) {
  AnyBatch from(TypeOpsOf<Click>()), to(TypeOpsOf<Click>());
  from.Rows<Click>()[0] = {std::string(100, 'f'), 1};
  to.Rows<Click>()[0] = {std::string(200, 't'), 2};
  from.set_size(1);
  from.type().Move(from, 0, 1, to);
  EXPECT_EQ(to.Rows<Click>()[0].user, std::string(100, 'f'));
  EXPECT_EQ(to.Rows<Click>()[0].at, 1);
  EXPECT_GE(from.Rows<Click>()[0].user.capacity(), 200u);
}

TEST(Move, GoesBehindTheRowsThatAreThere) {
  const BatchPtr from = Numbers(0, 8);
  AddAllColumns(*from);
  const BatchPtr to = Numbers(100, 1);
  from->type().Move(*from, 2, 5, *to);
  EXPECT_EQ(RowsOf(*to), "100 2 3 4");
  EXPECT_EQ(TimestampsOf(*to), "- 20 30 40");
}

TEST(Copy, LeavesTheSourceAndUnitesColumns) {
  const BatchPtr from = Numbers(0, 3);
  const BatchPtr to = Numbers(1, 1);
  AddAllColumns(*to);
  from->type().Copy(*from, 1, 3, *to);
  EXPECT_EQ(RowsOf(*from), "0 1 2");
  EXPECT_EQ(RowsOf(*to), "1 1 2");
  EXPECT_EQ(TimestampsOf(*to), "10 - -");
}

TEST(HeapBytes, CountsWhatLiesOutsideTheRows) {
  AnyBatch batch(TypeOpsOf<Click>());
  batch.Rows<Click>()[0].user = "short";
  batch.Rows<Click>()[1].user = std::string(100, 'x');
  batch.set_size(2);
  EXPECT_EQ(batch.type().HeapBytes(batch, 0, 1), 0u);
  EXPECT_EQ(batch.type().HeapBytes(batch, 0, 2), 101u);
  EXPECT_EQ(TypeTraits<Lists>::HeapBytes({{1, 2, 3}}), 24u);
  const BatchPtr numbers = Numbers(0, 10);
  EXPECT_EQ(numbers->type().HeapBytes(*numbers, 0, 10), 0u);
}

TEST(Encode, StopsBeforeTheRowThatWouldPassTheLimit) {
  const BatchPtr numbers = Numbers(0, 10);
  const auto encoded = [](const AnyBatch& batch, uint32_t begin, size_t bytes_max) {
    base::ByteWriter out;
    return batch.type().Encode(batch, begin, batch.size(), bytes_max, out);
  };
  EXPECT_EQ(encoded(*numbers, 0, 80), 10u);
  EXPECT_EQ(encoded(*numbers, 0, 79), 9u);
  EXPECT_EQ(encoded(*numbers, 4, 16), 6u);
  EXPECT_EQ(encoded(*numbers, 0, 0), 1u);  // at least one
  AnyBatch clicks(TypeOpsOf<Click>());
  for (uint32_t i = 0; i < 3; ++i) clicks.Rows<Click>()[i] = {"ten letter", i};  // 19 bytes each
  clicks.set_size(3);
  EXPECT_EQ(encoded(clicks, 0, 57), 3u);
  EXPECT_EQ(encoded(clicks, 0, 56), 2u);
  EXPECT_EQ(encoded(clicks, 1, 1), 2u);
}

TEST(Decode, LeavesTheBatchAsItWasWhenTheBytesAreCorrupt) {
  AnyBatch batch(TypeOpsOf<Click>());
  batch.Rows<Click>()[0] = {"bob", 1};
  batch.set_size(1);
  base::ByteReader in(
      "\x03"
      "ann");
  const Status status = batch.type().Decode(in, 1, batch);
  EXPECT_EQ(status, DataLossError("Click{user: string, at: int64} is cut short or malformed"));
  EXPECT_EQ(RowsOf(batch), R"({"user":"bob","at":1})");
  EXPECT_EQ(batch.heap_bytes(), 0u);
}

TEST(Text, OfARecordIsAnObjectOrALine) {
  AnyBatch batch(TypeOpsOf<Click>());
  batch.Rows<Click>()[0] = {"bob, \"b\"", -1};
  batch.set_size(1);
  EXPECT_EQ(RowsOf(batch), R"({"user":"bob, \"b\"","at":-1})");
  std::string line;
  EXPECT_TRUE(batch.type().AppendCsv(batch, 0, line).ok());
  EXPECT_EQ(line, "\"bob, \"\"b\"\"\",-1");
  EXPECT_EQ(*batch.type().CsvHeader(), "user,at");
}

TEST(Text, OfNumbersAndStringsIsTheBareValue) {
  AnyBatch batch(TypeOpsOf<std::string>());
  batch.Rows<std::string>()[0] = "say \"hi\"\n";
  batch.set_size(1);
  EXPECT_EQ(RowsOf(batch), "say \"hi\"\\n");
  EXPECT_EQ(RowsOf(*Numbers(5, 2)), "5 6");
  EXPECT_EQ(*TypeOpsOf<int64_t>().CsvHeader(), "value");
}

TEST(Text, SaysWhatCsvCannotHold) {
  AnyBatch batch(TypeOpsOf<Lists>());
  batch.set_size(1);
  std::string line;
  const Status refused = batch.type().AppendCsv(batch, 0, line);
  EXPECT_EQ(refused.code(), StatusCode::kUnimplemented);
  EXPECT_TRUE(refused.message().ends_with("Lists{list: list<int64>}")) << refused;
  EXPECT_EQ(batch.type().CsvHeader().status(), refused);
  EXPECT_EQ(line, "");
}

}  // namespace
}  // namespace weir::record
