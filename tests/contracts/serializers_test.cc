// Regression row 38: what serializes must not lose its fields when it is copied or moved. Traits
// have no fields; what has are handles, owners and run-time descriptions of types.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tests/contracts/stage.h"
#include "weir/state/list_state.h"
#include "weir/state/state_owner.h"
#include "weir/state/value_state.h"

namespace weir::contracts {
namespace {

struct Point {
  int64_t x;
  std::string label;
};
WEIR_RECORD(Point, x, label);

template <class T>
T Example();
template <>
int64_t Example() {
  return -5;
}
template <>
std::string Example() {
  return std::string(100, 'x');
}
template <>
std::optional<std::string> Example() {
  return "some";
}
template <>
std::vector<std::string> Example() {
  return {"a", ""};
}
template <>
std::map<int64_t, std::string> Example() {
  return {{1, "one"}, {2, ""}};
}
template <>
std::variant<int64_t, std::string> Example() {
  return "second";
}
template <>
Point Example() {
  return {7, "p"};
}

template <class T>
std::string Encoded(const T& value) {
  base::ByteWriter out;
  TypeTraits<T>::Encode(value, out);
  return out.Take();
}

template <class T>
struct Serializer : ::testing::Test {};
using Types =
    ::testing::Types<int64_t, std::string, std::optional<std::string>, std::vector<std::string>,
                     std::map<int64_t, std::string>, std::variant<int64_t, std::string>, Point>;
TYPED_TEST_SUITE(Serializer, Types);

TYPED_TEST(Serializer, Regression38_TraitsHaveNothingToLose) {
  EXPECT_TRUE(std::is_empty_v<TypeTraits<TypeParam>>);
}

TYPED_TEST(Serializer, Regression38_ValuesEncodeTheSameAfterCopyAndMove) {
  const std::string expected = Encoded(Example<TypeParam>());
  TypeParam value = Example<TypeParam>();
  TypeParam copy = value;
  EXPECT_EQ(Encoded(copy), expected);
  TypeParam moved = std::move(value);
  EXPECT_EQ(Encoded(moved), expected);
  value = std::move(moved);
  EXPECT_EQ(Encoded(value), expected);

  TypeParam decoded{};
  EXPECT_TRUE(state::DecodeAll(expected, decoded));
  EXPECT_EQ(Encoded(decoded), expected);
}

TYPED_TEST(Serializer, Regression38_KeyAndValueOperationsWorkAsCopies) {
  state::ValueOps value = state::ValueOpsOf<TypeParam>();
  const state::ValueOps copy = value;
  EXPECT_EQ(copy.inline_bytes, value.inline_bytes);
  EXPECT_EQ(copy.encode, value.encode);
  EXPECT_EQ(copy.decode, value.decode);

  state::KeyOps key = state::KeyOpsOf<TypeParam>();
  state::KeyOps key_copy = key;
  const state::KeyOps key_moved = std::move(key);
  const std::string encoded = Encoded(Example<TypeParam>());
  uint64_t first = 1, second = 2;
  EXPECT_TRUE(key_copy.hash(9, encoded, first));
  EXPECT_TRUE(key_moved.hash(9, encoded, second));
  EXPECT_EQ(first, second);
  EXPECT_EQ(first, TypeTraits<TypeParam>::Hash(9, Example<TypeParam>()));
  EXPECT_EQ(key_moved.schema, TypeTraits<TypeParam>::MakeSchema());
}

// A user's object is copied for each subtask: its handles must act on the state of the copy's own
// subtask.
struct Counter : StateOwner {
  ValueState<int64_t> count{this, "count"};
  ListState<std::string> names{this, "names"};
};

TEST(StateOwner, Regression38_HandlesOfACopyActOnTheStateOfItsOwnSubtask) {
  const Counter description;
  Counter first = description;
  Counter second = first;
  Counter third = std::move(first);
  state::KeyedBackend one(BackendOptionsOf<int64_t>(ContextOf("count", 0, 1)));
  state::KeyedBackend two(BackendOptionsOf<int64_t>(ContextOf("count", 0, 1)));
  ASSERT_TRUE(second.BindStates(one).ok());
  ASSERT_TRUE(third.BindStates(two).ok());
  one.Open(), two.Open();
  const int64_t key = 4;
  one.Bind(base::HashU64(0, key), key);
  two.Bind(base::HashU64(0, key), key);
  second.count.Update(1);
  third.names.Add("x");
  EXPECT_EQ(second.count.Get(), 1);
  EXPECT_FALSE(third.count.Has());
  EXPECT_TRUE(second.names.Empty());
  EXPECT_EQ(third.names.Size(), 1u);
  EXPECT_FALSE(description.count.bound());
}

}  // namespace
}  // namespace weir::contracts
