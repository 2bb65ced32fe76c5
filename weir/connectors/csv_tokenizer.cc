#include "weir/connectors/csv_tokenizer.h"

#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "weir/base/status.h"

namespace weir::connectors {
namespace {

constexpr size_t kBlock = 64;

// One bit for each of 64 bytes: is it a comma, a line end or a quote?
uint64_t MaskOf(const char* bytes) {
  uint64_t mask = 0;
#if defined(__SSE2__)
  const __m128i comma = _mm_set1_epi8(',');
  const __m128i line_end = _mm_set1_epi8('\n');
  const __m128i quote = _mm_set1_epi8('"');
  for (size_t i = 0; i < kBlock; i += 16) {
    const __m128i piece = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + i));
    const __m128i found =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(piece, comma), _mm_cmpeq_epi8(piece, line_end)),
                     _mm_cmpeq_epi8(piece, quote));
    mask |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(found))) << i;
  }
#else
  for (size_t i = 0; i < kBlock; ++i) {
    const bool found = bytes[i] == ',' || bytes[i] == '\n' || bytes[i] == '"';
    mask |= static_cast<uint64_t>(found) << i;
  }
#endif
  return mask;
}

}  // namespace

// Finds the bytes that matter, in order.
class CsvTokenizer::Finder {
 public:
  explicit Finder(std::string_view bytes) : bytes_(bytes) { Seek(0); }

  /// The offset of the next one; the size of the bytes when there is none.
  size_t Next() {
    while (mask_ == 0) {
      if (bytes_.size() - base_ <= kBlock) return bytes_.size();
      Seek(base_ + kBlock);
    }
    const size_t at = base_ + static_cast<size_t>(std::countr_zero(mask_));
    mask_ &= mask_ - 1;
    return at;
  }

  /// Goes on at `at`.
  /// Shapes: at <= the size of the bytes.
  void Seek(size_t at) {
    base_ = at;
    const std::string_view rest = bytes_.substr(at);
    if (rest.size() >= kBlock) {
      mask_ = MaskOf(rest.data());
      return;
    }
    char padded[kBlock] = {};
    if (!rest.empty()) std::memcpy(padded, rest.data(), rest.size());
    mask_ = MaskOf(padded);
  }

 private:
  const std::string_view bytes_;
  size_t base_ = 0;
  uint64_t mask_ = 0;  // of what is not yet given out in [base_, base_ + 64)
};

struct CsvTokenizer::Field {
  std::string_view text;
  bool quoted = false;
  size_t behind = 0;  // of a quoted one: the offset behind its closing quote
};

CsvTokenizer::RowEnd CsvTokenizer::Bad(std::string problem, Result& result) {
  result.problem = std::move(problem);
  return RowEnd::kBad;
}

// `begin` is where the opening quote stands.
CsvTokenizer::RowEnd CsvTokenizer::TakeQuoted(std::string_view bytes, Bytes end, size_t begin,
                                              Field& field, Result& result) {
  std::string* unquoted = nullptr;
  size_t from = begin + 1;
  for (;;) {
    const size_t quote = bytes.find('"', from);
    const std::string_view piece = bytes.substr(from, quote - from);
    if (line_ends_ == QuotedLineEnds::kRefused && piece.find('\n') != std::string_view::npos) {
      return Bad("a quoted field that does not end in its line", result);
    }
    const bool is_last = quote == std::string_view::npos || quote + 1 == bytes.size();
    if (is_last && end == Bytes::kMoreFollow) return RowEnd::kMoreBytes;
    if (quote == std::string_view::npos) return Bad("a quote that never closes", result);
    if (is_last || bytes[quote + 1] != '"') {
      if (unquoted != nullptr) unquoted->append(piece);
      field = {
          .text = unquoted != nullptr ? *unquoted : piece, .quoted = true, .behind = quote + 1};
      return RowEnd::kRow;
    }
    if (unquoted == nullptr) unquoted = &unquoted_.emplace_back();
    unquoted->append(piece).push_back('"');
    from = quote + 2;
  }
}

// The last field of a line is complete.
CsvTokenizer::RowEnd CsvTokenizer::Finish(const Field& field, uint32_t column, bool first,
                                          Result& result) {
  if (first && field.text.empty() && !field.quoted) return RowEnd::kEmptyLine;
  if (column + 1 == columns_) return RowEnd::kRow;
  return Bad(
      Concat(column + 1, column == 0 ? " column" : " columns", ", the header has ", columns_),
      result);
}

CsvTokenizer::RowEnd CsvTokenizer::TakeRow(std::string_view bytes, Bytes end, size_t begin,
                                           Finder& finder, Result& result) {
  std::string_view* const fields = rows_.fields.data() + size_t{rows_.count} * columns_;
  Field quoted;
  size_t field = begin;
  for (uint32_t column = 0;;) {
    size_t at = finder.Next();
    result.bad_column = column;
    if (at < bytes.size() && bytes[at] == '"') {
      if (at != field || quoted.quoted) return Bad("a quote inside a field without quotes", result);
      const RowEnd closed = TakeQuoted(bytes, end, at, quoted, result);
      if (closed != RowEnd::kRow) return closed;
      finder.Seek(quoted.behind);
      continue;
    }
    if (at == bytes.size() && end == Bytes::kMoreFollow) return RowEnd::kMoreBytes;
    const bool is_last = at == bytes.size() || bytes[at] == '\n';
    const size_t behind = at;
    if (is_last && at > field && bytes[at - 1] == '\r') --at;
    if (quoted.quoted && quoted.behind != at) return Bad("text behind a closing quote", result);
    if (!quoted.quoted) quoted.text = bytes.substr(field, at - field);
    fields[column] = quoted.text;
    if (is_last) {
      result.consumed = static_cast<uint32_t>(std::min(behind + 1, bytes.size()));
      return Finish(quoted, column, /*first=*/column == 0, result);
    }
    if (++column == columns_)
      return Bad(Concat("more columns than the header's ", columns_), result);
    quoted = {};
    field = behind + 1;
  }
}

CsvTokenizer::Result CsvTokenizer::Tokenize(std::string_view bytes, Bytes end, uint64_t limit,
                                            uint32_t rows_max) {
  if (rows_.ends.size() < rows_max) {
    rows_.fields.resize(size_t{rows_max} * columns_);
    rows_.begins.resize(rows_max);
    rows_.ends.resize(rows_max);
  }
  rows_.count = 0;
  unquoted_.clear();
  Result result;
  Finder finder(bytes);
  while (rows_.count < rows_max) {
    const uint32_t begin = result.consumed;
    if (begin >= limit || (begin == bytes.size() && end == Bytes::kAreAll)) {
      result.stop = Stop::kLimit;
      return result;
    }
    const RowEnd row = TakeRow(bytes, end, begin, finder, result);
    if (row == RowEnd::kMoreBytes || row == RowEnd::kBad) {
      result.consumed = begin;
      result.stop = row == RowEnd::kBad ? Stop::kBadRow : Stop::kMoreBytes;
      return result;
    }
    if (row == RowEnd::kEmptyLine) continue;
    rows_.begins[rows_.count] = begin;
    rows_.ends[rows_.count] = result.consumed;
    ++rows_.count;
  }
  return result;
}

}  // namespace weir::connectors
