#include "weir/connectors/file_sink_names.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "weir/base/bytes.h"
#include "weir/connectors/compression.h"
#include "weir/connectors/row_form.h"

namespace weir::connectors {
namespace {

constexpr uint8_t kVersion = 1;
constexpr std::string_view kInProgressEnd = ".inprogress";
constexpr std::array<RowForm, 3> kForms = {RowForm::kCsv, RowForm::kText, RowForm::kJson};
constexpr size_t kLineageDigits = 16;
constexpr size_t kCheckpointDigits = 10;  // at least: so that names sort as checkpoints do
constexpr size_t kSubtaskDigits = 5;
constexpr size_t kSequenceDigits = 6;

std::string Padded(uint64_t number, size_t digits, int base = 10) {
  std::array<char, 20> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, base).ptr;
  const std::string_view text(buffer.data(), static_cast<size_t>(end - buffer.data()));
  return std::string(digits > text.size() ? digits - text.size() : 0, '0').append(text);
}

// Takes "-<digits>" off the end of `name`.
template <class Number>
bool TakeNumber(std::string_view& name, Number& number, int base = 10) {
  const size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return false;
  const std::string_view text = name.substr(dash + 1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  name = name.substr(0, dash);
  return error == std::errc() && end == text.data() + text.size();
}

bool IsPlainName(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

}  // namespace

std::string UidInFileName(std::string_view uid) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kAsIs =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  std::string out;
  for (const char c : uid) {
    if (kAsIs.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<uint8_t>(c);
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return out;
}

std::string InProgressName::ToString() const {
  return Concat('.', UidInFileName(uid), '-', Padded(lineage.number(), kLineageDigits, 16), '-',
                epoch, '-', attempt, '-', subtask, '-', sequence, kInProgressEnd);
}

std::optional<InProgressName> InProgressName::Parse(std::string_view name, std::string_view uid) {
  if (!name.starts_with('.') || !name.ends_with(kInProgressEnd)) return std::nullopt;
  std::string_view rest = name.substr(1, name.size() - 1 - kInProgressEnd.size());
  uint64_t lineage = 0, epoch = 0;
  uint32_t attempt = 0, subtask = 0;
  InProgressName parsed;
  if (!TakeNumber(rest, parsed.sequence) || !TakeNumber(rest, subtask) ||
      !TakeNumber(rest, attempt) || !TakeNumber(rest, epoch) || !TakeNumber(rest, lineage, 16) ||
      rest != UidInFileName(uid)) {
    return std::nullopt;
  }
  parsed.uid = uid;
  parsed.lineage = base::Lineage(lineage);
  parsed.epoch = base::Epoch(epoch);
  parsed.attempt = base::Attempt(attempt);
  parsed.subtask = base::SubtaskIndex(subtask);
  if (parsed.ToString() != name) return std::nullopt;  // "007": none of ours
  return parsed;
}

std::string FinalName(const InProgressName& in_progress, base::CheckpointId checkpoint,
                      std::string_view name_end) {
  return Concat(UidInFileName(in_progress.uid), '-',
                Padded(in_progress.lineage.number(), kLineageDigits, 16), '-',
                Padded(checkpoint.number(), kCheckpointDigits), '-',
                Padded(in_progress.subtask.number(), kSubtaskDigits), '-',
                Padded(in_progress.sequence, kSequenceDigits), name_end);
}

std::optional<CommittedName> CommittedName::Parse(std::string_view name, std::string_view uid) {
  // A sink may have written another form in an earlier version of the program.
  name.remove_suffix(NameEndOf(CompressionOf(name)).size());
  const auto form =
      std::ranges::find_if(kForms, [&](RowForm any) { return name.ends_with(NameEndOf(any)); });
  if (form == kForms.end()) return std::nullopt;
  std::string_view rest = name.substr(0, name.size() - NameEndOf(*form).size());
  uint64_t sequence = 0, checkpoint = 0, lineage = 0;
  uint32_t subtask = 0;
  if (!TakeNumber(rest, sequence) || !TakeNumber(rest, subtask) || !TakeNumber(rest, checkpoint) ||
      !TakeNumber(rest, lineage, 16) || rest != UidInFileName(uid)) {
    return std::nullopt;
  }
  return CommittedName{base::Lineage(lineage), base::CheckpointId(checkpoint)};
}

std::string FileCommittable::Encode() const {
  base::ByteWriter out;
  out.U8(kVersion);
  out.String(directory);
  out.String(in_progress);
  out.String(final);
  out.Varint(bytes);
  out.U64(digest);
  out.Varint(rows);
  return out.Take();
}

StatusOr<FileCommittable> FileCommittable::Decode(std::string_view encoded) {
  base::ByteReader in(encoded);
  if (const uint8_t version = in.U8(); in.ok() && version > kVersion) {
    return FailedPreconditionError(
        "uncommitted output of a file sink was written by a newer Weir (version ", int{version},
        "); run that one");
  }
  FileCommittable file;
  file.directory = in.String();
  file.in_progress = in.String();
  file.final = in.String();
  file.bytes = in.Varint();
  file.digest = in.U64();
  file.rows = in.Varint();
  WEIR_RETURN_IF_ERROR(
      in.Check("uncommitted output of a file sink", base::ByteReader::Rest::kMustBeEmpty));
  if (!IsPlainName(file.in_progress) || !IsPlainName(file.final)) {
    return DataLossError("uncommitted output of a file sink names no file: ", file.in_progress,
                         ", ", file.final);
  }
  return file;
}

}  // namespace weir::connectors
