// Table: columns of text, as wide as they need to be.
// Threads: a value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

class Table {
 public:
  enum class Align : uint8_t { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// Shapes: one cell for each column; cells are UTF-8 of characters one column wide.
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  /// The titles, if any, and the rows, each line ending with a newline.
  std::string ToString() const;

 private:
  std::vector<size_t> Widths() const;
  std::string Line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) const;

  const std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace weir::cli
