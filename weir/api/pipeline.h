// Pipeline: a program under construction. The build callback given to weir::Main receives one.
//
//   p.Name("clicks");
//   p.ReadCsv<Click>(p.Option("input", "clicks.csv", "CSV with user,page,at"))
//       .KeyBy(&Click::page)
//       .Process<CountPerPage>("per-page")
//       .WriteCsv(p.Option("out", "counts", "output directory"));
//
// Every process of a job runs the callback itself, so it may depend on nothing but Option. Methods
// never fail: mistakes are collected with their places, and planning reports them together.
// Threads: one caller at a time. Two pipelines share nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/api/connected_streams.h"
#include "weir/api/job_options.h"
#include "weir/api/keyed_stream.h"
#include "weir/api/plan.h"
#include "weir/api/program.h"
#include "weir/api/stream.h"
#include "weir/connectors/csv_source.h"
#include "weir/connectors/elements_source.h"
#include "weir/connectors/generator_source.h"
#include "weir/connectors/json_source.h"
#include "weir/connectors/socket_text_source.h"
#include "weir/connectors/text_source.h"

namespace weir {
inline namespace v0 {

class Pipeline {
 public:
  using Location = std::source_location;  // where the program says it; the compiler fills it in

  /// The name of the job: its checkpoints are kept under it.
  Pipeline& Name(api::NameHere name);

  /// An option of the program: `--name value` on its command line. The default's type is the
  /// option's: a text, an integer, a double, a bool or a duration.
  template <class D>
  auto Option(std::string_view name, D default_value, std::string_view help,
              Location place = Location::current()) {
    return api::DeclareOption(program_->options(), name, default_value, help, place);
  }

  /// Settings that the command line may override; see api/config.h for the keys that they stand
  /// for.
  Pipeline& EnableCheckpointing(Duration interval, Location place = Location::current());
  Pipeline& SetRestartStrategy(const RestartStrategy& strategy,
                               Location place = Location::current());
  Pipeline& SetParallelism(uint32_t parallelism, Location place = Location::current());
  Pipeline& SetMaxParallelism(uint32_t max_parallelism, Location place = Location::current());
  Pipeline& Set(std::string_view key, std::string_view value, Location place = Location::current());

  /// The given records, in order.
  template <class T>
  Stream<T> FromElements(std::vector<T> elements, Location place = Location::current()) {
    return Read<T>(std::make_shared<connectors::ElementsSource<T>>(std::move(elements)), place);
  }

  /// Records that `make` makes of their numbers, and of chance that the same seed brings again:
  ///   p.Generate({.count = 1000, .rate = 100}, [](Draw& draw) { return Click{draw.Below(10)}; })
  /// `make` takes a `Draw&`, is pure, and copied to each subtask.
  template <class F>
  auto Generate(const GeneratorOptions& options, F make, Location place = Location::current()) {
    if constexpr (connectors::CheckGenerator<F>()) {
      using T = std::remove_cvref_t<std::invoke_result_t<const F&, Draw&>>;
      if constexpr (operators::CheckRecord<T>()) {
        using Source = connectors::GeneratorSource<T, F>;
        return Read<T>(std::make_shared<Source>(options, std::move(make)), place);
      }
    }
  }

  /// The rows of a CSV file, of all *.csv files of a directory, or of those that match a pattern
  /// (in/2026-*.csv). The header line names T's fields.
  template <class T>
  Stream<T> ReadCsv(std::string path, Location place = Location::current()) {
    return ReadCsv<T>(CsvSourceOptions{.path = std::move(path)}, place);
  }
  template <class T>
  Stream<T> ReadCsv(const CsvSourceOptions& options, Location place = Location::current()) {
    return ReadParsed<T>(connectors::NewCsvSource<T>(options), options.on_error, place);
  }

  /// The lines of a text file, of all *.txt files of a directory, or of those that match a pattern
  /// (logs/*.log).
  Stream<std::string> ReadText(std::string path, Location place = Location::current()) {
    return ReadText(TextSourceOptions{.path = std::move(path)}, place);
  }
  Stream<std::string> ReadText(const TextSourceOptions& options,
                               Location place = Location::current()) {
    return ReadParsed<std::string>(connectors::NewTextSource(options), options.on_error, place);
  }

  /// The lines that are sent over a TCP connection, as of `nc -lk 9999`. Nothing can be read again:
  /// a restart loses what was sent and is not in the newest checkpoint. Read by one subtask.
  Stream<std::string> SocketTextStream(std::string host, uint16_t port,
                                       Location place = Location::current()) {
    return SocketTextStream(SocketTextOptions{.host = std::move(host), .port = port}, place);
  }
  Stream<std::string> SocketTextStream(const SocketTextOptions& options,
                                       Location place = Location::current());

  /// The values of a file of JSON lines, of all *.jsonl files of a directory, or of those that
  /// match a pattern (logs/*.json). Fields are found by name.
  template <class T>
  Stream<T> ReadJson(std::string path, Location place = Location::current()) {
    return ReadJson<T>(JsonSourceOptions{.path = std::move(path)}, place);
  }
  template <class T>
  Stream<T> ReadJson(const JsonSourceOptions& options, Location place = Location::current()) {
    return ReadParsed<T>(connectors::NewJsonSource<T>(options), options.on_error, place);
  }

  /// The records of a source of Ts.
  template <class T>
  Stream<T> Read(std::shared_ptr<const runtime::Source> source,
                 Location place = Location::current()) {
    return Stream<T>(*program_, AddSource(std::move(source), TypeOpsOf<T>(), place));
  }

  // What follows is for weir::Main, tests and other callers of build callbacks.

  /// A pipeline whose options have the values given.
  explicit Pipeline(api::OptionValues given = {});

  /// All mistakes are in `errors()` when there are any.
  /// Errors: InvalidArgument, with one line for each mistake.
  StatusOr<api::JobPlan> Plan(const api::PlanRequest& request = {});
  const std::vector<api::ProgramError>& errors() const { return errors_; }

  const api::Program& program() const { return *program_; }

 private:
  api::NodeIndex AddSource(std::shared_ptr<const runtime::Source> source,
                           const record::TypeOps& type, Location place);

  // A source that may put letters out, with the sink for them.
  template <class T>
  Stream<T> ReadParsed(std::shared_ptr<const runtime::Source> source, const OnError& on_error,
                       Location place) {
    const api::NodeIndex node = AddSource(std::move(source), TypeOpsOf<T>(), place);
    if (on_error == OnError::kDeadLetter) AddDeadLetters(node, on_error.directory(), place);
    return Stream<T>(*program_, node);
  }
  void AddDeadLetters(api::NodeIndex source, const std::string& directory, Location place);

  std::unique_ptr<api::Program> program_;  // streams point to it
  std::vector<api::ProgramError> errors_;
};

}  // namespace v0
}  // namespace weir
