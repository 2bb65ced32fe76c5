// RowInHand: which row a user's function has been given, for whoever catches what it throws.
//
// It costs nothing while nothing is thrown but a store at the end of a batch.
// Threads: the subtask's.
#pragma once

#include <cstdint>

#include "weir/runtime/operator.h"

namespace weir::operators {

/// Shapes: `row`, which the loop counts up, outlives it.
class RowInHand {
 public:
  RowInHand(runtime::Input& input, const uint32_t& row) : input_(input), row_(row) {}
  ~RowInHand() { input_.in_hand = row_; }
  RowInHand(const RowInHand&) = delete;
  RowInHand& operator=(const RowInHand&) = delete;

 private:
  runtime::Input& input_;
  const uint32_t& row_;
};

/// For functions that take a row away (T&&): it is not what it was when they throw.
class NoRowInHand {
 public:
  NoRowInHand(runtime::Input&, const uint32_t&) {}
};

}  // namespace weir::operators
