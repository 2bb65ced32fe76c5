// The handles of user code: ValueState, ListState and their owner.
#include "weir/state/value_state.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "weir/state/list_state.h"
#include "weir/state/state_model.h"
#include "weir/state/state_owner.h"

namespace weir::state {
namespace {

using base::KeyGroup;

constexpr base::KeyGroupRange kAll{KeyGroup(0), KeyGroup(8)};

TEST(ValueState, ReadingMakesNoRow) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  b.Bind(1);
  EXPECT_FALSE(b.count.Has());
  EXPECT_EQ(b.count.Get(), std::nullopt);
  EXPECT_EQ(b.count.ValueOr(7), 7);
  b.count.Clear();
  EXPECT_EQ(b.backend.rows(), 0u);
}

TEST(ValueState, BelongsToTheKey) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  b.Bind(1);
  b.count.Update(10);
  b.text.Update("ten");
  b.Bind(2);
  EXPECT_FALSE(b.count.Has());
  b.count.Update(20);
  b.Bind(1);
  EXPECT_EQ(b.count.Get(), 10);
  EXPECT_EQ(b.text.Get(), "ten");
  b.count.Clear();
  EXPECT_FALSE(b.count.Has());
  EXPECT_TRUE(b.text.Has());
  EXPECT_EQ(b.backend.rows(), 2u);
  b.text.Clear();
  EXPECT_EQ(b.backend.rows(), 1u);
  b.text.Update("again");
  EXPECT_EQ(b.text.Get(), "again");
  EXPECT_EQ(b.backend.rows(), 2u);
  EXPECT_EQ(b.backend.status(), OkStatus());
}

TEST(ValueState, HoldsValuesOfAllSizes) {
  TestBackend<std::string> b(TestBackend<std::string>::Options(kAll, 8));
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{1} << 20}) {
    const std::string key = "key of " + std::to_string(bytes);
    b.Bind(key);
    b.text.Update(std::string(bytes, 'v'));
    EXPECT_EQ(b.text.Get(), std::string(bytes, 'v'));
  }
  b.Bind("");
  b.text.Update("of the empty key");
  TestBackend<std::string> restored(TestBackend<std::string>::Options(kAll, 8));
  EXPECT_EQ(RestoreAll(Snapshot(b), restored), OkStatus());
  EXPECT_EQ(restored.ReadAll(), b.ReadAll());
  EXPECT_EQ(restored.backend.rows(), 4u);
}

TEST(ValueState, TheLongestValueFitsAndALongerOneFailsTheJob) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  b.Bind(1);
  const size_t head = 4;  // the varint of its length
  b.text.Update(std::string(limits::kValueBytesMax - head, 'v'));
  EXPECT_EQ(b.backend.status(), OkStatus());
  b.text.Update(std::string(limits::kValueBytesMax - head + 1, 'v'));
  EXPECT_EQ(b.backend.status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(b.text.Get()->size(), limits::kValueBytesMax - head);
}

TEST(ListState, KeepsTheOrder) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  b.Bind(1);
  EXPECT_TRUE(b.list.Empty());
  EXPECT_EQ(b.list.Get(), std::vector<int64_t>{});
  for (int64_t i = 0; i < 1'000; ++i) b.list.Add(i);
  EXPECT_EQ(b.list.Size(), 1'000u);
  EXPECT_EQ(b.list.Get()[999], 999);
  b.list.Update(std::vector<int64_t>{5, 4});
  EXPECT_EQ(b.list.Get(), (std::vector<int64_t>{5, 4}));
  b.list.Update({});
  EXPECT_EQ(b.backend.rows(), 0u);
}

TEST(ListState, TooLongAListFailsTheJob) {
  KeyedBackend backend(TestBackend<int64_t>::Options(kAll, 8));
  const auto list = ListState<std::string>::DeclareIn(backend, "list").value();
  backend.Open();
  const int64_t key = 1;
  backend.Bind(TypeTraits<int64_t>::Hash(kTestSeed, key), key);
  const std::string half(limits::kValueBytesMax / 2, 'x');
  list.Add(half);
  EXPECT_EQ(backend.status(), OkStatus());
  list.Add(half);
  EXPECT_EQ(backend.status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(list.Size(), 1u);
}

// What a user writes, and its copy for a subtask.
class Counter : public StateOwner {
 public:
  int64_t Process() const {
    count_.Update(count_.ValueOr(0) + 1);
    words_.Add("w");
    return *count_.Get();
  }
  uint32_t words() const { return words_.Size(); }

 private:
  ValueState<int64_t> count_{this, "count"};
  ListState<std::string> words_{this, "words"};
};

TEST(StateOwner, HandlesOfACopyActOnTheCopysBackend) {
  const Counter described;
  const int64_t key = 3;
  const uint64_t hash = TypeTraits<int64_t>::Hash(kTestSeed, key);
  Counter copies[2] = {described, described};
  KeyedBackend first(TestBackend<int64_t>::Options(kAll, 8));
  KeyedBackend second(TestBackend<int64_t>::Options(kAll, 8));
  EXPECT_EQ(copies[0].BindStates(first), OkStatus());
  EXPECT_EQ(copies[1].BindStates(second), OkStatus());
  for (KeyedBackend* backend : {&first, &second}) {
    EXPECT_EQ(backend->states().states.size(), 2u);
    backend->Open();
    backend->Bind(hash, key);
  }
  EXPECT_EQ(copies[0].Process(), 1);
  EXPECT_EQ(copies[0].Process(), 2);
  EXPECT_EQ(copies[1].Process(), 1);
  EXPECT_EQ(copies[0].words(), 2u);
  EXPECT_EQ(first.states().states[1].name, "words");
}

}  // namespace
}  // namespace weir::state
