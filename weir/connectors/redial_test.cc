#include "weir/connectors/redial.h"

#include <gtest/gtest.h>

#include <deque>

#include "weir/base/limits.h"
#include "weir/connectors/machine_test.h"
#include "weir/sim/outside.h"

namespace weir::connectors {
namespace {

using sim::milliseconds;
using sim::seconds;

struct TestMailbox final : runtime::Mailbox {
  void Post(base::Closure closure) override { closures.push_back(std::move(closure)); }
  void Deliver() {
    for (; !closures.empty(); closures.pop_front()) closures.front()();
  }
  std::deque<base::Closure> closures;
};

struct Dialing {
  explicit Dialing(int64_t retries_max, Duration pause = milliseconds(100))
      : redial({.host = "there", .port = 1, .retries_max = retries_max, .pause = pause}) {
    server.OnConnect([this] { ++connects; });
    runtime::OperatorContext context;
    context.env = &machine.env();
    context.mailbox = mailbox;
    redial.Start(context);
  }

  // Asks again and again for so long; what it was told last.
  StatusOr<env::ByteStream*> AskFor(Duration time) {
    StatusOr<env::ByteStream*> stream = redial.Stream();
    for (const base::Instant until = machine.world().Now() + time; machine.world().Now() < until;) {
      machine.world().RunFor(milliseconds(1));
      mailbox->Deliver();
      stream = redial.Stream();
    }
    return stream;
  }
  bool Connects(Duration within) {
    const auto stream = AskFor(within);
    return stream.ok() && *stream != nullptr;
  }

  Machine machine;
  sim::ByteServer server{machine.world(), "there", 1};
  int connects = 0;
  std::shared_ptr<TestMailbox> mailbox = std::make_shared<TestMailbox>();
  Redial redial;
};

TEST(Redial, ConnectsOnceAndKeepsTheStream) {
  Dialing dialing(0);
  EXPECT_TRUE(dialing.Connects(milliseconds(50)));
  EXPECT_TRUE(dialing.Connects(seconds(10)));
  EXPECT_EQ(dialing.connects, 1);
}

TEST(Redial, WithoutRetriesTheFirstFailureIsTheLast) {
  Dialing dialing(0);
  dialing.server.SetListening(false);
  const Status status = dialing.AskFor(milliseconds(50)).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            "connect to there:1: connection refused (failed 1 time in a row); let a server listen "
            "there, or let it be tried more often with max_retries");
}

TEST(Redial, TriesAsOftenAsItMayWithLongerAndLongerPauses) {
  Dialing dialing(3);
  dialing.server.SetListening(false);
  EXPECT_TRUE(dialing.AskFor(milliseconds(650)).ok());  // tries at 0, 100, 300 and 700
  const Status status = dialing.AskFor(milliseconds(100)).status();
  EXPECT_NE(status.message().find("failed 4 times"), std::string::npos) << status;
}

TEST(Redial, WithoutEndItIsTriedOnceInHalfAMinuteAtLeast) {
  Dialing dialing(-1);
  dialing.server.SetListening(false);
  EXPECT_TRUE(dialing.AskFor(std::chrono::minutes(10)).ok());
  dialing.server.SetListening(true);
  EXPECT_TRUE(dialing.Connects(limits::kRedialPauseMax + seconds(1)));
}

TEST(Redial, ALongerPauseOfTheProgramStays) {
  Dialing dialing(-1, std::chrono::minutes(2));
  dialing.server.SetListening(false);
  EXPECT_TRUE(dialing.AskFor(seconds(1)).ok());
  dialing.server.SetListening(true);
  EXPECT_FALSE(dialing.Connects(seconds(110)));
  EXPECT_TRUE(dialing.Connects(seconds(20)));
}

TEST(Redial, FailuresCountAnewOnceSomethingCameOfIt) {
  Dialing dialing(1, milliseconds(10));
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(dialing.Connects(milliseconds(100))) << i;
    dialing.redial.Works();
    dialing.redial.Lost(UnavailableError("reset"));
  }
  ASSERT_TRUE(dialing.Connects(milliseconds(100)));
  dialing.redial.Lost(UnavailableError("reset"));
  EXPECT_EQ(dialing.AskFor({}).status().code(), StatusCode::kUnavailable);
}

TEST(Redial, AgainIsNoFailure) {
  Dialing dialing(0);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(dialing.Connects(milliseconds(200))) << i;
    dialing.redial.Again();
    EXPECT_FALSE(dialing.Connects(milliseconds(90)));
  }
}

}  // namespace
}  // namespace weir::connectors
