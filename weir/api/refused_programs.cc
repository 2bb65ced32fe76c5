// Programs that must not compile, each with the sentence that the compiler must say. Compiled by
// check_refused.py, which looks for every `refused:` in what the compiler printed.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "weir/api/pipeline.h"

namespace weir::api {

struct Click {
  std::string page;
  int64_t at;
};
WEIR_RECORD(Click, page, at);

struct Plain {
  int64_t at;
};

struct AlsoPlain {
  int64_t at;
};

struct Nested {
  std::vector<int64_t> values;
};
WEIR_RECORD(Nested, values);

struct Varied {
  std::variant<int64_t, std::string> value;
};
WEIR_RECORD(Varied, value);

struct Count : KeyedProcessFunction<std::string, Click, int64_t> {
  explicit Count(int64_t from);
  void ProcessElement(const Click&, Context&, Collector<int64_t>&) override;
};
struct CountsNothing {};
struct CountsSpans {
  void ProcessElement(const Click&, KeyedContext<std::string>&,
                      Collector<std::span<const int64_t>>&);
};
struct CountAbstract : KeyedProcessFunction<std::string, Click, int64_t> {};
struct NotAnOption {};

// clang-format off
void Functions(Stream<Click> clicks) {
  int64_t seen = 0;
  clicks.Map([seen](const Click& c) mutable { return c.at + ++seen; });  // refused: keep what the function remembers in keyed state (KeyBy, then Process) and remove `mutable`
  clicks.Map([](int64_t n) { return n; });  // refused: let the function take a record of the stream: `const T&`, `T` or `T&&`
  clicks.Map([](const Click& c) { return std::string_view(c.page); });  // refused: return a type that owns its bytes, such as std::string
  clicks.Map([](const Click& c) { return c.page.c_str(); });  // refused: return a type that owns its bytes, such as std::string
  clicks.Map([](const Click&) {});  // refused: return the new record
  clicks.Map([](const Click& c) { return Plain{c.at}; });  // refused: write `WEIR_RECORD(Type, field, ...);` behind the struct
  clicks.ForEach([](const Click& c) { return c.at; });  // refused: return nothing, or a weir::Status that fails the attempt
  clicks.Filter([](const Click& c) { return c.page; });  // refused: return a bool and take the record as `const T&` or `T`
  clicks.FlatMap([](const Click& c) { return c; });  // refused: give FlatMap a function that returns a range or a std::optional of records
  clicks.FlatMap([](const Click&) { return std::vector<AlsoPlain>(); });  // refused: write `WEIR_RECORD(Type, field, ...);` behind the struct
  clicks.FlatMap([seen](const Click&, Collector<int64_t>& out) mutable { out.Collect(++seen); });  // refused: keep what the function remembers in keyed state (KeyBy, then Process) and remove `mutable`
}

void Asks(Stream<Click> clicks) {
  clicks.AsyncMap("a", [](const Click&) {});  // refused: give AsyncMap a function `(const T&, weir::AsyncResult<U>)`
}

void Keys(Stream<Click> clicks) {
  clicks.KeyBy([](int64_t n) { return n; });  // refused: give KeyBy a pointer to a field (&Click::page) or a function that takes `const T&`
  clicks.KeyBy([](const Click& c) { return std::string_view(c.page); });  // refused: return a key that owns its bytes, such as std::string
  clicks.KeyBy([](const Click& c) { return Plain{c.at}; });  // refused: select a key that Weir can store
}

void Processes(Stream<Click> clicks, Stream<int64_t> numbers) {
  const auto by_page = clicks.KeyBy(&Click::page);
  by_page.Process<CountsNothing>("a");  // refused: give the process function one public method
  by_page.Process<Count>("b");  // refused: give Process the arguments of a constructor behind the name
  by_page.Process<CountAbstract>("c");  // refused: give Process the arguments of a constructor behind the name
  by_page.Process<CountsSpans>("d");  // refused: return a type that owns its bytes, such as std::string
  clicks.KeyBy(&Click::at).Process<Count>("e", 1);  // refused: let the K of KeyedProcessFunction<K, T, Out> be the type that the selector of KeyBy returns
  numbers.KeyBy([](int64_t) { return std::string(); }).Process<Count>("f", 1);  // refused: let ProcessElement take the records of the stream
}

void Ends(Pipeline& p, Stream<Nested> nested) {
  nested.WriteText("out");  // refused: map to a std::string or a number first
  nested.WriteCsv("out");  // refused: map to a flat record first (or write JSON)
  p.ReadCsv<Nested>("in.csv");  // refused: a row of CSV is a number, a text, or a WEIR_RECORD
  p.ReadJson<Varied>("in.jsonl");  // refused: read a WEIR_RECORD, or a type that Weir knows, from JSON
  p.FromElements<Plain>({{1}});  // refused: name the fields of this struct with WEIR_RECORD
  p.Option("n", NotAnOption(), "");  // refused: give the option a default that is a text, an integer, a double, a bool or a weir::Duration
  p.Option("n", uint64_t{1}, "");  // refused: give the option a default of type int64_t
}
// clang-format on

}  // namespace weir::api
