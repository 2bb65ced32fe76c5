// The CSV source and the file sink on the machine's own files: what a simulated disk could have
// wrong about it.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "weir/connectors/csv_source.h"
#include "weir/connectors/file_sink.h"
#include "weir/env/posix_env.h"
#include "weir/testing/permit_for_tests.h"

namespace weir::connectors {
namespace {

class PosixFilesTest : public ::testing::Test {
 public:
  PosixFilesTest() {
    WEIR_CHECK(::mkdtemp(root.data()) != nullptr);
    context.uid = "sink";
    context.env = &env;
  }
  ~PosixFilesTest() override {
    for (const std::string& directory : {root + "/out", root}) {
      const auto names = env.files.List(directory);
      if (!names.ok()) continue;
      for (const std::string& name : *names) std::remove(env::JoinPath(directory, name).c_str());
      std::remove(directory.c_str());
    }
  }

 protected:
  void WriteFile(const std::string& name, std::string_view text) {
    auto file = env.files.Create(root + "/" + name, env::FileSystem::Existing::kTruncate);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE((*file)->Append(text).ok() && (*file)->Close().ok());
  }
  std::string ReadFile(const std::string& path) {
    const auto file = env.files.Open(path);
    if (!file.ok()) return std::string(file.status().message());
    return *env::ReadExactly(**file, 0, *(*file)->Size());
  }

  std::string root = ::testing::TempDir() + "weir_connectors_XXXXXX";
  env::PosixEnv world{{.pool_threads = 1}};
  env::Env env = world.env();
  runtime::OperatorContext context;
};

TEST_F(PosixFilesTest, ASourceReadsEveryRowOfEverySplit) {
  std::string text = "value\n";
  int64_t sum = 0;
  for (int64_t i = 0; i < 20'000; ++i) text += std::to_string(i) + "\n", sum += i;
  WriteFile("t.csv", text);
  const CsvSourceOptions options{.path = root + "/t.csv", .split_bytes = 7777};
  const auto source = NewCsvSource<int64_t>(options);
  const auto splits = FindFileSplits(env.files, options, source->format());
  ASSERT_TRUE(splits.ok()) << splits.status();
  EXPECT_GT(splits->size(), 10u);

  const auto reader = source->NewReader();
  ASSERT_TRUE(reader->Start(context).ok());
  ASSERT_TRUE(reader->AddSplits(*splits).ok());
  reader->NoMoreSplits();
  const record::TypeOps* const type = &TypeOpsOf<int64_t>();
  runtime::Output output(std::span(&type, 1));
  auto result = reader->Poll(output);
  for (; result.ok() && *result == runtime::PollResult::kMore; result = reader->Poll(output)) {
    const auto batch = output.TakeBatch(base::PortIndex(0), runtime::Output::Take::kAny);
    for (uint32_t i = 0; batch != nullptr && i < batch->size(); ++i)
      sum -= batch->Rows<int64_t>()[i];
  }
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(sum, 0);
}

TEST_F(PosixFilesTest, ASinkMakesFilesVisible) {
  const std::string out = root + "/out";
  const auto writer = FileSink({.directory = out}, RowForm::kCsv, TypeOpsOf<int64_t>()).NewWriter();
  ASSERT_TRUE(writer->Start(context, {}).ok());
  record::AnyBatch batch(TypeOpsOf<int64_t>());
  batch.Rows<int64_t>()[0] = 42;
  batch.set_size(1);
  ASSERT_TRUE(writer->Write(batch, 0).ok());
  auto closed = writer->PreCommit(base::CheckpointId(1));
  ASSERT_TRUE(closed.ok() && closed->payloads.size() == 1);
  ASSERT_TRUE(closed->make_durable().ok());
  const runtime::Committable committable{.origin = {},
                                         .lineage = {},
                                         .checkpoint = base::CheckpointId(1),
                                         .payload = closed->payloads[0]};
  for (int time = 0; time < 2; ++time) {
    const Status committed =
        writer->Commit(testing::PermitForTests::Of(base::CheckpointId(1)), committable)();
    ASSERT_TRUE(committed.ok()) << committed;
  }
  const std::string name = "sink-0000000000000000-0000000001-00000-000000.csv";
  EXPECT_EQ(*env.files.List(out), std::vector<std::string>{name});
  EXPECT_EQ(ReadFile(env::JoinPath(out, name)), "value\n42\n");
}

TEST_F(PosixFilesTest, WhatIsInTheWayIsOneSentence) {
  WriteFile("file", "");
  const auto csv = NewCsvSource<int64_t>({});
  EXPECT_EQ(FileSink({.directory = root + "/file"}, RowForm::kCsv, TypeOpsOf<int64_t>())
                .NewWriter()
                ->Start(context, {})
                .code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(FindFileSplits(env.files, {.path = root + "/none"}, csv->format()).status(),
            InvalidArgumentError("no file or directory ", root,
                                 "/none; give the path of what is to be read"));
  EXPECT_EQ(FindFileSplits(env.files, {.path = root}, csv->format()).status(),
            InvalidArgumentError("no *.csv file in directory ", root,
                                 "; give the path of what is to be read"));
}

}  // namespace
}  // namespace weir::connectors
