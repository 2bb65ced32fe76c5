// Reads transactions (CSV with account,amount), keeps count and balance of each account, and writes
// for every transaction a row account,count,balance: exactly once, however often it is killed.
//
//   ledger run --transactions transactions.csv --out entries [--rate ROWS_PER_SECOND]
#include "ledger.h"

#include <algorithm>

int main(int argc, char** argv) {
  return weir::Main(argc, argv, [](weir::Pipeline& p) {
    p.Name("ledger");
    const auto path =
        p.Option("transactions", "transactions.csv", "CSV file with the columns account,amount");
    const auto out = p.Option("out", "entries", "directory for the entries, as CSV");
    const auto rate = p.Option("rate", int64_t{0}, "transactions a second; 0: as fast as they go");
    const weir::CsvSourceOptions input{.path = path,
                                       .rate = static_cast<uint64_t>(std::max<int64_t>(rate, 0))};
    p.ReadCsv<ledger::Transaction>(input)
        .KeyBy(&ledger::Transaction::account)
        .Process<ledger::Ledger>("ledger")
        .WriteCsv(out);
  });
}
