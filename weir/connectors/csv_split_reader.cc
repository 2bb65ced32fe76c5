#include "weir/connectors/csv_split_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/limits.h"

namespace weir::connectors {
namespace {

constexpr size_t kBufferBytes = 256 << 10;
constexpr size_t kTailBytes = 4 << 10;  // read at a time behind the split's end, for its last row

constexpr std::string_view kChangedCure =
    "; put the file back as it was, or start anew with --fresh";

// The file must still begin with the bytes that it had when the split was found. Rows that were
// appended since are not read; but a last row that had no line end may have been cut then, and a
// row that was mended to a longer one has pushed others behind the end. A row that was mended to
// one of the same length is welcome; another file of the same length has another header, or no row
// where the next one should begin.
Status CheckUnchanged(const env::ReadableFile& file, const std::string& path,
                      const CsvSplit& split) {
  WEIR_ASSIGN_OR_RETURN(const uint64_t bytes, file.Size());
  if (bytes < split.file_bytes) {
    return FailedPreconditionError(path, " has shrunk since the job found it, from ",
                                   WithThousands(split.file_bytes), " to ", WithThousands(bytes),
                                   " bytes", kChangedCure);
  }
  if (bytes == split.file_bytes || split.file_bytes == 0) return {};
  WEIR_ASSIGN_OR_RETURN(const uint64_t tail, CsvTailDigest(file, split.file_bytes));
  if (tail != split.tail_digest) {
    return FailedPreconditionError(
        path, " has grown since the job found it, and not by rows at its end: it was ",
        WithThousands(split.file_bytes), " bytes, and is ", WithThousands(bytes), kChangedCure);
  }
  if (split.end < split.file_bytes) return {};
  WEIR_ASSIGN_OR_RETURN(const std::string last,
                        env::ReadExactly(file, split.file_bytes - 1, /*size=*/1));
  if (last.front() == '\n') return {};
  return FailedPreconditionError(
      path, " has grown since the job found it, and its last row had no line end then",
      kChangedCure);
}

}  // namespace

StatusOr<std::unique_ptr<CsvSplitReader>> CsvSplitReader::Open(Options options) {
  auto file = options.files.Open(options.path);
  if (file.status().code() == StatusCode::kNotFound) {
    return FailedPreconditionError(options.path, " is gone: the job has read it up to byte ",
                                   WithThousands(options.split.next), kChangedCure);
  }
  if (!file.ok()) return std::move(file).status();
  WEIR_RETURN_IF_ERROR(CheckUnchanged(**file, options.path, options.split));
  WEIR_ASSIGN_OR_RETURN(CsvHeader header, ReadCsvHeader(**file, options.path,
                                                        options.split.file_bytes, options.fields));
  if (header.digest != options.split.header_digest) {
    return FailedPreconditionError(
        options.path, ":1: the header line is not what it was when the job found the file",
        kChangedCure);
  }
  return std::unique_ptr<CsvSplitReader>(
      new CsvSplitReader(std::move(options), *std::move(file), std::move(header)));
}

CsvSplitReader::CsvSplitReader(Options options, std::unique_ptr<env::ReadableFile> file,
                               CsvHeader header)
    : path_(std::move(options.path)),
      split_(std::move(options.split)),
      fields_(options.fields.begin(), options.fields.end()),
      line_ends_(split_.begin == 0 && split_.end == split_.file_bytes ? QuotedLineEnds::kAllowed
                                                                      : QuotedLineEnds::kRefused),
      file_(std::move(file)),
      header_(std::move(header)),
      tokenizer_(static_cast<uint32_t>(fields_.size()), line_ends_),
      buffer_(kBufferBytes),
      offset_(std::max(split_.next, header_.bytes)),
      at_row_(offset_ == header_.bytes) {
  if (!at_row_) --offset_;  // a row begins here when the byte before is a line end
}

CsvSplit CsvSplitReader::Position() const {
  CsvSplit position = split_;
  if (at_row_) position.next = offset_ + (row_ == 0 ? 0 : tokenizer_.rows().ends[row_ - 1]);
  return position;
}

std::string CsvSplitReader::PlaceOf(uint32_t row) const {
  return CsvPlace(*file_, path_, offset_ + tokenizer_.rows().begins[row]);
}

StatusOr<CsvSplitReader::State> CsvSplitReader::Advance(uint32_t rows_max) {
  WEIR_CHECK(rows_max > 0);
  if (row_ < tokenizer_.rows().count) return State::kRows;
  if (!at_row_) WEIR_RETURN_IF_ERROR(FindFirstRow());
  if (at_row_) {
    Consume(std::exchange(block_bytes_, 0));
    row_ = 0;
    const bool have_all = offset_ + (end_ - begin_) == split_.file_bytes;
    const uint64_t limit = split_.end - std::min(split_.end, offset_);
    const CsvTokenizer::Result result = tokenizer_.Tokenize(
        {buffer_.data() + begin_, end_ - begin_},
        have_all ? CsvTokenizer::Bytes::kAreAll : CsvTokenizer::Bytes::kMoreFollow, limit,
        rows_max);
    block_bytes_ = result.consumed;
    if (tokenizer_.rows().count > 0) return State::kRows;
    if (result.stop == CsvTokenizer::Stop::kBadRow) return BadRow(result);
  }
  if (AtEnd()) return State::kEnd;
  WEIR_RETURN_IF_ERROR(Read());
  return State::kAgain;
}

// Whether no further row of the split begins in or behind the buffer.
bool CsvSplitReader::AtEnd() const {
  const uint64_t next = offset_ + block_bytes_;
  return next >= split_.end || next == split_.file_bytes;
}

void CsvSplitReader::Consume(size_t bytes) {
  begin_ += bytes;
  offset_ += bytes;
}

Status CsvSplitReader::FindFirstRow() {
  const std::string_view bytes(buffer_.data() + begin_, end_ - begin_);
  const size_t line_end = bytes.find('\n');
  const bool was_read = split_.next > split_.begin && split_.next < split_.file_bytes;
  if (was_read && !bytes.empty() && line_end != 0) {
    return FailedPreconditionError(path_, " is another file since the job read it up to byte ",
                                   WithThousands(split_.next), ": no row begins there now",
                                   kChangedCure);
  }
  at_row_ = line_end != std::string_view::npos;
  Consume(at_row_ ? line_end + 1 : bytes.size());
  return {};
}

Status CsvSplitReader::Read() {
  WEIR_RETURN_IF_ERROR(MakeRoom());
  const uint64_t at = offset_ + (end_ - begin_);
  const uint64_t wanted =
      at < split_.end ? split_.end - at : std::max<uint64_t>(kTailBytes, end_ - begin_);
  const uint64_t size = std::min({wanted, split_.file_bytes - at, uint64_t{buffer_.size() - end_}});
  WEIR_ASSIGN_OR_RETURN(const size_t count, file_->Read(at, buffer_.data() + end_, size));
  if (count == 0) {
    return FailedPreconditionError(path_, " has shrunk while it was read, from ",
                                   WithThousands(split_.file_bytes), " to ", WithThousands(at),
                                   " bytes", kChangedCure);
  }
  end_ += count;
  return {};
}

// Rows are views into the buffer: it moves only when none is left to be taken.
Status CsvSplitReader::MakeRoom() {
  Consume(std::exchange(block_bytes_, 0));
  const size_t held = end_ - begin_;
  if (held == buffer_.size()) {
    if (held >= limits::kValueBytesMax) {
      return InvalidArgumentError(CsvPlace(*file_, path_, offset_), ": a row of more than ",
                                  WithThousands(limits::kValueBytesMax), " bytes");
    }
    buffer_.resize(2 * buffer_.size());
  }
  if (begin_ > 0 && (held == 0 || end_ == buffer_.size())) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, held);
    begin_ = 0;
    end_ = held;
  }
  return {};
}

Status CsvSplitReader::BadRow(const CsvTokenizer::Result& result) const {
  const bool may_be_cut =
      line_ends_ == QuotedLineEnds::kRefused && result.problem.find("quote") != std::string::npos;
  return InvalidArgumentError(
      CsvPlace(*file_, path_, offset_ + result.consumed), ": ", result.problem,
      may_be_cut
          ? "; if quotes in this file hold line ends, read it in one split (split_bytes = 0) "
            "and start anew with --fresh"
          : kBadRowCure);
}

}  // namespace weir::connectors
