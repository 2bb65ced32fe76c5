#include "weir/drawing/dot_picture.h"

#include <string_view>

#include "weir/drawing/text_picture.h"

namespace weir::drawing {
namespace {

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// The lines of a chain's box, each flush left. "\l" is Graphviz's own, behind what is quoted.
std::string LabelOf(const ChainOutline& chain) {
  std::string label;
  for (const OperatorOutline& op : chain.operators) {
    if (op.hidden()) continue;
    std::string line = Quoted(OperatorText(op));
    if (label.empty()) line.insert(line.size() - 1, Concat("  ×", chain.parallelism));
    label += line.substr(1, line.size() - 2) + "\\l";
  }
  if (label.empty())
    label = Concat(chain.operators.front().called(), "  ×", chain.parallelism, "\\l");
  return label;
}

std::string_view ShapeOf(const ChainOutline& chain) {
  for (const OperatorOutline& op : chain.operators) {
    if (!op.states.empty()) return ", penwidth=2";
  }
  return "";
}

}  // namespace

std::string DotPicture(const JobOutline& outline) {
  std::string text = Concat("digraph ", Quoted(outline.job), " {\n",
                            "  node [shape=box, style=rounded, fontname=\"monospace\"];\n",
                            "  edge [fontname=\"monospace\", fontsize=10];\n");
  for (size_t i = 0; i < outline.chains.size(); ++i) {
    text += Concat("  chain", i, " [label=\"", LabelOf(outline.chains[i]), "\"",
                   ShapeOf(outline.chains[i]), "];\n");
  }
  for (const EdgeOutline& edge : outline.edges) {
    text += Concat("  chain", edge.from, " -> chain", edge.to,
                   " [label=", Quoted(outline.LabelOf(edge)), "];\n");
  }
  return text + "}\n";
}

}  // namespace weir::drawing
