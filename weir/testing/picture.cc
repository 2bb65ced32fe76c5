#include "weir/testing/picture.h"

#include <array>
#include <charconv>
#include <system_error>
#include <utility>

namespace weir::testing {
namespace {

// In the order of record::RowKind.
constexpr std::array<std::string_view, 4> kRowKinds = {"+", "-U", "+U", "-"};

struct Word {
  std::string text;
  bool quoted = false;
};

StatusOr<std::vector<Word>> Words(std::string_view picture) {
  std::vector<Word> words;
  while (true) {
    const size_t begin = picture.find_first_not_of(" \n");
    if (begin == std::string_view::npos) return words;
    picture.remove_prefix(begin);
    const bool quoted = picture[0] == '"';
    const size_t end = quoted ? picture.find('"', 1) : picture.find_first_of(" \n");
    if (quoted && end == std::string_view::npos)
      return InvalidArgumentError("a quote is not closed: ", picture);
    words.push_back(
        {std::string(quoted ? picture.substr(1, end - 1) : picture.substr(0, end)), quoted});
    picture.remove_prefix(end == std::string_view::npos ? picture.size() : end + 1);
  }
}

template <class Number>
bool ParseNumber(std::string_view text, Number& number) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && rest == text.data() + text.size();
}

class Parser {
 public:
  Parser(std::vector<Word> words, size_t fields) : words_(std::move(words)), fields_(fields) {}

  StatusOr<std::vector<PictureElement>> Parse() {
    std::vector<PictureElement> elements;
    while (at_ < words_.size()) {
      WEIR_ASSIGN_OR_RETURN(PictureElement element, ParseElement());
      elements.push_back(std::move(element));
    }
    return elements;
  }

 private:
  using Kind = PictureElement::Kind;

  StatusOr<PictureElement> ParseElement() {
    const std::string word = words_[at_++].text;
    PictureElement element;
    if (word == "|") return element.kind = Kind::kEndOfBatch, element;
    if (word == "E") return element.kind = Kind::kEndOfInput, element;
    if (word == "W")
      return element.kind = Kind::kWatermark, Numbered(element, element.timestamp, word);
    if (word == "B")
      return element.kind = Kind::kBarrier, Numbered(element, element.checkpoint, word);
    if (word == "C")
      return element.kind = Kind::kComplete, Numbered(element, element.checkpoint, word);
    for (size_t kind = 0; kind < kRowKinds.size(); ++kind) {
      if (word != kRowKinds[kind]) continue;
      element.row_kind = static_cast<record::RowKind>(kind);
      return ParseRow(std::move(element));
    }
    return InvalidArgumentError("\"", word, "\" begins no element of a picture");
  }

  template <class Number>
  StatusOr<PictureElement> Numbered(PictureElement& element, Number& number,
                                    const std::string& word) {
    if (at_ < words_.size() && ParseNumber(words_[at_].text, number)) return ++at_, element;
    return InvalidArgumentError("behind ", word, " there is no number");
  }

  StatusOr<PictureElement> ParseRow(PictureElement element) {
    for (; element.fields.size() < fields_; ++at_) {
      if (at_ == words_.size())
        return InvalidArgumentError("a row has fewer than ", fields_, " fields");
      element.fields.push_back(words_[at_].text);
    }
    const bool stamped =
        at_ < words_.size() && !words_[at_].quoted && words_[at_].text.starts_with('@');
    if (!stamped) return element;
    const std::string& stamp = words_[at_++].text;
    if (ParseNumber(std::string_view(stamp).substr(1), element.timestamp)) return element;
    return InvalidArgumentError("\"", stamp, "\" is no timestamp");
  }

  const std::vector<Word> words_;
  const size_t fields_;
  size_t at_ = 0;
};

std::string Quoted(const std::string& text) {
  const bool plain = !text.empty() && text.find_first_of(" \n") == std::string::npos;
  return plain ? text : '"' + text + '"';
}

}  // namespace

StatusOr<std::vector<PictureElement>> ParsePicture(std::string_view picture, size_t fields) {
  WEIR_ASSIGN_OR_RETURN(std::vector<Word> words, Words(picture));
  return Parser(std::move(words), fields).Parse();
}

void PicturePrinter::AddRow(const record::AnyBatch& batch, uint32_t row,
                            const std::vector<std::string>& fields) {
  if (!picture_.empty()) picture_ += after_row_ ? " " : " | ";
  const record::RowKind kind =
      batch.kinds() == nullptr ? record::RowKind::kInsert : batch.kinds()[row];
  picture_ += kRowKinds[static_cast<size_t>(kind)];
  for (const std::string& field : fields) picture_ += ' ' + Quoted(field);
  const bool stamped =
      batch.timestamps() != nullptr && batch.timestamps()[row] != record::kNoTimestamp;
  if (stamped) picture_ += " @" + std::to_string(batch.timestamps()[row]);
  after_row_ = true;
}

void PicturePrinter::AddElement(std::string_view element) {
  if (!picture_.empty()) picture_ += " | ";
  picture_ += element;
  after_row_ = false;
}

}  // namespace weir::testing
