// Sketch: a record type that is made at run time and keeps its rows as columns, and an operator
// that works on whole columns.
//
// What it asks of the contracts: everything that the engine does with records goes through TypeOps;
// the bytes are those of the C++ type with the same schema; keyed state for keys and values that
// are known as bytes only.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>

#include "tests/contracts/stage.h"
#include "weir/record/batch_codec.h"
#include "weir/record/columns.h"
#include "weir/state/value_state.h"

namespace weir::contracts {
namespace {

using record::AnyBatch;
using record::Schema;
using record::TypeKind;

/// Rows of 64-bit integers and strings, one array for each field.
class ColumnarType final : public record::TypeOps {
 public:
  struct Column {
    std::vector<int64_t> numbers;
    std::vector<std::string> texts;
  };
  struct Rows {
    std::vector<Column> columns;
  };

  explicit ColumnarType(Schema schema) : schema_(std::move(schema)) {}

  static Rows& Of(AnyBatch& batch) { return *static_cast<Rows*>(batch.storage()); }
  static const Rows& Of(const AnyBatch& batch) {
    return *static_cast<const Rows*>(batch.storage());
  }

  const Schema& schema() const override { return schema_; }
  bool SameLayout(const TypeOps& other) const override {
    const auto* same = dynamic_cast<const ColumnarType*>(&other);
    return same != nullptr && same->schema_ == schema_;
  }
  uint32_t capacity() const override { return limits::kBatchRecordsMax; }
  uint32_t row_bytes() const override {
    return static_cast<uint32_t>(schema_.children.size() * sizeof(int64_t));
  }

  void* NewRows() const override {
    auto rows = std::make_unique<Rows>();
    rows->columns.resize(schema_.children.size());
    for (size_t i = 0; i < rows->columns.size(); ++i) {
      if (IsText(i)) rows->columns[i].texts.resize(capacity());
      if (!IsText(i)) rows->columns[i].numbers.resize(capacity());
    }
    return rows.release();
  }
  void DeleteRows(void* rows) const override { std::unique_ptr<Rows>(static_cast<Rows*>(rows)); }

  uint64_t HeapBytes(const AnyBatch& batch, uint32_t begin, uint32_t end) const override {
    uint64_t bytes = 0;
    for (const Column& column : Of(batch).columns) {
      for (uint32_t i = begin; i < end && !column.texts.empty(); ++i)
        bytes += column.texts[i].size();
    }
    return bytes;
  }

  uint32_t Encode(const AnyBatch& batch, uint32_t begin, uint32_t end, size_t bytes_max,
                  base::ByteWriter& out) const override {
    for (uint32_t row = begin; row < end; ++row) {
      const size_t before = out.size();
      for (const Column& column : Of(batch).columns) {
        if (column.texts.empty()) TypeTraits<int64_t>::Encode(column.numbers[row], out);
        if (!column.texts.empty()) TypeTraits<std::string>::Encode(column.texts[row], out);
      }
      if (out.size() > bytes_max && row > begin) {
        out.bytes().resize(before);
        return row;
      }
    }
    return end;
  }

  Status Decode(base::ByteReader& in, uint32_t count, AnyBatch& batch) const override {
    for (uint32_t row = batch.size(); row < batch.size() + count && in.ok(); ++row) {
      for (Column& column : Of(batch).columns) {
        if (column.texts.empty()) TypeTraits<int64_t>::Decode(in, column.numbers[row]);
        if (!column.texts.empty()) TypeTraits<std::string>::Decode(in, column.texts[row]);
      }
    }
    WEIR_RETURN_IF_ERROR(in.Check(schema_.ToString(), base::ByteReader::Rest::kMayFollow));
    Grow(batch, count);
    return {};
  }

  uint32_t Scatter(AnyBatch& batch, uint32_t begin, std::span<const uint16_t> destinations,
                   std::span<AnyBatch* const> outputs) const override {
    uint32_t row = begin;
    for (; row < batch.size() && !outputs[destinations[row]]->full(); ++row) {
      Move(batch, row, row + 1, *outputs[destinations[row]]);
    }
    return row;
  }

  void Move(AnyBatch& from, uint32_t begin, uint32_t end, AnyBatch& to) const override {
    record::AppendColumns(from, begin, end, to);
    for (size_t i = 0; i < schema_.children.size(); ++i) {
      Column& source = Of(from).columns[i];
      Column& target = Of(to).columns[i];
      for (uint32_t row = begin; row < end; ++row) {
        const uint32_t at = to.size() + row - begin;
        if (IsText(i)) source.texts[row].swap(target.texts[at]);
        if (!IsText(i)) target.numbers[at] = source.numbers[row];
      }
    }
    Grow(to, end - begin);
  }

  void Copy(const AnyBatch& from, uint32_t begin, uint32_t end, AnyBatch& to) const override {
    record::AppendColumns(from, begin, end, to);
    for (size_t i = 0; i < schema_.children.size(); ++i) {
      const Column& source = Of(from).columns[i];
      Column& target = Of(to).columns[i];
      const auto at = [&](auto& array) { return array.begin() + to.size(); };
      const auto copy = [&](const auto& array, auto& into) {
        std::copy(array.begin() + begin, array.begin() + end, at(into));
      };
      if (IsText(i)) copy(source.texts, target.texts);
      if (!IsText(i)) copy(source.numbers, target.numbers);
    }
    Grow(to, end - begin);
  }

  void AppendJson(const AnyBatch& batch, uint32_t row, std::string& out) const override {
    for (size_t i = 0; i < schema_.children.size(); ++i) {
      out += (i == 0 ? "{\"" : ",\"") + schema_.field_names[i] + "\":";
      const Column& column = Of(batch).columns[i];
      if (IsText(i)) TypeTraits<std::string>::AppendJson(column.texts[row], out);
      if (!IsText(i)) TypeTraits<int64_t>::AppendJson(column.numbers[row], out);
    }
    out += '}';
  }
  Status AppendCsv(const AnyBatch&, uint32_t, std::string&) const override {
    return UnimplementedError("a sketch writes no CSV");
  }
  StatusOr<std::string> CsvHeader() const override {
    return UnimplementedError("a sketch writes no CSV");
  }

 private:
  bool IsText(size_t field) const { return schema_.children[field].kind == TypeKind::kString; }
  void Grow(AnyBatch& batch, uint32_t count) const {
    batch.add_heap_bytes(HeapBytes(batch, batch.size(), batch.size() + count));
    batch.set_size(batch.size() + count);
  }

  const Schema schema_;
};

// The C++ type of the same schema.
struct Sale {
  std::string shop;
  int64_t amount;
};
WEIR_RECORD(Sale, shop, amount);

const ColumnarType& SaleColumns() {
  static const ColumnarType type(TypeTraits<Sale>::MakeSchema());
  return type;
}

record::BatchPtr SalesOf(const std::vector<Sale>& sales) {
  auto batch = std::make_unique<AnyBatch>(SaleColumns());
  std::vector<ColumnarType::Column>& columns = ColumnarType::Of(*batch).columns;
  for (uint32_t i = 0; i < sales.size(); ++i) {
    columns[0].texts[i] = sales[i].shop;
    columns[1].numbers[i] = sales[i].amount;
  }
  batch->set_size(static_cast<uint32_t>(sales.size()));
  batch->add_heap_bytes(SaleColumns().HeapBytes(*batch, 0, batch->size()));
  return batch;
}

/// WHERE column > limit: one loop over one array, then runs of rows move.
class ColumnFilter final : public runtime::Operator {
 public:
  ColumnFilter(size_t column, int64_t limit) : column_(column), limit_(limit) {}
  Status Open(const runtime::OperatorContext&) override { return {}; }
  Status Start() override { return {}; }
  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    const std::vector<int64_t>& values = ColumnarType::Of(input.batch).columns[column_].numbers;
    const auto passes = [&](int64_t value) { return value > limit_; };
    const auto end = values.begin() + input.batch.size();
    auto from = values.begin() + input.cursor;
    while (from != end && !output.MustDrain()) {
      from = std::find_if(from, end, passes);
      AnyBatch& open = output.OpenBatch(base::PortIndex(0));
      const auto room = std::min<ptrdiff_t>(open.capacity() - open.size(), end - from);
      const auto to = std::find_if_not(from, from + room, passes);
      input.batch.type().Move(input.batch, Row(values, from), Row(values, to), open);
      from = to;
    }
    input.cursor = Row(values, from);
    return from == end ? runtime::Outcome::kNeedInput : runtime::Outcome::kMoreOutput;
  }

 private:
  template <class Iterator>
  static uint32_t Row(const std::vector<int64_t>& values, Iterator at) {
    return static_cast<uint32_t>(at - values.begin());
  }
  const size_t column_;
  const int64_t limit_;
};

TEST(ColumnarType, BytesAreThoseOfTheTypeWithTheSameSchema) {
  const std::vector<Sale> sales{{"a", 1}, {"bb", -2}, {"", 3}};
  base::ByteWriter columnar, typed;
  EXPECT_EQ(record::EncodeRows(*SalesOf(sales), 0, SIZE_MAX, columnar), 3u);
  EXPECT_EQ(record::EncodeRows(*BatchOf(sales), 0, SIZE_MAX, typed), 3u);
  EXPECT_EQ(columnar.bytes(), typed.bytes());

  AnyBatch decoded(SaleColumns());
  base::ByteReader in(typed.bytes());
  ASSERT_TRUE(record::DecodeRows(in, decoded).ok());
  std::string json;
  SaleColumns().AppendJson(decoded, 1, json);
  EXPECT_EQ(json, R"({"shop":"bb","amount":-2})");
}

TEST(ColumnarType, AnOperatorWorksOnColumns) {
  Stage stage(std::make_unique<ColumnFilter>(1, 2), {&SaleColumns()}, ContextOf("", 0, 1));
  ASSERT_TRUE(stage.Begin().ok());
  ASSERT_TRUE(stage.Feed(0, SalesOf({{"a", 3}, {"b", 1}, {"c", 9}, {"d", 4}})).ok());
  EXPECT_EQ(stage.Taken(0),
            R"(+{"shop":"a","amount":3} +{"shop":"c","amount":9} +{"shop":"d","amount":4} )");
}

TEST(ColumnarType, AHashEdgeSpreadsRowsThatAreColumns) {
  exchange::TestChaos chaos;
  std::vector<std::unique_ptr<exchange::ChannelWriter>> writers;
  std::vector<std::unique_ptr<exchange::ChannelReader>> readers;
  for (int i = 0; i < 2; ++i) {
    exchange::LocalChannel channel = exchange::MakeLocalChannel(SaleColumns(), chaos);
    writers.push_back(std::move(channel.writer));
    readers.push_back(std::move(channel.reader));
  }
  exchange::ResultPartition partition({.type = SaleColumns(),
                                       .partitioning = exchange::Partitioning::kHash,
                                       .max_parallelism = kKeyGroups,
                                       .chaos = chaos},
                                      std::move(writers));
  record::BatchPtr sales = SalesOf({{"a", 1}, {"b", 2}, {"c", 3}});
  uint64_t* const hashes = sales->AddHashes();
  hashes[0] = hashes[2] = 0, hashes[1] = UINT64_MAX;
  EXPECT_EQ(partition.Send(*sales), exchange::SendResult::kSent);
  EXPECT_EQ(partition.Flush(), exchange::SendResult::kSent);
  const auto rows_at = [&](size_t index) {
    const auto element = readers[index]->Poll();
    const AnyBatch& batch = **std::get_if<record::BatchPtr>(&*element);
    std::string json;
    for (uint32_t row = 0; row < batch.size(); ++row) SaleColumns().AppendJson(batch, row, json);
    return json;
  };
  EXPECT_EQ(rows_at(0), R"({"shop":"a","amount":1}{"shop":"c","amount":3})");
  EXPECT_EQ(rows_at(1), R"({"shop":"b","amount":2})");
}

// ---- keyed state whose key is a run of fields that only a schema describes

/// A key as its encoding; the fields are hashed one by one, as those of a C++ record are.
struct EncodedKey {
  std::string bytes;
};

bool HashBySchema(const Schema& schema, base::HashSeed seed, base::ByteReader& in, uint64_t& hash) {
  if (schema.kind == TypeKind::kString) {
    hash = base::HashBytes(seed, in.String());
  } else if (schema.kind == TypeKind::kInt64) {
    hash = base::HashU64(seed, in.U64());
  } else {
    hash = seed;
    for (const Schema& field : schema.children) {
      if (!HashBySchema(field, hash, in, hash)) return false;
    }
  }
  return in.ok();
}

state::KeyOps KeyOpsOf(const Schema& schema) {
  return {.schema = schema,
          .inline_bytes = 0,
          .hash =
              [schema](base::HashSeed seed, std::string_view encoded, uint64_t& hash) {
                base::ByteReader in(encoded);
                return HashBySchema(schema, seed, in, hash) && in.AtEnd();
              },
          .find_or_insert =
              [](state::KeyedTable& table, uint64_t hash, const void* key) {
                return table.FindOrInsertEncoded(hash, static_cast<const EncodedKey*>(key)->bytes);
              }};
}

}  // namespace
}  // namespace weir::contracts

namespace weir::state {
template <>
class KeyProbe<contracts::EncodedKey> {
 public:
  KeyProbe(const contracts::EncodedKey& key, base::ByteWriter&) : key_(key) {}
  bool Matches(const Row& row) const {
    return BytesOf(row.BlockAt(RowLayout::kKeyOffset)) == key_.bytes;
  }
  std::string_view encoded() const { return key_.bytes; }

 private:
  const contracts::EncodedKey& key_;
};
}  // namespace weir::state

namespace weir::contracts {
namespace {

TEST(ColumnarType, KeyedStateOfARunTimeKeyIsThatOfTheTypeWithTheSameSchema) {
  const Schema schema = TypeTraits<Sale>::MakeSchema();
  const auto options = [&](state::KeyOps key) {
    return state::KeyedBackend::Options{.uid = "sum",
                                        .groups = {base::KeyGroup(0), base::KeyGroup(kKeyGroups)},
                                        .max_parallelism = kKeyGroups,
                                        .key = std::move(key)};
  };
  state::KeyedBackend dynamic(options(KeyOpsOf(schema)));
  const auto sum = ValueState<int64_t>::DeclareIn(dynamic, "sum");
  dynamic.Open();

  const Sale sale{"a", 1};
  base::ByteWriter encoded;
  TypeTraits<Sale>::Encode(sale, encoded);
  const EncodedKey key{encoded.bytes()};
  uint64_t hash = 0;
  ASSERT_TRUE(KeyOpsOf(schema).hash(/*seed=*/0, key.bytes, hash));
  EXPECT_EQ(hash, TypeTraits<Sale>::Hash(0, sale));
  dynamic.Bind(hash, key);
  sum->Update(7);
  EXPECT_TRUE(dynamic.status().ok()) << dynamic.status().ToString();
  dynamic.Unbind();
  dynamic.Bind(hash, key);
  EXPECT_EQ(sum->Get(), 7);
}

}  // namespace
}  // namespace weir::contracts
