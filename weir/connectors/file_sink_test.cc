#include "weir/connectors/file_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "weir/base/limits.h"
#include "weir/connectors/committing_sink.h"
#include "weir/connectors/sink_task_test.h"

namespace weir::connectors {
namespace {

using Names = std::vector<std::string>;
using Death = sim::Process::Death;

constexpr char kDirectory[] = "out";

std::unique_ptr<CommittingSinkFactory> NewSink(RowForm form = RowForm::kCsv,
                                               FileSinkOptions options = {}) {
  options.directory = kDirectory;
  return std::make_unique<CommittingSinkFactory>(
      std::make_shared<FileSink>(std::move(options), form, TypeOpsOf<int64_t>()));
}

// The names in the output directory, and what the visible files hold, each as "value 1 2 3".
struct Output {
  explicit Output(Machine& machine) {
    for (const std::string& path : machine.disk().FilesBelow(kDirectory)) {
      const std::string name = path.substr(path.rfind('/') + 1);
      (name.starts_with('.') ? hidden : visible).push_back(name);
      if (name.starts_with('.')) continue;
      std::string text = Decompressed(*machine.disk().ReadFile(path), name);
      std::replace(text.begin(), text.end(), '\n', ' ');
      if (text.ends_with(' ')) text.pop_back();
      texts.push_back(text);
    }
  }
  static std::string Decompressed(std::string bytes, const std::string& name) {
    if (CompressionOf(name) == Compression::kNone) return bytes;
    const auto decompressor = Decompressor::New(CompressionOf(name));
    std::string text(4'000'000, '\0');
    const auto step = decompressor->Run(bytes, text.data(), text.size());
    EXPECT_TRUE(step.ok() && decompressor->at_end() && step->taken == bytes.size()) << name;
    return text.substr(0, step->made);
  }
  // All rows of all files, sorted.
  std::vector<int64_t> Rows(RowForm form = RowForm::kCsv) const {
    std::vector<int64_t> rows;
    for (const std::string& text : texts) {
      std::istringstream in(text);
      if (form == RowForm::kCsv) {
        std::string header;
        in >> header;
        EXPECT_EQ(header, "value");
      }
      for (int64_t row = 0; in >> row;) rows.push_back(row);
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }
  Names visible, hidden, texts;
};

TEST(FileSink, RowsAreVisibleWhenTheCheckpointIsComplete) {
  Machine machine;
  const auto factory = NewSink();
  SinkTask task(machine, *factory, {.subtask = 1, .parallelism = 2, .epoch = 3, .attempt = 4});
  ASSERT_TRUE(task.Start().ok());
  EXPECT_EQ(Output(machine).hidden, Names{});
  ASSERT_TRUE(task.Write(1, 3).ok());
  EXPECT_EQ(Output(machine).hidden, Names{".sink-0000000000000007-3-4-1-0.inprogress"});
  ASSERT_TRUE(task.Snapshot(12).ok());
  ASSERT_TRUE(task.Write(4).ok());
  EXPECT_EQ(Output(machine).visible, Names{});
  ASSERT_TRUE(task.Complete(12).ok());
  EXPECT_EQ(Output(machine).visible, Names{"sink-0000000000000007-0000000012-00001-000000.csv"});
  EXPECT_EQ(Output(machine).texts, Names{"value 1 2 3"});
  EXPECT_EQ(Output(machine).hidden, Names{".sink-0000000000000007-3-4-1-1.inprogress"});
}

TEST(FileSink, FilesOfTextAndJsonHaveNoHeader) {
  for (const RowForm form : {RowForm::kText, RowForm::kJson}) {
    Machine machine;
    const auto factory = NewSink(form);
    SinkTask task(machine, *factory);
    ASSERT_TRUE(task.Start().ok());
    ASSERT_TRUE(task.Write(1, 3).ok());
    ASSERT_TRUE(task.Snapshot(1).ok());
    ASSERT_TRUE(task.Complete(1).ok());
    EXPECT_EQ(Output(machine).visible,
              Names{Concat("sink-0000000000000007-0000000001-00000-000000", NameEndOf(form))});
    EXPECT_EQ(Output(machine).texts, Names{"1 2 3"});
  }
}

TEST(FileSink, CompressedFilesAreWholeByThemselves) {
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    Machine machine;
    const auto factory = NewSink(RowForm::kCsv, {.compression = compression});
    SinkTask task(machine, *factory);
    ASSERT_TRUE(task.Start().ok());
    for (int64_t i = 0; i < 100; ++i) ASSERT_TRUE(task.Write(i * 1000, 1000).ok());
    EXPECT_GT(machine.disk().bytes_used(), 10'000u);  // it goes out as it comes
    ASSERT_TRUE(task.Snapshot(1).ok());
    ASSERT_TRUE(task.Write(7).ok());
    ASSERT_TRUE(task.Snapshot(2).ok());
    ASSERT_TRUE(task.Complete(2).ok());
    const Output output(machine);
    ASSERT_EQ(output.visible.size(), 2u);
    EXPECT_TRUE(output.visible[0].ends_with(Concat("-000000.csv", NameEndOf(compression))));
    EXPECT_EQ(output.Rows().size(), 100'001u);
    EXPECT_EQ(output.texts[1], "value 7");
    EXPECT_LT(machine.disk().bytes_used(), 400'000u);
  }
}

TEST(FileSink, FilesThatAreLargeAreClosedBeforeTheirCheckpoint) {
  Machine machine;
  const auto factory = NewSink(RowForm::kText, {.roll_bytes = 6});
  SinkTask task(machine, *factory);
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(10, 5).ok());  // "10\n" and so on: two rows a file
  EXPECT_EQ(Output(machine).hidden.size(), 3u);
  EXPECT_EQ(task.Snapshot(1)->size(), 3u);
  EXPECT_EQ(Output(machine).visible, Names{});
  ASSERT_TRUE(task.Complete(1).ok());
  EXPECT_EQ(Output(machine).texts, (Names{"10 11", "12 13", "14"}));
  EXPECT_EQ(Output(machine).hidden, Names{});
}

TEST(FileSink, CompressedFilesThatAreLargeAreClosedToo) {
  Machine machine;
  const auto factory =
      NewSink(RowForm::kCsv, {.compression = Compression::kZstd, .roll_bytes = 50'000});
  SinkTask task(machine, *factory);
  ASSERT_TRUE(task.Start().ok());
  for (int64_t i = 0; i < 300; ++i) ASSERT_TRUE(task.Write(i * 1000, 1000).ok());
  ASSERT_TRUE(task.Snapshot(1).ok());
  ASSERT_TRUE(task.Complete(1).ok());
  EXPECT_GT(Output(machine).visible.size(), 2u);
  EXPECT_EQ(Output(machine).Rows().size(), 300'000u);
}

TEST(FileSink, FilesThatAreOldAreClosedBeforeTheirCheckpoint) {
  Machine machine;
  const auto factory = NewSink(RowForm::kText, {.roll_after = std::chrono::seconds(1)});
  SinkTask task(machine, *factory);
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  machine.world().RunFor(std::chrono::milliseconds(999));
  ASSERT_TRUE(task.Write(2).ok());
  machine.world().RunFor(std::chrono::milliseconds(1));
  ASSERT_TRUE(task.Write(3).ok());
  ASSERT_TRUE(task.Snapshot(1).ok());
  ASSERT_TRUE(task.Complete(1).ok());
  EXPECT_EQ(Output(machine).texts, (Names{"1 2", "3"}));
}

TEST(FileSink, FilesBetweenTwoCheckpointsAreNotTooMany) {
  Machine machine;
  const auto factory = NewSink(RowForm::kText, {.roll_bytes = 1});
  SinkTask task(machine, *factory);
  ASSERT_TRUE(task.Start().ok());
  const auto rows = static_cast<uint32_t>(limits::kRolledFilesMax + 50);
  for (const uint64_t checkpoint : {1u, 2u}) {
    ASSERT_TRUE(task.Write(0, rows).ok());
    EXPECT_EQ(Output(machine).hidden.size(), limits::kRolledFilesMax + 1);
    ASSERT_TRUE(task.Snapshot(checkpoint).ok());
    ASSERT_TRUE(task.Complete(checkpoint).ok());
    ASSERT_TRUE(task.RunFor(sim::milliseconds(500)).ok());
    EXPECT_EQ(Output(machine).hidden, Names{});
  }
  EXPECT_EQ(Output(machine).visible.size(), 2 * (limits::kRolledFilesMax + 1));
  EXPECT_EQ(Output(machine).Rows(RowForm::kText).size(), 2 * rows);
}

TEST(FileSink, Regression59_TwoSinksAndTwoJobsMayShareADirectory) {
  Machine machine;
  const auto factory = NewSink();
  const std::vector<SinkTask::Options> sinks = {
      {.uid = "a"}, {.uid = "b"}, {.uid = "a", .lineage = 8}, {.uid = "a-1"}};
  for (uint32_t attempt = 1; attempt <= 3; ++attempt) {
    std::vector<std::unique_ptr<SinkTask>> tasks;
    for (SinkTask::Options options : sinks) {
      options.attempt = attempt;
      tasks.push_back(std::make_unique<SinkTask>(machine, *factory, options));
      ASSERT_TRUE(tasks.back()->Start().ok());
      ASSERT_TRUE(tasks.back()->Write(static_cast<int64_t>(tasks.size())).ok());
    }
    for (const auto& task : tasks) ASSERT_TRUE(task->Snapshot(attempt).ok());
    for (const auto& task : tasks) ASSERT_TRUE(task->Complete(attempt).ok());
    for (const auto& task : tasks) ASSERT_TRUE(task->Write(99).ok());  // a leftover of each
    EXPECT_EQ(Output(machine).visible.size(), attempt * sinks.size());
    EXPECT_EQ(Output(machine).hidden.size(), sinks.size());
  }
  EXPECT_EQ(Output(machine).Rows(), (std::vector<int64_t>{1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4}));
}

TEST(FileSink, Regression60_WithoutRowsThereAreNoFiles) {
  Machine machine;
  const auto factory = NewSink();
  SinkTask task(machine, *factory);
  ASSERT_TRUE(task.Start().ok());
  EXPECT_EQ(*task.Snapshot(1), std::vector<runtime::Committable>{});
  EXPECT_EQ(machine.disk().FilesBelow(kDirectory), Names{});
}

TEST(FileSink, WhatWasSealedSurvivesAPowerFailure) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Machine machine(sim::CalmOptions(seed));
    const auto factory = NewSink();
    std::vector<runtime::Committable> committables;
    {
      SinkTask task(machine, *factory);
      ASSERT_TRUE(task.Start().ok());
      ASSERT_TRUE(task.Write(1, 1000).ok());
      committables = *task.Snapshot(1);
      ASSERT_TRUE(task.Write(1001, 1000).ok());
    }
    machine.Restart(Death::kMachine);
    SinkTask heir(machine, *factory, {.attempt = 2});
    ASSERT_TRUE(heir.Start(committables).ok());
    EXPECT_EQ(Output(machine).hidden.size(), 1u);
    ASSERT_TRUE(heir.Complete(1).ok());
    EXPECT_EQ(Output(machine).Rows().size(), 1000u);
    EXPECT_EQ(Output(machine).hidden, Names{});
    // A committed file is there for good.
    machine.Restart(Death::kMachine);
    EXPECT_EQ(Output(machine).Rows().size(), 1000u) << "seed " << seed;
  }
}

TEST(FileSink, CommittingAgainChangesNothing) {
  Machine machine;
  const auto factory = NewSink();
  SinkTask task(machine, *factory);
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1, 2).ok());
  const auto committables = *task.Snapshot(1);
  ASSERT_TRUE(task.Complete(1).ok());
  SinkTask heir(machine, *factory, {.attempt = 2});
  ASSERT_TRUE(heir.Start(committables).ok());
  ASSERT_TRUE(heir.Complete(1).ok());
  EXPECT_FALSE(heir.sink().HasPendingCommits());
  EXPECT_EQ(Output(machine).texts, Names{"value 1 2"});
}

TEST(FileSink, DoneIsShownByTheFileNotByItsAbsence) {
  Machine machine;
  const auto factory = NewSink();
  SinkTask task(machine, *factory);
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1, 2).ok());
  const auto committables = *task.Snapshot(1);
  const std::string staged = "out/" + Output(machine).hidden.at(0);
  ASSERT_TRUE(machine.files().Remove(staged).ok());
  const Status gone = task.Complete(1);
  EXPECT_EQ(gone, DataLossError(
                      "commit: output is gone: neither ", staged,
                      " nor out/sink-0000000000000007-0000000001-00000-000000.csv exists (2 "
                      "rows, 10 bytes); if it was moved away, put it back and run again; if it is "
                      "lost, only --fresh begins without it"));
}

TEST(FileSink, OtherBytesAreNeverTakenForOurs) {
  Machine machine;
  const auto factory = NewSink();
  for (const bool visible : {true, false}) {
    SinkTask task(machine, *factory, {.lineage = visible ? 1u : 2u});
    ASSERT_TRUE(task.Start().ok());
    ASSERT_TRUE(task.Write(1, 2).ok());
    const auto committables = *task.Snapshot(1);
    const FileCommittable file = *FileCommittable::Decode(committables.at(0).payload);
    const std::string path = env::JoinPath(kDirectory, visible ? file.final : file.in_progress);
    machine.Write(path, "value\n1\n9\n");  // as long as ours
    const Status lost = task.Complete(1);
    EXPECT_EQ(lost.code(), StatusCode::kDataLoss);
    EXPECT_THAT(std::string(lost.message()), ::testing::HasSubstr(file.final));
    EXPECT_THAT(std::string(lost.message()), ::testing::HasSubstr(file.in_progress));
    EXPECT_EQ(*machine.disk().ReadFile(path), "value\n1\n9\n");
  }
}

TEST(FileSink, AFlippedByteOfASealedFileIsFound) {
  Machine machine;
  const auto factory = NewSink();
  SinkTask task(machine, *factory);
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1, 2).ok());
  ASSERT_TRUE(task.Snapshot(1).ok());
  ASSERT_TRUE(machine.disk().FlipByte("out/" + Output(machine).hidden.at(0), 7).ok());
  EXPECT_EQ(task.Complete(1).code(), StatusCode::kDataLoss);
  EXPECT_EQ(Output(machine).visible, Names{});
}

// A file system on which somebody else is always a little faster with the same rename.
class Contested final : public env::FileSystem {
 public:
  explicit Contested(env::FileSystem& files) : files_(files) {}
  Status Rename(const std::string& from, const std::string& to) override {
    WEIR_RETURN_IF_ERROR(files_.Rename(from, to));
    return files_.Rename(from, to);
  }
  StatusOr<std::unique_ptr<env::ReadableFile>> Open(const std::string& path) override {
    return files_.Open(path);
  }
  Status SyncDirectory(const std::string& path) override { return files_.SyncDirectory(path); }
  StatusOr<std::unique_ptr<env::WritableFile>> Create(const std::string&, Existing) override {
    return UnimplementedError("");
  }
  StatusOr<env::FileInfo> Stat(const std::string&) override { return UnimplementedError(""); }
  StatusOr<Names> List(const std::string&) override { return UnimplementedError(""); }
  Status Link(const std::string&, const std::string&) override { return UnimplementedError(""); }
  Status Remove(const std::string&) override { return UnimplementedError(""); }
  Status MakeDirectories(const std::string&) override { return UnimplementedError(""); }
  StatusOr<std::unique_ptr<Lock>> TryLock(const std::string&, std::string_view) override {
    return UnimplementedError("");
  }

 private:
  env::FileSystem& files_;
};

TEST(FileSink, AnOlderOwnerMayBeFasterWithTheSameCommit) {
  Machine machine;
  const auto factory = NewSink();
  SinkTask task(machine, *factory);
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1, 2).ok());
  const auto committables = *task.Snapshot(1);
  Contested contested(machine.files());
  EXPECT_EQ(CommitFile(contested, *FileCommittable::Decode(committables.at(0).payload)),
            OkStatus());
  EXPECT_EQ(Output(machine).texts, Names{"value 1 2"});
}

// Which files are there after a start of lineage 7, epoch 2, attempt 2 as subtask 0 of 2.
Names LeftOf(const Names& names, const std::string& mutant = "") {
  sim::Options options = sim::CalmOptions(1);
  options.mutant = mutant;
  Machine machine(options);
  WEIR_CHECK(machine.files().MakeDirectories(kDirectory).ok());
  for (const std::string& name : names)
    machine.Write(env::JoinPath(kDirectory, name), "value\n1\n");
  const auto factory = NewSink();
  SinkTask task(machine, *factory, {.parallelism = 2, .epoch = 2, .attempt = 2});
  WEIR_CHECK(task.Start().ok());
  return Output(machine).hidden;
}

TEST(FileSink, Regression65_LeftoversOfDeadAttemptsAreRemoved) {
  EXPECT_EQ(LeftOf({".sink-0000000000000007-2-1-0-0.inprogress",
                    ".sink-0000000000000007-2-1-2-9.inprogress",
                    ".sink-0000000000000007-1-9-4-1.inprogress"}),
            Names{});
}

TEST(FileSink, NothingElseIsRemoved) {
  const Names others = {
      ".sink-0000000000000007-2-1-1-0.inprogress",    // dealt to subtask 1
      ".sink-0000000000000007-2-2-0-0.inprogress",    // of a living attempt
      ".sink-0000000000000007-3-1-0-0.inprogress",    // of a later epoch
      ".sink-0000000000000008-2-1-0-0.inprogress",    // of another lineage
      ".sink-2-0000000000000007-2-1-0-0.inprogress",  // of a sink "sink-2"
      ".sink-0000000000000007-2-1-0-00.inprogress",   // not a name of ours
      ".sink-0000000000000007-2-1-0.inprogress",     ".sink.inprogress", "notes.txt",
  };
  Names hidden = others;
  hidden.pop_back();
  std::sort(hidden.begin(), hidden.end());
  EXPECT_EQ(LeftOf(others), hidden);
  EXPECT_LT(LeftOf(others, "leftovers-removed-by-absence").size(), hidden.size());
}

TEST(FileSink, OutputThatIsNewerThanTheStateIsRefused) {
  const auto start = [](const std::string& name, uint64_t restored) {
    Machine machine;
    WEIR_CHECK(machine.files().MakeDirectories(kDirectory).ok());
    machine.Write(env::JoinPath(kDirectory, name), "value\n1\n");
    const auto factory = NewSink();
    SinkTask task(machine, *factory, {.restored = restored});
    return task.Start();
  };
  EXPECT_EQ(start("sink-0000000000000007-0000000009-00003-000000.csv", 9), OkStatus());
  const Status status = start("sink-0000000000000007-0000000009-00003-000000.csv", 8);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("checkpoint 9"), std::string::npos) << status;
  EXPECT_NE(status.message().find("checkpoint 8"), std::string::npos) << status;
  // Also when the program wrote another form then.
  EXPECT_FALSE(start("sink-0000000000000007-0000000009-00003-000000.txt", 8).ok());
  EXPECT_FALSE(start("sink-0000000000000007-0000000009-00003-000000.jsonl", 8).ok());
  EXPECT_FALSE(start("sink-0000000000000007-0000000009-00003-000000.csv.zst", 8).ok());
  // Of another lineage, of another sink, of nobody.
  EXPECT_EQ(start("sink-0000000000000008-0000000009-00003-000000.csv", 8), OkStatus());
  EXPECT_EQ(start("sink-2-0000000000000007-0000000009-00003-000000.csv", 8), OkStatus());
  EXPECT_EQ(start("notes.csv", 8), OkStatus());
}

TEST(FileSink, PromisedFilesStay) {
  Machine machine;
  const auto factory = NewSink();
  SinkTask task(machine, *factory);
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  const auto committables = *task.Snapshot(1);
  ASSERT_TRUE(task.Write(2).ok());
  SinkTask heir(machine, *factory, {.attempt = 2});
  ASSERT_TRUE(heir.Start(committables).ok());
  EXPECT_EQ(Output(machine).hidden, Names{".sink-0000000000000007-1-1-0-0.inprogress"});
}

TEST(FileSink, Regression68_AFreshLineageUsesNoNameAgain) {
  Machine machine;
  const auto factory = NewSink();
  for (const uint64_t lineage : {7u, 8u}) {
    SinkTask task(machine, *factory, {.lineage = lineage});
    ASSERT_TRUE(task.Start().ok());
    ASSERT_TRUE(task.Write(static_cast<int64_t>(lineage)).ok());
    ASSERT_TRUE(task.Snapshot(1).ok());
    ASSERT_TRUE(task.Complete(1).ok());
  }
  EXPECT_EQ(Output(machine).texts, (Names{"value 7", "value 8"}));
}

TEST(FileSink, LargeFilesGoOutInPieces) {
  Machine machine;
  const auto factory = NewSink();
  SinkTask task(machine, *factory);
  ASSERT_TRUE(task.Start().ok());
  for (int64_t i = 0; i < 100; ++i) ASSERT_TRUE(task.Write(i * 1000, 1000).ok());
  EXPECT_GT(machine.disk().bytes_used(), 400'000u);
  ASSERT_TRUE(task.Snapshot(1).ok());
  ASSERT_TRUE(task.Complete(1).ok());
  const auto rows = Output(machine).Rows();
  ASSERT_EQ(rows.size(), 100'000u);
  EXPECT_EQ(rows.back(), 99'999);
}

// --- What a user can get wrong
// ---------------------------------------------------------------------

TEST(FileSink, AFullDiskIsOneSentence) {
  Machine machine;
  const auto factory = NewSink();
  SinkTask task(machine, *factory);
  ASSERT_TRUE(task.Start().ok());
  machine.disk().SetCapacity(100'000);
  StatusOr<runtime::Outcome> outcome = runtime::Outcome::kNeedInput;
  for (int64_t i = 0; i < 100 && outcome.ok(); ++i) outcome = task.Write(i * 1000, 1000);
  EXPECT_EQ(outcome.status(),
            ResourceExhaustedError("write out/.sink-0000000000000007-1-1-0-0.inprogress: no space "
                                   "left on device; free space and run it again: nothing is lost"));
}

TEST(FileSink, Regression56_AFullDiskAtTheBarrierFailsTheCheckpoint) {
  Machine machine;
  const auto factory = NewSink();
  SinkTask task(machine, *factory);
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1, 1000).ok());
  machine.disk().SetCapacity(100);
  const Status failed = task.Snapshot(1).status();
  EXPECT_EQ(failed.code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(failed.message().ends_with("; free space and run it again: nothing is lost"))
      << failed;
  EXPECT_EQ(task.RunFor(sim::milliseconds(5)).code(), StatusCode::kResourceExhausted);
}

TEST(FileSink, AnOutputDirectoryThatIsAFileIsRefused) {
  Machine machine;
  machine.Write(kDirectory, "");
  const auto factory = NewSink();
  EXPECT_EQ(SinkTask(machine, *factory).Start(),
            FailedPreconditionError("output directory out is a file; remove it, or give another "
                                    "directory"));
}

TEST(FileSink, ANameThatIsTooLongIsRefused) {
  Machine machine;
  const auto factory = NewSink();
  const std::string longest(limits::kFileUidBytesMax, 'x');
  EXPECT_TRUE(SinkTask(machine, *factory, {.uid = longest}).Start().ok());
  EXPECT_EQ(SinkTask(machine, *factory, {.uid = longest + "x"}).Start().code(),
            StatusCode::kInvalidArgument);
}

// --- Names and committables
// ------------------------------------------------------------------------

TEST(FileSinkNames, UidsAreEscaped) {
  EXPECT_EQ(UidInFileName("per-page_2.x"), "per-page_2.x");
  EXPECT_EQ(UidInFileName("a/b c%\xC3\xA9"), "a%2fb%20c%25%c3%a9");
}

TEST(FileSinkNames, InProgressNamesAreReadBack) {
  const InProgressName name{.uid = "per/page-1",
                            .lineage = base::Lineage(0xfedcba9876543210),
                            .epoch = base::Epoch(12),
                            .attempt = base::Attempt(3),
                            .subtask = base::SubtaskIndex(17),
                            .sequence = 42};
  EXPECT_EQ(name.ToString(), ".per%2fpage-1-fedcba9876543210-12-3-17-42.inprogress");
  EXPECT_EQ(InProgressName::Parse(name.ToString(), "per/page-1"), name);
  EXPECT_EQ(InProgressName::Parse(name.ToString(), "per/page"), std::nullopt);
  EXPECT_EQ(FinalName(name, base::CheckpointId(250), ".csv"),
            "per%2fpage-1-fedcba9876543210-0000000250-00017-000042.csv");
}

TEST(FileCommittable, EncodingIsGolden) {
  const FileCommittable file{.directory = "out",
                             .in_progress = ".s.inprogress",
                             .final = "s.csv",
                             .bytes = 300,
                             .digest = 0x0807060504030201,
                             .rows = 7};
  const std::string golden(
      "\x01\x03out\x0d.s.inprogress\x05s.csv\xac\x02\x01\x02\x03\x04\x05\x06\x07\x08\x07", 36);
  EXPECT_EQ(file.Encode(), golden);
  EXPECT_EQ(*FileCommittable::Decode(golden), file);
  for (size_t size = 0; size < golden.size(); ++size) {
    EXPECT_EQ(FileCommittable::Decode(golden.substr(0, size)).status().code(),
              StatusCode::kDataLoss);
  }
  EXPECT_EQ(FileCommittable::Decode(golden + "x").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(FileCommittable::Decode("\x02" + golden.substr(1)).status().code(),
            StatusCode::kFailedPrecondition);
}

TEST(FileCommittable, NamesDoNotLeaveTheDirectory) {
  for (const std::string name : {"../x", "a/b", "..", ".", ""}) {
    FileCommittable file{.directory = "out", .in_progress = name, .final = "s.csv"};
    EXPECT_EQ(FileCommittable::Decode(file.Encode()).status().code(), StatusCode::kDataLoss);
    std::swap(file.in_progress, file.final);
    EXPECT_EQ(FileCommittable::Decode(file.Encode()).status().code(), StatusCode::kDataLoss);
  }
}

// --- Killed anywhere
// -------------------------------------------------------------------------------

constexpr int64_t kRows = 60;

// A job that counts to kRows through a file sink of one to three subtasks, with a checkpoint every
// 5 rows of which every third is aborted. `history` is what a coordinator would have on record.
class CountingJob {
 public:
  explicit CountingJob(Machine& machine, RowForm form = RowForm::kCsv,
                       const FileSinkOptions& options = {})
      : machine_(machine), factory_(NewSink(form, options)) {}

  // One attempt, until the end or until the process dies.
  void Run() {
    ++attempt_;
    const uint32_t parallelism = 1 + attempt_ % 3;
    std::vector<std::unique_ptr<SinkTask>> tasks;
    for (uint32_t subtask = 0; subtask < parallelism; ++subtask) {
      tasks.push_back(std::make_unique<SinkTask>(
          machine_, *factory_,
          SinkTask::Options{.subtask = subtask, .parallelism = parallelism, .attempt = attempt_}));
      if (!tasks.back()->Start(record_.committables).ok()) return;
    }
    if (record_.checkpoint > 0 && !Complete(tasks, record_.checkpoint)) return;
    for (int64_t row = record_.rows; row < kRows;) {
      for (int i = 0; i < 5; ++i, ++row) {
        if (!tasks[static_cast<size_t>(row) % parallelism]->Write(row).ok()) return;
      }
      if (!Checkpoint(tasks, row)) return;
    }
  }

  bool finished() const { return finished_; }

 private:
  struct Record {
    uint64_t checkpoint = 0;
    int64_t rows = 0;
    std::vector<runtime::Committable> committables;
  };
  using Tasks = std::vector<std::unique_ptr<SinkTask>>;

  bool Checkpoint(Tasks& tasks, int64_t rows) {
    Record record{.checkpoint = ++last_checkpoint_, .rows = rows, .committables = {}};
    for (auto& task : tasks) {
      auto committables = task->Snapshot(record.checkpoint);
      if (!committables.ok()) return false;
      record.committables.insert(record.committables.end(), committables->begin(),
                                 committables->end());
    }
    if (machine_.process().state() == sim::Process::State::kDead) return false;
    if (record.checkpoint % 3 == 0 && rows < kRows) return true;  // aborted: nobody hears of it
    record_ = std::move(record);
    if (rows < kRows && record_.checkpoint % 4 == 0) return true;  // its Complete is lost
    return Complete(tasks, record_.checkpoint);
  }

  bool Complete(Tasks& tasks, uint64_t checkpoint) {
    bool pending = false;
    for (auto& task : tasks) {
      if (!task->Complete(checkpoint).ok()) return false;
      pending |= task->sink().HasPendingCommits();
    }
    finished_ = record_.rows == kRows && !pending &&
                machine_.process().state() != sim::Process::State::kDead;
    return true;
  }

  Machine& machine_;
  const std::unique_ptr<CommittingSinkFactory> factory_;
  Record record_;
  uint64_t last_checkpoint_ = 0;
  uint32_t attempt_ = 0;
  bool finished_ = false;
};

void ExpectEachRowOnce(Machine& machine, RowForm form, const std::string& when) {
  std::vector<int64_t> expected;
  for (int64_t row = 0; row < kRows; ++row) expected.push_back(row);
  EXPECT_EQ(Output(machine).Rows(form), expected) << when;
  EXPECT_EQ(Output(machine).hidden, Names{}) << when;
}

// Killed between any two operations of the disk, then run to the end.
void KillEverywhere(Death death, RowForm form, const FileSinkOptions& options = {}) {
  for (uint64_t operation = 1;; ++operation) {
    Machine machine(sim::CalmOptions(operation));
    CountingJob job(machine, form, options);
    machine.process().KillAtOperation(operation, death);
    job.Run();
    if (job.finished()) {
      EXPECT_GT(operation, 100u);
      return;
    }
    ASSERT_EQ(machine.process().state(), sim::Process::State::kDead) << operation;
    machine.Restart(death);
    job.Run();
    ASSERT_TRUE(job.finished()) << "killed at operation " << operation;
    ExpectEachRowOnce(machine, form, Concat("killed at operation ", operation));
  }
}

TEST(FileSink, EachRowOnceWhereverTheProcessIsKilled) {
  for (const RowForm form : {RowForm::kCsv, RowForm::kText, RowForm::kJson})
    KillEverywhere(Death::kProcess, form);
}
TEST(FileSink, EachRowOnceWhereverThePowerIsCut) {
  for (const RowForm form : {RowForm::kCsv, RowForm::kText, RowForm::kJson})
    KillEverywhere(Death::kMachine, form);
}

TEST(FileSink, EachRowOnceInCompressedFilesWhereverItIsKilled) {
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    KillEverywhere(Death::kProcess, RowForm::kCsv, {.compression = compression});
    KillEverywhere(Death::kMachine, RowForm::kJson, {.compression = compression});
  }
}

TEST(FileSink, EachRowOnceInSeveralFilesOfACheckpointWhereverItIsKilled) {
  KillEverywhere(Death::kProcess, RowForm::kText, {.roll_bytes = 2});
  KillEverywhere(Death::kMachine, RowForm::kText, {.roll_bytes = 2});
}

TEST(FileSink, EachRowOnceWithManyDeathsAndAFaultyDisk) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    sim::Options options = sim::CalmOptions(seed);
    options.disk = {
        .short_read = 0.2, .error_before = 0.01, .error_after = 0.01, .sync_failure = 0.01};
    Machine machine(options);
    CountingJob job(machine);
    sim::Prng prng(seed, "kills");
    for (int attempt = 0; attempt < 200 && !job.finished(); ++attempt) {
      const Death death = prng.Chance(0.5) ? Death::kProcess : Death::kMachine;
      if (attempt < 20) machine.process().KillAtOperation(1 + prng.Below(120), death);
      job.Run();
      machine.Restart(death);
    }
    ASSERT_TRUE(job.finished()) << "seed " << seed;
    ExpectEachRowOnce(machine, RowForm::kCsv, Concat("seed ", seed));
  }
}

}  // namespace
}  // namespace weir::connectors
