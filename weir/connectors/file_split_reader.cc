#include "weir/connectors/file_split_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/connectors/compression.h"
#include "weir/connectors/input_file.h"

namespace weir::connectors {
namespace {

constexpr size_t kBufferBytes = 256 << 10;
constexpr size_t kTailBytes = 4 << 10;  // read at a time behind the split's end, for its last row

}  // namespace

StatusOr<std::unique_ptr<FileSplitReader>> FileSplitReader::Open(Options options) {
  auto file = options.files.Open(options.path);
  if (file.status().code() == StatusCode::kNotFound) {
    return FailedPreconditionError(options.path, " is gone: the job has read it up to byte ",
                                   WithThousands(options.split.next), kChangedCure);
  }
  if (!file.ok()) return std::move(file).status();
  WEIR_RETURN_IF_ERROR(CheckUnchanged(**file, options.path, options.split));
  const bool is_compressed = CompressionOf(options.split.file) != Compression::kNone;
  auto held = Decompressed(*std::move(file), options.path, options.split.file_bytes);
  WEIR_ASSIGN_OR_RETURN(
      const FileHead head,
      options.format.ReadHead(*held, options.path,
                              is_compressed ? UINT64_MAX : options.split.file_bytes));
  if (head.digest != options.split.head_digest) {
    return FailedPreconditionError(
        options.path, ":1: the first line is not what it was when the job found the file",
        kChangedCure);
  }
  return std::unique_ptr<FileSplitReader>(
      new FileSplitReader(std::move(options), std::move(held), head));
}

FileSplitReader::FileSplitReader(Options options, std::unique_ptr<env::ReadableFile> file,
                                 const FileHead& head)
    : path_(std::move(options.path)),
      split_(std::move(options.split)),
      is_compressed_(CompressionOf(split_.file) != Compression::kNone),
      split_end_(is_compressed_ ? UINT64_MAX : split_.end),
      data_end_(is_compressed_ ? UINT64_MAX : split_.file_bytes),
      file_(std::move(file)),
      parser_(options.format.NewParser(head, split_.begin == 0 && split_.end == split_.file_bytes
                                                 ? FileRange::kWhole
                                                 : FileRange::kPart)),
      on_error_(options.on_error),
      buffer_(kBufferBytes + kBlockPaddingBytes),
      offset_(std::max(split_.next, head.bytes)),
      at_row_(offset_ == head.bytes) {
  if (!at_row_) --offset_;  // a row begins here when the byte before is a line end
}

FileSplit FileSplitReader::Position() const {
  FileSplit position = split_;
  if (bad_row_) position.next = *bad_row_;
  if (at_row_) position.next = offset_ + (row_ == 0 ? 0 : parser_->rows().ends[row_ - 1]);
  return position;
}

StatusOr<FileSplitReader::State> FileSplitReader::Advance(uint32_t rows_max) {
  WEIR_CHECK(rows_max > 0);
  if (row_ < parser_->rows().count) return State::kRows;
  if (bad_row_) {
    SkipLine();
  } else if (!at_row_) {
    WEIR_RETURN_IF_ERROR(FindFirstRow());
  }
  if (at_row_) {
    Consume(std::exchange(block_bytes_, 0));
    row_ = 0;
    const bool have_all = offset_ + (end_ - begin_) == data_end_;
    const uint64_t limit = split_end_ - std::min(split_end_, offset_);
    const CutResult cut =
        parser_->Cut({buffer_.data() + begin_, end_ - begin_},
                     have_all ? BlockEnd::kAreAll : BlockEnd::kMoreFollow, limit, rows_max);
    block_bytes_ = cut.consumed;
    if (parser_->rows().count > 0) return State::kRows;
    if (cut.stop == CutStop::kBadRow) {
      Consume(std::exchange(block_bytes_, 0));
      if (on_error_ == OnError::kFail) {
        return RefuseRow(offset_, cut.problem, cut.cure.empty() ? kBadRowCure : cut.cure);
      }
      BeginToSkip();
      return State::kAgain;
    }
  }
  if (AtEnd()) return State::kEnd;
  WEIR_RETURN_IF_ERROR(Read());
  return State::kAgain;
}

StatusOr<uint32_t> FileSplitReader::Take(record::AnyBatch& batch) {
  const uint32_t before = batch.size();
  while (row_ < parser_->rows().count && !batch.full()) {
    std::string problem;
    row_ = parser_->Parse(row_, batch, problem);
    if (problem.empty()) break;
    const uint64_t at = offset_ + parser_->rows().begins[row_];
    if (on_error_ == OnError::kFail) return RefuseRow(at, problem, kBadRowCure);
    ++skipped_;
    ++row_;
  }
  return batch.size() - before;
}

Status FileSplitReader::RefuseRow(uint64_t at, std::string_view problem,
                                  std::string_view cure) const {
  return InvalidArgumentError(PlaceInFile(*file_, path_, at), ": ", problem, cure);
}

// The row behind the bytes consumed, of which it is not known where it ends, is none.
void FileSplitReader::BeginToSkip() {
  ++skipped_;
  bad_row_ = offset_;
  at_row_ = false;
}

void FileSplitReader::SkipLine() {
  const std::string_view bytes(buffer_.data() + begin_, end_ - begin_);
  const size_t line_end = bytes.find('\n');
  at_row_ = line_end != std::string_view::npos;
  if (at_row_) bad_row_.reset();
  Consume(at_row_ ? line_end + 1 : bytes.size());
}

// Whether no further row of the split begins in or behind the buffer.
bool FileSplitReader::AtEnd() const {
  const uint64_t next = offset_ + block_bytes_;
  return next >= split_end_ || next == data_end_;
}

void FileSplitReader::Consume(size_t bytes) {
  begin_ += bytes;
  offset_ += bytes;
}

Status FileSplitReader::FindFirstRow() {
  const std::string_view bytes(buffer_.data() + begin_, end_ - begin_);
  const size_t line_end = bytes.find('\n');
  const bool was_read =
      !is_compressed_ && split_.next > split_.begin && split_.next < split_.file_bytes;
  if (was_read && !bytes.empty() && line_end != 0) {
    return FailedPreconditionError(path_, " is another file since the job read it up to byte ",
                                   WithThousands(split_.next), ": no row begins there now",
                                   kChangedCure);
  }
  at_row_ = line_end != std::string_view::npos;
  Consume(at_row_ ? line_end + 1 : bytes.size());
  return {};
}

Status FileSplitReader::Read() {
  WEIR_RETURN_IF_ERROR(MakeRoom());
  const uint64_t at = offset_ + (end_ - begin_);
  if (is_compressed_ && stepped_over_ < at) return StepOver(at);
  const uint64_t wanted =
      at < split_end_ ? split_end_ - at : std::max<uint64_t>(kTailBytes, end_ - begin_);
  const uint64_t room = buffer_.size() - kBlockPaddingBytes - end_;
  const auto size = static_cast<size_t>(std::min({wanted, data_end_ - at, room}));
  WEIR_ASSIGN_OR_RETURN(const size_t count, file_->Read(at, buffer_.data() + end_, size));
  end_ += count;
  stepped_over_ = at + count;
  if (count > 0) return {};
  if (!is_compressed_) {
    return FailedPreconditionError(path_, " has shrunk while it was read, from ",
                                   WithThousands(split_.file_bytes), " to ", WithThousands(at),
                                   " bytes", kChangedCure);
  }
  data_end_ = at;
  return {};
}

// One piece of what a compressed file holds before the byte `to`, so that nobody waits for long.
Status FileSplitReader::StepOver(uint64_t to) {
  const auto size = std::min<uint64_t>(to - stepped_over_, kBufferBytes);
  std::vector<char> piece(static_cast<size_t>(size));
  WEIR_ASSIGN_OR_RETURN(const size_t count, file_->Read(stepped_over_, piece.data(), piece.size()));
  stepped_over_ += count;
  if (count > 0) return {};
  return FailedPreconditionError(path_, " is another file since the job read ", WithThousands(to),
                                 " bytes of what it held", kChangedCure);
}

// Rows are views into the buffer: it moves only when none is left to be taken.
Status FileSplitReader::MakeRoom() {
  Consume(std::exchange(block_bytes_, 0));
  const size_t held = end_ - begin_;
  const size_t room = buffer_.size() - kBlockPaddingBytes;
  if (held == room) {
    if (held < limits::kValueBytesMax) {
      buffer_.resize(2 * room + kBlockPaddingBytes);
    } else if (on_error_ == OnError::kFail) {
      return RefuseRow(
          offset_, Concat("a row of more than ", WithThousands(limits::kValueBytesMax), " bytes"),
          /*cure=*/{});
    } else {
      BeginToSkip();
      Consume(held);
      begin_ = end_ = 0;
    }
  } else if (begin_ > 0 && (held == 0 || end_ == room)) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, held);
    begin_ = 0;
    end_ = held;
  }
  return {};
}

}  // namespace weir::connectors
