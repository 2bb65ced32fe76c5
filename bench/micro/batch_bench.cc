// What moving batches costs by itself, on one core, in ns per row: scattering over 2 to 100 outputs
// (the loop of every hash edge), copying, and the encoding of runs and its reverse.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weir/record/batch_codec.h"
#include "weir/record/typed_ops.h"

namespace {

using weir::TypeOpsOf;
using weir::record::AnyBatch;
using weir::record::BatchPtr;

struct Numbers {
  uint64_t key = 0;
  uint64_t value = 0;
};
WEIR_RECORD(Numbers, key, value);

struct Texts {
  std::string user;
  std::string page;
  int64_t at = 0;
};
WEIR_RECORD(Texts, user, page, at);

void Fill(Numbers& row, uint32_t i) { row = {i, i}; }
void Fill(Texts& row, uint32_t i) {
  row = {"user " + std::to_string(i), "/a/page/longer/than/a/short/string", i};
}

// A full batch with hashes and timestamps, as a keyed edge has them.
template <class T>
BatchPtr FullBatch() {
  BatchPtr batch = std::make_unique<AnyBatch>(TypeOpsOf<T>());
  while (!batch->full()) {
    Fill(batch->template Rows<T>()[batch->size()], batch->size());
    batch->add_heap_bytes(weir::TypeTraits<T>::HeapBytes(batch->template Rows<T>()[batch->size()]));
    batch->set_size(batch->size() + 1);
  }
  batch->AddHashes();
  batch->AddTimestamps();
  return batch;
}

template <class T>
void BM_Scatter(benchmark::State& state) {
  const BatchPtr batch = FullBatch<T>();
  std::vector<BatchPtr> owned;
  std::vector<AnyBatch*> outputs;
  for (int64_t i = 0; i < state.range(0); ++i) {
    owned.push_back(std::make_unique<AnyBatch>(batch->type()));
    outputs.push_back(owned.back().get());
  }
  std::vector<uint16_t> destinations;
  for (uint32_t i = 0; i < batch->size(); ++i) {
    destinations.push_back(static_cast<uint16_t>(weir::base::HashU64(1, i) % outputs.size()));
  }
  for (auto _ : state) {
    batch->type().Scatter(*batch, 0, destinations, outputs);
    for (AnyBatch* output : outputs) output->Clear();
  }
  state.SetItemsProcessed(state.iterations() * batch->size());
}
BENCHMARK(BM_Scatter<Numbers>)->Arg(2)->Arg(4)->Arg(16)->Arg(100);
BENCHMARK(BM_Scatter<Texts>)->Arg(2)->Arg(16);

template <class T>
void BM_Copy(benchmark::State& state) {
  const BatchPtr batch = FullBatch<T>();
  AnyBatch copy(batch->type());
  for (auto _ : state) {
    batch->type().Copy(*batch, 0, batch->size(), copy);
    copy.Clear();
  }
  state.SetItemsProcessed(state.iterations() * batch->size());
}
BENCHMARK(BM_Copy<Numbers>);
BENCHMARK(BM_Copy<Texts>);

template <class T>
std::vector<std::string> Runs(const AnyBatch& batch) {
  std::vector<std::string> runs;
  for (uint32_t row = 0; row < batch.size();) {
    weir::base::ByteWriter out;
    row = EncodeRows(batch, row, weir::limits::kFrameBytesMax, out);
    runs.push_back(out.Take());
  }
  return runs;
}

template <class T>
void BM_Encode(benchmark::State& state) {
  const BatchPtr batch = FullBatch<T>();
  weir::base::ByteWriter out;
  for (auto _ : state) {
    for (uint32_t row = 0; row < batch->size();) {
      out.bytes().clear();
      row = EncodeRows(*batch, row, weir::limits::kFrameBytesMax, out);
    }
  }
  state.SetItemsProcessed(state.iterations() * batch->size());
}
BENCHMARK(BM_Encode<Numbers>);
BENCHMARK(BM_Encode<Texts>);

template <class T>
void BM_Decode(benchmark::State& state) {
  const BatchPtr batch = FullBatch<T>();
  const std::vector<std::string> runs = Runs<T>(*batch);
  AnyBatch decoded(batch->type());
  for (auto _ : state) {
    for (const std::string& run : runs) {
      weir::base::ByteReader in(run);
      if (!DecodeRows(in, decoded).ok()) state.SkipWithError("not decoded");
    }
    decoded.Clear();
  }
  state.SetItemsProcessed(state.iterations() * batch->size());
}
BENCHMARK(BM_Decode<Numbers>);
BENCHMARK(BM_Decode<Texts>);

}  // namespace

BENCHMARK_MAIN();
