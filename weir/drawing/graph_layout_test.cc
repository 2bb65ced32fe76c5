#include "weir/drawing/graph_layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace weir::drawing {
namespace {

GraphLayout LaidOut(std::vector<LayoutEdge> edges, std::vector<int> widths) {
  return LayOut(edges, {.widths = std::move(widths), .gap = 2});
}

std::vector<size_t> LayersOf(const GraphLayout& layout) {
  std::vector<size_t> layers;
  std::ranges::transform(layout.nodes, std::back_inserter(layers), &GraphLayout::Place::layer);
  return layers;
}

TEST(GraphLayout, OneNode) {
  const GraphLayout layout = LaidOut({}, {9});
  EXPECT_EQ(layout.layers, 1u);
  EXPECT_EQ(layout.width, 9);
}

TEST(GraphLayout, NothingIsNothing) {
  const GraphLayout layout = LaidOut({}, {});
  EXPECT_EQ(layout.layers, 0u);
  EXPECT_EQ(layout.width, 0);
}

TEST(GraphLayout, ALineIsStraight) {
  const GraphLayout layout = LaidOut({{0, 1}, {1, 2}}, {9, 21, 5});
  EXPECT_EQ(LayersOf(layout), (std::vector<size_t>{0, 1, 2}));
  EXPECT_EQ(layout.ways[0], (std::vector<int>{10, 10}));
  EXPECT_EQ(layout.ways[1], (std::vector<int>{10, 10}));
}

TEST(GraphLayout, ANodeWithoutInputsLiesAboveItsReader) {
  EXPECT_EQ(LayersOf(LaidOut({{0, 1}, {1, 3}, {2, 3}}, {5, 5, 5, 5})),
            (std::vector<size_t>{0, 1, 1, 2}));
}

TEST(GraphLayout, ALongEdgePassesTheLayersBetween) {
  const GraphLayout layout = LaidOut({{0, 1}, {1, 2}, {0, 2}}, {9, 9, 9});
  EXPECT_EQ(layout.ways[2].size(), 3u);
  const int passes = layout.ways[2][1];
  EXPECT_TRUE(passes < layout.nodes[1].left || passes > layout.nodes[1].left + 9);
}

TEST(GraphLayout, TwoLinesDoNotCross) {
  const GraphLayout layout = LaidOut({{0, 3}, {1, 2}}, {5, 5, 5, 5});
  EXPECT_EQ(layout.ways[0], (std::vector<int>(2, layout.ways[0][0])));
  EXPECT_EQ(layout.ways[1], (std::vector<int>(2, layout.ways[1][0])));
}

TEST(GraphLayout, PortsOfANodeDoNotMeet) {
  const GraphLayout layout = LaidOut({{0, 3}, {1, 3}, {2, 3}}, {5, 5, 5, 9});
  std::vector<int> ports;
  for (const std::vector<int>& way : layout.ways)
    ports.push_back(way.back() - layout.nodes[3].left);
  EXPECT_EQ(ports, (std::vector<int>{1, 4, 7}));
}

// Whatever the graph: nothing overlaps, layers go down, ports lie on their nodes, and no two lines
// are at one place.
TEST(GraphLayout, HoldsForAnyGraph) {
  std::mt19937 chance(17);
  for (int round = 0; round < 300; ++round) {
    const size_t nodes = 1 + chance() % 12;
    std::vector<LayoutEdge> edges;
    for (size_t to = 1; to < nodes; ++to) {
      for (size_t count = chance() % 4; count > 0; --count) edges.push_back({chance() % to, to});
    }
    std::vector<int> widths;
    for (size_t i = 0; i < nodes; ++i) widths.push_back(41 + static_cast<int>(chance() % 20));
    const GraphLayout layout = LaidOut(edges, widths);
    for (size_t a = 0; a < nodes; ++a) {
      EXPECT_GE(layout.nodes[a].left, 0);
      EXPECT_LE(layout.nodes[a].left + widths[a], layout.width);
      for (size_t b = a + 1; b < nodes; ++b) {
        if (layout.nodes[a].layer != layout.nodes[b].layer) continue;
        const bool apart = layout.nodes[a].left + widths[a] + 2 <= layout.nodes[b].left ||
                           layout.nodes[b].left + widths[b] + 2 <= layout.nodes[a].left;
        EXPECT_TRUE(apart) << "round " << round << ": nodes " << a << " and " << b;
      }
    }
    std::set<std::tuple<size_t, int, bool>> taken;
    for (size_t i = 0; i < edges.size(); ++i) {
      const size_t first = layout.nodes[edges[i].from].layer;
      const size_t last = layout.nodes[edges[i].to].layer;
      ASSERT_LT(first, last);
      ASSERT_EQ(layout.ways[i].size(), last - first + 1);
      for (size_t layer = first; layer <= last; ++layer) {
        const int x = layout.ways[i][layer - first];
        EXPECT_TRUE(layer == first || taken.insert({layer, x, false}).second) << "round " << round;
        EXPECT_TRUE(layer == last || taken.insert({layer, x, true}).second) << "round " << round;
      }
      for (const auto& [node, x] : {std::pair(edges[i].from, layout.ways[i].front()),
                                    std::pair(edges[i].to, layout.ways[i].back())}) {
        EXPECT_GE(x, layout.nodes[node].left);
        EXPECT_LT(x, layout.nodes[node].left + widths[node]);
      }
    }
  }
}

}  // namespace
}  // namespace weir::drawing
