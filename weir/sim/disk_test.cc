#include "weir/sim/disk.h"

#include <gtest/gtest.h>

#include <set>

#include "weir/env/file_system_conformance.h"
#include "weir/sim/test_machine.h"

namespace weir::sim {
namespace {

using env::FileSystemConformance;

class SimulatedDiskWorld final : public env::FileSystemWorld {
 public:
  SimulatedDiskWorld() : machine_(WithShortReads()) {
    WEIR_CHECK(machine_.files().MakeDirectories("/tmp/root").ok());
  }
  env::FileSystem& files() override { return machine_.files(); }
  std::string root() override { return "/tmp/root"; }

 private:
  static Options WithShortReads() {
    Options options = CalmOptions(1);
    options.disk.short_read = 0.5;  // which a correct caller never notices
    return options;
  }
  TestMachine machine_;
};

std::unique_ptr<env::FileSystemWorld> MakeSimulatedDisk() {
  return std::make_unique<SimulatedDiskWorld>();
}
INSTANTIATE_TEST_SUITE_P(Simulated, FileSystemConformance, testing::Values(&MakeSimulatedDisk));

using Existing = env::FileSystem::Existing;

// What remains of a file, over many worlds that differ in the seed only.
using Outcomes = std::set<std::string>;
template <class Scenario>
Outcomes AfterCrashes(Scenario scenario, std::string_view fault) {
  Outcomes outcomes;
  uint64_t hits = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    TestMachine machine(CalmOptions(seed));
    scenario(machine.files());
    machine.CrashAndRestart();
    const auto bytes = machine.disk.ReadFile("/f");
    outcomes.insert(bytes.ok() ? *bytes : "(gone)");
    hits += machine.world.hits(fault);
  }
  EXPECT_GT(hits, 0u) << fault;
  return outcomes;
}

void Append(env::FileSystem& files, const std::string& path, std::string_view synced,
            std::string_view unsynced) {
  auto file = files.Create(path, Existing::kTruncate);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Append(synced).ok());
  ASSERT_TRUE((*file)->Sync().ok());
  ASSERT_TRUE((*file)->Append(unsynced).ok());
  ASSERT_TRUE((*file)->Close().ok());
}

TEST(Disk, KeepsSyncedBytesAndSyncedNames) {
  const Outcomes outcomes = AfterCrashes(
      [](env::FileSystem& files) {
        Append(files, "/f", "synced", "");
        ASSERT_TRUE(files.SyncDirectory("/").ok());
      },
      "disk.crash");
  EXPECT_EQ(outcomes, Outcomes{"synced"});
}

TEST(Disk, ForgetsUnsyncedBytes) {
  const Outcomes outcomes = AfterCrashes(
      [](env::FileSystem& files) {
        Append(files, "/f", "ab", "cd");
        ASSERT_TRUE(files.SyncDirectory("/").ok());
      },
      "disk.lost_unsynced");
  const std::string holes("ab\0\0", 4);
  EXPECT_EQ(outcomes, (Outcomes{"ab", "abc", "abcd", holes}));
}

TEST(Disk, TearsBySectors) {
  const std::string sector(512, 'x');
  const std::string hole(512, '\0');
  const Outcomes outcomes = AfterCrashes(
      [&](env::FileSystem& files) {
        Append(files, "/f", "", sector + sector);
        ASSERT_TRUE(files.SyncDirectory("/").ok());
      },
      "disk.torn_write");
  EXPECT_TRUE(outcomes.contains(hole + sector));
  EXPECT_TRUE(outcomes.contains(sector + hole));
}

TEST(Disk, ForgetsUnsyncedNames) {
  const Outcomes outcomes = AfterCrashes(
      [](env::FileSystem& files) { Append(files, "/f", "synced", ""); }, "disk.lost_name");
  EXPECT_EQ(outcomes, (Outcomes{"(gone)", "synced"}));
}

TEST(Disk, AnUnsyncedRenameIsDoneOrNotDone) {
  const Outcomes outcomes = AfterCrashes(
      [](env::FileSystem& files) {
        Append(files, "/f", "old", "");
        Append(files, "/new", "new", "");
        ASSERT_TRUE(files.SyncDirectory("/").ok());
        ASSERT_TRUE(files.Rename("/new", "/f").ok());
      },
      "disk.lost_name");
  EXPECT_EQ(outcomes, (Outcomes{"new", "old"}));
}

TEST(Disk, AnUnsyncedRemovalMayComeBack) {
  const Outcomes outcomes = AfterCrashes(
      [](env::FileSystem& files) {
        Append(files, "/f", "text", "");
        ASSERT_TRUE(files.SyncDirectory("/").ok());
        ASSERT_TRUE(files.Remove("/f").ok());
      },
      "disk.lost_name");
  EXPECT_EQ(outcomes, (Outcomes{"(gone)", "text"}));
}

TEST(Disk, AnUnsyncedTruncationMayBringTheOldBytesBack) {
  const Outcomes outcomes = AfterCrashes(
      [](env::FileSystem& files) {
        Append(files, "/f", "old", "");
        ASSERT_TRUE(files.SyncDirectory("/").ok());
        ASSERT_TRUE(files.Create("/f", Existing::kTruncate).ok());
      },
      "disk.lost_unsynced");
  EXPECT_EQ(outcomes, (Outcomes{"", "old"}));
}

TEST(Disk, AMoveBetweenDirectoriesLosesNotBothNames) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    TestMachine machine(CalmOptions(seed));
    env::FileSystem& files = machine.files();
    ASSERT_TRUE(files.MakeDirectories("/a").ok());
    ASSERT_TRUE(files.MakeDirectories("/b").ok());
    Append(files, "/a/f", "text", "");
    ASSERT_TRUE(files.SyncDirectory("/a").ok());
    ASSERT_TRUE(files.Rename("/a/f", "/b/f").ok());
    machine.CrashAndRestart();
    EXPECT_GE(machine.disk.FilesBelow("/").size(), 1u) << "seed " << seed;
  }
}

TEST(Disk, AKilledProcessLosesNothingThatWasWritten) {
  TestMachine machine(CalmOptions(1));
  Append(machine.files(), "/f", "synced ", "and not");
  machine.process.Kill();
  EXPECT_EQ(*machine.disk.ReadFile("/f"), "synced and not");
}

TEST(Disk, AFailedSyncIsNotMadeGoodByTheNextOne) {
  Options options = CalmOptions(1);
  options.disk.sync_failure = 0.5;
  Outcomes outcomes;
  for (options.seed = 1; options.seed <= 200; ++options.seed) {
    TestMachine machine(options);
    auto file = machine.files().Create("/f", Existing::kFail);
    ASSERT_TRUE((*file)->Append("text").ok());
    const Status first = (*file)->Sync();
    const Status second = (*file)->Sync();
    ASSERT_TRUE(machine.files().SyncDirectory("/").ok());
    if (first.ok() || !second.ok()) continue;
    EXPECT_EQ(first.code(), StatusCode::kUnavailable);
    EXPECT_GT(machine.world.hits("disk.sync_failure"), 0u);
    machine.CrashAndRestart();
    outcomes.insert(*machine.disk.ReadFile("/f"));
  }
  EXPECT_TRUE(outcomes.contains(""));
}

TEST(Disk, GivesShortReads) {
  Options options = CalmOptions(1);
  options.disk.short_read = 1;
  TestMachine machine(options);
  Append(machine.files(), "/f", "0123456789", "");
  const auto file = machine.files().Open("/f");
  char buffer[10];
  const size_t count = *(*file)->Read(0, buffer, sizeof buffer);
  EXPECT_GE(count, 1u);
  EXPECT_LT(count, sizeof buffer);
  EXPECT_EQ(machine.world.hits("disk.short_read"), 1u);
  EXPECT_EQ(*env::ReadExactly(**file, 0, 10), "0123456789");
}

TEST(Disk, RunsFullAndHasRoomAgain) {
  TestMachine machine(CalmOptions(1));
  machine.disk.SetCapacity(10);
  env::FileSystem& files = machine.files();
  auto file = files.Create("/f", Existing::kFail);
  ASSERT_TRUE((*file)->Append("0123456").ok());
  const Status full = (*file)->Append("789ab");
  EXPECT_EQ(full.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(full.message(), "write /f: no space left on device");
  EXPECT_EQ(*machine.disk.ReadFile("/f"), "0123456789");
  EXPECT_EQ(files.Create("/g", Existing::kFail).status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(machine.world.hits("disk.full"), 2u);
  ASSERT_TRUE(files.Remove("/f").ok());
  EXPECT_EQ(machine.disk.bytes_used(), 0u);
  EXPECT_TRUE(files.Create("/g", Existing::kFail).ok());
}

TEST(Disk, ErrorsComeBeforeOrAfterTheDeed) {
  Options options = CalmOptions(1);
  options.disk.error_before = 1;
  TestMachine before(options);
  EXPECT_EQ(before.files().Create("/f", Existing::kFail).status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(before.disk.FilesBelow("/").empty());
  EXPECT_EQ(before.world.hits("disk.error_before"), 1u);

  options.disk.error_before = 0;
  options.disk.error_after = 1;
  TestMachine after(options);
  EXPECT_EQ(after.files().Create("/f", Existing::kFail).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(after.disk.FilesBelow("/"), std::vector<std::string>{"/f"});
  EXPECT_EQ(after.world.hits("disk.error_after"), 1u);
}

TEST(Disk, FlipsAByteThatStaysFlipped) {
  TestMachine machine(CalmOptions(1));
  Append(machine.files(), "/f", "abc", "");
  ASSERT_TRUE(machine.files().SyncDirectory("/").ok());
  ASSERT_TRUE(machine.disk.FlipByte("/f", 1).ok());
  machine.CrashAndRestart();
  EXPECT_EQ((*machine.disk.ReadFile("/f"))[1], static_cast<char>(~'b'));
  EXPECT_EQ(machine.disk.FlipByte("/f", 3).code(), StatusCode::kOutOfRange);
  EXPECT_EQ(machine.world.hits("disk.flipped"), 1u);
}

TEST(Disk, LocksGoWithTheProcess) {
  World world(CalmOptions(1));
  Disk& disk = world.NewDisk("disk");
  Process& one = SpawnEmpty(world, "one", disk);
  Process& two = SpawnEmpty(world, "two", disk);
  auto lock = one.env().files.TryLock("/lock", "one");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(two.env().files.TryLock("/lock", "two").status().message(), "lock /lock: held by one");
  one.Kill();
  auto taken = two.env().files.TryLock("/lock", "two");
  ASSERT_TRUE(taken.ok());
  lock->reset();  // the dead one's handle is no longer good for anything
  one.Restart();
  EXPECT_FALSE(one.env().files.TryLock("/lock", "one").ok());
}

TEST(Disk, CountsOperations) {
  TestMachine machine(CalmOptions(1));
  Append(machine.files(), "/f", "a", "b");
  EXPECT_EQ(machine.disk.operations(), 5u);  // create, append, sync, append, close
  EXPECT_EQ(machine.process.operations(), 5u);
}

}  // namespace
}  // namespace weir::sim
