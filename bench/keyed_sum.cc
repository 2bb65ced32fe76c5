// The work of yardsticks/keyed_sum.cc as a Weir job: two subtasks make records, exchange them by
// key, keep a running sum for each key in keyed state, and put out one 16-byte result for each
// input. The digest is the yardstick's.
// Run: keyed_sum_weir run --keys K --records RECORDS_PER_SUBTASK --fresh --quiet
// Prints one line: records, M records/s, digest.
#include <atomic>
#include <cstdio>

#include "bench/generator.h"

namespace {

struct Record {
  uint64_t key;
  uint64_t value;
};
WEIR_RECORD(Record, key, value);

struct Sum {
  uint64_t key;
  uint64_t sum;
};
WEIR_RECORD(Sum, key, sum);

std::atomic<uint64_t> digest{0};

// SplitMix64, as in the yardstick.
struct RandomKeys {
  uint64_t keys;
  uint64_t state = 0;
  void operator()(Record* rows, uint32_t n, uint64_t split, uint64_t from) {
    if (from == 0) state = split + 1;
    for (uint32_t i = 0; i < n; ++i) {
      uint64_t z = (state += 0x9E3779B97F4A7C15u);
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
      rows[i] = {(z ^ (z >> 31)) % keys, from + i};
    }
  }
};

class SumPerKey : public weir::KeyedProcessFunction<uint64_t, Record, Sum> {
 public:
  ~SumPerKey() override { digest += digest_; }
  void ProcessElement(const Record& in, Context& context, weir::Collector<Sum>& out) override {
    const uint64_t sum = sum_.ValueOr(0) + in.value;
    sum_.Update(sum);
    digest_ += context.CurrentKey() ^ in.value;
    out.Collect({context.CurrentKey(), sum});
  }

 private:
  weir::ValueState<uint64_t> sum_{this, "sum"};
  uint64_t digest_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const auto stopwatch = std::make_shared<weir::bench::Stopwatch>();
  const auto total = std::make_shared<std::atomic<uint64_t>>(0);
  uint64_t records = 0;
  const int code = weir::Main(argc, argv, [&](weir::Pipeline& p) {
    p.Name("keyed-sum-bench");
    p.SetParallelism(2);
    const auto keys = static_cast<uint64_t>(p.Option("keys", int64_t{10'000}, "number of keys"));
    records =
        static_cast<uint64_t>(p.Option("records", int64_t{10'000'000}, "records of each subtask"));
    using Source = weir::bench::Generator<Record, RandomKeys>;
    const weir::Stream<Sum> sums = p.Read<Record>(std::make_shared<Source>(Source::Options{
                                                      2, records, RandomKeys{keys}, stopwatch}))
                                       .KeyBy(&Record::key)
                                       .Process<SumPerKey>("sum-per-key");
    weir::bench::FoldInto(
        sums,
        [](const Sum* rows, uint32_t n) {
          uint64_t folded = 0;
          for (uint32_t i = 0; i < n; ++i) folded += rows[i].key ^ rows[i].sum;
          return folded;
        },
        stopwatch, total);
  });
  if (code == 0) {
    std::printf("records %lu  %.1f M records/s on 2 cores  digest %016lx\n", 2 * records,
                static_cast<double>(2 * records) / stopwatch->seconds() / 1e6, digest.load());
  }
  return code;
}
