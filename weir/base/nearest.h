// Nearest: which of the known names somebody meant who wrote an unknown one.
// Threads: pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace weir::base {

/// The number of letters to insert, remove, replace or exchange with their neighbour to make `a` of
/// `b`.
/// Source: Damerau, "A technique for computer detection and correction of spelling errors", 1964
///   (optimal string alignment: no part is edited twice).
size_t EditDistance(std::string_view a, std::string_view b);

/// The known name that needs the fewest edits, the first of equals; empty when every one would need
/// more than a third of its letters (and one is always forgiven).
std::string_view NearestName(std::string_view name, std::span<const std::string> known);

/// `; did you mean "nearest"?`, or nothing: the end of a message about an unknown name.
std::string DidYouMean(std::string_view name, std::span<const std::string> known);

}  // namespace weir::base
