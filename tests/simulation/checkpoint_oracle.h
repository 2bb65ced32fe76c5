// CheckpointOracle: reads a checkpoint of the ledger back, without the engine, and compares the
// state in it with a plain fold over exactly the rows that its source positions say were read: per
// account how many and their sum. The order of rows does not matter to it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/ledger_job.h"
#include "weir/checkpoint/history_record.h"
#include "weir/checkpoint/pack.h"

namespace weir::simulation {

/// Balances by account.
using Balances = std::map<int64_t, Balance>;

/// The fold over the rows of `input` (the CSV file's text) that the positions in `record` say were
/// read.
Balances FoldOfPrefix(const checkpoint::HistoryRecord& record, const std::string& input);

/// Adds the entries of one chunk of the ledger's state, or of the wide one's. Returns what is
/// wrong, or nothing.
std::string AddChunk(const checkpoint::Chunk& chunk, bool wide, Balances& balances);

/// What differs, or nothing.
std::string Compare(const Balances& stored, const Balances& folded);

}  // namespace weir::simulation
