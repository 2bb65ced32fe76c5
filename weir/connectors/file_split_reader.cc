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
constexpr size_t kCountBytes = 1 << 20;  // read at a time to count lines
constexpr size_t kTailBytes = 4 << 10;   // read at a time behind the split's end, for its last row

uint64_t LinesIn(std::string_view bytes) {
  return static_cast<uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
}

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
      on_error_(options.on_error.kind()),
      buffer_(kBufferBytes + kBlockPaddingBytes),
      offset_(std::max(split_.next, head.bytes)),
      at_row_(offset_ == head.bytes) {
  if (!at_row_) --offset_;  // a row begins here when the byte before is a line end
  // What a compressed file holds passes by in any case.
  counted_from_ = is_compressed_ ? 0 : offset_;
  if (options.mark.offset <= counted_from_) before_ = options.mark;
}

FileSplit FileSplitReader::Position() const {
  FileSplit position = split_;
  if (bad_row_) position.next = *bad_row_;
  if (at_row_) position.next = offset_ + (row_ == 0 ? 0 : parser_->rows().ends[row_ - 1]);
  return position;
}

StatusOr<FileSplitReader::State> FileSplitReader::Advance(uint32_t rows_max) {
  WEIR_CHECK(rows_max > 0);
  if (lines_wanted_) {
    WEIR_RETURN_IF_ERROR(CountLinesBefore());
    return State::kAgain;
  }
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
      if (KnowsLines()) BeginToSkip(cut.problem);
      return State::kAgain;
    }
  }
  if (AtEnd()) {
    if (bad_row_) EndSkip();
    return State::kEnd;
  }
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
    if (!KnowsLines()) break;
    if (WritesLetters()) letters_.push_back(LetterAbout(at, problem));
    ++skipped_;
    ++row_;
  }
  return batch.size() - before;
}

Status FileSplitReader::RefuseRow(uint64_t at, std::string_view problem,
                                  std::string_view cure) const {
  return InvalidArgumentError(PlaceInFile(*file_, path_, at), ": ", problem, cure);
}

// The row behind the bytes consumed, of which it is not known where it ends, is none. Its letter is
// put out when its line was stepped over: before that it would be met again after a failure.
void FileSplitReader::BeginToSkip(std::string_view problem) {
  ++skipped_;
  bad_row_ = offset_;
  at_row_ = false;
  if (WritesLetters())
    letter_ = {
        .file = path_, .line = LinesTo(offset_) + 1, .text = {}, .reason = std::string(problem)};
}

void FileSplitReader::SkipLine() {
  const std::string_view bytes(buffer_.data() + begin_, end_ - begin_);
  const size_t line_end = bytes.find('\n');
  at_row_ = line_end != std::string_view::npos;
  KeepForLetter(bytes.substr(0, line_end));
  if (at_row_) EndSkip();
  Consume(at_row_ ? line_end + 1 : bytes.size());
}

// What is stepped over is the letter's text.
void FileSplitReader::KeepForLetter(std::string_view bytes) {
  if (!WritesLetters()) return;
  const size_t room = limits::kDeadLetterTextBytesMax + 1 - letter_.text.size();
  letter_.text.append(bytes.substr(0, room));
}

void FileSplitReader::EndSkip() {
  bad_row_.reset();
  if (!WritesLetters()) return;
  letter_.text = LetterText(letter_.text);
  letters_.push_back(std::move(letter_));
}

// About a row that lies whole in the buffer.
DeadLetter FileSplitReader::LetterAbout(uint64_t at, std::string_view problem) {
  const size_t place = begin_ + static_cast<size_t>(at - offset_);
  return {.file = path_,
          .line = LinesTo(at) + 1,
          .text = std::string(LetterText({buffer_.data() + place, end_ - place})),
          .reason = std::string(problem)};
}

// False when lines must be counted first: then nothing is done, and the next call of Advance begins
// to count.
bool FileSplitReader::KnowsLines() {
  lines_wanted_ = WritesLetters() && before_.offset < counted_from_;
  return !lines_wanted_;
}

// One piece of what is before the split, so that nobody waits for long.
Status FileSplitReader::CountLinesBefore() {
  const uint64_t left = counted_from_ - before_.offset;
  std::vector<char> piece(static_cast<size_t>(std::min<uint64_t>(left, kCountBytes)));
  WEIR_ASSIGN_OR_RETURN(const size_t count,
                        file_->Read(before_.offset, piece.data(), piece.size()));
  if (count == 0) {
    return FailedPreconditionError(path_, " has shrunk while it was read, to ",
                                   WithThousands(before_.offset), " bytes", kChangedCure);
  }
  before_.lines += LinesIn({piece.data(), count});
  before_.offset += count;
  KnowsLines();
  return {};
}

// Line ends before a row that begins in the buffer, at or behind offset_. From the last such row
// on, so that many of them in one block are counted through once.
uint64_t FileSplitReader::LinesTo(uint64_t row_begin) {
  LineMark from{offset_, before_.lines + lines_since_};
  if (newest_.offset > offset_ && newest_.offset <= row_begin) from = newest_;
  const char* const begin = buffer_.data() + begin_ + (from.offset - offset_);
  newest_ = {row_begin,
             from.lines + LinesIn({begin, static_cast<size_t>(row_begin - from.offset)})};
  return newest_.lines;
}

// Whether no further row of the split begins in or behind the buffer.
bool FileSplitReader::AtEnd() const {
  const uint64_t next = offset_ + block_bytes_;
  const bool needs_rest = bad_row_ && WritesLetters();  // of the line that is stepped over
  return next == data_end_ || (next >= split_end_ && !needs_rest);
}

void FileSplitReader::Consume(size_t bytes) {
  if (WritesLetters()) lines_since_ += LinesIn({buffer_.data() + begin_, bytes});
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
  const bool was_bad = bad_row_.has_value();
  WEIR_RETURN_IF_ERROR(MakeRoom());
  if (lines_wanted_ || (bad_row_ && !was_bad)) return {};
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
  if (WritesLetters()) lines_since_ += LinesIn({piece.data(), count});
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
      return {};
    }
    const std::string problem =
        Concat("a row of more than ", WithThousands(limits::kValueBytesMax), " bytes");
    if (on_error_ == OnError::kFail) return RefuseRow(offset_, problem, /*cure=*/{});
    if (KnowsLines()) BeginToSkip(problem);  // its first line: there may be others behind it
  } else if (begin_ > 0 && (held == 0 || end_ == room)) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, held);
    begin_ = 0;
    end_ = held;
  }
  return {};
}

}  // namespace weir::connectors
