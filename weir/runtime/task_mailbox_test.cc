#include "weir/runtime/task_mailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace weir::runtime {
namespace {

struct Bell final : exchange::WakeTarget {
  void Wake() override { ++rung; }
  int rung = 0;
};

TEST(TaskMailbox, KeepsTheOrderAndRingsForEach) {
  Bell bell;
  TaskMailbox mailbox(bell);
  std::string said;
  mailbox.Post([&] { said += "a"; });
  mailbox.Post([&] { said += "b"; });
  for (base::Closure& closure : mailbox.Take()) closure();
  EXPECT_EQ(said, "ab");
  EXPECT_EQ(bell.rung, 2);
  EXPECT_TRUE(mailbox.Take().empty());
}

TEST(TaskMailbox, AfterCloseEverythingIsDroppedAndNobodyWoken) {
  Bell bell;
  TaskMailbox mailbox(bell);
  const auto owned = std::make_shared<int>(1);
  mailbox.Post([owned] {});
  mailbox.Close();
  mailbox.Post([owned] {});
  EXPECT_EQ(bell.rung, 1);
  EXPECT_EQ(owned.use_count(), 1);
  EXPECT_TRUE(mailbox.Take().empty());
}

}  // namespace
}  // namespace weir::runtime
