#include "weir/connectors/stream_lines.h"

#include <algorithm>

namespace weir::connectors {

void StreamLines::Add(std::string_view bytes) {
  bytes_.erase(0, begin_);
  looked_at_ -= begin_;
  begin_ = 0;
  bytes_.append(bytes);
  ended_ = false;
}

void StreamLines::Clear() {
  bytes_.clear();
  begin_ = looked_at_ = 0;
  skipping_ = false;
}

StreamLines::Taken StreamLines::Take(std::string_view& line) {
  for (;;) {
    const bool at_end = ended_ && begin_ == bytes_.size();
    const size_t found = bytes_.find(delimiter_, looked_at_);
    const bool whole = found != std::string::npos || (ended_ && !at_end);
    const size_t end = found != std::string::npos ? found : whole ? bytes_.size() : KnownEnd();
    line = std::string_view(bytes_).substr(begin_, end - begin_);
    const bool too_long = line.size() > line_bytes_max_;
    looked_at_ = std::min(whole ? end + delimiter_.size() : end, bytes_.size());
    // Of a line that is stepped over nothing is kept.
    if (whole || skipping_ || too_long) begin_ = looked_at_;
    const bool report = !skipping_;
    skipping_ = !whole && !at_end && (skipping_ || too_long);
    if (report && too_long) {
      line = line.substr(0, line_bytes_max_);
      return Taken::kTooLong;
    }
    if (report && whole) {
      if (delimiter_ == "\n" && line.ends_with('\r')) line.remove_suffix(1);
      return Taken::kLine;
    }
    if (!whole) return Taken::kNothing;
  }
}

// Up to where there is surely no delimiter: the last bytes may be the beginning of one.
size_t StreamLines::KnownEnd() const {
  return bytes_.size() - std::min(bytes_.size() - begin_, delimiter_.size() - 1);
}

}  // namespace weir::connectors
