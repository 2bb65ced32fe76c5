#include "weir/connectors/row_form.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>

#include "weir/record/typed_ops.h"

namespace weir::connectors {

struct Sale {
  std::string what;
  std::optional<double> price;
};
WEIR_RECORD(Sale, what, price);

namespace {

// The header and one row; or the error.
template <class T>
std::string Form(RowForm form, T value) {
  record::AnyBatch batch(TypeOpsOf<T>());
  batch.Rows<T>()[0] = std::move(value);
  batch.set_size(1);
  StatusOr<std::string> out = HeaderOf(form, batch.type());
  if (!out.ok()) return std::string(out.status().message());
  const Status appended = AppendRow(form, batch, 0, *out);
  return appended.ok() ? *out : std::string(appended.message());
}

TEST(RowForm, CsvHasAHeader) {
  EXPECT_EQ(Form(RowForm::kCsv, Sale{"a,b", 1.5}), "what,price\n\"a,b\",1.5\n");
  EXPECT_EQ(Form(RowForm::kCsv, std::string("a")), "value\na\n");
}
TEST(RowForm, TextIsAsItIs) {
  EXPECT_EQ(Form(RowForm::kText, std::string("a,\"\t\xff")), "a,\"\t\xff\n");
  EXPECT_EQ(Form(RowForm::kText, std::string()), "\n");
  EXPECT_EQ(Form(RowForm::kText, int64_t{-7}), "-7\n");
  EXPECT_EQ(Form(RowForm::kText, true), "true\n");
  EXPECT_EQ(Form(RowForm::kText, -std::numeric_limits<double>::infinity()), "-inf\n");
}
TEST(RowForm, ATextWithALineEndIsNoLine) {
  EXPECT_EQ(Form(RowForm::kText, std::string("one\ntwo")),
            "a line of text cannot hold a line end: \"one\\x0atwo\"; take line ends out (Map), or "
            "write JSON");
}
TEST(RowForm, JsonIsOneValueALine) {
  EXPECT_EQ(Form(RowForm::kJson, Sale{"a\nb", {}}), "{\"what\":\"a\\nb\",\"price\":null}\n");
  EXPECT_EQ(Form(RowForm::kJson, std::string("a\"b")), "\"a\\\"b\"\n");
  EXPECT_EQ(Form(RowForm::kJson, std::vector<int64_t>{1, 2}), "[1,2]\n");
}
TEST(RowForm, CsvCannotHoldLists) {
  EXPECT_TRUE(Form(RowForm::kCsv, std::vector<int64_t>{1}).starts_with("CSV cannot hold a list"));
}

}  // namespace
}  // namespace weir::connectors
