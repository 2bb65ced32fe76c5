// What a user's function throws is told with the operator and the record that it had.
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>

#include "weir/testing/simulated_job.h"

namespace weir::operators {

struct Visit {
  int64_t user;
  std::string page;
};
WEIR_RECORD(Visit, user, page);

namespace {

using testing::SimulatedJob;

// Why a job with these verbs behind some numbers ends.
std::string ErrorOf(const std::function<void(Stream<int64_t>)>& verbs) {
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("job");
        p.SetParallelism(1);
        std::vector<int64_t> numbers;
        for (int64_t i = 0; i < 3000; ++i) numbers.push_back(i);
        verbs(p.FromElements<int64_t>(numbers));
      },
      {.parallelism = 1});
  return std::string(job.Run().message());
}

constexpr auto kDrop = [](const auto&) {};

// A function that throws at one number.
int64_t Check(int64_t number) {
  if (number == 2345) throw std::runtime_error("too much");
  return number;
}

void ExpectNamed(const std::string& error, const std::string& name,
                 const std::string& record = "2345") {
  const std::string wanted =
      name + ": exception in a user function: too much, with the record " + record;
  EXPECT_TRUE(error.ends_with(wanted)) << error;
}

TEST(ThrownRecord, OfAMap) {
  ExpectNamed(ErrorOf([](auto in) { in.Map("m", &Check).ForEach(kDrop); }), "m");
  ExpectNamed(ErrorOf([](auto in) {
                in.Map("m", [](int64_t i) { return static_cast<double>(Check(i)); }).ForEach(kDrop);
              }),
              "m");
  ExpectNamed(ErrorOf([](auto in) {
                in.Map("m", [](int64_t i) { return std::to_string(Check(i)); }).ForEach(kDrop);
              }),
              "m");
}

TEST(ThrownRecord, OfOtherVerbs) {
  ExpectNamed(ErrorOf([](auto in) {
                in.Filter("f", [](int64_t i) { return Check(i) > 1; }).ForEach(kDrop);
              }),
              "f");
  ExpectNamed(
      ErrorOf([](auto in) {
        in.FlatMap("f", [](int64_t i) { return std::vector<int64_t>(2, Check(i)); }).ForEach(kDrop);
      }),
      "f");
  ExpectNamed(ErrorOf([](auto in) {
                in.KeyBy([](int64_t i) { return Check(i) % 10; }).Count("count").ForEach(kDrop);
              }),
              "key-by");
  ExpectNamed(ErrorOf([](auto in) {
                in.PartitionCustom([](int64_t i) { return Check(i); }).ForEach(kDrop);
              }),
              "partition-custom");
  ExpectNamed(ErrorOf([](auto in) { in.ForEach("e", [](int64_t i) { Check(i); }); }), "e");
}

struct Plain {
  void ProcessElement(const int64_t& i, ProcessContext&, Collector<int64_t>& out) {
    out.Collect(Check(i));
  }
};
struct Keyed {
  void ProcessElement(const int64_t& i, KeyedContext<int64_t>&, Collector<int64_t>& out) {
    out.Collect(Check(i));
  }
};

TEST(ThrownRecord, OfProcessFunctions) {
  ExpectNamed(ErrorOf([](auto in) { in.template Process<Plain>("p").ForEach(kDrop); }), "p");
  ExpectNamed(
      ErrorOf([](auto in) {
        in.KeyBy([](int64_t i) { return i % 10; }).template Process<Keyed>("p").ForEach(kDrop);
      }),
      "p");
}

TEST(ThrownRecord, TextsStandInQuotesAndRecordsAreJson) {
  const auto fail = [](const auto&) -> int64_t { throw std::runtime_error("too much"); };
  ExpectNamed(ErrorOf([&](auto in) {
                in.Map([](int64_t) { return std::string("a\tb"); }).Map("m", fail).ForEach(kDrop);
              }),
              "m", R"("a\tb")");
  ExpectNamed(ErrorOf([&](auto in) {
                in.Map([](int64_t) { return Visit{7, "home"}; }).Map("m", fail).ForEach(kDrop);
              }),
              "m", R"({"user":7,"page":"home"})");
  const std::string error = ErrorOf([&](auto in) {
    in.Map([](int64_t) { return Visit{7, std::string(1000, 'x')}; }).Map("m", fail).ForEach(kDrop);
  });
  EXPECT_TRUE(error.ends_with("xxx…")) << error;
  EXPECT_LT(error.size(), 400u);
}

TEST(ThrownRecord, WhatAFunctionTookAwayIsNotShown) {
  const std::string error = ErrorOf([](auto in) {
    in.Map([](int64_t) { return std::string("text"); })
        .Map("m",
             [](std::string&& row) -> int64_t {
               const std::string mine = std::move(row);
               throw std::runtime_error("too much");
             })
        .ForEach(kDrop);
  });
  EXPECT_TRUE(error.ends_with("m: exception in a user function: too much")) << error;
}

}  // namespace
}  // namespace weir::operators
