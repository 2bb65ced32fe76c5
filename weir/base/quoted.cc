#include "weir/base/quoted.h"

#include <algorithm>
#include <cstdint>

namespace weir::base {

std::string ShortForMessage(std::string_view text, size_t bytes_max) {
  constexpr std::string_view kHex = "0123456789abcdef";
  size_t shown = std::min(text.size(), bytes_max);
  while (shown > 0 && shown < text.size() && (text[shown] & 0xC0) == 0x80) --shown;  // whole UTF-8
  std::string out;
  for (const char c : text.substr(0, shown)) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < ' ' || byte == 0x7f) {
      out.append("\\x").append({kHex[byte >> 4], kHex[byte & 15]});
    } else {
      out.push_back(c);
    }
  }
  return out.append(shown < text.size() ? "…" : "");
}

std::string QuotedForMessage(std::string_view text) {
  constexpr size_t kBytesMax = 40;
  return "\"" + ShortForMessage(text, kBytesMax) + "\"";
}

}  // namespace weir::base
