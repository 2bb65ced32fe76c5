// Text of users in messages: short, and printable whatever it holds.
// Threads: pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::base {

/// `text` cut after `bytes_max` bytes (never within a letter), what cannot be printed escaped.
std::string ShortForMessage(std::string_view text, size_t bytes_max);

/// The same in quotes, cut after 40 bytes.
std::string QuotedForMessage(std::string_view text);

}  // namespace weir::base
