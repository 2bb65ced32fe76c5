#include "weir/drawing/graph_layout.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "weir/base/check.h"

namespace weir::drawing {
namespace {

// Orders get no better after a few sweeps.
constexpr int kOrderSweeps = 8;
constexpr int kSpreadSweeps = 8;

// A node of the graph, or the place where an edge passes a layer.
struct Item {
  size_t layer = 0;
  int width = 1;
  int space = 1;              // width, margin and gap
  std::vector<size_t> above;  // items of the layer above that it is joined to
  std::vector<size_t> below;
};

std::vector<size_t> LayersOf(std::span<const LayoutEdge> edges, size_t nodes) {
  std::vector<size_t> layers(nodes, 0);
  std::vector<bool> reads(nodes, false);
  std::vector<LayoutEdge> sorted(edges.begin(), edges.end());
  std::ranges::stable_sort(sorted, {}, &LayoutEdge::from);
  for (const LayoutEdge& edge : sorted) {
    WEIR_CHECK(edge.from < edge.to && edge.to < nodes);
    layers[edge.to] = std::max(layers[edge.to], layers[edge.from] + 1);
    reads[edge.to] = true;
  }
  for (size_t node = 0; node < nodes; ++node) {
    if (reads[node]) continue;
    size_t nearest = std::numeric_limits<size_t>::max();
    for (const LayoutEdge& edge : edges) {
      if (edge.from == node) nearest = std::min(nearest, layers[edge.to]);
    }
    if (nearest != std::numeric_limits<size_t>::max()) layers[node] = nearest - 1;
  }
  return layers;
}

class Drawer {
 public:
  Drawer(std::span<const LayoutEdge> edges, const LayoutOptions& options)
      : edges_(edges), options_(options) {}

  GraphLayout Draw() {
    MakeItems();
    Order();
    Spread();
    return Result();
  }

 private:
  using Rows = std::vector<std::vector<size_t>>;  // items of each layer, from left to right

  void MakeItems() {
    const size_t nodes = options_.widths.size();
    const std::vector<size_t> layers = LayersOf(edges_, nodes);
    for (size_t i = 0; i < nodes; ++i) {
      const int margin = options_.margins.empty() ? 0 : options_.margins[i];
      Add(layers[i], options_.widths[i], margin);
    }
    for (const LayoutEdge& edge : edges_) {
      std::vector<size_t>& through = ways_.emplace_back();
      through.push_back(edge.from);
      for (size_t layer = layers[edge.from] + 1; layer < layers[edge.to]; ++layer) {
        through.push_back(items_.size());
        Add(layer, options_.way_width, /*margin=*/0);
      }
      through.push_back(edge.to);
      for (size_t i = 0; i + 1 < through.size(); ++i) {
        items_[through[i]].below.push_back(through[i + 1]);
        items_[through[i + 1]].above.push_back(through[i]);
      }
    }
    for (size_t i = 0; i < items_.size(); ++i) {
      if (rows_.size() <= items_[i].layer) rows_.resize(items_[i].layer + 1);
      rows_[items_[i].layer].push_back(i);
    }
  }

  void Add(size_t layer, int width, int margin) {
    Item& item = items_.emplace_back();
    item.layer = layer;
    item.width = width;
    item.space = width + margin + options_.gap;
  }

  // ---- the order within layers

  void Order() {
    place_.resize(items_.size());
    NumberPlaces();
    Rows best = rows_;
    size_t fewest = Crossings();
    for (int sweep = 0; sweep < kOrderSweeps && fewest > 0; ++sweep) {
      const bool down = sweep % 2 == 0;
      for (size_t i = 0; i < rows_.size(); ++i) {
        SortRow(rows_[down ? i : rows_.size() - 1 - i], down);
        NumberPlaces();
      }
      const size_t crossings = Crossings();
      if (crossings >= fewest) continue;
      fewest = crossings;
      best = rows_;
    }
    rows_ = std::move(best);
    NumberPlaces();
  }

  void NumberPlaces() {
    for (const std::vector<size_t>& row : rows_) {
      for (size_t i = 0; i < row.size(); ++i) place_[row[i]] = i;
    }
  }

  void SortRow(std::vector<size_t>& row, bool down) {
    std::vector<std::pair<double, size_t>> wanted;
    for (const size_t item : row) {
      const std::vector<size_t>& joined = down ? items_[item].above : items_[item].below;
      double sum = 0;
      for (const size_t other : joined) sum += static_cast<double>(place_[other]);
      const double mean = joined.empty() ? static_cast<double>(place_[item])
                                         : sum / static_cast<double>(joined.size());
      wanted.emplace_back(mean, item);
    }
    std::ranges::stable_sort(wanted, {}, &std::pair<double, size_t>::first);
    std::ranges::transform(wanted, row.begin(), &std::pair<double, size_t>::second);
  }

  size_t Crossings() const {
    size_t count = 0;
    for (const std::vector<size_t>& row : rows_) {
      std::vector<std::pair<size_t, size_t>> lines;
      for (const size_t item : row) {
        for (const size_t other : items_[item].below)
          lines.emplace_back(place_[item], place_[other]);
      }
      for (size_t i = 0; i < lines.size(); ++i) {
        for (size_t j = i + 1; j < lines.size(); ++j) {
          const auto& [a, b] = std::pair(lines[i], lines[j]);
          count += (a.first < b.first && a.second > b.second) ||
                   (a.first > b.first && a.second < b.second);
        }
      }
    }
    return count;
  }

  // ---- places within a row

  void Spread() {
    left_.assign(items_.size(), 0);
    for (const std::vector<size_t>& row : rows_) {
      int at = 0;
      for (const size_t item : row) {
        left_[item] = at;
        at += items_[item].space;
      }
    }
    for (int sweep = 0; sweep < kSpreadSweeps; ++sweep) {
      const bool down = sweep % 2 == 0;
      for (size_t i = 0; i < rows_.size(); ++i) {
        SpreadRow(rows_[down ? i : rows_.size() - 1 - i], down);
      }
    }
    if (left_.empty()) return;
    const int leftmost = *std::ranges::min_element(left_);
    for (int& left : left_) left -= leftmost;
  }

  int Middle(size_t item) const { return left_[item] + items_[item].width / 2; }

  // Where the left end of an item should be for it to lie in the middle of what it is joined to.
  int Wanted(size_t item, bool down) const {
    const Item& it = items_[item];
    const std::vector<size_t>& first = down ? it.above : it.below;
    const std::vector<size_t>& joined = first.empty() ? (down ? it.below : it.above) : first;
    if (joined.empty()) return left_[item];
    int sum = 0;
    for (const size_t other : joined) sum += Middle(other);
    return sum / static_cast<int>(joined.size()) - it.width / 2;
  }

  // With the gaps taken out, places must not fall from left to right: neighbours that would are
  // pooled, and all of a pool lie at its mean.
  void SpreadRow(const std::vector<size_t>& row, bool down) {
    struct Pool {
      int sum;
      int count;
      int Mean() const { return sum >= 0 ? sum / count : (sum - count + 1) / count; }
    };
    std::vector<Pool> pools;
    int taken = 0;
    for (const size_t item : row) {
      pools.push_back({Wanted(item, down) - taken, 1});
      taken += items_[item].space;
      while (pools.size() > 1 && pools[pools.size() - 2].Mean() > pools.back().Mean()) {
        const Pool last = pools.back();
        pools.pop_back();
        pools.back() = {pools.back().sum + last.sum, pools.back().count + last.count};
      }
    }
    size_t next = 0;
    taken = 0;
    for (const Pool& pool : pools) {
      for (int i = 0; i < pool.count; ++i, ++next) {
        left_[row[next]] = pool.Mean() + taken;
        taken += items_[row[next]].space;
      }
    }
  }

  // ---- what comes of it

  // The ports of one side of each node, in the order of where their edges lead.
  void SetPorts(GraphLayout& layout, bool out) const {
    for (size_t node = 0; node < options_.widths.size(); ++node) {
      std::vector<size_t> mine;
      for (size_t edge = 0; edge < edges_.size(); ++edge) {
        if ((out ? edges_[edge].from : edges_[edge].to) == node) mine.push_back(edge);
      }
      std::ranges::stable_sort(mine, {}, [&](size_t edge) {
        const std::vector<size_t>& way = ways_[edge];
        return Middle(out ? way[1] : way[way.size() - 2]);
      });
      for (size_t i = 0; i < mine.size(); ++i) {
        std::vector<int>& way = layout.ways[mine[i]];
        (out ? way.front() : way.back()) =
            left_[node] + PortOffset(i, mine.size(), options_.widths[node]);
      }
    }
  }

  GraphLayout Result() const {
    GraphLayout layout;
    layout.layers = rows_.size();
    for (size_t node = 0; node < options_.widths.size(); ++node)
      layout.nodes.push_back({items_[node].layer, left_[node]});
    for (const std::vector<size_t>& through : ways_) {
      std::vector<int>& way = layout.ways.emplace_back();
      for (const size_t item : through) way.push_back(Middle(item));
    }
    SetPorts(layout, /*out=*/true);
    SetPorts(layout, /*out=*/false);
    for (size_t i = 0; i < items_.size(); ++i)
      layout.width = std::max(layout.width, left_[i] + items_[i].width);
    return layout;
  }

  const std::span<const LayoutEdge> edges_;
  const LayoutOptions& options_;
  std::vector<Item> items_;                // nodes first
  std::vector<std::vector<size_t>> ways_;  // of each edge, the items that it touches
  Rows rows_;
  std::vector<size_t> place_;  // of each item in its row
  std::vector<int> left_;      // of each item
};

}  // namespace

GraphLayout LayOut(std::span<const LayoutEdge> edges, const LayoutOptions& options) {
  return Drawer(edges, options).Draw();
}

int PortOffset(size_t index, size_t count, int width) {
  return static_cast<int>((2 * index + 1) * static_cast<size_t>(width) / (2 * count));
}

}  // namespace weir::drawing
