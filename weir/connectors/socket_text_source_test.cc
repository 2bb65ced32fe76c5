#include "weir/connectors/socket_text_source.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "weir/connectors/machine_test.h"
#include "weir/sim/outside.h"
#include "weir/testing/collected.h"
#include "weir/testing/simulated_job.h"

namespace weir::connectors {
namespace {

using runtime::PollResult;
using sim::milliseconds;
using sim::seconds;
using Rows = std::vector<std::string>;

// Plays the job around the one reader that has the split.
class SocketReading {
 public:
  explicit SocketReading(SocketTextOptions options = {}) {
    options.host = "there";
    options.port = 9999;
    const SocketTextSource source(std::move(options));
    reader_ = source.NewReader();
    runtime::OperatorContext context;
    context.env = &machine.env();
    context.mailbox = mailbox_;
    WEIR_CHECK(reader_->Start(context).ok());
    source.NewEnumerator(machine.env())->Discover([&](StatusOr<runtime::Discovery> found) {
      WEIR_CHECK(found.ok() && found->final && reader_->AddSplits(found->splits).ok());
      reader_->NoMoreSplits();
    });
  }

  // What comes within `time`, or until the input is over.
  StatusOr<Rows> Read(Duration time = milliseconds(100)) {
    Rows rows;
    for (const base::Instant until = machine.world().Now() + time;
         machine.world().Now() < until && !over;) {
      machine.world().RunFor(milliseconds(1));
      mailbox_->Deliver();
      PollResult result = PollResult::kMore;
      while (result == PollResult::kMore) {
        WEIR_ASSIGN_OR_RETURN(result, reader_->Poll(output_));
        Take(rows);
      }
      over = result == PollResult::kEnd;
    }
    return rows;
  }
  std::string ErrorOf(const StatusOr<Rows>& rows, StatusCode code) {
    EXPECT_EQ(rows.status().code(), code);
    return std::string(rows.status().message());
  }

  runtime::SourceReader& reader() { return *reader_; }

  Machine machine;
  sim::ByteServer server{machine.world(), "there", 9999};
  bool over = false;
  std::vector<DeadLetter> letters;

 private:
  struct Mailbox final : runtime::Mailbox {
    void Post(base::Closure closure) override { closures.push_back(std::move(closure)); }
    void Deliver() {
      for (; !closures.empty(); closures.pop_front()) closures.front()();
    }
    std::deque<base::Closure> closures;
  };
  void Take(Rows& rows) {
    while (const record::BatchPtr batch =
               output_.TakeBatch(base::PortIndex(0), runtime::Output::Take::kAny)) {
      for (uint32_t row = 0; row < batch->size(); ++row)
        rows.push_back(batch->Rows<std::string>()[row]);
    }
    while (const record::BatchPtr batch =
               output_.TakeBatch(kDeadLetterPort, runtime::Output::Take::kAny)) {
      for (uint32_t row = 0; row < batch->size(); ++row)
        letters.push_back(batch->Rows<DeadLetter>()[row]);
    }
  }

  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  const std::vector<const record::TypeOps*> types_ = {&TypeOpsOf<std::string>(),
                                                      &TypeOpsOf<DeadLetter>()};
  runtime::Output output_{types_};
  std::unique_ptr<runtime::SourceReader> reader_;
};

TEST(SocketTextSource, LinesAsTheyCome) {
  SocketReading reading;
  EXPECT_EQ(*reading.Read(), Rows());
  reading.server.Say("one\ntw");
  EXPECT_EQ(*reading.Read(), (Rows{"one"}));
  reading.server.Say("o\r\n\n\xff\n");
  EXPECT_EQ(*reading.Read(), (Rows{"two", "", "\xff"}));
  EXPECT_FALSE(reading.over);
}

TEST(SocketTextSource, TheEndOfTheConnectionIsTheEndOfTheInput) {
  SocketReading reading;
  EXPECT_EQ(*reading.Read(), Rows());
  reading.server.Say("one\nlast");
  reading.server.End();
  EXPECT_EQ(*reading.Read(), (Rows{"one", "last"}));
  EXPECT_TRUE(reading.over);
  EXPECT_EQ(reading.reader().TakeFinished(), Rows{"socket"});
  EXPECT_TRUE(reading.reader().Snapshot(base::CheckpointId(1)).empty());
}

TEST(SocketTextSource, OrItConnectsAgain) {
  SocketReading reading({.at_end = SocketEnd::kReconnects});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(*reading.Read(seconds(1)), Rows());
    reading.server.Say("some line");
    reading.server.End();
    EXPECT_EQ(*reading.Read(), (Rows{"some line"}));
  }
  EXPECT_EQ(reading.server.heard().size(), 5u);
}

TEST(SocketTextSource, ABrokenConnectionIsMadeAgainWithoutItsLastHalfLine) {
  SocketReading reading({.max_retries = 1, .retry_pause = milliseconds(10)});
  EXPECT_EQ(*reading.Read(), Rows());
  reading.server.Say("whole\nhal");
  EXPECT_EQ(*reading.Read(), (Rows{"whole"}));
  reading.server.Reset();
  EXPECT_EQ(*reading.Read(), Rows());
  reading.server.Say("another\n");
  EXPECT_EQ(*reading.Read(), (Rows{"another"}));
}

TEST(SocketTextSource, WhereNobodyListensItSaysWhatToDo) {
  SocketReading reading;
  reading.server.SetListening(false);
  EXPECT_EQ(reading.ErrorOf(reading.Read(), StatusCode::kUnavailable),
            "connect to there:9999: connection refused (failed 1 time in a row); let a server "
            "listen there, or let it be tried more often with max_retries");
}

TEST(SocketTextSource, WaitsForAServerThatComesLater) {
  SocketReading reading({.max_retries = -1});
  reading.server.SetListening(false);
  EXPECT_TRUE(reading.Read(seconds(60)).ok());
  reading.server.SetListening(true);
  reading.server.OnConnect([&] { reading.server.Say("hello\n"); });
  EXPECT_EQ(*reading.Read(seconds(31)), (Rows{"hello"}));
}

TEST(SocketTextSource, ALineThatIsTooLongFailsTheAttempt) {
  SocketReading reading({.line_bytes_max = 10});
  EXPECT_EQ(*reading.Read(), Rows());
  reading.server.Say("0123456789\n0123456789x\n");
  EXPECT_EQ(reading.ErrorOf(reading.Read(), StatusCode::kInvalidArgument),
            "there:9999, line 2 of the connection: longer than 10 bytes: \"0123456789\"; raise "
            "line_bytes_max, or skip such lines with on_error");
}

TEST(SocketTextSource, OrIsSkippedAndCounted) {
  SocketReading reading({.line_bytes_max = 10, .on_error = OnError::kSkip});
  EXPECT_EQ(*reading.Read(), Rows());
  reading.server.Say("0123456789x\nnext\n" + std::string(100'000, 'x') + "\nlast\n");
  EXPECT_EQ(*reading.Read(), (Rows{"next", "last"}));
  EXPECT_EQ(reading.reader().rows_skipped(), 2u);
}

TEST(SocketTextSource, OrIsPutAside) {
  SocketReading reading({.line_bytes_max = 10, .on_error = OnError::DeadLetter("rejected")});
  EXPECT_EQ(*reading.Read(), Rows());
  reading.server.Say("first\n0123456789x\nnext\n");
  EXPECT_EQ(*reading.Read(), (Rows{"first", "next"}));
  ASSERT_EQ(reading.letters.size(), 1u);
  EXPECT_EQ(
      ToJson(reading.letters[0]),
      R"({"file":"there:9999","line":2,"text":"0123456789","reason":"longer than 10 bytes"})");
}

TEST(SocketTextSource, MoreThanABatchAtOnce) {
  SocketReading reading;
  EXPECT_EQ(*reading.Read(), Rows());
  std::string text;
  Rows rows;
  for (int i = 0; i < 20'000; ++i) text += rows.emplace_back(std::to_string(i)) + "\n";
  reading.server.Say(text);
  EXPECT_EQ(*reading.Read(seconds(1)), rows);
}

TEST(SocketTextSource, PositionsThatMakeNoSenseAreRefused) {
  SocketReading reading;
  EXPECT_EQ(reading.reader().AddSplits({{.id = "socket", .position = ""}}).code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(reading.reader().AddSplits({{.id = "socket", .position = "\2"}}).code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(reading.reader().AddSplits({{.id = "file", .position = "\1"}}).code(),
            StatusCode::kDataLoss);
  EXPECT_TRUE(reading.reader().AddSplits({{.id = "socket", .position = "\1"}}).ok());
}

TEST(SocketTextSource, OptionsAreCheckedWhereTheyAreGiven) {
  const auto problem = [](const SocketTextOptions& options) {
    Pipeline p;
    p.Name("job");
    p.SocketTextStream(options).Print();
    return std::string(p.Plan().status().message());
  };
  EXPECT_EQ(problem({.host = "h", .port = 1}), "");
  const auto expect = [&](const SocketTextOptions& options, const std::string& option) {
    EXPECT_NE(problem(options).find("SocketTextStream: " + option + ": is "), std::string::npos)
        << problem(options);
  };
  expect({.host = "", .port = 1}, "host");
  expect({.host = "h", .port = 0}, "port");
  expect({.host = "h", .port = 1, .delimiter = ""}, "delimiter");
  expect({.host = "h", .port = 1, .max_retries = -2}, "max_retries");
  expect({.host = "h", .port = 1, .retry_pause = Duration(-1)}, "retry_pause");
  expect({.host = "h", .port = 1, .line_bytes_max = 0}, "line_bytes_max");
  expect({.host = "h", .port = 1, .line_bytes_max = limits::kValueBytesMax + 1}, "line_bytes_max");
}

TEST(SocketTextSource, ItSaysThatItCannotBeReadAgain) {
  const SocketTextSource source({});
  EXPECT_FALSE(source.can_replay());
  EXPECT_FALSE(source.bounded());
}

// Somebody who says the numbers 0, 1, 2, … until told to stop, whoever listens.
class Speaker {
 public:
  explicit Speaker(sim::World& world) : world_(world), server_(world, "there", 9999) { Speak(); }
  void StopAt(base::Instant time) { stop_at_ = time; }

 private:
  void Speak() {
    if (stop_at_ && world_.Now() >= *stop_at_) {
      server_.OnConnect([this] { SayLast(); });
      return SayLast();
    }
    server_.Say(Concat("line ", next_++, "\n"));
    world_.After(milliseconds(1), [this] { Speak(); });
  }
  void SayLast() {
    server_.Say("the last line\n");
    server_.End();
  }

  sim::World& world_;
  sim::ByteServer server_;
  uint64_t next_ = 0;
  std::optional<base::Instant> stop_at_;
};

TEST(SocketTextSource, NoLineTwiceAndNoneMangledHoweverRoughTheWorld) {
  uint64_t resumes = 0, lines = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    testing::Collected<std::string> out;
    testing::SimulatedJob job(
        [&](Pipeline& p) {
          p.Name("lines");
          p.SocketTextStream({.host = "there",
                              .port = 9999,
                              .max_retries = static_cast<int64_t>(seed % 3) - 1,
                              .retry_pause = milliseconds(5)})
              .SinkTo(out.sink());
        },
        {.seed = seed, .workers = 1 + static_cast<uint32_t>(seed % 3), .rough = true});
    Speaker speaker(job.world());
    speaker.StopAt(job.world().Now() + seconds(31));
    ASSERT_EQ(job.Run(), OkStatus()) << seed;
    const Rows rows = out.records();
    const std::set<std::string> once(rows.begin(), rows.end());
    EXPECT_EQ(once.size(), rows.size()) << seed;
    EXPECT_TRUE(once.contains("the last line")) << seed;
    for (const std::string& row : once) {
      uint64_t number = 0;
      EXPECT_TRUE(row == "the last line" || (std::sscanf(row.c_str(), "line %lu", &number) == 1 &&
                                             row == Concat("line ", number)))
          << row;
    }
    resumes += job.resumes();
    lines += rows.size();
  }
  EXPECT_GT(resumes, 20u);
  EXPECT_GT(lines, 20'000u);
}

}  // namespace
}  // namespace weir::connectors
