#include "weir/runtime/user_code.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

namespace weir::runtime {
namespace {

TEST(CatchUserExceptions, PassesResultsOn) {
  EXPECT_EQ(*CatchUserExceptions([]() -> StatusOr<int> { return 5; }), 5);
  EXPECT_EQ(CatchUserExceptions([] { return AbortedError("fenced"); }).code(),
            StatusCode::kAborted);
}

TEST(CatchUserExceptions, KeepsTheWordsOfAnException) {
  const Status status = CatchUserExceptions([]() -> Status { throw std::out_of_range("stoll"); });
  EXPECT_EQ(status, UnknownError("exception in a user function: stoll"));
}

TEST(CatchUserExceptions, OutOfMemoryIsALimit) {
  const Status status = CatchUserExceptions([]() -> Status { throw std::bad_alloc(); });
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
}

TEST(CatchUserExceptions, AnythingElseIsUnknown) {
  const Status status = CatchUserExceptions([]() -> Status { throw 7; });
  EXPECT_EQ(status.code(), StatusCode::kUnknown);
}

}  // namespace
}  // namespace weir::runtime
