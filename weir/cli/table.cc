#include "weir/cli/table.h"

#include <algorithm>

#include "weir/base/check.h"

namespace weir::cli {
namespace {

constexpr std::string_view kGap = "   ";

size_t Characters(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::vector<size_t> Table::Widths() const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t width = Characters(columns_[i].title);
    for (const auto& row : rows_) {
      WEIR_CHECK(row.size() == columns_.size());
      width = std::max(width, Characters(row[i]));
    }
    widths.push_back(width);
  }
  return widths;
}

std::string Table::Line(const std::vector<std::string>& cells,
                        const std::vector<size_t>& widths) const {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths[i] - Characters(cells[i]), ' ');
    if (i > 0) line += kGap;
    line += columns_[i].align == Align::kRight ? padding + cells[i] : cells[i] + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string Table::ToString() const {
  const std::vector<size_t> widths = Widths();
  std::vector<std::string> titles;
  std::ranges::transform(columns_, std::back_inserter(titles), &Column::title);
  const bool titled = std::ranges::any_of(titles, [](const auto& title) { return !title.empty(); });
  std::string text = titled ? Line(titles, widths) : "";
  for (const auto& row : rows_) text += Line(row, widths);
  return text;
}

}  // namespace weir::cli
