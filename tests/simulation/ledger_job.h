// The ledger: the workload whose result can be checked row by row although the order of its input
// is free. For each transaction it emits the account's count and balance so far; so per account
// each count from 1 to n must appear exactly once, and the last balance must be the sum.
#pragma once
#include <cstdint>
#include <string>

#include "weir/api/pipeline.h"

namespace weir::simulation {

struct Transaction {
  int64_t account;
  int64_t amount;
};
WEIR_RECORD(Transaction, account, amount);

struct Balance {
  int64_t count;
  int64_t balance;
};
WEIR_RECORD(Balance, count, balance);

struct Entry {
  int64_t account;
  int64_t count;
  int64_t balance;
};
WEIR_RECORD(Entry, account, count, balance);

class Ledger : public KeyedProcessFunction<int64_t, Transaction, Entry> {
 public:
  void ProcessElement(const Transaction& in, Context& context, Collector<Entry>& out) override {
    Balance balance = balance_.ValueOr({0, 0});
    balance.count += 1;
    balance.balance += in.amount;
    balance_.Update(balance);
    out.Collect({context.CurrentKey(), balance.count, balance.balance});
  }

 private:
  ValueState<Balance> balance_{this, "balance"};
};

}  // namespace weir::simulation
