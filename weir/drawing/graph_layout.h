// GraphLayout: where the nodes of a directed graph without cycles are drawn, in layers from top to
// bottom, and the way of each edge between them.
//
//   1. A node lies one layer below the lowest that it reads from; one that reads from nobody just
//      above the first that reads from it.
//   2. An edge over several layers passes a place of its own in each layer between.
//   3. Each layer is ordered by the mean place of what it is joined to, down and up in turns; the
//      order with the fewest crossings is kept.
//   4. A row of a layer is spread so that everything lies as near as possible to the mean of what
//      it is joined to, in this order and with the gaps asked for.
//
// Units are the drawer's: characters or pixels. The same graph always has the same layout.
// Threads: pure.
// Source: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System
//   Structures", IEEE Transactions on Systems, Man, and Cybernetics 11(2), 1981; the spreading of a
//   row is isotonic regression by pooling adjacent violators.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace weir::drawing {

struct LayoutEdge {
  size_t from;
  size_t to;
};

struct GraphLayout {
  struct Place {
    size_t layer = 0;
    int left = 0;
  };
  std::vector<Place> nodes;
  /// Of each edge, its x in every layer from that of `from` (where it leaves below the node) to
  /// that of `to` (where it comes in above it): at least two.
  std::vector<std::vector<int>> ways;
  size_t layers = 0;
  int width = 0;  // everything lies in [0, width)
};

struct LayoutOptions {
  std::vector<int> widths;  // of each node; odd ones have a middle
  // To the right of each node, besides the gap; empty: none.
  std::vector<int> margins = {};
  int gap = 1;        // between neighbours of a layer
  int way_width = 1;  // of an edge that passes a layer
};

/// Shapes: edges lead from lower to higher node numbers; widths and gap at least 1.
GraphLayout LayOut(std::span<const LayoutEdge> edges, const LayoutOptions& options);

/// Where the ports of one side of a node lie, from its left end on: evenly.
/// Shapes: index in [0, count); result in [0, width).
int PortOffset(size_t index, size_t count, int width);

}  // namespace weir::drawing
