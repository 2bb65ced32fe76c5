#include "weir/base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>

namespace weir {
namespace {

TEST(Status, IsOkByDefaultAndOnePointer) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kOk);
  EXPECT_EQ(status.message(), "");
  EXPECT_EQ(status.ToString(), "ok");
  EXPECT_EQ(sizeof(Status), sizeof(void*));
}

TEST(Status, WithTheOkCodeDropsItsMessage) {
  EXPECT_EQ(Status(StatusCode::kOk, "nothing"), OkStatus());
}

TEST(Status, SaysCodeAndMessage) {
  const Status status = DataLossError("block ", 7, " of ", "pack");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(status.message(), "block 7 of pack");
  EXPECT_EQ(status.ToString(), "DATA_LOSS: block 7 of pack");
  std::ostringstream out;
  out << status;
  EXPECT_EQ(out.str(), status.ToString());
}

TEST(Status, SurvivesCopyAndMove) {
  const Status original = UnavailableError("store");
  Status copy = original;
  EXPECT_EQ(copy, original);
  const Status moved = std::move(copy);
  EXPECT_EQ(moved, original);
  Status assigned = AbortedError("other");
  assigned = original;
  EXPECT_EQ(assigned, original);
  assigned = *&assigned;  // to itself
  EXPECT_EQ(assigned, original);
  assigned = OkStatus();
  EXPECT_TRUE(assigned.ok());
}

TEST(Status, ComparesCodeAndMessage) {
  EXPECT_EQ(NotFoundError("a"), NotFoundError("a"));
  EXPECT_NE(NotFoundError("a"), NotFoundError("b"));
  EXPECT_NE(NotFoundError("a"), AbortedError("a"));
  EXPECT_NE(NotFoundError(""), OkStatus());
}

TEST(Status, AnnotatedSaysWhatWasBeingDone) {
  EXPECT_EQ(NotFoundError("no file").Annotated("reading x"), NotFoundError("reading x: no file"));
  EXPECT_EQ(OkStatus().Annotated("reading x"), OkStatus());
}

TEST(Status, EachMakerHasItsCode) {
  const std::pair<Status, StatusCode> made[] = {
      {CancelledError("m"), StatusCode::kCancelled},
      {UnknownError("m"), StatusCode::kUnknown},
      {InvalidArgumentError("m"), StatusCode::kInvalidArgument},
      {DeadlineExceededError("m"), StatusCode::kDeadlineExceeded},
      {NotFoundError("m"), StatusCode::kNotFound},
      {AlreadyExistsError("m"), StatusCode::kAlreadyExists},
      {PermissionDeniedError("m"), StatusCode::kPermissionDenied},
      {ResourceExhaustedError("m"), StatusCode::kResourceExhausted},
      {FailedPreconditionError("m"), StatusCode::kFailedPrecondition},
      {AbortedError("m"), StatusCode::kAborted},
      {OutOfRangeError("m"), StatusCode::kOutOfRange},
      {UnimplementedError("m"), StatusCode::kUnimplemented},
      {InternalError("m"), StatusCode::kInternal},
      {UnavailableError("m"), StatusCode::kUnavailable},
      {DataLossError("m"), StatusCode::kDataLoss},
  };
  for (const auto& [status, code] : made) {
    EXPECT_EQ(status, Status(code, "m"));
    EXPECT_EQ(status.ToString(), std::string(StatusCodeName(code)) + ": m");
  }
}

TEST(StatusCode, HasAbseilsNamesAndNumbers) {
  EXPECT_EQ(StatusCodeName(StatusCode::kOk), "OK");
  EXPECT_EQ(StatusCodeName(StatusCode::kUnavailable), "UNAVAILABLE");
  EXPECT_EQ(static_cast<int>(StatusCode::kUnavailable), 14);
  EXPECT_EQ(StatusCodeName(StatusCode::kDataLoss), "DATA_LOSS");
  EXPECT_EQ(static_cast<int>(StatusCode::kDataLoss), 15);
  EXPECT_EQ(StatusCodeName(static_cast<StatusCode>(16)), "UNKNOWN");  // a peer's newer code
}

StatusOr<int> Half(int number) {
  if (number % 2 != 0) return InvalidArgumentError("odd: ", number);
  return number / 2;
}

StatusOr<int> Quarter(int number) {
  WEIR_ASSIGN_OR_RETURN(const int half, Half(number));
  WEIR_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Status CheckEven(int number) {
  WEIR_RETURN_IF_ERROR(Half(number).status());
  return {};
}

TEST(StatusOr, HoldsAValueOrTheReason) {
  EXPECT_EQ(Half(4).value(), 2);
  EXPECT_TRUE(Half(4).status().ok());
  EXPECT_FALSE(Half(3).ok());
  EXPECT_EQ(Half(3).status(), InvalidArgumentError("odd: 3"));
}

TEST(StatusOr, MacrosReturnTheFirstError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status(), InvalidArgumentError("odd: 3"));
  EXPECT_TRUE(CheckEven(2).ok());
  EXPECT_EQ(CheckEven(5), InvalidArgumentError("odd: 5"));
}

TEST(StatusOr, GivesAwayWhatCannotBeCopied) {
  StatusOr<std::unique_ptr<int>> held = std::make_unique<int>(5);
  EXPECT_EQ(**held, 5);
  const std::unique_ptr<int> taken = *std::move(held);
  EXPECT_EQ(*taken, 5);
}

TEST(StatusOrDeathTest, HasNoValueWhenItHasAReason) {
  EXPECT_DEATH(static_cast<void>(Half(3).value()), "check failed: ok\\(\\)");
  EXPECT_DEATH(static_cast<void>(StatusOr<int>(OkStatus())), "check failed");
}

}  // namespace
}  // namespace weir
