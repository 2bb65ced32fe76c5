#include "weir/base/nearest.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace weir::base {

size_t EditDistance(std::string_view a, std::string_view b) {
  // Three rows of the table distance(a[0, i), b[0, j)): row i - 2, row i - 1 and row i.
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, last);
    std::swap(last, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (exchanged) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string_view NearestName(std::string_view name, std::span<const std::string> known) {
  std::string_view nearest;
  size_t fewest = 0;
  for (const std::string& candidate : known) {
    const size_t edits = EditDistance(name, candidate);
    if (edits > std::max<size_t>(1, candidate.size() / 3)) continue;
    if (nearest.empty() || edits < fewest) nearest = candidate, fewest = edits;
  }
  return nearest;
}

std::string DidYouMean(std::string_view name, std::span<const std::string> known) {
  const std::string_view nearest = NearestName(name, known);
  return nearest.empty() ? std::string() : "; did you mean \"" + std::string(nearest) + "\"?";
}

}  // namespace weir::base
