#include "weir/api/config.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace weir::api {
namespace {

std::string Refused(const Status& status) {
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(Config, EveryKeyHasADefaultOfItsTypeAndAHelp) {
  std::set<std::string_view> names;
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_FALSE(key.help.empty()) << key.name;
    Config config;
    if (!key.default_value.empty()) {
      EXPECT_EQ(config.Set(key.name, key.default_value), OkStatus()) << key.name;
    }
  }
}

TEST(Config, UnsetKeyHasItsDefault) {
  const Config config;
  EXPECT_FALSE(config.IsSet("execution.checkpointing.interval"));
  EXPECT_EQ(config.Get("execution.checkpointing.interval"), "1 s");
}

TEST(Config, LaterSettingWins) {
  Config config;
  ASSERT_EQ(config.Set("parallelism.default", "2"), OkStatus());
  ASSERT_EQ(config.SetAssignment("parallelism.default=3"), OkStatus());
  EXPECT_EQ(config.Get("parallelism.default"), "3");
}

TEST(Config, FormerNameIsReadAsTheName) {
  Config config;
  ASSERT_EQ(config.Set("state.checkpoints.num-retained", "5"), OkStatus());
  EXPECT_EQ(config.Get("execution.checkpointing.num-retained"), "5");
}

TEST(Config, OverlayReplacesWhatItSets) {
  Config below, above;
  ASSERT_EQ(below.Set("parallelism.default", "2"), OkStatus());
  ASSERT_EQ(below.Set("execution.buffer-timeout", "5 ms"), OkStatus());
  ASSERT_EQ(above.Set("parallelism.default", "4"), OkStatus());
  below.Overlay(above);
  EXPECT_EQ(below.Get("parallelism.default"), "4");
  EXPECT_EQ(below.Get("execution.buffer-timeout"), "5 ms");
}

TEST(Config, UnknownKeyNamesTheNearest) {
  Config config;
  EXPECT_EQ(Refused(config.Set("execution.checkpoint.interval", "1 s")),
            "unknown key \"execution.checkpoint.interval\"; did you mean "
            "\"execution.checkpointing.interval\"?");
  EXPECT_EQ(Refused(config.Set("colour", "red")), "unknown key \"colour\"");
}

TEST(Config, WrongValueNamesTheKey) {
  Config config;
  EXPECT_EQ(Refused(config.Set("parallelism.default", "two")),
            "parallelism.default: \"two\" is not an integer of 64 bits");
  EXPECT_EQ(Refused(config.Set("parallelism.default", "-1")),
            "parallelism.default: \"-1\" is not in the range 0 to 2147483647");
  EXPECT_EQ(Refused(config.Set("parallelism.default", "2147483648")),
            "parallelism.default: \"2147483648\" is not in the range 0 to 2147483647");
  EXPECT_EQ(Refused(config.Set("execution.checkpointing.timeout", "soon")),
            "execution.checkpointing.timeout: \"soon\" is not a duration (a number and one of ns, "
            "us, ms, s, min, h, d: \"200 ms\")");
  EXPECT_EQ(
      Refused(config.Set("restart-strategy.type", "hope")),
      "restart-strategy.type: \"hope\" is none of fixed-delay, failure-rate, exponential-delay, "
      "none");
  EXPECT_TRUE(config.values().empty());
}

TEST(Config, AssignmentNeedsAnEqualsSign) {
  Config config;
  EXPECT_EQ(Refused(config.SetAssignment("parallelism.default")),
            "\"parallelism.default\" has no \"=\"; write -D key=value");
  EXPECT_EQ(config.SetAssignment("execution.checkpointing.dir=a=b"), OkStatus());
  EXPECT_EQ(config.Get("execution.checkpointing.dir"), "a=b");
}

}  // namespace
}  // namespace weir::api
