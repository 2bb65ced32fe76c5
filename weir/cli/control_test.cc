// The control socket of a running job: what is said over it, and both of its ends.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "weir/base/limits.h"
#include "weir/cli/control_call.h"
#include "weir/cli/control_message.h"
#include "weir/cli/control_server.h"
#include "weir/env/memory_transport.h"
#include "weir/env/posix_clock.h"
#include "weir/env/test_ears.h"
#include "weir/env/test_wait.h"
#include "weir/env/thread_event_loop.h"

namespace weir::cli {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

JobPicture Clicks() {
  JobPicture picture;
  picture.job = "clicks";
  picture.state = cluster::JobState::kDegraded;
  picture.now = picture.began + 252s;
  picture.progress = {.rows_in = 7, .rows_out = 6, .state_bytes = 5};
  picture.rows_in_per_second = 1.6;
  picture.checkpoint = {base::CheckpointId(251), {.took = 48ms}, picture.now - 900ms};
  return picture;
}

constexpr const char* kClicks =
    R"json({"job":"clicks","state":"DEGRADED","process":"host-a (pid 1)","up_ms":252000,)json"
    R"json("rows_in":7,"rows_out":6,"rows_in_per_second":2,"rows_out_per_second":0,)json"
    R"json("state_bytes":5,"checkpoint":{"id":251,"age_ms":900,"took_ms":48.0}})json";

TEST(ControlMessage, IsTheFormatOfItsPage) {
  EXPECT_EQ(EncodeRequest(ControlRequest::kStatus), R"({"do":"status"})");
  EXPECT_EQ(EncodeRequest(ControlRequest::kStop), R"({"do":"stop"})");
  EXPECT_EQ(EncodeRequest(ControlRequest::kCancel), R"({"do":"cancel"})");
  EXPECT_EQ(EncodeAnswer(JobSeen::Of(Clicks(), "host-a (pid 1)")), kClicks);
  EXPECT_EQ(EncodeAnswer(UnavailableError("gone")), R"({"error":"gone"})");
}

TEST(ControlMessage, IsReadBack) {
  for (const auto request :
       {ControlRequest::kStatus, ControlRequest::kStop, ControlRequest::kCancel}) {
    EXPECT_EQ(DecodeRequest(EncodeRequest(request)).value(), request);
  }
  EXPECT_EQ(DecodeAnswer(kClicks).value(), JobSeen::Of(Clicks(), "host-a (pid 1)"));
}

TEST(ControlMessage, WhatMakesNoSenseIsRefused) {
  for (const std::string text : {"", "stop", "{", "[]", "null", "7", R"({"do":7})", R"({"do":"x"})",
                                 R"({"do":["stop"]})", "\xff\xfe", "{\"do\":\"stop\"}{}"}) {
    EXPECT_EQ(DecodeRequest(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
  for (const std::string text : {"", "x", "[]", "{}", R"({"job":"a"})", R"({"job":1,"state":"A"})"})
    EXPECT_EQ(DecodeAnswer(text).status().code(), StatusCode::kDataLoss) << text;
  EXPECT_EQ(DecodeAnswer(R"({"error":"gone"})").status(), FailedPreconditionError("gone"));
}

TEST(ControlMessage, FieldsOfOtherTypesCountAsMissing) {
  const auto seen =
      DecodeAnswer(R"({"job":"a","state":"S","rows_in":-1,"up_ms":"x","checkpoint":7})");
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ(seen->rows_in, 0u);
  EXPECT_EQ(seen->up_ms, 0u);
  EXPECT_EQ(seen->checkpoint->id, 0u);
}

class ControlTest : public ::testing::Test {
 protected:
  ControlTest() {
    auto transport = std::make_unique<env::MemoryTransport>(delivery_);
    transport_ = transport.get();
    server_ =
        ControlServer::Open(
            {.transport = std::move(transport), .address = "run.sock", .process = "host-a (pid 1)"})
            .value();
  }
  void Serve() {
    server_->Serve(Clicks, [this](cluster::StopHow how) {
      const env::MutexLock lock(mutex_);
      asked_.push_back(how);
    });
  }
  ControlCall Call(ControlRequest request) {
    return ControlCall(*transport_, clock_, "run.sock", request);
  }
  std::vector<cluster::StopHow> asked() {
    const env::MutexLock lock(mutex_);
    return asked_;
  }

  env::PosixClock clock_;
  env::ThreadEventLoop delivery_{"delivery"};
  env::MemoryTransport* transport_;  // the server's
  env::Mutex mutex_;
  std::vector<cluster::StopHow> asked_ WEIR_GUARDED_BY(mutex_);
  std::unique_ptr<ControlServer> server_;
};

TEST_F(ControlTest, AnswersHowTheJobIs) {
  Serve();
  EXPECT_EQ(Call(ControlRequest::kStatus).Answer().value(),
            JobSeen::Of(Clicks(), "host-a (pid 1)"));
  EXPECT_TRUE(asked().empty());
}

TEST_F(ControlTest, PassesOnWhatIsAskedFor) {
  Serve();
  EXPECT_TRUE(Call(ControlRequest::kStop).Answer().ok());
  EXPECT_TRUE(Call(ControlRequest::kCancel).Answer().ok());
  EXPECT_EQ(asked(), (std::vector{cluster::StopHow::kStop, cluster::StopHow::kCancel}));
}

TEST_F(ControlTest, RefusesBeforeItServesAndBehindItsEnd) {
  EXPECT_EQ(Call(ControlRequest::kStatus).Answer().status().code(), StatusCode::kUnavailable);
  Serve();
  server_->Close();
  EXPECT_EQ(Call(ControlRequest::kStatus).Answer().status().code(), StatusCode::kUnavailable);
}

TEST_F(ControlTest, WhoAskedForTheEndKeepsTheConnectionUntilItIsOver) {
  Serve();
  ControlCall call = Call(ControlRequest::kStop);
  ASSERT_TRUE(call.Answer().ok());
  server_->Close();
  EXPECT_FALSE(call.WaitForEnd(1ms));
}

TEST_F(ControlTest, ServesSoManyAtOnceAndNoMore) {
  Serve();
  std::vector<ControlCall> calls;
  for (size_t i = 0; i < limits::kControlConnectionsMax; ++i) {
    calls.push_back(Call(ControlRequest::kStatus));
    EXPECT_TRUE(calls.back().Answer().ok()) << i;
  }
  EXPECT_FALSE(Call(ControlRequest::kStatus).Answer().ok());
  calls.pop_back();
  EXPECT_TRUE(env::TestWaitFor([&] { return Call(ControlRequest::kStatus).Answer().ok(); }));
}

TEST_F(ControlTest, GarbageIsAnsweredAndHarmsNobody) {
  Serve();
  const auto ear = std::make_shared<env::Ear>();
  const auto connection = transport_->Connect("run.sock", ear);
  connection->Send("\xff garbage");
  connection->Send(EncodeRequest(ControlRequest::kStatus));
  EXPECT_TRUE(env::TestWaitFor([&] { return ear->frames().size() == 2; }));
  EXPECT_EQ(ear->frames(),
            (std::vector<std::string>{
                R"({"error":"this version of Weir knows status, stop and cancel"})", kClicks}));
}

}  // namespace
}  // namespace weir::cli
