#include "weir/state/operator_backend.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "weir/state/broadcast_state.h"
#include "weir/state/operator_list_state.h"

namespace weir::state {
namespace {

struct Function : StateOwner {
  OperatorListState<std::string> buffer{this, "buffer"};
  UnionListState<int64_t> offsets{this, "offsets"};
  BroadcastState<int64_t, std::string> rules{this, "rules"};
};

struct Item {
  std::string state;
  Redistribution redistribution;
  std::string bytes;
};

// A copy of the function in one subtask.
struct Subtask {
  Subtask() { EXPECT_TRUE(function.BindOperatorStates(backend).ok()); }
  std::vector<Item> Items(bool first) const {
    std::vector<Item> items;
    backend.ForEachItem(
        first, [&](std::string_view state, Redistribution redistribution, std::string item) {
          items.push_back({std::string(state), redistribution, std::move(item)});
        });
    return items;
  }

  OperatorBackend backend;
  Function function;
};

TEST(OperatorBackend, WhatGoesIntoACheckpointComesBack) {
  std::mt19937_64 random(1);
  for (int run = 0; run < 50; ++run) {
    Subtask before;
    std::vector<std::string> buffer;
    std::map<int64_t, std::string> rules;
    before.backend.set_broadcasting(true);
    for (int i = 0; i < 100; ++i) {
      const auto key = static_cast<int64_t>(random() % 20);
      const std::string text(random() % 50, 'x');
      switch (random() % 6) {
        case 0:
          before.function.buffer.Add(text);
          buffer.push_back(text);
          break;
        case 1:
          if (random() % 10 == 0) before.function.buffer.Clear(), buffer.clear();
          break;
        case 2:
        case 3:
          before.function.rules.Put(key, text);
          rules[key] = text;
          break;
        case 4:
          before.function.rules.Remove(key);
          rules.erase(key);
          break;
        default:
          before.function.offsets.Add(key);
      }
    }
    Subtask after;
    for (const Item& item : before.Items(/*first=*/true))
      ASSERT_EQ(after.backend.RestoreItem(item.state, item.bytes), OkStatus());
    EXPECT_EQ(after.function.buffer.Get(), buffer);
    EXPECT_EQ(after.function.offsets.Get(), before.function.offsets.Get());
    EXPECT_EQ(after.function.rules.Size(), rules.size());
    for (const auto& [key, text] : rules) {
      ASSERT_NE(after.function.rules.Get(key), nullptr);
      EXPECT_EQ(*after.function.rules.Get(key), text);
    }
  }
}

TEST(OperatorBackend, BroadcastStateIsKeptOnce) {
  Subtask subtask;
  subtask.backend.set_broadcasting(true);
  subtask.function.rules.Put(1, "one");
  subtask.function.offsets.Add(7);
  EXPECT_EQ(subtask.Items(/*first=*/true).size(), 2u);
  ASSERT_EQ(subtask.Items(/*first=*/false).size(), 1u);
  EXPECT_EQ(subtask.Items(/*first=*/false)[0].redistribution, Redistribution::kUnion);
}

TEST(OperatorBackend, BroadcastStateIsChangedByBroadcastRecordsOnly) {
  Subtask subtask;
  subtask.function.rules.Put(1, "one");
  EXPECT_EQ(subtask.function.rules.Size(), 0u);
  EXPECT_EQ(subtask.backend.status().message(),
            "broadcast state \"rules\" is changed outside ProcessBroadcastElement: subtasks would "
            "differ; change it there, and nowhere else");
}

TEST(OperatorBackend, AnItemOfAnotherTypeIsNamed) {
  struct Numbers : StateOwner {
    OperatorListState<int64_t> buffer{this, "buffer"};
  };
  OperatorBackend backend;
  Numbers numbers;
  ASSERT_TRUE(numbers.BindOperatorStates(backend).ok());
  Subtask texts;
  texts.function.buffer.Add("12345678");
  const Item item = texts.Items(true)[0];
  EXPECT_EQ(
      backend.RestoreItem("buffer", item.bytes).message(),
      "operator state \"buffer\" has another type in the checkpoint than int64 in this "
      "program: values cannot be converted; give the state another name and drop this one with "
      "--allow-dropped-state, or go back to the program that wrote it");
  EXPECT_EQ(backend.RestoreItem("buffer", "short").code(), StatusCode::kDataLoss);
  EXPECT_EQ(texts.backend.RestoreItem("buffer", item.bytes + "x").code(), StatusCode::kDataLoss);
  EXPECT_EQ(texts.backend.RestoreItem("other", item.bytes).code(), StatusCode::kFailedPrecondition);
}

TEST(OperatorBackend, OneNameHasOneType) {
  struct Twice : StateOwner {
    OperatorListState<int64_t> a{this, "a"};
    UnionListState<int64_t> b{this, "a"};
  };
  OperatorBackend backend;
  Twice twice;
  EXPECT_EQ(twice.BindOperatorStates(backend).message(),
            "operator state \"a\" is declared twice, as list of int64 and as union list of int64: "
            "give one of them another name");
}

}  // namespace
}  // namespace weir::state
