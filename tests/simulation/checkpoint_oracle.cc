#include "tests/simulation/checkpoint_oracle.h"

#include <cstdio>

#include "weir/connectors/file_split.h"
#include "weir/state/snapshot_chunk.h"

namespace weir::simulation {
namespace {

// Adds the rows whose first byte lies in [begin, end).
void Fold(const std::string& input, uint64_t begin, uint64_t end, Balances& balances) {
  uint64_t at = input.find('\n') + 1;  // behind the header
  while (at < input.size() && at < end) {
    const uint64_t line_end = input.find('\n', at);
    int64_t account = 0, amount = 0;
    if (at >= begin && std::sscanf(input.c_str() + at, "%ld,%ld", &account, &amount) == 2) {
      Balance& balance = balances[account];
      balance.count += 1;
      balance.balance += amount;
    }
    at = line_end + 1;
  }
}

}  // namespace

Balances FoldOfPrefix(const checkpoint::HistoryRecord& record, const std::string& input) {
  Balances balances;
  for (const checkpoint::OperatorSnapshot& op : record.checkpoint->operators) {
    if (!op.source) continue;
    for (const checkpoint::SplitSnapshot& split : op.source->splits) {
      uint64_t begin = 0, end = 0;
      if (split.finished) {
        WEIR_CHECK(
            std::sscanf(split.id.c_str() + split.id.rfind(':') + 1, "%lu-%lu", &begin, &end) == 2);
      } else {
        const auto position = connectors::DecodeFileSplit({split.id, split.position});
        WEIR_CHECK(position.ok());
        begin = position->begin;
        end = std::max(position->begin, position->next);
      }
      Fold(input, begin, end, balances);
    }
  }
  return balances;
}

std::string AddChunk(const checkpoint::Chunk& chunk, bool wide, Balances& balances) {
  auto reader = state::ChunkReader::Open(chunk.bytes);
  if (!reader.ok()) return reader.status().ToString();
  state::ChunkReader::Entry entry;
  while (reader->Next(entry)) {
    base::ByteReader key(entry.key), value(entry.value);
    const auto account =
        wide ? std::stol(std::string(key.String())) : static_cast<int64_t>(key.U64());
    const auto count = static_cast<int64_t>(value.U64());
    const auto balance = static_cast<int64_t>(value.U64());
    if (wide) {
      const std::string_view memo = value.String();
      if (memo != MakeMemo(std::stoul(std::string(memo)))) return "a memo is broken";
    }
    if (!balances.emplace(account, Balance{count, balance}).second)
      return Concat("account ", account, " is in the checkpoint twice");
  }
  return reader->Finish().ok() ? "" : reader->Finish().ToString();
}

std::string Compare(const Balances& stored, const Balances& folded) {
  for (const auto& [account, balance] : folded) {
    const auto found = stored.find(account);
    if (found == stored.end())
      return Concat("account ", account, " is not in the checkpoint; ", balance.count,
                    " rows of it were read");
    if (found->second.count != balance.count || found->second.balance != balance.balance) {
      return Concat("account ", account, ": ", found->second.count, " rows in the checkpoint, ",
                    balance.count, " were read");
    }
  }
  return stored.size() == folded.size() ? ""
                                        : "the checkpoint holds accounts of which no row was read";
}

}  // namespace weir::simulation
