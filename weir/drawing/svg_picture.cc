#include "weir/drawing/svg_picture.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/drawing/graph_layout.h"
#include "weir/drawing/text_picture.h"

namespace weir::drawing {
namespace {

// Pixels.
constexpr int kMargin = 20;
constexpr int kTitle = 34;     // height of the line above the picture
constexpr int kCharacter = 8;  // the widest monospaced fonts at 13 pixels
constexpr int kLine = 20;      // height of a line of text
constexpr int kPadding = 14;   // between text and frame
constexpr int kBetween = 64;   // from a layer to the next
constexpr int kNeighbours = 48;
constexpr int kWay = 12;  // room for an edge that passes a layer
constexpr int kArrow = 7;

// Without variables of CSS: not every program that shows SVG knows them.
constexpr std::string_view kStyle =
    "<style>\n"
    "  text { font: 13px ui-monospace, monospace; fill: #1f2328; }\n"
    "  .title { font-weight: bold; }\n"
    "  .soft { fill: #59636e; }\n"
    "  .paper { fill: #ffffff; }\n"
    "  .box { fill: #f6f8fa; stroke: #8c959f; }\n"
    "  .state { stroke: #0969da; stroke-width: 2; }\n"
    "  .way { fill: none; stroke: #8c959f; stroke-width: 1.5; }\n"
    "  .head { fill: #8c959f; }\n"
    "  .label { font-size: 11px; fill: #59636e; stroke: #ffffff; stroke-width: 4; "
    "paint-order: stroke; }\n"
    "  @media (prefers-color-scheme: dark) {\n"
    "    text { fill: #e6edf3; }\n"
    "    .soft, .label { fill: #9198a1; }\n"
    "    .paper { fill: #0d1117; }\n"
    "    .box { fill: #161b22; stroke: #6e7681; }\n"
    "    .state { stroke: #4493f8; }\n"
    "    .way { stroke: #6e7681; }\n"
    "    .head { fill: #6e7681; }\n"
    "    .label { stroke: #0d1117; }\n"
    "  }\n"
    "</style>\n";

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

int WidthOfText(std::string_view text) {
  return kCharacter * static_cast<int>(std::ranges::count_if(text, [](char c) {
           return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
         }));
}

class Picture {
 public:
  explicit Picture(const JobOutline& outline) : outline_(outline) {
    for (const ChainOutline& chain : outline.chains) {
      std::vector<const OperatorOutline*>& shown = shown_.emplace_back();
      for (const OperatorOutline& op : chain.operators) {
        if (!op.hidden()) shown.push_back(&op);
      }
      if (shown.empty()) shown.push_back(&chain.operators.front());
    }
    for (size_t i = 0; i < shown_.size(); ++i) widths_.push_back(WidthOf(i));
    std::vector<LayoutEdge> edges;
    for (const EdgeOutline& edge : outline.edges) edges.push_back({edge.from, edge.to});
    std::vector<int> margins;
    for (size_t i = 0; i < shown_.size(); ++i) margins.push_back(MarginOf(i));
    layout_ = LayOut(
        edges, {.widths = widths_, .margins = margins, .gap = kNeighbours, .way_width = kWay});
    PlaceLayers();
  }

  std::string Draw() {
    std::string ways;
    for (size_t i = 0; i < outline_.edges.size(); ++i) ways += Way(i);
    std::string boxes;
    for (size_t i = 0; i < shown_.size(); ++i) boxes += Box(i);
    const std::string title = Escaped(outline_.job);
    const int width = Width();
    return Concat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", width, "\" height=\"",
                  height_, "\" viewBox=\"0 0 ", width, " ", height_, "\" role=\"img\">\n<title>",
                  title, "</title>\n", kStyle, "<rect class=\"paper\" width=\"", width,
                  "\" height=\"", height_, "\"/>\n<text class=\"title\" x=\"", kMargin, "\" y=\"",
                  kMargin + kLine / 2, "\">", title, "</text>\n", ways, boxes, "</svg>\n");
  }

 private:
  std::string Parallelism(size_t chain) const {
    return Concat("×", outline_.chains[chain].parallelism);
  }

  int WidthOf(size_t chain) const {
    int text = 0;
    for (size_t i = 0; i < shown_[chain].size(); ++i) {
      const std::string line = OperatorText(*shown_[chain][i]);
      // The number of subtasks stands behind the first line.
      text = std::max(text, WidthOfText(i == 0 ? Concat(line, "  ", Parallelism(chain)) : line));
    }
    const auto [inputs, label] = InputsOf(chain);
    const int between = inputs > 1 ? inputs * (label + 2 * kCharacter) : 0;
    return std::max(text + 2 * kPadding, between);
  }

  // For what is written beside the last edge that leads to it.
  int MarginOf(size_t chain) const {
    const auto [inputs, label] = InputsOf(chain);
    if (inputs == 0) return 0;
    return std::max(0, label + 2 * kCharacter - widths_[chain] / (2 * inputs) - kNeighbours);
  }

  // How many edges lead to it, and the longest that is written beside one.
  std::pair<int, int> InputsOf(size_t chain) const {
    std::pair<int, int> inputs = {0, 0};
    for (const EdgeOutline& edge : outline_.edges) {
      if (edge.to != chain) continue;
      inputs = {inputs.first + 1, std::max(inputs.second, WidthOfText(outline_.LabelOf(edge)))};
    }
    return inputs;
  }

  int HeightOf(size_t chain) const {
    return static_cast<int>(shown_[chain].size()) * kLine + kPadding;
  }

  void PlaceLayers() {
    int y = kMargin + kTitle;
    for (size_t layer = 0; layer < layout_.layers; ++layer) {
      int height = 0;
      for (size_t i = 0; i < shown_.size(); ++i) {
        if (layout_.nodes[i].layer == layer) height = std::max(height, HeightOf(i));
      }
      tops_.push_back(y);
      bottoms_.push_back(y + height);
      y += height + kBetween;
    }
    height_ = (bottoms_.empty() ? y : bottoms_.back()) + kMargin;
  }

  int Width() const {
    int width = std::max(layout_.width, WidthOfText(outline_.job));
    for (size_t i = 0; i < outline_.edges.size(); ++i) {
      width = std::max(width, layout_.ways[i].back() + kCharacter +
                                  WidthOfText(outline_.LabelOf(outline_.edges[i])));
    }
    return width + 2 * kMargin;
  }

  std::string Box(size_t chain) const {
    const int left = layout_.nodes[chain].left + kMargin;
    const int top = tops_[layout_.nodes[chain].layer];
    const bool state =
        std::ranges::any_of(shown_[chain], [](const auto* op) { return !op->states.empty(); });
    std::string text =
        Concat("<rect class=\"box", state ? " state" : "", "\" x=\"", left, "\" y=\"", top,
               "\" width=\"", widths_[chain], "\" height=\"", HeightOf(chain), "\" rx=\"8\"/>\n");
    int y = top + kPadding / 2;
    for (const OperatorOutline* op : shown_[chain]) {
      y += kLine;
      text += Concat("<text x=\"", left + kPadding, "\" y=\"", y - 5, "\">",
                     Escaped(OperatorText(*op)), Hint(*op), "</text>\n");
    }
    return text + Concat("<text class=\"soft\" text-anchor=\"end\" x=\"",
                         left + widths_[chain] - kPadding, "\" y=\"",
                         top + kPadding / 2 + kLine - 5, "\">", Parallelism(chain), "</text>\n");
  }

  // What a pointer that rests on an operator is told.
  static std::string Hint(const OperatorOutline& op) {
    std::string hint;
    for (const StateOutline& state : op.states) {
      hint += Concat(hint.empty() ? "" : "\n", state.name, ": ", state.kind, " state of ",
                     state.type, " by ", state.key);
    }
    if (op.role == OperatorOutline::Role::kSink) hint = GuaranteeName(op.guarantee);
    return hint.empty() ? "" : Concat("<title>", Escaped(hint), "</title>");
  }

  // Down through the layers that it passes, and a curve from each to the next.
  std::string Way(size_t index) const {
    const EdgeOutline& edge = outline_.edges[index];
    const std::vector<int>& way = layout_.ways[index];
    const size_t first = layout_.nodes[edge.from].layer;
    int x = way.front() + kMargin;
    std::string path = Concat("M", x, " ", tops_[first] + HeightOf(edge.from));
    for (size_t i = 0; i + 1 < way.size(); ++i) {
      const int to = way[i + 1] + kMargin;
      const int from_y = bottoms_[first + i];
      const bool last = i + 2 == way.size();
      const int to_y = tops_[first + i + 1] - (last ? kArrow : 0);
      const int middle = (from_y + to_y) / 2;
      path += Concat(" V", from_y, " C", x, " ", middle, " ", to, " ", middle, " ", to, " ", to_y);
      x = to;
    }
    const int tip = tops_[layout_.nodes[edge.to].layer];
    return Concat("<path class=\"way\" d=\"", path, "\"/>\n<path class=\"head\" d=\"M", x - 5, " ",
                  tip - kArrow - 2, " H", x + 5, " L", x, " ", tip, " Z\"/>\n",
                  "<text class=\"label\" x=\"", x + kCharacter, "\" y=\"", tip - 14, "\">",
                  Escaped(outline_.LabelOf(edge)), "</text>\n");
  }

  const JobOutline& outline_;
  std::vector<std::vector<const OperatorOutline*>> shown_;  // of each chain
  std::vector<int> widths_;                                 // of each chain
  GraphLayout layout_;
  std::vector<int> tops_;  // of each layer
  std::vector<int> bottoms_;
  int height_ = 0;
};

}  // namespace

std::string SvgPicture(const JobOutline& outline) { return Picture(outline).Draw(); }

}  // namespace weir::drawing
