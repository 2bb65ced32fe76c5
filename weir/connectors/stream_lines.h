// StreamLines: cuts bytes that come in pieces into lines, each up to a delimiter.
//
// Holds at most one line that is not whole, and what was added behind it.
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::connectors {

class StreamLines {
 public:
  /// Shapes: the delimiter is not empty.
  StreamLines(std::string delimiter, size_t line_bytes_max)
      : delimiter_(std::move(delimiter)), line_bytes_max_(line_bytes_max) {}

  void Add(std::string_view bytes);

  /// Nothing follows: what stands behind the last delimiter is a line, unless it is empty.
  void End() { ended_ = true; }

  /// Forgets what was not taken: half a line of a connection that broke is none.
  void Clear();

  enum class Taken : uint8_t {
    kNothing,  // add more
    kLine,
    kTooLong,  // `line` is its beginning; the rest of it is stepped over
  };
  /// Takes the next line, without its delimiter, and without \r in front of a delimiter \n.
  /// Lifetime: `line` is good until the next call.
  Taken Take(std::string_view& line);

 private:
  size_t KnownEnd() const;

  const std::string delimiter_;
  const size_t line_bytes_max_;
  std::string bytes_;
  size_t begin_ = 0;      // of what was not taken
  size_t looked_at_ = 0;  // no delimiter begins before it
  bool ended_ = false;
  bool skipping_ = false;  // up to the next delimiter
};

}  // namespace weir::connectors
