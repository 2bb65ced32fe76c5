#include "weir/drawing/text_picture.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/drawing/graph_layout.h"

namespace weir::drawing {
namespace {

constexpr int kGap = 5;  // between boxes: room for what is written beside an edge

// The characters of a text of UTF-8.
std::vector<std::string> Characters(std::string_view text) {
  std::vector<std::string> characters;
  for (const char c : text) {
    const bool begins = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (begins || characters.empty()) characters.emplace_back();
    characters.back() += c;
  }
  return characters;
}

int Columns(std::string_view text) { return static_cast<int>(Characters(text).size()); }

class Canvas {
 public:
  void Put(int x, int y, std::string character) {
    const auto row = static_cast<size_t>(y);
    const auto column = static_cast<size_t>(x);
    if (rows_.size() <= row) rows_.resize(row + 1);
    if (rows_[row].size() <= column) rows_[row].resize(column + 1, " ");
    rows_[row][column] = std::move(character);
  }

  void Write(int x, int y, std::string_view text) {
    for (const std::string& character : Characters(text)) Put(x++, y, character);
  }

  // A line over another one crosses it.
  void PutVertical(int x, int y) { Put(x, y, At(x, y) == "─" ? "┼" : "│"); }

  std::string ToString() const {
    std::string text;
    for (const std::vector<std::string>& row : rows_) {
      std::string line;
      for (const std::string& character : row) line += character;
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
    }
    return text;
  }

 private:
  std::string_view At(int x, int y) const {
    const auto row = static_cast<size_t>(y);
    const auto column = static_cast<size_t>(x);
    if (rows_.size() <= row || rows_[row].size() <= column) return " ";
    return rows_[row][column];
  }

  std::vector<std::vector<std::string>> rows_;  // each character of UTF-8 by itself
};

// The part of an edge between two layers.
struct Piece {
  size_t edge;
  int from;  // column where it comes from above
  int to;    // column where it goes on below
  bool arrives = false;
  int track = 0;  // row below the layer in which it goes sideways

  bool bent() const { return from != to; }
  int left() const { return std::min(from, to); }
  int right() const { return std::max(from, to); }
};

// Gives each bent piece a row of its own where it would touch another. A piece that comes down
// where another one goes on must have turned away before that one turns in.
// Returns how many rows there are, or nothing when two pieces would each have to be first.
std::optional<int> AssignTracks(std::vector<Piece>& pieces) {
  std::vector<Piece*> waiting;
  for (Piece& piece : pieces) {
    if (piece.bent()) waiting.push_back(&piece);
  }
  std::vector<Piece*> placed;
  int tracks = 0;
  while (!waiting.empty()) {
    const auto next = std::ranges::find_if(waiting, [&](const Piece* piece) {
      return std::ranges::none_of(
          waiting, [&](const Piece* other) { return other != piece && other->from == piece->to; });
    });
    if (next == waiting.end()) return {};
    Piece* piece = *next;
    waiting.erase(next);
    const auto taken = [&](int track) {
      return std::ranges::any_of(placed, [&](const Piece* other) {
        const bool touch = piece->left() <= other->right() && other->left() <= piece->right();
        return (other->track == track && touch) ||
               (other->from == piece->to && track <= other->track);
      });
    };
    while (taken(piece->track)) ++piece->track;
    tracks = std::max(tracks, piece->track + 1);
    placed.push_back(piece);
  }
  return tracks;
}

// Moves arrow heads out of the columns in which other pieces come down.
// Shapes: heads of one box are more than two columns apart.
void StepAside(std::vector<Piece>& pieces) {
  for (Piece& piece : pieces) {
    piece.track = 0;
    const bool meets = std::ranges::any_of(pieces, [&](const Piece& other) {
      return other.edge != piece.edge && other.bent() && other.from == piece.to;
    });
    if (piece.bent() && piece.arrives && meets) ++piece.to;
  }
}

// The lines of a chain's box, without its frame.
std::vector<std::string> LinesOf(const ChainOutline& chain) {
  std::vector<std::string> lines;
  for (const OperatorOutline& op : chain.operators) {
    if (!op.hidden()) lines.push_back(OperatorText(op));
  }
  if (lines.empty()) lines.push_back(chain.operators.front().called());
  return lines;
}

class Picture {
 public:
  explicit Picture(const JobOutline& outline) : outline_(outline) {
    for (const ChainOutline& chain : outline.chains) lines_.push_back(LinesOf(chain));
    for (const EdgeOutline& edge : outline.edges) labels_.push_back(outline.LabelOf(edge));
    std::vector<LayoutEdge> edges;
    for (const EdgeOutline& edge : outline.edges) edges.push_back({edge.from, edge.to});
    for (size_t i = 0; i < outline.chains.size(); ++i) widths_.push_back(WidthOf(i));
    std::vector<int> margins;
    for (size_t i = 0; i < outline.chains.size(); ++i) margins.push_back(MarginOf(i));
    layout_ = LayOut(edges, {.widths = widths_, .margins = margins, .gap = kGap});
  }

  // Nothing when lines cannot be kept apart.
  std::optional<std::string> Draw() {
    int y = 0;
    for (size_t layer = 0; layer < layout_.layers; ++layer) {
      y = DrawLayer(layer, y);
      if (layer + 1 == layout_.layers) break;
      const std::optional<int> below = DrawEdges(layer, y);
      if (!below) return {};
      y = *below;
    }
    return canvas_.ToString();
  }

  // With what is written beside the last edges.
  int width() const {
    int width = layout_.width;
    for (size_t i = 0; i < labels_.size(); ++i)
      width = std::max(width, layout_.ways[i].back() + 2 + Columns(labels_[i]));
    return width;
  }

 private:
  // Wide enough for its lines, and for what is written between the edges that lead to it.
  int WidthOf(size_t chain) const {
    int text = 0;
    for (const std::string& line : lines_[chain]) text = std::max(text, Columns(line));
    const int first = Columns(lines_[chain].front()) + Columns(Parallelism(chain));
    const auto [inputs, label] = InputsOf(chain);
    const int between = inputs > 1 ? inputs * (label + 4) : 0;
    return std::max({text + 4, first + 7, between}) | 1;
  }

  // For what is written beside the last edge that leads to it.
  int MarginOf(size_t chain) const {
    const auto [inputs, label] = InputsOf(chain);
    if (inputs == 0) return 0;
    return std::max(0, label + 4 - widths_[chain] / (2 * inputs) - kGap);
  }

  // How many edges lead to it, and the longest that is written beside one.
  std::pair<int, int> InputsOf(size_t chain) const {
    std::pair<int, int> inputs = {0, 0};
    for (size_t i = 0; i < outline_.edges.size(); ++i) {
      if (outline_.edges[i].to != chain) continue;
      inputs = {inputs.first + 1, std::max(inputs.second, Columns(labels_[i]))};
    }
    return inputs;
  }

  std::string Parallelism(size_t chain) const {
    return Concat("×", outline_.chains[chain].parallelism);
  }

  int HeightOf(size_t chain) const { return static_cast<int>(lines_[chain].size()) + 2; }

  // Returns the first row below.
  int DrawLayer(size_t layer, int y) {
    int height = 0;
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (layout_.nodes[i].layer == layer) height = std::max(height, HeightOf(i));
    }
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (layout_.nodes[i].layer == layer) DrawBox(i, y);
    }
    for (size_t i = 0; i < outline_.edges.size(); ++i) {
      const size_t first = layout_.nodes[outline_.edges[i].from].layer;
      const size_t last = layout_.nodes[outline_.edges[i].to].layer;
      if (layer < first || layer >= last) continue;
      const int x = layout_.ways[i][layer - first];
      int at = y;
      if (layer == first) {
        at += HeightOf(outline_.edges[i].from);
        canvas_.Put(x, at - 1, "┬");
      }
      for (; at < y + height; ++at) canvas_.Put(x, at, "│");
    }
    return y + height;
  }

  void DrawBox(size_t chain, int y) {
    const int left = layout_.nodes[chain].left;
    const int right = left + widths_[chain] - 1;
    const int bottom = y + HeightOf(chain) - 1;
    for (int x = left + 1; x < right; ++x) {
      canvas_.Put(x, y, "─");
      canvas_.Put(x, bottom, "─");
    }
    for (int row = y + 1; row < bottom; ++row) {
      canvas_.Put(left, row, "│");
      canvas_.Put(right, row, "│");
      canvas_.Write(left + 2, row, lines_[chain][static_cast<size_t>(row - y - 1)]);
    }
    canvas_.Put(left, y, "╭");
    canvas_.Put(right, y, "╮");
    canvas_.Put(left, bottom, "╰");
    canvas_.Put(right, bottom, "╯");
    const std::string parallelism = Parallelism(chain);
    canvas_.Write(right - 1 - Columns(parallelism), y + 1, parallelism);
  }

  std::vector<Piece> PiecesBelow(size_t layer) const {
    std::vector<Piece> pieces;
    for (size_t i = 0; i < outline_.edges.size(); ++i) {
      const size_t first = layout_.nodes[outline_.edges[i].from].layer;
      const size_t last = layout_.nodes[outline_.edges[i].to].layer;
      if (layer < first || layer >= last) continue;
      const std::vector<int>& way = layout_.ways[i];
      pieces.push_back({.edge = i,
                        .from = way[layer - first],
                        .to = way[layer - first + 1],
                        .arrives = layer + 1 == last});
    }
    return pieces;
  }

  // The rows between a layer and the next: the turns, what edges are called, arrow heads. Returns
  // the first row below.
  std::optional<int> DrawEdges(size_t layer, int y) {
    std::vector<Piece> pieces = PiecesBelow(layer);
    std::optional<int> tracks = AssignTracks(pieces);
    if (!tracks) {
      StepAside(pieces);
      tracks = AssignTracks(pieces);
    }
    if (!tracks) return {};
    for (const Piece& piece : pieces) {
      for (int x = piece.left() + 1; piece.bent() && x < piece.right(); ++x)
        canvas_.Put(x, y + piece.track, "─");
    }
    const int label = y + *tracks;
    for (const Piece& piece : pieces) {
      for (int row = y; row < label + 2; ++row) {
        const bool turn = piece.bent() && row == y + piece.track;
        if (!turn) canvas_.PutVertical(row < y + piece.track ? piece.from : piece.to, row);
      }
      if (piece.bent()) {
        const bool to_right = piece.to > piece.from;
        canvas_.Put(piece.from, y + piece.track, to_right ? "╰" : "╯");
        canvas_.Put(piece.to, y + piece.track, to_right ? "╮" : "╭");
      }
      if (!piece.arrives) continue;
      canvas_.Write(piece.to + 2, label, labels_[piece.edge]);
      canvas_.Put(piece.to, label + 1, "▼");
    }
    return label + 2;
  }

  const JobOutline& outline_;
  std::vector<std::vector<std::string>> lines_;  // of each chain
  std::vector<std::string> labels_;              // of each edge
  std::vector<int> widths_;                      // of each chain
  GraphLayout layout_;
  Canvas canvas_;
};

std::string Lines(const JobOutline& outline) {
  std::string text;
  std::vector<bool> shown(outline.chains.size(), false);
  const auto chain = [&](uint32_t index) {
    shown[index] = true;
    return Concat(outline.chains[index].name, " ×", outline.chains[index].parallelism);
  };
  for (const EdgeOutline& edge : outline.edges) {
    const std::string from = chain(edge.from);
    text += Concat(from, " ──", outline.LabelOf(edge), "──▶ ", chain(edge.to), "\n");
  }
  for (uint32_t i = 0; i < outline.chains.size(); ++i) {
    if (!shown[i]) text += chain(i) + "\n";
  }
  return text;
}

}  // namespace

std::string OperatorText(const OperatorOutline& op) {
  return op.called() == op.kind ? op.kind : Concat(op.uid, " (", op.kind, ")");
}

std::string TextPicture(const JobOutline& outline, size_t columns) {
  Picture picture(outline);
  if (picture.width() > static_cast<int>(columns)) return Lines(outline);
  return picture.Draw().value_or(Lines(outline));
}

}  // namespace weir::drawing
