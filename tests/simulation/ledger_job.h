// The ledger: the workload whose result can be checked row by row although the order of its input
// is free. For each transaction it emits the account's count and balance so far; so per account
// each count from 1 to n must appear exactly once, and the last balance must be the sum.
//
// The wide ledger is the same with accounts and state that own memory, and with a memo on each row
// that may be larger than a frame.
#pragma once
#include <cstdint>
#include <stdexcept>
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

struct WideTransaction {
  std::string account;  // a number with zeros in front
  int64_t amount;
  std::string memo;
};
WEIR_RECORD(WideTransaction, account, amount, memo);

struct WideBalance {
  int64_t count;
  int64_t balance;
  std::string memo;  // of the last row
};
WEIR_RECORD(WideBalance, count, balance, memo);

struct WideEntry {
  std::string account;
  int64_t count;
  int64_t balance;
  std::string memo;
};
WEIR_RECORD(WideEntry, account, count, balance, memo);

/// A text that says how long it is: whoever loses a part of it is found out.
inline std::string MakeMemo(size_t bytes) {
  return std::to_string(bytes) + ":" + std::string(bytes, 'm');
}

class WideLedger : public KeyedProcessFunction<std::string, WideTransaction, WideEntry> {
 public:
  void ProcessElement(const WideTransaction& in, Context& context,
                      Collector<WideEntry>& out) override {
    WideBalance balance = balance_.ValueOr({0, 0, MakeMemo(0)});
    Check(in.memo);
    Check(balance.memo);
    balance.count += 1;
    balance.balance += in.amount;
    balance.memo = in.memo;
    balance_.Update(balance);
    out.Collect({context.CurrentKey(), balance.count, balance.balance, in.memo});
  }

 private:
  static void Check(const std::string& memo) {
    if (memo != MakeMemo(std::stoul(memo))) throw std::runtime_error("a memo is broken");
  }

  ValueState<WideBalance> balance_{this, "balance"};
};

}  // namespace weir::simulation
