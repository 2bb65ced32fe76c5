// The work of yardsticks/chain.cc as a Weir job: map, filter, map, map, sum over 16-byte records in
// one chain.
// Run: chain_weir run --records N --fresh --quiet
// Prints one line: records, M records/s, sum.
#include <atomic>
#include <cstdio>

#include "bench/generator.h"

namespace {

struct Pair {
  int64_t a;
  int64_t b;
};
WEIR_RECORD(Pair, a, b);

struct Count {
  void operator()(Pair* rows, uint32_t n, uint64_t, uint64_t from) {
    for (uint32_t i = 0; i < n; ++i) {
      const auto a = static_cast<int64_t>(from + i);
      rows[i] = {a, a * 5};
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  const auto stopwatch = std::make_shared<weir::bench::Stopwatch>();
  const auto total = std::make_shared<std::atomic<uint64_t>>(0);
  uint64_t records = 0;
  const int code = weir::Main(argc, argv, [&](weir::Pipeline& p) {
    p.Name("chain-bench");
    p.SetParallelism(1);
    records = static_cast<uint64_t>(p.Option("records", int64_t{100'000'000}, "records"));
    using Source = weir::bench::Generator<Pair, Count>;
    const weir::Stream<Pair> pairs =
        p.Read<Pair>(std::make_shared<Source>(Source::Options{1, records, Count{}, stopwatch}))
            .Map([](const Pair& x) {
              return Pair{x.a, x.b + x.a};
            })
            .Filter([](const Pair& x) { return (x.b & 3) != 0; })
            .Map([](const Pair& x) {
              return Pair{x.a ^ (x.b >> 3), x.b};
            })
            .Map([](const Pair& x) {
              return Pair{x.a, x.b * 3 + 1};
            });
    weir::bench::FoldInto(
        pairs,
        [](const Pair* rows, uint32_t n) {
          int64_t sum = 0;
          for (uint32_t i = 0; i < n; ++i) sum += rows[i].a + rows[i].b;
          return static_cast<uint64_t>(sum);
        },
        stopwatch, total);
  });
  if (code == 0) {
    std::printf("records %lu  %.1f M records/s  sum %ld\n", records,
                static_cast<double>(records) / stopwatch->seconds() / 1e6,
                static_cast<int64_t>(total->load()));
  }
  return code;
}
