#include "weir/connectors/line_cutter.h"

#include <algorithm>

#include "weir/connectors/input_file.h"

namespace weir::connectors {

CutResult LineCutter::Cut(std::string_view block, BlockEnd end, uint64_t limit, uint32_t rows_max) {
  if (rows_.ends.size() < rows_max) {
    rows_.begins.resize(rows_max);
    rows_.ends.resize(rows_max);
    lines_.resize(rows_max);
  }
  rows_.count = 0;
  CutResult result;
  while (rows_.count < rows_max) {
    const uint32_t begin = result.consumed;
    if (begin >= limit || (begin == block.size() && end == BlockEnd::kAreAll)) {
      result.stop = CutStop::kLimit;
      return result;
    }
    const size_t line_end = block.find('\n', begin);
    if (line_end == std::string_view::npos && end == BlockEnd::kMoreFollow) {
      result.stop = CutStop::kMoreBytes;
      return result;
    }
    std::string_view line = block.substr(begin, line_end - begin);
    result.consumed = static_cast<uint32_t>(std::min(line_end, block.size() - 1) + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (empty_lines_ == EmptyLines::kAreSkipped &&
        line.find_first_not_of(" \t\r") == std::string_view::npos)
      continue;
    rows_.begins[rows_.count] = begin;
    rows_.ends[rows_.count] = result.consumed;
    lines_[rows_.count] = line;
    ++rows_.count;
  }
  return result;
}

StatusOr<FileHead> ReadByteOrderMark(const env::ReadableFile& file, uint64_t file_bytes) {
  std::string begin(std::min<uint64_t>(file_bytes, kByteOrderMark.size()), '\0');
  for (size_t at = 0; at < begin.size();) {
    WEIR_ASSIGN_OR_RETURN(const size_t count, file.Read(at, begin.data() + at, begin.size() - at));
    if (count == 0) break;
    at += count;
  }
  if (begin != kByteOrderMark) return FileHead{};
  return FileHead{.bytes = begin.size(), .digest = DigestOf(begin)};
}

}  // namespace weir::connectors
