#include "weir/cli/cure.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

TEST(CureOf, FollowsTheCode) {
  EXPECT_EQ(CureOf(PermissionDeniedError("open a: permission denied")),
            "give this user the right to, and run it again");
  EXPECT_EQ(CureOf(ResourceExhaustedError("write a: no space left on device")),
            "free what has run out, and run it again");
  EXPECT_EQ(CureOf(UnavailableError("lost")), "");
}

TEST(CureOf, AMessageThatEndsInACureNeedsNoOther) {
  EXPECT_EQ(CureOf(ResourceExhaustedError("write a: no space left; take another directory")), "");
}

TEST(CureOf, DamageIsLookedAtWithVerify) {
  const std::string cure = CureOf(DataLossError("pack is damaged"));
  EXPECT_NE(cure.find("checkpoints verify"), std::string::npos) << cure;
  EXPECT_EQ(CureOf(NotFoundError("read CSV: no file or directory a")), "");
}

}  // namespace
}  // namespace weir::cli
