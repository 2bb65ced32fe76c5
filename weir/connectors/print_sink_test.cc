#include "weir/connectors/print_sink.h"

#include <gtest/gtest.h>

#include "weir/base/limits.h"
#include "weir/connectors/sink_task_test.h"

namespace weir::connectors {

struct Visit {
  std::string page;
  int64_t count;
};
WEIR_RECORD(Visit, page, count);

namespace {

class Paper final : public env::TextOutput {
 public:
  Status Write(std::string_view lines) override {
    WEIR_RETURN_IF_ERROR(jam);
    text.append(lines);
    ++writes;
    return {};
  }
  std::string text;
  int writes = 0;
  Status jam;
};

class PrintSinkTest : public ::testing::Test {
 protected:
  Machine machine;
  std::shared_ptr<Paper> paper = std::make_shared<Paper>();
  PrintSinkFactory factory{paper};
  SinkTask task{machine, factory};
};

template <class T>
std::string LineOf(const T& value) {
  Machine machine;
  const auto paper = std::make_shared<Paper>();
  const PrintSinkFactory factory(paper);
  SinkTask task(machine, factory);
  WEIR_CHECK(task.Start().ok());
  record::AnyBatch batch(TypeOpsOf<T>());
  batch.template Rows<T>()[0] = value;
  batch.set_size(1);
  runtime::Input input{.port = base::PortIndex(0), .batch = batch};
  runtime::Output output({});
  WEIR_CHECK(task.sink().Process(input, output).ok());
  WEIR_CHECK(task.RunFor(sim::milliseconds(5)).ok());
  return paper->text;
}

TEST(PrintSink, RecordsAreObjectsAllElseIsBare) {
  EXPECT_EQ(LineOf(Visit{"/\"home\"", 3}), "{\"page\":\"/\\\"home\\\"\",\"count\":3}\n");
  EXPECT_EQ(LineOf(int64_t{-42}), "-42\n");
  EXPECT_EQ(LineOf(1.5), "1.5\n");
  EXPECT_EQ(LineOf(std::string("some text")), "some text\n");
}

TEST_F(PrintSinkTest, LinesKeepTheirOrder) {
  ASSERT_TRUE(task.Start().ok());
  std::string expected;
  for (int64_t i = 0; i < 100; i += 2) {
    ASSERT_EQ(*task.Write(i, 2), runtime::Outcome::kNeedInput);
    expected += Concat(i, "\n", i + 1, "\n");
    if (i % 10 == 0) machine.Settle();
  }
  ASSERT_TRUE(task.RunFor(sim::milliseconds(20)).ok());
  EXPECT_EQ(paper->text, expected);
}

TEST_F(PrintSinkTest, LinesBeforeABarrierAreOutWhenItIsAcknowledged) {
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  ASSERT_TRUE(task.Snapshot(1).ok());
  EXPECT_EQ(paper->text, "1\n");
  ASSERT_TRUE(task.RunFor(sim::milliseconds(5)).ok());
  EXPECT_EQ(paper->text, "1\n");
}

TEST_F(PrintSinkTest, TheEndWaitsForTheLastLine) {
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  runtime::Output output({});
  EXPECT_EQ(*task.sink().OnEnd(output), runtime::Outcome::kBlocked);
  ASSERT_TRUE(task.RunFor(sim::milliseconds(5)).ok());
  EXPECT_EQ(*task.sink().OnEnd(output), runtime::Outcome::kNeedInput);
}

TEST_F(PrintSinkTest, AReaderThatDoesNotReadHoldsRowsBack) {
  ASSERT_TRUE(task.Start().ok());
  StatusOr<runtime::Outcome> outcome = runtime::Outcome::kNeedInput;
  int64_t taken = 0;
  while (*outcome == runtime::Outcome::kNeedInput) {
    outcome = task.Write(100'000'000, 1000);
    ASSERT_TRUE(outcome.ok());
    ASSERT_LT(++taken, 1000);
  }
  EXPECT_EQ(*outcome, runtime::Outcome::kBlocked);
  EXPECT_LT(taken * 1000 * 10, static_cast<int64_t>(limits::kPrintBytesMax) + 20'000);
  ASSERT_TRUE(task.RunFor(sim::milliseconds(5)).ok());
  EXPECT_EQ(*task.Write(1), runtime::Outcome::kNeedInput);
}

TEST_F(PrintSinkTest, AClosedOutputFailsTheAttempt) {
  paper->jam = UnavailableError("write to standard output: broken pipe");
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  EXPECT_EQ(task.RunFor(sim::milliseconds(5)), paper->jam);
  EXPECT_EQ(task.Snapshot(1).status(), paper->jam);
}

}  // namespace
}  // namespace weir::connectors
