// Counts words of text files, and goes on counting when it is killed.
//
//   wordcount run --input 'books/*.txt' --out counts
//
// For every word it writes the word and how often it has come by then, as CSV, each exactly once:
// the last line of a word is its count. Kill it and run it again: no word is counted twice.
#include <weir/weir.h>

#include <cctype>
#include <string>

// Letters and digits, in lower case; everything else ends a word.
void SplitWords(const std::string& line, weir::Collector<std::string>& words) {
  std::string word;
  for (const char letter : line) {
    if (std::isalnum(static_cast<unsigned char>(letter)) != 0) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    } else if (!word.empty()) {
      words.Collect(word);
      word.clear();
    }
  }
  if (!word.empty()) words.Collect(word);
}

int main(int argc, char** argv) {
  return weir::Main(argc, argv, [](weir::Pipeline& p) {
    p.Name("wordcount");
    const auto input = p.Option("input", "*.txt", "text files: a file, a directory or a pattern");
    const auto out = p.Option("out", "counts", "output directory");
    p.ReadText(input)
        .FlatMap<std::string>(SplitWords)
        .KeyBy([](const std::string& word) { return word; })
        .Count("count")
        .WriteCsv(out);
  });
}
