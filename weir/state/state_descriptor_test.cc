#include "weir/state/state_descriptor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "weir/record/type_traits.h"

namespace weir::state {
namespace {

template <class T>
StateDescriptor Value(std::string name) {
  return {.name = std::move(name), .kind = StateKind::kValue, .value = TypeTraits<T>::MakeSchema()};
}
template <class K = std::string>
OperatorStates States(std::vector<StateDescriptor> states) {
  return {.uid = "per-page", .key = TypeTraits<K>::MakeSchema(), .states = std::move(states)};
}
std::string Message(const Status& status) { return std::string(status.message()); }

TEST(CompareStates, EqualOnesAndNewOnesAreFine) {
  const auto stored = States({Value<int64_t>("count")});
  EXPECT_EQ(CompareStates(stored, stored, "checkpoint 117"), OkStatus());
  const auto more = States({Value<std::string>("last"), Value<int64_t>("count")});
  EXPECT_EQ(CompareStates(stored, more, "checkpoint 117"), OkStatus());
}

TEST(CompareStates, AnotherTypeIsRefusedByName) {
  const Status status = CompareStates(States({Value<int64_t>("count")}),
                                      States({Value<std::string>("count")}), "checkpoint 117");
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Message(status),
            "state \"per-page.count\": int64 in checkpoint 117, string in this program: values "
            "cannot be converted; give the state another name and drop the old one with "
            "--allow-dropped-state per-page.count, or go back to the program that wrote it");
}

TEST(CompareStates, AnotherKindIsRefused) {
  auto list = Value<int64_t>("count");
  list.kind = StateKind::kList;
  const Status status =
      CompareStates(States({Value<int64_t>("count")}), States({list}), "checkpoint 117");
  EXPECT_EQ(Message(status),
            "state \"per-page.count\": value state in checkpoint 117, list state in this program: "
            "give the state another name and drop the old one with --allow-dropped-state "
            "per-page.count, or go back to the program that wrote it");
}

TEST(CompareStates, AnotherKeyIsRefused) {
  const Status status = CompareStates(States<std::string>({Value<int64_t>("count")}),
                                      States<int64_t>({Value<int64_t>("count")}), "checkpoint 117");
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Message(status).rfind("keys of \"per-page\": string in checkpoint 117, int64", 0), 0u);
}

TEST(CompareStates, AnUnclaimedStateIsDroppedOnlyByName) {
  const auto stored = States({Value<int64_t>("count"), Value<int64_t>("old")});
  const auto declared = States({Value<int64_t>("count")});
  const Status status = CompareStates(stored, declared, "checkpoint 117");
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(status).find("--allow-dropped-state per-page.old"), std::string::npos);
  const std::vector<std::string> allowed = {"per-page.old"};
  EXPECT_EQ(CompareStates(stored, declared, "checkpoint 117", allowed), OkStatus());
}

}  // namespace
}  // namespace weir::state
