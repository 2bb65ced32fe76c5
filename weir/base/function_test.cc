#include "weir/base/function.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace weir::base {
namespace {

TEST(UniqueFunction, IsEmptyByDefault) {
  EXPECT_FALSE(Closure());
  EXPECT_FALSE(Closure(nullptr));
  EXPECT_TRUE(Closure([] {}));
}

TEST(UniqueFunction, OwnsWhatCannotBeCopied) {
  UniqueFunction<int()> function = [number = std::make_unique<int>(7)] { return *number; };
  EXPECT_EQ(function(), 7);
  const auto moved_to = std::make_unique<UniqueFunction<int()>>(std::move(function));
  EXPECT_EQ((*moved_to)(), 7);
}

TEST(UniqueFunction, PassesArgumentsOnWithoutCopies) {
  UniqueFunction<size_t(std::unique_ptr<std::string>, int&)> function =
      [](std::unique_ptr<std::string> text, int& calls) {
        ++calls;
        return text->size();
      };
  int calls = 0;
  EXPECT_EQ(function(std::make_unique<std::string>("four"), calls), 4u);
  EXPECT_EQ(calls, 1);
}

TEST(UniqueFunction, KeepsItsStateBetweenCalls) {
  UniqueFunction<int()> count = [n = 0]() mutable { return ++n; };
  count();
  EXPECT_EQ(count(), 2);
}

TEST(UniqueFunction, DropsWhatItOwnsWhenItIsReplaced) {
  const auto owned = std::make_shared<int>(1);
  Closure closure = [owned] {};
  EXPECT_EQ(owned.use_count(), 2);
  closure = nullptr;
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(UniqueFunctionDeathTest, MustNotBeCalledWhenEmpty) {
  Closure empty;
  EXPECT_DEATH(empty(), "check failed");
}

}  // namespace
}  // namespace weir::base
