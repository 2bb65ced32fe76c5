// Retirement: what the reigning coordinator may delete, as pure decisions (docs/design/history.md,
// "Deletion").
//
// What the retained list of its own newest record does not name does not exist: such records go,
// oldest first, each after the packs that nothing retained names. Never an epoch record, never the
// newest checkpoint, nothing above it. Files that no record names go only when their epoch is below
// the reigning one, or when the attempt that wrote them is gone. A retained record that cannot be
// read stops the deletion: what cannot be proved dead lives. A damaged one that is not retained
// stays where it is.
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "weir/base/ids.h"
#include "weir/base/status.h"
#include "weir/checkpoint/history_record.h"
#include "weir/checkpoint/job_files.h"
#include "weir/env/env.h"

namespace weir::checkpoint {

/// What was done.
struct RetirementReport {
  uint64_t records_deleted = 0;
  uint64_t files_deleted = 0;
  uint64_t failed = 0;  // deletions that the store refused; the next retirement tries them again
  Status first_failure;
};

/// What the driver does next.
struct RetirementStep {
  enum class Do : uint8_t {
    kListRecords,  // then OnRecordsListed
    kRead,         // `number`, then OnRead
    kListFiles,    // the data folder, then OnFilesListed
    kDelete,       // `name`, relative to the job, then OnDeleted
    kDone,         // over: report() holds
    kStop,         // over: `error` says why nothing (more) may be deleted
  };
  Do what = Do::kDone;
  base::HistoryNumber number;
  std::string name;
  Status error;
};

class Retirement {
 public:
  struct Options {
    HistoryRecord newest;               // the reigning coordinator's own newest record
    base::Attempt oldest_live_attempt;  // older attempts of this epoch write nothing any more
    bool sweep_files = false;           // look for files that no record names, too
    // Numbers that are known to be epoch records: not read again.
    std::set<base::HistoryNumber> known_epochs;
  };
  Retirement(Options options, env::Chaos& chaos);

  [[nodiscard]] RetirementStep Begin();
  [[nodiscard]] RetirementStep OnRecordsListed(const std::vector<base::HistoryNumber>& numbers);
  [[nodiscard]] RetirementStep OnRead(const StatusOr<std::string>& bytes);
  [[nodiscard]] RetirementStep OnFilesListed(const std::vector<std::string>& names);
  [[nodiscard]] RetirementStep OnDeleted(const Status& answer);

  const RetirementReport& report() const { return report_; }
  const std::set<base::HistoryNumber>& known_epochs() const { return options_.known_epochs; }

 private:
  bool Retained(base::HistoryNumber number) const;
  RetirementStep NextRead();
  RetirementStep NextDelete();
  RetirementStep NextFile();

  Options options_;
  env::Chaos& chaos_;
  base::HistoryNumber newest_checkpoint_;
  std::deque<base::HistoryNumber> to_read_;
  // Packs of records that go; in order.
  std::map<base::HistoryNumber, std::vector<std::string>> victims_;
  std::set<std::string> live_;     // packs that something retained names
  std::deque<std::string> files_;  // that the sweep deletes
  std::string deleting_;
  bool victim_failed_ = false;  // a pack of the first victim could not be deleted: its record stays
  bool sweeping_ = false;
  RetirementReport report_;
};

}  // namespace weir::checkpoint
