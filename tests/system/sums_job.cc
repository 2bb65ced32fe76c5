// The job that the system tests run in all its variants: sums per key, from a CSV file with key and
// value to a directory. Each `--variant` is a next version of the program, or a mistake in it.
#include <weir/weir.h>

#include <atomic>
#include <cstdint>
#include <string>

namespace {

struct Reading {
  int64_t key;
  int64_t value;
};
WEIR_RECORD(Reading, key, value);

struct Sum {
  int64_t key;
  int64_t count;
  int64_t sum;
};
WEIR_RECORD(Sum, key, count, sum);

struct Totals {
  int64_t count = 0;
  int64_t sum = 0;
};
WEIR_RECORD(Totals, count, sum);

class Summing : public weir::KeyedProcessFunction<int64_t, Reading, Sum> {
 public:
  void ProcessElement(const Reading& in, Context& context, weir::Collector<Sum>& out) override {
    Totals totals = totals_.ValueOr({});
    totals.count += 1;
    totals.sum += in.value;
    totals_.Update(totals);
    out.Collect({context.CurrentKey(), totals.count, totals.sum});
  }

 private:
  weir::ValueState<Totals> totals_{this, "totals"};
};

// Counts for whoever watches.
class Counting : public Summing {
 public:
  void Open(weir::RuntimeContext& runtime) override {
    seen_ = runtime.GetCounter("readings_seen");
    last_ = runtime.GetGauge("last_value");
    values_ = runtime.GetHistogram("value", {100, 500});
  }
  void ProcessElement(const Reading& in, Context& context, weir::Collector<Sum>& out) override {
    seen_.Add();
    last_.Set(static_cast<double>(in.value));
    values_.Observe(static_cast<double>(in.value));
    Summing::ProcessElement(in, context, out);
  }

 private:
  weir::Counter seen_;
  weir::Gauge last_;
  weir::Histogram values_;
};

class CountingUnnamed : public Summing {
 public:
  void Open(weir::RuntimeContext& runtime) override { runtime.GetCounter("readings-seen"); }
};

// The next version, whose state of the same name holds something else.
class SummingText : public weir::KeyedProcessFunction<int64_t, Reading, Sum> {
 public:
  void ProcessElement(const Reading& in, Context& context, weir::Collector<Sum>& out) override {
    totals_.Update(totals_.ValueOr("") + "+");
    out.Collect({context.CurrentKey(), static_cast<int64_t>(totals_.ValueOr("").size()), in.value});
  }

 private:
  weir::ValueState<std::string> totals_{this, "totals"};
};

// The next version, whose keys are of another type.
class SummingByText : public weir::KeyedProcessFunction<std::string, Reading, Sum> {
 public:
  void ProcessElement(const Reading& in, Context&, weir::Collector<Sum>& out) override {
    totals_.Update(totals_.ValueOr({}));
    out.Collect({in.key, totals_.ValueOr({}).count, in.value});
  }

 private:
  weir::ValueState<Totals> totals_{this, "totals"};
};

// The next version, which has forgotten its state.
class Forgetful : public weir::KeyedProcessFunction<int64_t, Reading, Sum> {
 public:
  void ProcessElement(const Reading& in, Context& context, weir::Collector<Sum>& out) override {
    out.Collect({context.CurrentKey(), 1, in.value});
  }
};

// A function that never returns: nothing can stop it in good order.
class Stuck : public weir::KeyedProcessFunction<int64_t, Reading, Sum> {
 public:
  void ProcessElement(const Reading&, Context&, weir::Collector<Sum>&) override {
    for (volatile bool stuck = true; stuck;) continue;
  }

 private:
  weir::ValueState<Totals> totals_{this, "totals"};
};

class Throwing : public weir::KeyedProcessFunction<int64_t, Reading, Sum> {
 public:
  explicit Throwing(int64_t limit) : limit_(limit) {}
  void ProcessElement(const Reading& in, Context& context, weir::Collector<Sum>& out) override {
    if (in.value > limit_) throw std::runtime_error("the value is too large");
    out.Collect({context.CurrentKey(), 1, in.value});
  }

 private:
  const int64_t limit_;
};

// One subtask never returns, the others throw.
class StuckBesideFailure : public weir::KeyedProcessFunction<int64_t, Reading, Sum> {
 public:
  void ProcessElement(const Reading&, Context&, weir::Collector<Sum>&) override {
    static std::atomic<bool> stuck{false};
    if (stuck.exchange(true)) throw std::runtime_error("the other one is stuck");
    for (volatile bool wait = true; wait;) continue;
  }

 private:
  weir::ValueState<Totals> totals_{this, "totals"};
};

// Cannot be made again once it has failed.
class Unmakeable : public Summing {
 public:
  Unmakeable() {
    if (failed) throw std::runtime_error("no more of these");
  }
  void ProcessElement(const Reading&, Context&, weir::Collector<Sum>&) override {
    failed = true;
    throw std::runtime_error("failed");
  }

 private:
  static inline std::atomic<bool> failed{false};
};

std::string Text(const Sum& sum) { return "\"sum\" of " + std::to_string(sum.key); }

int builds = 0;

void Build(weir::Pipeline& p) {
  const std::string variant = p.Option("variant", "first", "which version of the program");
  const std::string input = p.Option("input", "readings.csv", "CSV with key,value");
  const std::string out = p.Option("out", "sums", "directory of the sums");
  const auto port = p.Option("port", int64_t{9999}, "where the sums are sent to");
  const auto rate = p.Option("rate", int64_t{0}, "readings a second; 0: as fast as they go");
  const std::string rejected = p.Option("rejected", "", "directory of rows that are no readings");
  p.Name("sums");
  weir::CsvSourceOptions source{.path = input, .rate = static_cast<uint64_t>(rate)};
  if (!rejected.empty()) source.on_error = weir::OnError::DeadLetter(rejected);
  const auto rows = p.ReadCsv<Reading>(source);
  if (variant == "text-key") {
    rows.KeyBy([](const Reading& in) { return std::to_string(in.key); })
        .Process<SummingByText>("summing")
        .WriteCsv(out);
    return;
  }
  const auto readings = rows.KeyBy(&Reading::key);
  if (variant == "text") {
    readings.Process<SummingText>("summing").WriteCsv(out);
  } else if (variant == "forgetful") {
    readings.Process<Forgetful>("summing").WriteCsv(out);
  } else if (variant == "renamed") {
    readings.Process<Summing>("totalling").WriteCsv(out);
  } else if (variant == "counting") {
    readings.Process<Counting>("summing").WriteCsv(out);
  } else if (variant == "counting-unnamed") {
    readings.Process<CountingUnnamed>("summing").WriteCsv(out);
  } else if (variant == "throwing") {
    p.SetRestartStrategy(weir::FixedDelayRestart(2, std::chrono::milliseconds(10)));
    readings.Process<Throwing>("summing", int64_t{100}).WriteCsv(out);
  } else if (variant == "printing") {
    readings.Process<Summing>("summing").Print();
  } else if (variant == "printing-numbers") {
    readings.Process<Summing>("summing").Map([](const Sum& sum) { return sum.sum; }).Print();
  } else if (variant == "printing-texts") {
    readings.Process<Summing>("summing").Map([](const Sum& sum) { return Text(sum); }).Print();
  } else if (variant == "sending") {
    readings.Process<Summing>("summing").WriteToSocket("localhost", static_cast<uint16_t>(port));
  } else if (variant == "stuck") {
    readings.Process<Stuck>("summing").WriteCsv(out);
  } else if (variant == "stuck-beside-failure") {
    readings.Process<StuckBesideFailure>("summing").WriteCsv(out);
  } else if (variant == "unmakeable") {
    p.SetRestartStrategy(weir::FixedDelayRestart(2, std::chrono::milliseconds(10)));
    readings.Process<Unmakeable>("summing").WriteCsv(out);
  } else if (variant == "twice") {
    readings.Process<Summing>("summing").WriteCsv(out);
    readings.Process<Summing>("summing").WriteCsv(out + "-too").Named("second-sink");
  } else if (variant == "changing") {
    readings.Process<Summing>("summing-" + std::to_string(builds++)).WriteCsv(out);
  } else {
    readings.Process<Summing>("summing").WriteCsv(out);
  }
}

}  // namespace

int main(int argc, char** argv) { return weir::Main(argc, argv, Build); }
