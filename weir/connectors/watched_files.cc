#include "weir/connectors/watched_files.h"

#include <algorithm>
#include <utility>

#include "weir/base/bytes.h"

namespace weir::connectors {
namespace {

constexpr uint8_t kVersion = 1;

}  // namespace

std::vector<FoundFile> WatchedFiles::Look(const std::vector<FoundFile>& found) {
  std::map<std::string, File> now;
  std::vector<FoundFile> taken;
  for (const FoundFile& file : found) {
    const auto before = files_.find(file.name);
    const bool is_known = before != files_.end();
    const bool is_taken = is_known && before->second.taken;
    // One without bytes has nothing to be missed, and is most likely about to be written.
    const bool is_whole = is_known && file.bytes > 0 && before->second.bytes == file.bytes;
    if (!is_taken && is_whole) taken.push_back(file);
    now[file.name] = {.bytes = file.bytes, .taken = is_taken || is_whole};
  }
  files_ = std::move(now);
  return taken;
}

std::string WatchedFiles::Encode() const {
  base::ByteWriter out;
  out.U8(kVersion);
  out.Varint(splits_);
  out.Varint(static_cast<uint64_t>(
      std::ranges::count_if(files_, [](const auto& entry) { return entry.second.taken; })));
  for (const auto& [name, file] : files_) {
    if (file.taken) out.String(name);
  }
  return out.Take();
}

StatusOr<WatchedFiles> WatchedFiles::Decode(std::string_view bytes) {
  base::ByteReader in(bytes);
  if (const uint8_t version = in.U8(); in.ok() && version > kVersion) {
    return FailedPreconditionError("what a source remembers of its files was written by a newer ",
                                   "Weir (version ", int{version}, "); run that one");
  }
  WatchedFiles watched;
  watched.splits_ = in.Varint();
  const uint64_t count = in.Varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    watched.files_[std::string(in.String())] = {.bytes = 0, .taken = true};
  }
  WEIR_RETURN_IF_ERROR(
      in.Check("what a source remembers of its files", base::ByteReader::Rest::kMustBeEmpty));
  return watched;
}

}  // namespace weir::connectors
