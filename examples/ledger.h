// The ledger: a count and a balance for each account, and for every transaction a row that says
// what they were after it. Its rows can be checked without knowing in which order transactions
// came: per account each count 1..n is there exactly once, and the last balance is the sum of the
// amounts.
#pragma once

#include <weir/weir.h>

#include <cstdint>

namespace ledger {

struct Transaction {
  int64_t account;
  int64_t amount;
};
WEIR_RECORD(Transaction, account, amount);

struct Account {
  int64_t count = 0;
  int64_t balance = 0;
};
WEIR_RECORD(Account, count, balance);

struct Entry {
  int64_t account;
  int64_t count;
  int64_t balance;
};
WEIR_RECORD(Entry, account, count, balance);

class Ledger : public weir::KeyedProcessFunction<int64_t, Transaction, Entry> {
 public:
  void ProcessElement(const Transaction& in, Context& context,
                      weir::Collector<Entry>& out) override {
    Account account = account_.ValueOr({});
    account.count += 1;
    account.balance += in.amount;
    account_.Update(account);
    out.Collect({context.CurrentKey(), account.count, account.balance});
  }

 private:
  weir::ValueState<Account> account_{this, "account"};
};

}  // namespace ledger
