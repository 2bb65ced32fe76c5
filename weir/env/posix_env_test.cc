#include "weir/env/posix_env.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "weir/env/test_ears.h"
#include "weir/env/test_wait.h"

namespace weir::env {
namespace {

TEST(PosixEnv, BundlesTheRealWorld) {
  std::atomic<int> ran = 0;
  PosixEnv world;
  const auto loop = world.NewEventLoop("test");
  world.env().pool.Post([&] { loop->Post([&] { ++ran; }); });
  EXPECT_TRUE(TestWaitFor([&] { return ran == 1; }));
  EXPECT_FALSE(world.env().chaos.Buggify("anything"));
  EXPECT_FALSE(world.env().chaos.Mutant("anything"));
  EXPECT_TRUE(world.env().files.Stat("/")->is_directory);
}

TEST(PosixEnv, TimeDoesNotGoBack) {
  PosixEnv world;
  const Clock& clock = world.env().clock;
  const base::Instant first = clock.Now();
  EXPECT_GE(clock.Now(), first);
  EXPECT_GT(clock.UnixMillis(), 1'700'000'000'000);
}

TEST(PosixEnv, RandomNumbersDiffer) {
  PosixEnv world;
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(world.env().random.Next());
  EXPECT_EQ(seen.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(world.env().random.Below(3), 3u);
}

TEST(PosixEnv, TakesNamesOrLoopbackAddresses) {
  Door door;
  PosixEnv one;
  EXPECT_TRUE(one.env().transport.Listen("coordinator", door).ok());
  PosixEnv many({.pool_threads = 1, .network = PosixEnv::Network::kLoopback});
  EXPECT_TRUE(many.env().transport.Listen("127.0.0.1:0", door).ok());
  EXPECT_FALSE(many.env().transport.Listen("coordinator", door).ok());
}

}  // namespace
}  // namespace weir::env
