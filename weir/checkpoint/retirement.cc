#include "weir/checkpoint/retirement.h"

#include <algorithm>
#include <utility>

#include "weir/base/check.h"

namespace weir::checkpoint {
namespace {

std::vector<std::string> PacksOf(const HistoryRecord& record) {
  std::vector<std::string> names;
  if (!record.is_checkpoint()) return names;
  for (const PackRef& pack : record.checkpoint->packs) {
    if (!pack.name.empty()) names.push_back(pack.name);
  }
  return names;
}

}  // namespace

Retirement::Retirement(Options options, env::Chaos& chaos)
    : options_(std::move(options)), chaos_(chaos) {
  if (!options_.newest.retained.empty())
    newest_checkpoint_ = options_.newest.retained.back().ref.number;
}

RetirementStep Retirement::Begin() { return {.what = RetirementStep::Do::kListRecords}; }

bool Retirement::Retained(base::HistoryNumber number) const {
  return std::ranges::any_of(options_.newest.retained,
                             [&](const auto& entry) { return entry.ref.number == number; });
}

// Retained records must all be read, for what they name lives; of the others those that may go.
RetirementStep Retirement::OnRecordsListed(const std::vector<base::HistoryNumber>& numbers) {
  for (const RetainedCheckpoint& entry : options_.newest.retained) {
    if (entry.ref.number != options_.newest.number) to_read_.push_back(entry.ref.number);
  }
  for (const std::string& name : PacksOf(options_.newest)) live_.insert(name);
  for (const base::HistoryNumber number : numbers) {
    if (number >= newest_checkpoint_) break;
    const bool epoch =
        options_.known_epochs.contains(number) && !chaos_.Mutant("epoch-deleted-by-retirement");
    if (!Retained(number) && !epoch) to_read_.push_back(number);
  }
  return NextRead();
}

RetirementStep Retirement::NextRead() {
  if (!to_read_.empty()) return {.what = RetirementStep::Do::kRead, .number = to_read_.front()};
  for (auto& [number, packs] : victims_) {
    std::erase_if(packs, [&](const std::string& name) { return live_.contains(name); });
  }
  return NextDelete();
}

RetirementStep Retirement::OnRead(const StatusOr<std::string>& bytes) {
  const base::HistoryNumber number = to_read_.front();
  to_read_.pop_front();
  if (bytes.status().code() == StatusCode::kNotFound && !Retained(number))
    return NextRead();  // gone already
  StatusOr<HistoryRecord> record =
      bytes.ok() ? DecodeRecord(number, *bytes) : StatusOr<HistoryRecord>(bytes.status());
  // Nothing that lives is named by it alone, and it may be an epoch record: it stays, the rest
  // goes.
  const bool damaged = bytes.ok() && record.status().code() == StatusCode::kDataLoss;
  if (damaged && !Retained(number)) return NextRead();
  if (!record.ok()) {
    return {
        .what = RetirementStep::Do::kStop,
        .error = record.status().Annotated(Concat("nothing is deleted: history record ", number))};
  }
  if (Retained(number)) {
    for (std::string& name : PacksOf(*record)) live_.insert(std::move(name));
  } else if (record->kind == RecordKind::kEpoch && !chaos_.Mutant("epoch-deleted-by-retirement")) {
    options_.known_epochs.insert(number);
  } else {
    victims_[number] = PacksOf(*record);
  }
  return NextRead();
}

// Packs before their record: whoever is interrupted finds the record again, and with it the packs.
RetirementStep Retirement::NextDelete() {
  while (!victims_.empty()) {
    auto& [number, packs] = *victims_.begin();
    if (!packs.empty()) {
      deleting_ = packs.back();
      return {.what = RetirementStep::Do::kDelete, .name = deleting_};
    }
    if (!victim_failed_) {
      deleting_ = "history/" + RecordFileName(number);
      return {.what = RetirementStep::Do::kDelete, .name = deleting_};
    }
    victim_failed_ = false;
    victims_.erase(victims_.begin());
  }
  if (options_.sweep_files && !sweeping_) {
    sweeping_ = true;
    return {.what = RetirementStep::Do::kListFiles};
  }
  return NextFile();
}

RetirementStep Retirement::OnFilesListed(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::optional<PackName> pack = PackName::Parse(name);
    if (!pack || pack->epoch > options_.newest.epoch) continue;  // not ours to judge
    const bool dead_writer =
        pack->epoch < options_.newest.epoch || pack->attempt < options_.oldest_live_attempt;
    const bool live = live_.contains(name) && !chaos_.Mutant("base-dropped-on-abort");
    if (dead_writer && !live) files_.push_back(name);
  }
  return NextFile();
}

RetirementStep Retirement::NextFile() {
  if (files_.empty()) return {.what = RetirementStep::Do::kDone};
  deleting_ = files_.front();
  return {.what = RetirementStep::Do::kDelete, .name = deleting_};
}

RetirementStep Retirement::OnDeleted(const Status& answer) {
  if (!answer.ok()) {
    ++report_.failed;
    if (report_.first_failure.ok()) report_.first_failure = answer.Annotated("delete " + deleting_);
  }
  const uint64_t done = answer.ok() ? 1 : 0;
  if (sweeping_) {
    report_.files_deleted += done;
    files_.pop_front();
    return NextFile();
  }
  auto& [number, packs] = *victims_.begin();
  if (!packs.empty()) {
    report_.files_deleted += done;
    if (!answer.ok()) victim_failed_ = true;
    packs.pop_back();
  } else {
    report_.records_deleted += done;
    victims_.erase(victims_.begin());
  }
  return NextDelete();
}

}  // namespace weir::checkpoint
